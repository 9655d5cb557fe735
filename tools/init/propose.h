// A first project file for a folder of logs: node types from the id columns and the tables about them, edges
// from the tables that join two ids, fields from what is left, and comments that say why.
#pragma once

#include <string>

#include "tools/init/table_profile.h"

namespace weft::init {

struct Proposal {
  std::string toml = {};  // the whole file; read_project takes it
  std::size_t node_types = 0, edge_types = 0;
  std::string target = {};  // edge type of [task]; empty: none was found
};

// `data_root`: as it stands in the file; empty: the file lies in the folder itself. Throws Error (kUsage) if
// the folder has no table of which anything could be made.
Proposal propose(const FolderProfile& folder, const std::string& data_root);

}  // namespace weft::init
