#include "csv.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace flights {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

CsvReader::CsvReader(std::istream& in, std::string name) : in_{in}, name_{std::move(name)} {
  if (!read_record()) throw std::runtime_error{name_ + ": the file is empty; its first line should name the columns"};
  header_.assign(fields_.begin(), fields_.begin() + static_cast<std::ptrdiff_t>(count_));
  if (header_.front().starts_with(kByteOrderMark)) header_.front().erase(0, kByteOrderMark.size());
  std::vector<std::string> sorted = header_;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  if (twice != sorted.end()) fail("the header names column `" + *twice + "` twice");
}

std::size_t CsvReader::column(std::string_view name) const {
  const auto found = std::find(header_.begin(), header_.end(), name);
  if (found == header_.end()) {
    std::string text = name_ + ":1: no column `" + std::string{name} + "`; there are: ";
    for (const std::string& each : header_) text += (&each == &header_.front() ? "" : ", ") + each;
    throw std::runtime_error{text};
  }
  return static_cast<std::size_t>(found - header_.begin());
}

bool CsvReader::next() {
  if (!read_record()) return false;
  if (count_ != header_.size()) {
    fail("expected " + std::to_string(header_.size()) + " fields, as the header has, found " + std::to_string(count_));
  }
  return true;
}

void CsvReader::fail(std::string_view text) const {
  throw std::runtime_error{name_ + ':' + std::to_string(record_line_) + ": " + std::string{text}};
}

bool CsvReader::read_record() {
  if (!read_line()) return false;
  record_line_ = line_number_;
  count_ = 0;
  std::size_t position = 0;
  while (true) {
    if (position < line_.size() && line_[position] == '"') {
      read_quoted_field(position);
    } else {
      const std::size_t end = std::min(line_.find(',', position), line_.size());
      const std::string_view text = std::string_view{line_}.substr(position, end - position);
      if (text.find('"') != std::string_view::npos) {
        fail("a quote inside field " + std::to_string(count_ + 1) +
             ", which doesn't begin with one: quote the whole field and double the quote");
      }
      start_field() = text;
      position = end;
    }
    if (position == line_.size()) return true;
    ++position;  // the comma
  }
}

// Takes the field whose opening quote is at `position`, and leaves `position` at the comma or end of line after it.
void CsvReader::read_quoted_field(std::size_t& position) {
  std::string& field = start_field();
  field.clear();
  ++position;
  while (true) {
    const std::size_t quote = line_.find('"', position);
    if (quote == std::string::npos) {  // the field goes on in the next line
      field.append(line_, position);
      field += '\n';
      if (!read_line()) fail("the quote that opens field " + std::to_string(count_) + " is never closed");
      position = 0;
      continue;
    }
    field.append(line_, position, quote - position);
    position = quote + 1;
    if (position < line_.size() && line_[position] == '"') {
      field += '"';
      ++position;
      continue;
    }
    if (position < line_.size() && line_[position] != ',') {
      fail("text after the closing quote of field " + std::to_string(count_) + "; expected a comma or the end of the line");
    }
    return;
  }
}

bool CsvReader::read_line() {
  if (!std::getline(in_, line_)) {
    if (in_.bad()) throw std::runtime_error{name_ + ": reading failed after line " + std::to_string(line_number_)};
    return false;
  }
  ++line_number_;
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  return true;
}

std::string& CsvReader::start_field() {
  if (count_ == fields_.size()) fields_.emplace_back();
  return fields_[count_++];
}

}  // namespace flights
