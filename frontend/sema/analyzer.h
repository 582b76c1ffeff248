// Entry points of semantic analysis: run a layout block, turn a PE program with its params into TIR.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/result.h"
#include "frontend/comptime/symbolic.h"
#include "frontend/comptime/value.h"
#include "frontend/diag/diag.h"
#include "frontend/plan/fabric_plan.h"
#include "frontend/sema/layout_hooks.h"
#include "frontend/sema/module_loader.h"
#include "frontend/tir/program.h"
#include "frontend/types/pool.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace weft::sema {

struct Options {
  target::Arch arch = target::Arch::Wse2;
  target::Fp16Format fp16 = target::Fp16Format::F16;
  /// --max-inlined-iterations
  uint32_t max_inlined_iterations = 1'000'000;
  /// Comptime loop iterations and calls of one analysis.
  uint64_t fuel = 100'000'000;
  /// What @get_rectangle() says in PE programs (in layout blocks the hooks know).
  Extent2 rectangle;
  Extent2 fabric;
  FabricCoord offset;
};

/// What a command line binds: `--params` (integers) and `--colors`.
struct CliParam {
  std::string name;
  int64_t value = 0;
  bool is_color = false;
};

class FileTable;

/// Shared by all analyses of one session. Not thread-safe.
class Context {
 public:
  Context(Options options, types::Pool& pool, base::Interner& interner, const source::SourceManager& sources,
          diag::Sink& sink, ModuleLoader& loader);
  ~Context();
  Options options;
  types::Pool& pool;
  base::Interner& interner;
  const source::SourceManager& sources;
  diag::Sink& sink;
  ModuleLoader& loader;
  /// @comptime_print output, in order; may be empty (then it is dropped).
  std::function<void(std::string_view)> print;
  std::unique_ptr<FileTable> files;
};

/// One local color configuration (@set_local_color_config) of a program.
struct LocalColorConfig {
  uint8_t color = 0;
  plan::ColorConfig config;
  source::Span span;
};

/// A vector operation on the fabric whose queue or color is known: what the routes are checked against.
struct FabricUse {
  bool is_input = false;
  bool blocks = false;
  uint8_t color = 0;
  source::Span span;
  bool operator==(const FabricUse&) const = default;
};

struct ProgramResult {
  std::shared_ptr<tir::Program> program;
  std::vector<LocalColorConfig> color_configs;
  std::vector<FabricUse> fabric_uses;
  /// Routes may change while it runs: it writes configuration registers or has teardown handlers.
  bool changes_routes = false;
  /// Per slot of the program: the symbolic expression to evaluate per PE.
  std::vector<comptime::SymId> slots;
};

/// Runs the layout block of `root`; everything it decides goes to `hooks`. A file without one is an error.
Result<void> analyzeLayout(Context& context, const SourceFile& root, const std::vector<CliParam>& cli,
                           LayoutHooks& hooks);

/// Elaborates one PE program. `params` is an anonymous struct value (or void). Questions about symbolic params go to
/// `recorder`, which may be null when nothing is symbolic. `exports` are the names the layout declared; null: no
/// layout.
Result<ProgramResult> analyzeProgram(Context& context, const SourceFile& root, const comptime::Value& params,
                                     const std::vector<plan::Export>* exports, comptime::Recorder* recorder = nullptr);

}  // namespace weft::sema
