// Target description, pass pipelines and object emission.
// SPDX-License-Identifier: Apache-2.0
#include "jit/orc/codegen.h"

#include "frontend/base/check.h"

#include <llvm/ADT/StringExtras.h>
#include <llvm/ADT/StringMap.h>
#include <llvm/Analysis/CGSCCPassManager.h>
#include <llvm/Analysis/LoopAnalysisManager.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/MC/MCSubtargetInfo.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/SmallVectorMemoryBuffer.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/SubtargetFeature.h>

#include <algorithm>
#include <mutex>
#include <sstream>
#include <vector>

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

HostTarget hostTarget(const std::string& cpu, std::string& problem) {
  initialiseTargets();
  const llvm::StringMap<bool> here = llvm::sys::getHostCPUFeatures();
  HostTarget host;
  host.triple = llvm::sys::getProcessTriple();
  const llvm::Target* target = llvm::TargetRegistry::lookupTarget(host.triple, problem);
  if (target == nullptr) return host;
  std::vector<std::string> edits;
  std::stringstream list(cpu);
  for (std::string word; std::getline(list, word, ',');) {
    if (word.starts_with('+') || word.starts_with('-')) {
      edits.push_back(word);
    } else {
      host.cpu = word;
    }
  }
  llvm::SubtargetFeatures start;
  if (host.cpu.empty()) {
    host.cpu = llvm::sys::getHostCPUName().str();
    for (const auto& feature : here) start.AddFeature(feature.getKey(), feature.second);
  }
  const std::unique_ptr<llvm::MCSubtargetInfo> any(target->createMCSubtargetInfo(host.triple, "", ""));
  if (any == nullptr || !any->isCPUStringValid(host.cpu)) {
    problem = "LLVM knows no `" + host.cpu + "` of " + host.triple;
    return host;
  }
  const std::unique_ptr<llvm::MCSubtargetInfo> info(
      target->createMCSubtargetInfo(host.triple, host.cpu, start.getString()));
  // A feature that goes takes along what builds on it, one that comes brings what it needs.
  for (const std::string& edit : edits) info->ApplyFeatureFlag(edit);
  auto has = [&](llvm::StringRef name) { return here.contains(name) && info->checkFeatures(("+" + name).str()); };
  std::vector<std::string> features;
  for (const auto& feature : here) {
    const bool wanted = has(feature.getKey());
    if (wanted && !feature.second)
      problem = "this machine has no `" + feature.getKey().str() + "`, which that code uses";
    features.push_back((wanted ? "+" : "-") + feature.getKey().str());
  }
  std::sort(features.begin(), features.end());
  host.features = llvm::join(features, ",");
  host.native_fp16 = has("avx512fp16");
  host.vector_bytes = has("avx512f") && has("avx512bw") && has("avx512vl") && has("avx512dq") ? 64 : 32;
  return host;
}

HostTarget hostTarget() {
  // Only a CPU that is asked for can be beyond this machine; an unknown triple shows when a machine is made of it.
  std::string ignored;
  return hostTarget("", ignored);
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
