// Target description, pass pipelines and object emission.
// SPDX-License-Identifier: Apache-2.0
#include "jit/orc/codegen.h"

#include "frontend/base/check.h"

#include <llvm/ADT/StringMap.h>
#include <llvm/Analysis/CGSCCPassManager.h>
#include <llvm/Analysis/LoopAnalysisManager.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/SmallVectorMemoryBuffer.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/TargetParser/Host.h>

#include <mutex>
#include <sstream>

namespace weft::jit::orc {

namespace {

void initialiseTargets() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    llvm::InitializeNativeTargetAsmParser();
  });
}

}  // namespace

HostTarget detectHost(const std::string& edits) {
  initialiseTargets();
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  HostTarget host;
  host.triple = llvm::sys::getProcessTriple();
  host.cpu = llvm::sys::getHostCPUName().str();
  std::stringstream list(edits);
  for (std::string edit; std::getline(list, edit, ',');) {
    if (edit.size() > 1) features[edit.substr(1)] = edit[0] == '+';
  }
  // Taking a vector level away takes all that builds on it.
  auto has = [&](const char* name) { return features.lookup(name); };
  if (!has("avx512f")) {
    for (auto& feature : features) {
      if (feature.getKey().starts_with("avx512")) feature.second = false;
    }
  }
  std::vector<std::string> sorted;
  for (const auto& feature : features) sorted.push_back((feature.second ? "+" : "-") + feature.getKey().str());
  std::sort(sorted.begin(), sorted.end());
  for (const std::string& feature : sorted) host.features += (host.features.empty() ? "" : ",") + feature;
  host.native_fp16 = has("avx512fp16");
  host.vector_bytes = has("avx512f") && has("avx512bw") && has("avx512vl") && has("avx512dq") ? 64 : 32;
  return host;
}

std::unique_ptr<llvm::TargetMachine> makeMachine(const HostTarget& host, Effort effort, std::string& problem) {
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(host.triple, problem);
  if (target == nullptr) return nullptr;
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  const auto level = effort == Effort::Cheap ? llvm::CodeGenOptLevel::None : llvm::CodeGenOptLevel::Default;
  std::unique_ptr<llvm::TargetMachine> machine(target->createTargetMachine(
      host.triple, host.cpu, host.features, options, llvm::Reloc::PIC_, llvm::CodeModel::Small, level, true));
  if (machine == nullptr) {
    problem = "no code generator for " + host.triple;
  } else if (effort == Effort::Cheap) {
    machine->setFastISel(true);
  }
  return machine;
}

void optimise(llvm::Module& module, llvm::TargetMachine& machine, Effort effort, const std::atomic<bool>* stop) {
  if (effort != Effort::Full) return;
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager cgscc;
  llvm::ModuleAnalysisManager modules;
  llvm::PassInstrumentationCallbacks callbacks;
  if (stop != nullptr) {
    callbacks.registerShouldRunOptionalPassCallback(
        [stop](llvm::StringRef, llvm::Any) { return !stop->load(std::memory_order_relaxed); });
  }
  llvm::PassBuilder builder(&machine, llvm::PipelineTuningOptions(), std::nullopt, &callbacks);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(cgscc);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, cgscc, modules);
  // What tile code gains from, a third of the default O2: its vector operations are vector IR already, and nothing is
  // left for the passes that look for them.
  constexpr const char* kPipeline =
      "cgscc(inline),"
      "function(sroa,early-cse<memssa>,instcombine<no-verify-fixpoint>,simplifycfg,jump-threading,"
      "loop-mssa(loop-rotate,licm,simple-loop-unswitch),instcombine<no-verify-fixpoint>,simplifycfg,"
      "loop(indvars,loop-deletion,loop-unroll-full),gvn,sccp,dse,adce,loop-mssa(licm),"
      "instcombine<no-verify-fixpoint>,simplifycfg,loop-unroll<O2>),globaldce";
  llvm::ModulePassManager passes;
  if (auto error = builder.parsePassPipeline(passes, kPipeline)) {
    WEFT_CHECK(false, "the pass pipeline is malformed: {}", llvm::toString(std::move(error)));
  }
  passes.run(module, modules);
}

std::unique_ptr<llvm::MemoryBuffer> emitObject(llvm::Module& module, const HostTarget& host, Effort effort,
                                               std::string& problem, const std::atomic<bool>* stop) {
  const std::unique_ptr<llvm::TargetMachine> machine = makeMachine(host, effort, problem);
  if (machine == nullptr) return nullptr;
  module.setTargetTriple(host.triple);
  module.setDataLayout(machine->createDataLayout());
  optimise(module, *machine, effort, stop);
  if (stop != nullptr && stop->load(std::memory_order_relaxed)) return nullptr;
  llvm::SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  llvm::MCContext* context = nullptr;
  if (machine->addPassesToEmitMC(passes, context, stream, true)) {
    problem = "the code generator of " + host.triple + " emits no objects";
    return nullptr;
  }
  passes.run(module);
  return std::make_unique<llvm::SmallVectorMemoryBuffer>(std::move(bytes), "weft", false);
}

}  // namespace weft::jit::orc
