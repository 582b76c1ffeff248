// Opens libweft_jit.so next to this installation when the LLVM engine is wanted.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/host/engine_loader.h"

#include "sdk/timing/cost_model.h"

#include <dlfcn.h>

#include <filesystem>

namespace weft::host {

namespace fs = std::filesystem;

namespace {
using MakeOrc = jit::Engine* (*)(const jit::EngineOptions*, diag::Sink*);
using DumpLlvm = void (*)(const tir::Program*, const jit::CostTable*, int64_t, bool, std::string*);
constexpr const char* kLibrary = "libweft_jit.so";

/// A function of the LLVM library.
Result<void*> symbolOfLibrary(const char* name, diag::Sink& sink) {
  const fs::path library = fs::path(installationLibraryFolder()) / kLibrary;
  void* handle = dlopen(library.c_str(), RTLD_LAZY | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* why = dlerror();
    sink.error(diag::Code::E0810, {}, "the LLVM engine cannot be loaded: {}", why == nullptr ? "unknown reason" : why)
        .help("`WEFT_ENGINE=interp` runs without it")
        .emit();
    return Reported{};
  }
  void* symbol = dlsym(handle, name);
  if (symbol == nullptr) {
    sink.error(diag::Code::E0810, {}, "{} is not Weft's LLVM engine", library.filename().string()).emit();
    return Reported{};
  }
  return symbol;
}

}  // namespace

std::string installationLibraryFolder() {
  Dl_info info{};
  std::error_code ignored;
  fs::path self;
  if (dladdr(reinterpret_cast<void*>(&installationLibraryFolder), &info) != 0 && info.dli_fname != nullptr)
    self = info.dli_fname;
  // For the main program the loader knows only the name it was called by.
  if (self.empty() || !self.is_absolute()) self = fs::read_symlink("/proc/self/exe", ignored);
  self = fs::weakly_canonical(self, ignored);
  for (fs::path at = self.parent_path(); at.has_relative_path(); at = at.parent_path()) {
    if (at.filename() == "weft" && at.parent_path().filename() == "lib") return at.string();
    if (fs::is_directory(at / "lib" / "weft", ignored)) return (at / "lib" / "weft").string();
  }
  return {};
}

Result<std::unique_ptr<jit::Engine>> makeEngine(const std::string& name, const jit::EngineOptions& options,
                                                diag::Sink& sink) {
  if (name == "interp") return jit::makeInterpreter();
  if (!name.empty() && name != "jit") {
    sink.error(diag::Code::E0811, {}, "unknown engine `{}`", name).help("choose `jit` or `interp`").emit();
    return Reported{};
  }
  const fs::path library = fs::path(installationLibraryFolder()) / kLibrary;
  std::error_code ignored;
  if (name.empty() && !fs::exists(library, ignored)) return jit::makeInterpreter();
  WEFT_TRY(void* const symbol, symbolOfLibrary("weft_make_orc_engine", sink));
  const auto make = reinterpret_cast<MakeOrc>(symbol);
  jit::Engine* engine = make(&options, &sink);
  if (engine == nullptr) return Reported{};
  return std::unique_ptr<jit::Engine>(engine);
}

Result<std::string> dumpLlvm(const plan::FabricPlan& plan, std::string_view function, bool optimised,
                             diag::Sink& sink) {
  WEFT_TRY(void* const symbol, symbolOfLibrary("weft_dump_llvm", sink));
  const auto dump = reinterpret_cast<DumpLlvm>(symbol);
  const timing::CostModel model = timing::CostModel::builtin(plan.arch);
  std::string text;
  for (const auto& program : plan.programs) {
    const jit::CostTable costs = model.costTable(*program);
    if (function.empty()) dump(program.get(), &costs, -1, optimised, &text);
    for (size_t i = 0; !function.empty() && i < program->functions.size(); ++i)
      if (program->functions[i].name == function)
        dump(program.get(), &costs, static_cast<int64_t>(i), optimised, &text);
  }
  return text;
}

}  // namespace weft::host
