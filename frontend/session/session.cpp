// Ties loader, sema and layout together.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/session/session.h"

#include "frontend/layout/layout.h"
#include "frontend/plan/plan.h"
#include "frontend/session/loader.h"
#include "frontend/tir/tir.h"

#include <charconv>

namespace weft::session {

using diag::Code;

struct Session::Impl {
  source::SourceManager sources;
  base::Interner interner;
  diag::Sink sink;
  Loader loader{sources, interner, sink};
  std::function<void(std::string_view)> print;
  CompileStats stats;

  // "12", "-3", "0x10", "true".
  std::optional<int64_t> number(const std::string& name, const std::string& text) {
    if (text == "true") return 1;
    if (text == "false") return 0;
    std::string_view digits = text;
    const bool negative = digits.starts_with("-");
    if (negative) digits.remove_prefix(1);
    int base = 10;
    if (digits.starts_with("0x") || digits.starts_with("0X"))
      digits.remove_prefix(2), base = 16;
    else if (digits.starts_with("0b"))
      digits.remove_prefix(2), base = 2;
    uint64_t v = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), v, base);
    if (error != std::errc{} || end != digits.data() + digits.size() || v > static_cast<uint64_t>(INT64_MAX)) {
      sink.error(Code::E0212, {}, "value of parameter `{}` is not an integer: `{}`", name, text).emit();
      return std::nullopt;
    }
    return negative ? -static_cast<int64_t>(v) : static_cast<int64_t>(v);
  }

  bool cliParams(const CompileOptions& options, std::vector<sema::CliParam>& out) {
    bool ok = true;
    const auto add = [&](const std::pair<std::string, std::string>& p, bool is_color) {
      const auto v = number(p.first, p.second);
      if (!v) {
        ok = false;
        return;
      }
      for (sema::CliParam& old : out) {
        if (old.name == p.first) {
          sink.warning(Code::W0201, {}, "parameter `{}` is given twice; {} holds, {} is dropped", p.first, *v,
                       old.value)
              .emit();
          old.value = *v;
          old.is_color = is_color;
          return;
        }
      }
      out.push_back({p.first, *v, is_color});
    };
    for (const auto& p : options.params) add(p, false);
    for (const auto& p : options.colors) add(p, true);
    return ok;
  }

  static layout::Options layoutOptions(const CompileOptions& o) {
    return {o.fabric,      o.offset,  o.memcpy, o.channels, o.west_buffer,
            o.east_buffer, o.sharing, o.params, o.colors,   o.explain_sharing};
  }

  sema::Options semaOptions(const CompileOptions& o) {
    sema::Options s;
    s.arch = o.arch;
    s.fp16 = o.fp16;
    if (o.max_inlined_iterations) s.max_inlined_iterations = *o.max_inlined_iterations;
    return s;
  }

  void takeStats(const layout::Stats& s) {
    stats = {s.layout_calls, loader.parseSeconds(), s.layout_seconds, s.analysis_seconds, s.analyses, s.questions};
  }
};

Session::Session() : impl_(std::make_unique<Impl>()) {}
Session::~Session() = default;

const source::SourceManager& Session::sources() const { return impl_->sources; }
diag::Sink& Session::sink() { return impl_->sink; }
void Session::setStdlib(std::string folder) { impl_->loader.setStdlib(std::move(folder)); }
void Session::setBuffer(const std::string& path, std::optional<std::string> text) {
  impl_->loader.setBuffer(path, std::move(text));
}
void Session::onPrint(std::function<void(std::string_view)> print) { impl_->print = std::move(print); }
const CompileStats& Session::stats() const { return impl_->stats; }

Result<std::shared_ptr<const plan::FabricPlan>> Session::compile(const CompileOptions& options) {
  impl_->loader.reset(options.import_paths, options.source);
  const sema::SourceFile* root = impl_->loader.open(options.source);
  if (root == nullptr) return Reported{};
  std::vector<sema::CliParam> cli;
  if (!impl_->cliParams(options, cli)) return Reported{};
  types::Pool pool(impl_->interner, options.fp16);
  sema::Context context(impl_->semaOptions(options), pool, impl_->interner, impl_->sources, impl_->sink, impl_->loader);
  context.print = impl_->print;
  layout::Stats stats;
  auto plan = layout::run(context, *root, cli, Impl::layoutOptions(options), stats);
  impl_->takeStats(stats);
  if (!plan || impl_->sink.hasErrors()) return Reported{};
  return plan;
}

Result<std::shared_ptr<const plan::FabricPlan>> Session::compileTiles(const CompileOptions& options, Extent2 extent,
                                                                      const std::vector<TileProgram>& tiles) {
  impl_->loader.reset(options.import_paths, tiles.empty() ? options.source : tiles.front().source);
  types::Pool pool(impl_->interner, options.fp16);
  sema::Context context(impl_->semaOptions(options), pool, impl_->interner, impl_->sources, impl_->sink, impl_->loader);
  context.print = impl_->print;
  std::vector<layout::Tile> placed;
  for (const TileProgram& t : tiles) {
    layout::Tile tile;
    tile.file = impl_->loader.open(t.source);
    if (tile.file == nullptr) return Reported{};
    tile.at = t.at;
    std::vector<base::Symbol> names;
    std::vector<types::TypeId> kinds;
    std::vector<comptime::Value> values;
    for (const bool color : {false, true}) {
      for (const auto& [name, text] : color ? t.colors : t.params) {
        const auto v = impl_->number(name, text);
        if (!v) return Reported{};
        names.push_back(impl_->interner.intern(name));
        values.push_back(comptime::Value::integer(color ? types::kColor : types::kComptimeInt, *v));
        kinds.push_back(values.back().type());
      }
    }
    tile.params = comptime::Value::aggregate(pool.anonStruct(names, kinds), std::move(values));
    placed.push_back(std::move(tile));
  }
  layout::Stats stats;
  auto plan = layout::place(context, extent, placed, Impl::layoutOptions(options), stats);
  impl_->takeStats(stats);
  if (!plan || impl_->sink.hasErrors()) return Reported{};
  return plan;
}

Result<std::string> Session::dumpAst(const std::string& path) {
  impl_->loader.reset({}, path);
  const sema::SourceFile* file = impl_->loader.open(path);
  if (file == nullptr) return Reported{};
  return ast::dump(*file->tree, impl_->interner);
}

std::string Session::dumpTir(const plan::FabricPlan& plan, std::string_view fn) {
  std::string out;
  for (const auto& p : plan.programs) {
    if (fn.empty()) {
      out += tir::print(*p);
      continue;
    }
    for (uint32_t i = 0; i < p->functions.size(); ++i) {
      if (p->functions[i].name == fn) out += tir::printFunction(*p, tir::FunctionId{i});
    }
  }
  return out;
}

std::string Session::dumpPlan(const plan::FabricPlan& plan) { return plan::print(plan); }

}  // namespace weft::session
