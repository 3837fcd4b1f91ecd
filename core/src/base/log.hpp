// The log of core: Poco's loggers behind three functions, so that no other file names Poco for a line of text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace dispytch::log {

enum class Level : std::uint8_t { error, warning, info, debug };
enum class Format : std::uint8_t { text, json };

/// Sets where lines go (standard error), their form and the least level written. Any thread; meant for the start of main.
void configure(Level level, Format format);

/// Writes nothing any more, for programs that count failures by the million. Any thread.
void silence();

/// Writes one line: `source` is the component ("listener.board", "plugin.kafka"), `text` a sentence. Any thread; may block on the terminal.
void write(Level level, std::string_view source, std::string_view text);

/// Whether a line of that level would be written; lets a caller save building it.
bool enabled(Level level) noexcept;

inline void error(std::string_view source, std::string_view text) { write(Level::error, source, text); }
inline void warning(std::string_view source, std::string_view text) { write(Level::warning, source, text); }
inline void info(std::string_view source, std::string_view text) { write(Level::info, source, text); }
inline void debug(std::string_view source, std::string_view text) { write(Level::debug, source, text); }

}  // namespace dispytch::log
