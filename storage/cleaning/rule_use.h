// Which columns a project's mappings look at, held against the rules for columns.
#pragma once

#include "storage/project.h"

namespace weft::storage {

// Throws Error (kUsage) at the project file's line: a rule for a column that no mapping looks at, a mapping
// that names a column by the name it had before it was renamed, two sections with rules for one column of a
// file, a number or weight from a column that rules read as a time.
void check_rules(const Project& project);

}  // namespace weft::storage
