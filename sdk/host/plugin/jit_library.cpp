// libweft_jit.so: the LLVM engine behind one C entry point, so that only programs which run code load LLVM.
// Opened by sdk/host/engine_loader.cpp.
// SPDX-License-Identifier: Apache-2.0
#include "jit/engine.h"

extern "C" weft::jit::Engine* weft_make_orc_engine(const weft::jit::EngineOptions* options, weft::diag::Sink* sink) {
  auto engine = weft::jit::makeOrc(*options, *sink);
  return engine ? (*std::move(engine)).release() : nullptr;
}
