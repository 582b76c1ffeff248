// The host CPU as a compilation target, and module -> object code. Private to jit/orc. Every function may be called
// from several threads: each call makes its own TargetMachine.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <llvm/IR/Module.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Target/TargetMachine.h>

#include <atomic>
#include <memory>
#include <string>

namespace weft::jit::orc {

struct HostTarget {
  std::string triple;
  std::string cpu;
  std::string features;
  bool native_fp16 = false;
  /// Vector width to ask for, in bytes.
  unsigned vector_bytes = 32;
};

/// The machine we run on, or less of it: `cpu` is EngineOptions::cpu. Sets `problem` if code for it cannot run here.
HostTarget hostTarget(const std::string& cpu, std::string& problem);
/// The machine we run on.
HostTarget hostTarget();

/// How much work to put into a module.
enum class Effort : uint8_t {
  Cheap,   // no passes, fast instruction selection
  Kernel,  // the IR is good already: code generation only
  Full,    // the O2 pipeline
};

/// Null and `problem` set if LLVM does not know the target.
std::unique_ptr<llvm::TargetMachine> makeMachine(const HostTarget& host, Effort effort, std::string& problem);
/// Runs the passes of `effort` on the module; those still to come are left out once `stop` is set.
void optimise(llvm::Module& module, llvm::TargetMachine& machine, Effort effort,
              const std::atomic<bool>* stop = nullptr);
/// Optimises and emits an object file; null on failure, with `problem` set, and when `stop` was set meanwhile.
std::unique_ptr<llvm::MemoryBuffer> emitObject(llvm::Module& module, const HostTarget& host, Effort effort,
                                               std::string& problem, const std::atomic<bool>* stop = nullptr);

}  // namespace weft::jit::orc
