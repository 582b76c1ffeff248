// Analyses a program given as strings, without files or a session. Shared by the tests of sema.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/parse/parse.h"
#include "frontend/sema/analyzer.h"
#include "frontend/tir/tir.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weft::sema {

/// Files by name; the first one is the PE program.
class Analysis : public ModuleLoader {
 public:
  explicit Analysis(std::vector<std::pair<std::string, std::string>> files, Options options = {})
      : files_(std::move(files)) {
    context = std::make_unique<Context>(options, pool, interner, sources, sink, *this);
    context->print = [this](std::string_view line) { printed.emplace_back(line); };
  }
  explicit Analysis(const std::string& source, Options options = {}) : Analysis({{"pe.csl", source}}, options) {}

  const SourceFile* load(const SourceFile&, std::string_view import, source::Span span) override {
    return open(std::string(import), span);
  }
  std::optional<std::string> readText(const SourceFile&, std::string_view import, source::Span span) override {
    for (const auto& [name, text] : files_)
      if (name == import) return text;
    sink.error(diag::Code::E0801, span, "no {}", import).emit();
    return std::nullopt;
  }

  /// Runs the analysis; false when it reported errors.
  bool run(comptime::Value params = comptime::Value::voidValue(), comptime::Recorder* recorder = nullptr) {
    const SourceFile* root = open(files_[0].first, {});
    if (root == nullptr) return false;
    auto r = analyzeProgram(*context, *root, params, nullptr, recorder);
    if (!r) return false;
    result = std::move(*r);
    return true;
  }
  /// Codes of all diagnostics, in order: "E0301 E0201".
  [[nodiscard]] std::string codes() const {
    std::string out;
    for (const auto& d : sink.all()) out += (out.empty() ? "" : " ") + std::string(diag::codeName(d.code));
    return out;
  }
  [[nodiscard]] std::string messages() const {
    std::string out;
    for (const auto& d : sink.all()) out += diag::renderText(d, sources) + "\n";
    return out;
  }
  /// The text of one function.
  [[nodiscard]] std::string tir(std::string_view name) const {
    for (uint32_t i = 0; i < result.program->functions.size(); ++i)
      if (result.program->functions[i].name == name) return tir::printFunction(*result.program, tir::FunctionId(i));
    return {};
  }
  [[nodiscard]] const tir::Symbol* symbol(std::string_view name) const {
    for (const auto& s : result.program->symbols)
      if (s.name == name) return &s;
    return nullptr;
  }
  /// Bytes of a symbol in the initial image, as a number.
  [[nodiscard]] uint64_t initial(std::string_view name) const {
    const tir::Symbol* s = symbol(name);
    uint64_t out = 0;
    for (uint32_t i = 0; s != nullptr && i < s->bytes && i < 8; ++i)
      if (s->address + i < result.program->image.size())
        out |= uint64_t{result.program->image[s->address + i]} << (8 * i);
    return out;
  }

  base::Interner interner;
  source::SourceManager sources;
  diag::Sink sink;
  types::Pool pool{interner};
  std::unique_ptr<Context> context;
  std::vector<std::string> printed;
  ProgramResult result;

 private:
  std::vector<std::pair<std::string, std::string>> files_;
  struct Opened {
    std::unique_ptr<ast::File> tree;
    SourceFile file;
  };
  std::map<std::string, Opened> opened_;

  const SourceFile* open(const std::string& name, source::Span span) {
    if (const auto it = opened_.find(name); it != opened_.end()) return &it->second.file;
    for (const auto& [path, text] : files_) {
      if (path != name) continue;
      auto tree = parse::parseFile(sources, sources.add(path, text), interner, sink);
      if (!tree) return nullptr;
      Opened& o = opened_[name];
      o.tree = std::move(*tree);
      o.file.tree = o.tree.get();
      o.file.path = path;
      return &o.file;
    }
    sink.error(diag::Code::E0801, span, "no {}", name).emit();
    return nullptr;
  }
};

/// A program whose task `t` (local task 9) has this body.
inline std::string task(const std::string& body, const std::string& globals = "") {
  return globals + "\ntask t() void { " + body + " }\ncomptime { @bind_local_task(t, @get_local_task_id(9)); }\n";
}

}  // namespace weft::sema
