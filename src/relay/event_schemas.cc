#include "relay/event_schemas.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/utf8.h"
#include "protocol/percent_encoding.h"
#include "relay/publish_rule.h"
#include "schema/json_schema.h"
#include "schema/json_tree.h"
#include "schema/schema_compiler.h"
#include "schema/schema_judge.h"

namespace relay {

struct EventSchemas::Impl {
  PatternTable patterns;
  TextMap<JsonSchema> by_type;
};

namespace {

namespace fs = std::filesystem;

constexpr std::string_view extension = ".json";

// The file names that end in .json, in order.
std::expected<std::vector<std::string>, std::string> list_schemas(const fs::path& folder) {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    std::string name = at->path().filename().string();
    if (name.ends_with(extension)) names.push_back(std::move(name));
    if (names.size() > schema_files_max) {
      return std::unexpected(fmt::format("the folder has more than {} schemas", schema_files_max));
    }
  }
  if (error) return std::unexpected(fmt::format("cannot read the folder: {}", error.message()));
  std::ranges::sort(names);
  return names;
}

// On failure what is wrong with the file's name.
std::expected<std::string, std::string> type_of(std::string_view file_name) {
  file_name.remove_suffix(extension.size());
  auto type = percent_decode(file_name);
  if (!type) return std::unexpected("the name has a % that no two hexadecimal digits follow");
  if (!is_valid_utf8(*type)) return std::unexpected("the name is not valid UTF-8");
  if (const auto problem = event_type_problem(*type); !problem.empty()) {
    return std::unexpected(fmt::format("the event's type {}", problem));
  }
  return std::move(*type);
}

std::expected<std::string, std::string> read_file(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return std::unexpected("is not a file");
  std::ifstream stream(path, std::ios::binary);
  std::string text(schema_bytes_max + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!stream.is_open() || stream.bad()) return std::unexpected("cannot be read");
  text.resize(static_cast<std::size_t>(stream.gcount()));
  if (text.size() > schema_bytes_max) {
    return std::unexpected(fmt::format("has more than {} bytes", schema_bytes_max));
  }
  return text;
}

}  // namespace

std::expected<EventSchemas, std::vector<std::string>> EventSchemas::load(const fs::path& folder) {
  const auto names = list_schemas(folder);
  if (!names) return std::unexpected(std::vector{fmt::format("{}: {}", folder.string(), names.error())});
  auto impl = std::make_unique<Impl>();
  std::vector<std::string> problems;
  for (const std::string& name : *names) {
    const auto report = [&](std::string_view problem) {
      std::string line = replace_invalid_utf8(name);
      std::ranges::replace_if(
          line, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
      problems.push_back(fmt::format("{}: {}", line, problem));
    };
    const auto type = type_of(name);
    const auto text = type ? read_file(folder / name) : std::unexpected(type.error());
    if (!text) {
      report(text.error());
      continue;
    }
    auto schema = compile_schema(*text, impl->patterns);
    if (!schema) {
      std::ranges::for_each(schema.error(), report);
    } else if (!impl->by_type.emplace(*type, std::move(*schema)).second) {
      report("is a second file for its type");
    }
  }
  if (!problems.empty()) return std::unexpected(std::move(problems));
  return EventSchemas(std::move(impl));
}

EventSchemas::EventSchemas(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
EventSchemas::EventSchemas(EventSchemas&&) noexcept = default;
EventSchemas& EventSchemas::operator=(EventSchemas&&) noexcept = default;
EventSchemas::~EventSchemas() = default;

bool EventSchemas::knows(std::string_view type) const {
  return impl_->by_type.contains(type);
}

std::size_t EventSchemas::size() const noexcept {
  return impl_->by_type.size();
}

std::vector<FieldError> EventSchemas::check(std::string_view type, std::string_view payload_json) const {
  constexpr std::string_view root_path = "/payload";
  const auto schema = impl_->by_type.find(type);
  if (schema == impl_->by_type.end()) {
    if (!refuses_unknown_types_) return {};
    return {{"/type", "has no schema, and only types with one are accepted"}};
  }
  auto payload = JsonTree::read(payload_json, root_path);
  if (!payload) return std::move(payload.error());
  return judge(schema->second, *payload, root_path);
}

}  // namespace relay
