// Prints what the lowering makes, before or after optimisation.
// SPDX-License-Identifier: Apache-2.0
#include "jit/orc/dump.h"

#include "jit/orc/codegen.h"
#include "jit/orc/lower.h"

#include <llvm/Support/raw_ostream.h>

namespace weft::jit {

std::string dumpLlvm(const tir::Program& program, const CostTable& costs, std::optional<tir::FunctionId> fn,
                     bool optimised) {
  const orc::HostTarget host = orc::hostTarget();
  llvm::LLVMContext context;
  orc::ModuleLowering lowering(context, program, costs, orc::LowerOptions(host, optimised));
  const std::unique_ptr<llvm::Module> module = lowering.run();
  std::string wanted;
  if (fn) wanted = lowering.functions[fn->index()].body->getName().str();
  std::string problem;
  if (optimised) {
    if (auto machine = orc::makeMachine(host, orc::Effort::Full, problem)) {
      module->setTargetTriple(host.triple);
      module->setDataLayout(machine->createDataLayout());
      orc::optimise(*module, *machine, orc::Effort::Full);
    }
  }
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (!fn) {
    module->print(stream, nullptr);
  } else {
    // Inlined into its entry, the body may be gone.
    const llvm::Function* body = module->getFunction(wanted);
    if (body == nullptr) body = module->getFunction(wanted + ".entry");
    if (body != nullptr) body->print(stream);
  }
  return text;
}

}  // namespace weft::jit
