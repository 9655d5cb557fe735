#include "gnn/inputs/input_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "base/json_integer.h"
#include "base/strings.h"

namespace weft::gnn {
namespace {

using graph::NodeTypeId;

NumberInput fit_number(const std::string& field, graph::NumberColumn column,
                       const std::vector<std::uint8_t>& visible, const graph::NumberRules& rules) {
  std::vector<double> values(column.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = column[i];
  NumberInput input{.field = field, .constants = graph::fit_numbers(values, visible, rules)};
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (visible[i] != 0 && std::isfinite(values[i]) && input.constants.is_outlier(values[i]))
      ++input.outliers;
  }
  return input;
}

graph::NumberRules rules_of(const NumberFieldRules& numbers, const std::string& name) {
  const auto found = numbers.find(name);
  return found == numbers.end() ? graph::NumberRules{} : found->second;
}

CategoryInput fit_category(const std::string& field, const graph::CategoryColumn& column,
                           const std::vector<std::uint8_t>& visible) {
  std::vector<std::uint8_t> seen(column.dictionary.rows(), 0);
  for (std::size_t i = 0; i < visible.size(); ++i) {
    if (visible[i] == 0) continue;
    for (const std::uint32_t code : column[i]) seen[code] = 1;
  }
  CategoryInput input{.field = field};
  for (std::size_t code = 0; code < seen.size(); ++code) {
    if (seen[code] != 0) input.values.emplace_back(column.dictionary[code]);
  }
  return input;
}

VectorInput fit_vectors(const FeatureInput& feature, const std::vector<std::uint8_t>& visible) {
  const encoders::FeatureSet& set = *feature.set;
  VectorInput input{.field = feature.field,
                    .dim = static_cast<std::int64_t>(set.dim()),
                    .fingerprint = set.info().encoder_fingerprint};
  double squares = 0, count = 0;
  for (std::size_t i = 0; i < set.rows(); ++i) {
    if (visible[i] == 0 || set.present()[i] == 0) continue;
    for (const float value : set.row(i)) squares += static_cast<double>(value) * value;
    count += static_cast<double>(set.dim());
  }
  if (squares > 0) input.scale = 1.0 / std::sqrt(squares / count);
  return input;
}

void check_field(const std::string& name, const std::vector<std::string>& known, const char* key) {
  if (std::find(known.begin(), known.end(), name) != known.end()) return;
  const std::string nearest = nearest_word(name, known);
  throw Error("no field has this name",
              {.field = key,
               .value = name,
               .expected = "type.field, one of " + join(known),
               .hint = nearest.empty() ? "" : "did you mean '" + nearest + "'?"},
              ErrorKind::kUsage);
}

void check_fields(const graph::Schema& schema, const std::vector<std::string>& skipped,
                  const NumberFieldRules& numbers) {
  std::vector<std::string> known, known_numbers;
  for (const graph::NodeType& type : schema.node_types()) {
    for (const graph::Field& field : type.fields) {
      known.push_back(type.name + "." + field.name);
      if (field.kind == graph::FieldKind::kNumber) known_numbers.push_back(known.back());
    }
  }
  for (const std::string& name : skipped) check_field(name, known, "model.skip_fields");
  for (const auto& [name, rules] : numbers) check_field(name, known_numbers, "model.numbers");
}

bool has_feature(const FeatureInputs& features, NodeTypeId type, const std::string& field) {
  return std::any_of(features.begin(), features.end(),
                     [&](const FeatureInput& f) { return f.type == type && f.field == field; });
}

}  // namespace

std::vector<std::vector<std::uint8_t>> visible_nodes(const graph::Snapshot& snapshot,
                                                     const graph::GraphView& train,
                                                     graph::TimeMs valid_start) {
  const graph::Schema& schema = snapshot.schema();
  std::vector<std::vector<std::uint8_t>> visible;
  for (std::size_t t = 0; t < schema.node_types().size(); ++t) {
    const auto type = static_cast<NodeTypeId>(t);
    const auto first_seen = snapshot.first_seen(type);
    std::vector<std::uint8_t> mask(snapshot.node_count(type), 0);
    for (std::size_t i = 0; i < mask.size(); ++i) {
      mask[i] = first_seen[i] != graph::kNoTime && first_seen[i] < valid_start ? 1 : 0;
    }
    for (graph::RelationId relation = 0; relation < train.relations.size(); ++relation) {
      if (schema.row_type(relation) != type) continue;
      const graph::CsrView& csr = train.relation(relation);
      for (std::size_t i = 0; i < mask.size(); ++i) {
        if (first_seen[i] == graph::kNoTime && csr.degree(static_cast<graph::NodeId>(i)) > 0) mask[i] = 1;
      }
    }
    if (std::find(mask.begin(), mask.end(), 1) == mask.end())
      std::fill(mask.begin(), mask.end(), std::uint8_t{1});
    visible.push_back(std::move(mask));
  }
  return visible;
}

const FeatureInput& find_feature(const FeatureInputs& features, const graph::Snapshot& snapshot,
                                 NodeTypeId type, const std::string& field) {
  const std::string name = snapshot.schema().node_type(type).name + "." + field;
  for (const FeatureInput& feature : features) {
    if (feature.type != type || feature.field != field) continue;
    const encoders::FeatureSetInfo& info = feature.set->info();
    if (info.store_uuid != snapshot.info().store_uuid || info.sequence != snapshot.info().sequence ||
        feature.set->rows() != snapshot.node_count(type)) {
      throw Error("the encoded vectors belong to another state of the store",
                  {.field = name,
                   .value = fmt::format("{} rows of sequence {}", feature.set->rows(), info.sequence),
                   .expected = fmt::format("{} rows of sequence {}", snapshot.node_count(type),
                                           snapshot.info().sequence),
                   .hint = "run `weft encode` again"});
    }
    return feature;
  }
  throw Error("a field that the model reads has no encoded vectors",
              {.field = name, .hint = "run `weft encode`"});
}

InputSpec fit_inputs(const graph::Snapshot& snapshot, const std::vector<std::vector<std::uint8_t>>& visible,
                     const FeatureInputs& features, const std::vector<std::string>& skip_fields,
                     const std::vector<std::uint8_t>& id_types, const NumberFieldRules& numbers) {
  const graph::Schema& schema = snapshot.schema();
  check_fields(schema, skip_fields, numbers);
  InputSpec spec;
  for (std::size_t t = 0; t < schema.node_types().size(); ++t) {
    const auto type = static_cast<NodeTypeId>(t);
    const graph::NodeType& node_type = schema.node_type(type);
    TypeInputSpec inputs;
    for (std::size_t f = 0; f < node_type.fields.size(); ++f) {
      const graph::Field& field = node_type.fields[f];
      const std::string name = node_type.name + "." + field.name;
      if (std::find(skip_fields.begin(), skip_fields.end(), name) != skip_fields.end()) continue;
      if (field.kind == graph::FieldKind::kNumber) {
        inputs.numbers.push_back(
            fit_number(field.name, snapshot.numbers(type, f), visible[t], rules_of(numbers, name)));
      } else if (field.kind == graph::FieldKind::kCategory) {
        inputs.categories.push_back(fit_category(field.name, snapshot.categories(type, f), visible[t]));
      } else if (has_feature(features, type, field.name)) {
        inputs.vectors.push_back(fit_vectors(find_feature(features, snapshot, type, field.name), visible[t]));
      }
    }
    std::erase_if(inputs.categories, [](const CategoryInput& input) { return input.values.empty(); });
    if (id_types[t] != 0) inputs.id_rows = snapshot.node_count(type);
    spec.types.push_back(std::move(inputs));
  }
  return spec;
}

namespace {

// What a column without rules does not need is left out, as in checkpoints from before there were any.
nlohmann::json number_json(const NumberInput& input) {
  const graph::NumberConstants& constants = input.constants;
  nlohmann::json out = {{"field", input.field}, {"mean", constants.centre}, {"deviation", constants.width}};
  if (constants.fill) out["fill"] = *constants.fill;
  if (constants.inside.empty()) return out;
  for (const graph::NumberInterval& interval : constants.inside)
    out["inside"].push_back({interval.low, interval.high});
  out["clip"] = constants.clip;
  out["outliers"] = input.outliers;
  return out;
}

NumberInput number_from_json(const nlohmann::json& json) {
  NumberInput input{.field = json.at("field").get<std::string>()};
  graph::NumberConstants& constants = input.constants;
  constants.centre = json.at("mean").get<double>();
  constants.width = json.at("deviation").get<double>();
  if (json.contains("fill")) constants.fill = json.at("fill").get<double>();
  if (!json.contains("inside")) return input;
  for (const nlohmann::json& interval : json.at("inside"))
    constants.inside.push_back({interval.at(0).get<double>(), interval.at(1).get<double>()});
  constants.clip = json.at("clip").get<bool>();
  input.outliers = json_integer<std::uint64_t>(json.at("outliers"));
  return input;
}

}  // namespace

nlohmann::json to_json(const InputSpec& spec) {
  nlohmann::json types = nlohmann::json::array();
  for (const TypeInputSpec& type : spec.types) {
    nlohmann::json numbers = nlohmann::json::array(), categories = numbers, vectors = numbers;
    for (const NumberInput& n : type.numbers) {
      numbers.push_back(number_json(n));
    }
    for (const CategoryInput& c : type.categories)
      categories.push_back({{"field", c.field}, {"values", c.values}});
    for (const VectorInput& v : type.vectors) {
      vectors.push_back(
          {{"field", v.field}, {"dim", v.dim}, {"scale", v.scale}, {"fingerprint", v.fingerprint}});
    }
    types.push_back(
        {{"numbers", numbers}, {"categories", categories}, {"vectors", vectors}, {"id_rows", type.id_rows}});
  }
  return types;
}

InputSpec input_spec_from_json(const nlohmann::json& json, const std::string& file) {
  InputSpec spec;
  try {
    for (const nlohmann::json& type : json) {
      TypeInputSpec inputs{.id_rows = json_integer<std::uint32_t>(type.at("id_rows"))};
      for (const nlohmann::json& n : type.at("numbers")) {
        inputs.numbers.push_back(number_from_json(n));
      }
      for (const nlohmann::json& c : type.at("categories")) {
        inputs.categories.push_back(
            {c.at("field").get<std::string>(), c.at("values").get<std::vector<std::string>>()});
      }
      for (const nlohmann::json& v : type.at("vectors")) {
        inputs.vectors.push_back({v.at("field").get<std::string>(), json_integer<std::int64_t>(v.at("dim")),
                                  v.at("scale").get<double>(), v.at("fingerprint").get<std::string>()});
      }
      spec.types.push_back(std::move(inputs));
    }
  } catch (const nlohmann::json::exception& problem) {
    throw Error("the list of inputs is damaged", {.file = file, .value = problem.what()});
  }
  return spec;
}

}  // namespace weft::gnn
