// Aligned tables for people.
#pragma once

#include <string>
#include <vector>

namespace weft::tools {

// Columns are as wide as their widest cell (in terminal cells: a Chinese character takes two). Cells of a
// column whose every body cell reads as a number are right-aligned. Cells are made printable().
class Table {
 public:
  explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}
  void add(std::vector<std::string> row);
  void add_rule();  // a line across
  std::string text() const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;  // an empty row is a rule
};

// Control characters (C0, DEL, C1) as blanks: so that a title from a log cannot drive the terminal.
std::string printable(const std::string& text);
// Terminal cells that UTF-8 text takes.
std::size_t display_width(const std::string& text);
// printable(), cut to at most `cells` terminal cells, with an ellipsis if cut.
std::string fit(const std::string& text, std::size_t cells);

}  // namespace weft::tools
