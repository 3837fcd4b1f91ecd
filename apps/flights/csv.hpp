// Reads comma-separated values strictly: what isn't RFC 4180 is an error that names file and line.
#pragma once

#include <cstddef>
#include <istream>
#include <string>
#include <string_view>
#include <vector>

namespace flights {

/// A CSV file with a header, one record at a time: memory for one record, whatever the file's size.
///
/// Lines end in LF or CRLF. A field in double quotes may hold commas, line ends and doubled quotes. Every record has as many fields
/// as the header. All functions throw std::runtime_error with `name:line: what` for what is otherwise. One thread.
class CsvReader {
 public:
  /// Reads the header from `in`, which outlives the reader. `name` is the file's, for errors.
  CsvReader(std::istream& in, std::string name);

  /// The position of a column. Throws, with the names there are, where the header has none of that name.
  std::size_t column(std::string_view name) const;

  /// Goes to the next record; false at the end of the file.
  bool next();

  /// A field of the current record, unquoted. Valid until next().
  std::string_view field(std::size_t column) const { return fields_[column]; }

  /// Throws std::runtime_error with the place of the current record before `text`.
  [[noreturn]] void fail(std::string_view text) const;

 private:
  bool read_record();
  bool read_line();
  void read_quoted_field(std::size_t& position);
  std::string& start_field();

  std::istream& in_;
  std::string name_;
  std::string line_ = {};
  std::size_t line_number_ = 0;  // of line_, from 1
  std::size_t record_line_ = 0;  // where the current record begins
  std::vector<std::string> header_ = {};
  std::vector<std::string> fields_ = {};  // keeps its strings' memory from record to record
  std::size_t count_ = 0;                 // of fields_ that belong to the current record
};

}  // namespace flights
