// The floor for compile times: the cheap tier's IR given to LLJIT as it comes.
// SPDX-License-Identifier: Apache-2.0
#include "jit/orc/codegen.h"
#include "jit/orc/dump.h"
#include "jit/orc/host_calls.h"
#include "jit/orc/lower.h"

#include <llvm/ExecutionEngine/Orc/LLJIT.h>

#include <ctime>

namespace weft::jit {

namespace lo = llvm::orc;

double bareOrcSeconds(const tir::Program& program, const CostTable& costs) {
  const orc::HostTarget host = orc::hostTarget();
  auto context = std::make_unique<llvm::LLVMContext>();
  auto module = orc::ModuleLowering(*context, program, costs, orc::LowerOptions(host, false)).run();
  const auto now = [] {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
  };
  lo::JITTargetMachineBuilder machine{llvm::Triple(host.triple)};
  machine.setCPU(host.cpu);
  machine.setCodeGenOptLevel(llvm::CodeGenOptLevel::None);
  auto jit = lo::LLJITBuilder()
                 .setJITTargetMachineBuilder(std::move(machine))
                 .setPlatformSetUp(lo::setUpInactivePlatform)
                 .setNumCompileThreads(0)
                 .create();
  if (!jit) {
    llvm::consumeError(jit.takeError());
    return -1;
  }
  module->setDataLayout((*jit)->getDataLayout());
  module->setTargetTriple(host.triple);
  lo::SymbolMap symbols;
  for (const orc::HostCall* call = orc::hostCalls(); call->name != nullptr; ++call) {
    symbols[(*jit)->mangleAndIntern(call->name)] = {lo::ExecutorAddr::fromPtr(call->address),
                                                    llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  }
  bool ok = true;
  const auto check = [&](llvm::Error error) {
    if (error) {
      ok = false;
      llvm::consumeError(std::move(error));
    }
  };
  check((*jit)->getMainJITDylib().define(lo::absoluteSymbols(std::move(symbols))));
  const double start = now();
  check((*jit)->addIRModule(lo::ThreadSafeModule(std::move(module), std::move(context))));
  auto entries = (*jit)->lookup("weft_entries");
  const double took = now() - start;
  if (!entries) check(entries.takeError());
  return ok ? took : -1;
}

}  // namespace weft::jit
