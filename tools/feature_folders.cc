#include "tools/feature_folders.h"

#include <algorithm>

namespace weft::tools {

namespace fs = std::filesystem;

std::vector<fs::path> feature_folders(const storage::Project& project) {
  std::vector<fs::path> out;
  const fs::path root = project.workspace.folder / "features";
  if (!fs::exists(root)) return out;
  for (const auto& field : fs::directory_iterator(root)) {
    for (const auto& entry : fs::directory_iterator(field.path())) {
      if (!entry.path().filename().string().starts_with('.') && fs::exists(entry.path() / "manifest.json"))
        out.push_back(entry.path());
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace weft::tools
