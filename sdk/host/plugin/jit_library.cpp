// libweft_jit.so: the LLVM engine behind one C entry point, so that only programs which run code load LLVM.
// Opened by sdk/host/engine_loader.cpp.
// SPDX-License-Identifier: Apache-2.0
#include "jit/engine.h"
#include "jit/orc/dump.h"

extern "C" weft::jit::Engine* weft_make_orc_engine(const weft::jit::EngineOptions* options, weft::diag::Sink* sink) {
  auto engine = weft::jit::makeOrc(*options, *sink);
  return engine ? (*std::move(engine)).release() : nullptr;
}

// `function` is an index or -1 for the whole program. The text is appended to `out`.
extern "C" void weft_dump_llvm(const weft::tir::Program* program, const weft::jit::CostTable* costs, int64_t function,
                               bool optimised, std::string* out) {
  std::optional<weft::tir::FunctionId> fn;
  if (function >= 0) fn = weft::tir::FunctionId(static_cast<uint32_t>(function));
  *out += weft::jit::dumpLlvm(*program, *costs, fn, optimised);
}
