// Over session::Session: fills in what the environment says, picks dumps.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/driver/build.h"

#include "frontend/session/session.h"
#include "sdk/host/engine_loader.h"

#include <cstdlib>
#include <string_view>

namespace weft::driver {

struct Build::State {
  session::Session session;
  session::CompileOptions options;
};

namespace {

std::vector<std::string> importPaths(const CompileOptions& options) {
  std::vector<std::string> paths = options.import_paths;
  const char* more = std::getenv("CSL_IMPORT_PATH");
  std::string_view rest = more != nullptr ? more : "";
  while (!rest.empty()) {
    const size_t colon = rest.find(':');
    if (colon != 0) paths.emplace_back(rest.substr(0, colon));
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  }
  return paths;
}

}  // namespace

Build::Build(CompileOptions options) : options_(std::move(options)), state_(std::make_unique<State>()) {
  session::CompileOptions& o = state_->options;
  o.source = options_.source;
  o.arch = options_.arch;
  o.fp16 = options_.fp16;
  o.fabric = options_.fabric;
  o.offset = options_.offset;
  o.params = options_.params;
  o.colors = options_.colors;
  o.memcpy = options_.memcpy;
  o.channels = options_.channels;
  o.west_buffer = options_.west_buffer;
  o.east_buffer = options_.east_buffer;
  o.import_paths = importPaths(options_);
  o.max_inlined_iterations = options_.max_inlined_iterations;
  // For tests: results must not depend on it.
  if (const char* sharing = std::getenv("WEFT_SHARING")) o.sharing = std::string_view(sharing) != "0";
  if (!options_.stdlib.empty()) state_->session.setStdlib(options_.stdlib);
  state_->session.onPrint([](std::string_view text) { fmt::print("{}", text); });
}

Build::~Build() = default;

diag::Sink& Build::sink() { return state_->session.sink(); }
const source::SourceManager& Build::sources() const { return state_->session.sources(); }

Result<std::shared_ptr<const plan::FabricPlan>> Build::compile() { return state_->session.compile(state_->options); }

Result<void> Build::checkSyntax(const std::string& path) {
  WEFT_TRY(const std::string tree, state_->session.dumpAst(path));
  (void)tree;
  return {};
}

Result<std::shared_ptr<const plan::FabricPlan>> Build::compileAny() {
  WEFT_TRY(const std::string tree, state_->session.dumpAst(options_.source));
  // A file without a layout block is a PE program: it runs alone on one PE.
  if (tree.find("(layout") != std::string::npos) return compile();
  alone_ = true;
  return state_->session.compileTiles(state_->options, {1, 1},
                                      {{{PeCoord{0, 0}}, options_.source, options_.params, options_.colors}});
}

Result<std::string> Build::dump(const std::string& what) {
  if (what == "ast") return state_->session.dumpAst(options_.source);
  WEFT_TRY(const auto plan, compileAny());
  if (what == "plan") return session::Session::dumpPlan(*plan);
  const size_t colon = what.find(':');
  const std::string_view function =
      colon == std::string::npos ? std::string_view() : std::string_view(what).substr(colon + 1);
  if (what.starts_with("llvm")) return host::dumpLlvm(*plan, function, options_.optimise_dump, sink());
  return session::Session::dumpTir(*plan, function);
}

}  // namespace weft::driver
