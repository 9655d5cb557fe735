// What the names of files and columns say by their words.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weft::init {

// "reviewerID" -> reviewer, id; "movie_title" -> movie, title. Lower case.
std::vector<std::string> name_words(std::string_view name);

// The file's name without folder and endings: "train" of "a/train.csv.gz".
std::string stem_of(std::string_view file);

// "train", "valid" or "test" for the names that parts of a split have; else empty.
std::string split_part(const std::string& stem);

// A file's stem that a cluster gave it, as "part-00000-1f2e" and "000000_0": it says nothing about the table.
bool is_cluster_part(std::string_view stem);

// A folder that holds a part of a table: "day=2024-05-01", "2024", "05-01".
bool is_part_folder(std::string_view name);

// The innermost folder of a file's name that holds a table as a whole; empty for the top.
std::string table_folder(const std::string& file);

}  // namespace weft::init
