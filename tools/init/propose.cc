#include "tools/init/propose.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <set>

#include "base/error.h"
#include "base/strings.h"
#include "tools/init/event_kinds.h"
#include "tools/init/file_names.h"
#include "tools/init/groups.h"
#include "tools/init/project_text.h"
#include "tools/init/roles.h"

namespace weft::init {
namespace {

namespace fs = std::filesystem;

class Proposer {
 public:
  Proposer(const FolderProfile& folder, const std::string& data_root)
      : folder_(folder), data_root_(data_root), groups_(group_tables(folder)) {}

  Proposal run() {
    for (Group& group : groups_) find_ids(group);
    for (Group& group : groups_) find_references(group);
    resolve_generic();
    for (Group& group : groups_) find_key(group);
    choose_mains();
    write_header();
    write_nodes();
    write_edges();
    if (proposal_.node_types == 0) {
      std::string seen;
      for (std::size_t i = 0; i < std::min<std::size_t>(folder_.unread.size(), 5); ++i)
        seen += (i == 0 ? "not read: " : "; ") + folder_.unread[i];
      if (folder_.unread.size() > 5) seen += fmt::format("; and {} more", folder_.unread.size() - 5);
      throw Error(
          folder_.tables.empty() ? "there is no file with rows in this folder"
                                 : "no table in this folder has columns of which nodes could be made",
          {.file = folder_.folder.string(),
           .expected = "files that end in .csv, .tsv, .jsonl, .parquet, .inter, .item, .user or .net, "
                       "perhaps compressed, with id columns (user_id, item_id), texts or media",
           .hint = seen},
          ErrorKind::kUsage);
    }
    proposal_.toml = head_ + sections_ + nodes_ + edges_ + task();
    return std::move(proposal_);
  }

 private:
  void find_ids(Group& group) const {
    group.roles = guess_roles(folder_, group.first(), "");
    for (std::size_t i = 0; i < group.roles.size(); ++i) {
      if (group.roles[i].role == Role::kId) group.ids.push_back(i);
    }
  }

  // Columns that do not say that they are ids, but whose values are those of another table's.
  void find_references(Group& group) const {
    for (std::size_t i = 0; i < group.roles.size(); ++i) {
      ColumnRole& role = group.roles[i];
      const ColumnProfile& column = group.first().columns[i];
      if (role.role == Role::kId || role.role == Role::kTime || role.role == Role::kWeight ||
          column.lists > 0)
        continue;
      // Numbers and a few words are found among any ids: there the names have to say it, too. A few numbers
      // are amounts and grades, whatever their name.
      const bool several = column.distinct.size() >= 10;
      if (column.numbers > 0 && !several) continue;
      const bool telling = several && column.numbers == 0;
      double best = 0;
      for (const Group& other : groups_) {
        for (const std::size_t j : other.ids) {
          const std::string& type = other.roles[j].type;
          if (&other == &group || is_generic_type(type) || !other.unique(j)) continue;
          const bool named = plain_name(column.name) == plain_name(type) ||
                             plain_name(column.name) == plain_name(other.column(j));
          const double share = column.contained_in(other.first().columns[j]);
          if (share <= best || share < (named ? 0.5 : telling ? 0.9 : 2)) continue;
          best = share;
          role = {.role = Role::kId, .type = type};
        }
      }
      if (role.role == Role::kId) group.ids.push_back(i);
    }
    std::sort(group.ids.begin(), group.ids.end());
  }

  // source_id, target_id and the like: ids of the type whose ids they share, users before others.
  void resolve_generic() {
    for (Group& group : groups_) {
      for (const std::size_t i : group.ids) {
        ColumnRole& role = group.roles[i];
        if (!is_generic_type(role.type)) continue;
        role.type.clear();
        double best = 0.9;
        for (const Group& other : groups_) {
          for (const std::size_t j : other.ids) {
            const std::string& type = other.roles[j].type;
            if (type.empty() || is_generic_type(type)) continue;
            const double share = group.first().columns[i].contained_in(other.first().columns[j]);
            if (share < 0.9 || (role.type == "user" && type != "user")) continue;
            if (share >= best || (type == "user" && role.type != "user")) best = share, role.type = type;
          }
        }
        if (role.type.empty())
          group.left_out[i] = "looks like an id, but of no type that another table tells";
      }
      std::erase_if(group.ids, [&](std::size_t i) { return group.left_out.contains(i); });
    }
  }

  // Another table has the type's nodes again and again, or lists them and nothing else.
  bool known_elsewhere(const Group& group, const std::string& type) const {
    return std::any_of(groups_.begin(), groups_.end(), [&](const Group& other) {
      return &other != &group && std::any_of(other.ids.begin(), other.ids.end(), [&](std::size_t i) {
        return other.roles[i].type == type &&
               (other.repeats(i) || (other.unique(i) && other.ids.size() == 1));
      });
    });
  }

  void find_key(Group& group) const {
    std::vector<std::size_t> unique, others;
    for (const std::size_t i : group.ids) {
      if (group.unique(i))
        unique.push_back(i);
      else if (group.repeats(i) || known_elsewhere(group, group.roles[i].type))
        others.push_back(i);
    }
    // Rows that join two other things are events, also if they are numbered; so are those that hold nothing
    // but two ids, also if one of them happens never to come twice.
    const bool describes =
        group.ids.size() < 2 ||
        std::any_of(group.roles.begin(), group.roles.end(), [](const ColumnRole& role) {
          return role.role != Role::kId && role.role != Role::kTime && role.role != Role::kWeight;
        });
    if (!unique.empty() && others.size() < 2 && describes) {
      group.key = unique.front();
      for (const std::size_t i : unique) {
        if (known_elsewhere(group, group.roles[i].type)) {
          group.key = i;
          break;
        }
      }
      const std::string own = group.roles[group.key].type;
      group.roles = with_types(group, guess_roles(folder_, group.first(), own));
    }
    for (const std::size_t i : group.ids) {
      if (i == group.key) continue;
      if (group.key == Group::kNone && group.unique(i) && others.size() >= 2)
        group.left_out[i] = "numbers the rows";
      else if (group.key != Group::kNone && !group.repeats(i) && !known_elsewhere(group, group.roles[i].type))
        group.left_out[i] = "nearly every row has another value, and no other table knows them";
      else if (!group.everywhere(i))
        group.left_out[i] = "is an id that some rows lack";
    }
    std::erase_if(group.ids, [&](std::size_t i) { return group.left_out.contains(i); });
  }

  // New roles with the id types that were found before.
  static std::vector<ColumnRole> with_types(const Group& group, std::vector<ColumnRole> roles) {
    for (const std::size_t i : group.ids) roles[i] = group.roles[i];
    return roles;
  }

  // Of the tables about one type the one that makes its nodes; the others make nodes of their own.
  void choose_mains() {
    for (const Group& group : groups_) {
      for (const std::size_t i : group.ids) {
        const std::string type = plain_name(group.roles[i].type);
        if (std::find(types_.begin(), types_.end(), type) == types_.end()) types_.push_back(type);
      }
      if (group.key == Group::kNone) continue;
      const std::string type = plain_name(group.roles[group.key].type);
      const Group*& main = mains_[type];
      if (main == nullptr || rank(group, type) > rank(*main, type)) main = &group;
    }
    std::stable_sort(types_.begin(), types_.end(), [](const std::string& a, const std::string& b) {
      return (a == "user") > (b == "user");
    });
    for (const std::string& type : types_) taken_.insert(type);
  }

  // Whose name says most clearly that it lists the type's nodes.
  static std::pair<int, std::uint64_t> rank(const Group& group, const std::string& type) {
    const std::string name = fs::path(group.first().name).filename().string();
    const bool atomic = name.find(type == "user" ? ".user" : ".item") != std::string::npos;
    return {atomic || name.find(type) != std::string::npos ? 1 : 0, group.rows()};
  }

  std::string free_name(std::string name) {
    const std::string plain = name;
    for (int i = 2; !taken_.insert(name).second; ++i) name = fmt::format("{}_{}", plain, i);
    return name;
  }

  void write_header() {
    head_ =
        "# Written by `weft init` from the files of this folder: guesses, to be looked through.\n"
        "# docs/project-file.md explains every key.\n";
    constexpr std::size_t kListed = 30;
    for (std::size_t i = 0; i < std::min(folder_.unread.size(), kListed); ++i)
      head_ += fmt::format("# Not read: {}\n", excerpt(folder_.unread[i], 200));
    if (folder_.unread.size() > kListed)
      head_ += fmt::format("# Not read: {} more\n", folder_.unread.size() - kListed);
    if (!data_root_.empty()) head_ += fmt::format("\n[project]\ndata_root = {}\n", toml_string(data_root_));
  }

  static std::string about(const Group& group) {
    const bool whole = std::all_of(group.tables.begin(), group.tables.end(),
                                   [](const TableProfile* table) { return table->whole; });
    std::string text =
        fmt::format("# {}{} rows{}", whole ? "" : "The first ", group.rows(), whole ? "" : " were looked at");
    std::uint64_t bad = 0;
    for (const TableProfile* table : group.tables) bad += table->bad_rows;
    if (bad > 0) text += fmt::format(", and {} that cannot be read", bad);
    if (group.unopened > 0)
      text += fmt::format(". {} files were looked at, {} more were not", group.tables.size(), group.unopened);
    return text + ".\n";
  }

  // The columns that became nothing, with the reason.
  static std::string left_out_lines(const Group& group, const std::set<std::size_t>& used) {
    std::string text;
    for (std::size_t i = 0; i < group.roles.size(); ++i) {
      if (used.contains(i)) continue;
      const auto why = group.left_out.find(i);
      const std::string reason = why != group.left_out.end()             ? why->second
                                 : group.roles[i].role == Role::kLeftOut ? group.roles[i].why
                                                                         : "has no place here";
      text += fmt::format("# left out: {}: {}\n", comment_text(group.column(i)), reason);
    }
    for (const auto& [name, why] : group.first().left_out)
      text += fmt::format("# left out: {}: {}\n", comment_text(name), excerpt(why, 200));
    return text;
  }

  static std::string time_line(const Group& group, std::size_t i) {
    return fmt::format("time = {{ column = {}, unit = \"{}\" }}\n", toml_string(group.column(i)),
                       storage::time_unit_name(group.roles[i].unit));
  }

  // A time that every row has, the first of those that tell the rows apart best (a folder's day does not);
  // kNone if there is none.
  static std::size_t time_of(const Group& group) {
    std::size_t best = Group::kNone, most = 0;
    for (std::size_t i = 0; i < group.roles.size(); ++i) {
      if (group.roles[i].role != Role::kTime || !group.everywhere(i)) continue;
      const std::size_t distinct = group.first().columns[i].distinct.size();
      if (best != Group::kNone && distinct <= 2 * most) continue;
      best = i;
      most = distinct;
    }
    return best;
  }

  // What stands for the group's files as a `source`: their names, or that of a section that says how they are
  // read.
  std::string source_of(const Group& group) {
    const std::string options = group.first().form.options();
    if (options.empty()) return toml_strings(group.sources);
    const auto [known, added] = section_of_.emplace(group.first().name, "");
    if (added) {
      const bool one_file = group.sources.size() == 1 && !storage::is_pattern(group.sources[0]);
      std::string name = one_file ? group.sources[0] : group.stem;
      for (int i = 2; !section_names_.insert(name).second; ++i) name = fmt::format("{}_{}", group.stem, i);
      sections_ += fmt::format("\n[sources.{}]\n", toml_key(name));
      if (!one_file) sections_ += fmt::format("files = {}\n", toml_strings(group.sources));
      sections_ += options;
      known->second = name;
    }
    return toml_string(known->second);
  }

  // The `fields.NAME = ...` lines of a node type, its `name` too; marks the columns they use.
  std::string field_lines(const Group& group, bool attributes, std::set<std::size_t>& used) {
    std::string lines, shown;
    std::set<std::string> fields;
    for (std::size_t i = 0; i < group.roles.size(); ++i) {
      const ColumnRole& role = group.roles[i];
      std::string what;
      std::string name = plain_name(group.column(i));
      if (role.role == Role::kNumber || role.role == Role::kWeight) what = "kind = \"number\"";
      if (role.role == Role::kText) what = "kind = \"text\"";
      if (role.role == Role::kCategory) what = "kind = \"category\"";
      if (role.role == Role::kImage) what = "kind = \"image\"";
      if (role.role == Role::kSound) what = "kind = \"audio\"";
      if (what.empty() || !fields.insert(name).second) continue;
      used.insert(i);
      if (!role.path.empty())
        what += fmt::format(", path = {}", toml_string(role.path));
      else if (name != group.column(i))
        what += fmt::format(", column = {}", toml_string(group.column(i)));
      if (!role.separator.empty()) what += fmt::format(", separator = {}", toml_string(role.separator));
      // It becomes a node type of that name.
      if (attributes && role.as_node && taken_.insert(name).second) {
        what += ", as_node = true";
        ++proposal_.node_types;
        ++proposal_.edge_types;
      }
      lines += fmt::format("fields.{} = {{ {} }}\n", toml_key(name), what);
      if (role.role == Role::kNumber && !group.first().columns[i].all_numbers())
        lines += fmt::format("columns.{} = {{ on_bad = \"missing\" }}  # a few values are no numbers\n",
                             toml_key(group.column(i)));
      if (group.has_markup(i) && role.path.empty())
        lines += fmt::format("columns.{} = {{ tidy = [\"html\"] }}\n", toml_key(group.column(i)));
      const std::vector<std::string> words = name_words(group.column(i));
      const bool title = !words.empty() && (words.back() == "title" || words.back() == "name");
      if (shown.empty() && role.role == Role::kText && title) shown = name;
    }
    return (shown.empty() ? "" : fmt::format("name = {}\n", toml_string(shown))) + lines;
  }

  void add_node(const std::string& type, const std::string& lines) {
    nodes_ += fmt::format("\n[nodes.{}]\n{}", toml_key(type), lines);
    ++proposal_.node_types;
  }

  void add_edge(const std::string& type, const std::string& lines) {
    edges_ += fmt::format("\n[edges.{}]\n{}", toml_key(type), lines);
    ++proposal_.edge_types;
  }

  static std::string end(const std::string& type, const std::string& column) {
    return toml_string(plain_name(type) + ":" + column);
  }

  void write_nodes() {
    for (const std::string& type : types_) {
      const auto main = mains_.find(type);
      if (main == mains_.end())
        add_node(type, "# Only mentioned by edges: no table lists them.\n");
      else
        write_table_nodes(*main->second, type);
    }
    for (const Group& group : groups_) {
      if (group.key != Group::kNone && mains_[plain_name(group.roles[group.key].type)] != &group)
        write_satellite(group);
      else if (group.ids.empty())
        write_rows_as_nodes(group);
    }
  }

  void write_table_nodes(const Group& group, const std::string& type) {
    std::set<std::size_t> used(group.ids.begin(), group.ids.end());
    std::string lines = about(group) + fmt::format("source = {}\nid = {}\n", source_of(group),
                                                   toml_string(group.column(group.key)));
    if (const std::size_t time = time_of(group); time != Group::kNone) {
      lines += time_line(group, time);
      used.insert(time);
    }
    lines += field_lines(group, true, used);
    add_node(type, lines + left_out_lines(group, used));
    write_foreign_keys(group, type);
  }

  // An id of something else in a table about a type: an edge to it.
  void write_foreign_keys(const Group& group, const std::string& type) {
    for (const std::size_t i : group.ids) {
      if (i == group.key) continue;
      add_edge(free_name(type + "_" + plain_name(group.roles[i].type)),
               fmt::format("source = {}\nfrom = {}\nto = {}\n", source_of(group),
                           end(type, group.column(group.key)), end(group.roles[i].type, group.column(i))));
    }
  }

  // Another table about a type that has its table: nodes with the same ids, each joined to its own.
  void write_satellite(const Group& group) {
    const std::string type = plain_name(group.roles[group.key].type);
    std::set<std::size_t> used(group.ids.begin(), group.ids.end());
    const std::string fields = field_lines(group, false, used);
    if (fields.empty()) return;
    const std::string name = free_name(group.stem);
    add_node(name, about(group) +
                       fmt::format("source = {}\nid = {}\n", source_of(group),
                                   toml_string(group.column(group.key))) +
                       fields + left_out_lines(group, used));
    add_edge(free_name(type + "_" + name),
             fmt::format("source = {}\nfrom = {}\nto = {}\n", source_of(group),
                         end(type, group.column(group.key)), end(name, group.column(group.key))));
  }

  void write_rows_as_nodes(const Group& group) {
    std::set<std::size_t> used;
    std::string time;
    if (const std::size_t at = time_of(group); at != Group::kNone)
      time = time_line(group, at), used.insert(at);
    const std::string name = free_name(group.stem);
    const std::string fields = field_lines(group, true, used);
    if (fields.empty()) return;
    add_node(name, about(group) + "# No id column: each row makes a node of its own.\n" +
                       fmt::format("source = {}\n", source_of(group)) + time + fields +
                       left_out_lines(group, used));
  }

  void write_edges() {
    for (const Group& group : groups_) {
      if (group.key == Group::kNone && !group.ids.empty()) write_events(group);
    }
  }

  // Rows that join two ids; with texts also a node of the row, a review, between the two.
  void write_events(const Group& group) {
    if (group.ids.size() < 2) {
      edges_ += fmt::format("\n# {}: one id column alone, and not a table of its own: not used.\n",
                            comment_text(group.first().name));
      return;
    }
    std::vector<std::size_t> ids = group.ids;
    std::stable_sort(ids.begin(), ids.end(), [&](std::size_t a, std::size_t b) {
      return (group.roles[a].type == "user") > (group.roles[b].type == "user");
    });
    std::set<std::size_t> used = {ids[0], ids[1]};
    const std::size_t time = time_of(group);
    if (time != Group::kNone) used.insert(time);
    std::size_t weight = Group::kNone;
    for (std::size_t i = 0; i < group.roles.size() && weight == Group::kNone; ++i) {
      if (group.roles[i].role == Role::kWeight) weight = i, used.insert(i);
    }
    const std::string source = fmt::format("source = {}\n", source_of(group));
    const std::string when = time == Group::kNone ? "" : time_line(group, time);
    const std::string from = end(group.roles[ids[0]].type, group.column(ids[0]));
    const std::string to = end(group.roles[ids[1]].type, group.column(ids[1]));
    const bool texts = std::any_of(group.roles.begin(), group.roles.end(), [](const ColumnRole& role) {
      return role.role == Role::kText || role.role == Role::kImage || role.role == Role::kSound;
    });
    if (texts) {
      const std::string review = free_name("review");
      Group content = group;
      if (weight != Group::kNone) content.roles[weight].role = Role::kLeftOut;
      add_node(review, "# The text of an event: each row makes a node between the two that it joins.\n" +
                           source + when + field_lines(content, false, used));
      add_edge(free_name("wrote"),
               source + fmt::format("from = {}\nto = {}\n", from, toml_string(review)) + when);
      add_edge(free_name("about"),
               source + fmt::format("from = {}\nto = {}\n", toml_string(review), to) + when);
    }
    const EventKinds kinds = texts ? EventKinds{} : find_event_kinds(group);
    if (kinds.column != Group::kNone) {
      used.insert(kinds.column);
      const std::string ends = fmt::format("from = {}\nto = {}\n", from, to);
      const std::string weighs =
          weight == Group::kNone ? "" : fmt::format("weight = {}\n", toml_string(group.column(weight)));
      return write_kinds(group, kinds, source, ends + when + weighs, left_out_lines(group, used));
    }
    const std::string name = free_name(event_name(group, weight));
    std::string lines = about(group) + source + fmt::format("from = {}\nto = {}\n", from, to) + when;
    if (weight != Group::kNone) lines += fmt::format("weight = {}\n", toml_string(group.column(weight)));
    add_edge(name, lines + left_out_lines(group, used));
    consider_as_target(group, name, group.roles[ids[0]].type != group.roles[ids[1]].type,
                       time != Group::kNone);
  }

  // One edge type for each kind of event.
  void write_kinds(const Group& group, const EventKinds& kinds, const std::string& source,
                   const std::string& lines, const std::string& left_out) {
    const std::string column = group.column(kinds.column);
    for (std::size_t i = 0; i < kinds.kinds.size(); ++i) {
      const std::string& value = kinds.kinds[i].value;
      const bool word = !value.empty() && std::isalpha(static_cast<unsigned char>(value[0])) != 0;
      const std::string name = free_name(plain_name(word ? value : group.stem + "_" + value));
      std::string text = i == 0 ? about(group) : "";
      text += fmt::format("# {} of them.\n", kinds.kinds[i].rows);
      text += source + fmt::format("where = {{ {} = {} }}\n", toml_key(column), toml_string(value)) + lines;
      add_edge(name, text + (i == 0 ? left_out : ""));
      if (i != kinds.target) continue;
      const auto [from, to] = end_types(group);
      consider_as_target(group, name, from != to, time_of(group) != Group::kNone);
    }
  }

  static std::pair<std::string, std::string> end_types(const Group& group) {
    return {group.roles[group.ids[0]].type, group.roles[group.ids[1]].type};
  }

  static std::string event_name(const Group& group, std::size_t weight) {
    if (weight != Group::kNone) {
      for (const std::string& word : name_words(group.column(weight))) {
        if (word == "rating" || word == "overall" || word == "stars" || word == "score") return "rates";
      }
    }
    const bool part = group.tables.size() > 1 && !split_part(stem_of(group.first().name)).empty();
    return part ? "interacts" : group.stem;
  }

  // The most events between two types are what is predicted.
  void consider_as_target(const Group& group, const std::string& name, bool two_types, bool timed) {
    if (!two_types || group.rows() <= target_rows_) return;
    target_rows_ = group.rows();
    proposal_.target = name;
    std::map<std::string, std::vector<std::string>> parts;
    for (const TableProfile* table : group.tables) {
      const std::string part = split_part(stem_of(table->name));
      parts[part.empty() ? "train" : part].push_back(table->name);
    }
    if (parts.contains("train") && parts.contains("test")) {
      split_ = fmt::format(
          "kind = \"files\", train = {}, test_files = {}, {}", toml_strings(parts["train"]),
          toml_strings(parts["test"]),
          parts.contains("valid") ? "valid_files = " + toml_strings(parts["valid"]) : "valid = 0.1");
    } else {
      split_ = fmt::format("kind = \"{}\", valid = 0.1, test = 0.1", timed ? "time" : "random");
    }
  }

  std::string task() const {
    if (proposal_.target.empty())
      return "\n# No table joins users and items: without a [task] nothing can be trained.\n";
    return fmt::format("\n[task]\ntarget = {}\nsplit = {{ {} }}\n", toml_string(proposal_.target), split_);
  }

  const FolderProfile& folder_;
  const std::string& data_root_;
  Proposal proposal_;
  std::vector<Group> groups_;
  std::vector<std::string> types_;                 // node types that id columns are about
  std::map<std::string, const Group*> mains_;      // type -> the table that lists its nodes
  std::set<std::string> taken_;                    // names of node and edge types
  std::map<std::string, std::string> section_of_;  // a group's first file -> its [sources.*]
  std::set<std::string> section_names_;
  std::string head_, sections_, nodes_, edges_, split_;
  std::uint64_t target_rows_ = 0;
};

}  // namespace

Proposal propose(const FolderProfile& folder, const std::string& data_root) {
  return Proposer(folder, data_root).run();
}

}  // namespace weft::init
