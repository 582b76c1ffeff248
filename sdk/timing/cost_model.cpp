// Reads the cost tables: a small part of TOML (sections, integers, strings, one-line tables).
// SPDX-License-Identifier: Apache-2.0
#include "sdk/timing/cost_model.h"

#include "frontend/base/check.h"

#include <cctype>
#include <optional>
#include <set>

namespace weft::timing {
namespace {

struct Table {
  const char* name;
  const char* text;
};
constexpr Table kTables[] = {
#include "sdk/timing/tables.inc"
};

std::string_view tableText(std::string_view name) {
  for (const Table& t : kTables) {
    if (name == t.name) return t.text;
  }
  return {};
}

std::string_view trim(std::string_view s) {
  while (!s.empty() && std::isspace(static_cast<unsigned char>(s.front()))) s.remove_prefix(1);
  while (!s.empty() && std::isspace(static_cast<unsigned char>(s.back()))) s.remove_suffix(1);
  return s;
}

struct Entry {
  std::string name;
  std::string_view value;
};

/// Calls `each` for every `key = value`; returns the first line that is neither, or 0.
template <class F>
int forEachEntry(std::string_view text, F&& each) {
  std::string section;
  int line_number = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = trim(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    ++line_number;
    if (line.empty() || line.front() == '#') continue;
    if (line.front() == '[' && line.back() == ']') {
      section = std::string(line.substr(1, line.size() - 2)) + ".";
      continue;
    }
    const size_t eq = line.find('=');
    if (eq == std::string_view::npos ||
        !each(Entry{section + std::string(trim(line.substr(0, eq))), trim(line.substr(eq + 1))}))
      return line_number;
  }
  return 0;
}

std::optional<uint32_t> numberAfter(std::string_view text, std::string_view key) {
  size_t at = text.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  at = text.find('=', at);
  if (at == std::string_view::npos) return std::nullopt;
  text = trim(text.substr(at + 1));
  uint32_t value = 0;
  size_t digits = 0;
  while (digits < text.size() && std::isdigit(static_cast<unsigned char>(text[digits])) && digits < 9)
    value = value * 10 + static_cast<uint32_t>(text[digits++] - '0');
  return digits == 0 ? std::nullopt : std::optional<uint32_t>(value);
}

std::string quotedAfter(std::string_view text, std::string_view key) {
  size_t at = text.find(key);
  if (at == std::string_view::npos) return {};
  at = text.find('"', at);
  if (at == std::string_view::npos) return {};
  const size_t end = text.find('"', at + 1);
  return end == std::string_view::npos ? std::string{} : std::string(text.substr(at + 1, end - at - 1));
}

}  // namespace

Result<CostModel> CostModel::parse(target::Arch arch, std::string_view units, std::string_view values,
                                   diag::Sink& sink) {
  CostModel model;
  model.arch_ = arch;
  std::set<std::string, std::less<>> known;
  int bad = forEachEntry(units, [&](const Entry& e) {
    known.insert(e.name);
    return true;
  });
  if (bad != 0) {
    sink.error(diag::Code::E0830, {}, "line {} of the table of units is not `name = \"unit\"`", bad).emit();
    return Reported{};
  }
  std::string unknown;
  bad = forEachEntry(values, [&](const Entry& e) {
    const auto value = numberAfter(e.value, "value");
    std::string source = quotedAfter(e.value, "source");
    if (!value || source.empty()) return false;
    if (!known.contains(e.name)) unknown = e.name;
    model.values_[e.name] = {*value, std::move(source)};
    return true;
  });
  if (bad != 0) {
    sink.error(diag::Code::E0830, {}, "line {} of the cost table is not `name = {{ value = N, source = \"...\" }}`",
               bad)
        .emit();
    return Reported{};
  }
  if (!unknown.empty()) {
    sink.error(diag::Code::E0830, {}, "cost parameter `{}` is not known", unknown).emit();
    return Reported{};
  }
  for (const std::string& name : known) {
    if (!model.values_.contains(name)) {
      sink.error(diag::Code::E0830, {}, "cost parameter `{}` is missing", name).emit();
      return Reported{};
    }
  }
  return model;
}

CostModel CostModel::builtin(target::Arch arch) {
  diag::Sink sink;
  auto model = parse(arch, tableText("unit"), tableText(target::archName(arch)), sink);
  WEFT_CHECK(static_cast<bool>(model), "reading the built-in cost table: {}",
             sink.all().empty() ? std::string() : sink.all()[0].message);
  return *std::move(model);
}

uint32_t CostModel::get(std::string_view name) const {
  const auto it = values_.find(name);
  WEFT_CHECK(it != values_.end(), "looking up cost parameter {}", name);
  return it->second.value;
}

const std::string& CostModel::sourceOf(std::string_view name) const {
  const auto it = values_.find(name);
  WEFT_CHECK(it != values_.end(), "looking up cost parameter {}", name);
  return it->second.source;
}

}  // namespace weft::timing
