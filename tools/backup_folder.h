// Which folder of backups a command means.
#pragma once

#include <filesystem>

#include "storage/project.h"

namespace weft::tools {

// `given`, or if it is empty the folder that a backup of this workspace went to last. Throws Error (kUsage)
// if there is none.
std::filesystem::path backup_folder(const storage::Project& project, const std::filesystem::path& given);

}  // namespace weft::tools
