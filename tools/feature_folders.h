// Where a workspace's feature sets lie.
#pragma once

#include <filesystem>
#include <vector>

#include "storage/project.h"

namespace weft::tools {

// All feature sets of the workspace.
std::vector<std::filesystem::path> feature_folders(const storage::Project& project);

}  // namespace weft::tools
