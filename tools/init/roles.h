// What a column is for, guessed from its name and its values. The guesses are written into a project file for
// a person to look through, so each comes with its reason.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "storage/values.h"
#include "tools/init/file_names.h"
#include "tools/init/table_profile.h"

namespace weft::init {

enum class Role { kLeftOut, kId, kTime, kWeight, kNumber, kCategory, kText, kImage, kSound };

struct ColumnRole {
  Role role = Role::kLeftOut;
  std::string type = {};  // kId: of the node, as "user"
  storage::TimeUnit unit = storage::TimeUnit::kSeconds;
  std::string separator = {};  // kCategory
  bool as_node = false;        // kCategory
  std::string path = {};       // kImage, kSound: template below the folder
  std::string why = {};        // kLeftOut: for a comment
};

// The node type that an id column of this name is about, as "user" for reviewerID and "item" for asin; empty
// if the name is no id's. `table`: the file's name, which a column called "id" is about.
std::string id_type(std::string_view column, std::string_view table);
// Names of ends that tell no type, as source_id, target_id, follower.
bool is_generic_type(std::string_view type);

// [columns of the table]. `own_type`: the node type that the table's rows are about; may be empty.
std::vector<ColumnRole> guess_roles(const FolderProfile& folder, const TableProfile& table,
                                    std::string_view own_type);

}  // namespace weft::init
