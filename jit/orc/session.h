// The JIT of one engine: compiles programs and kernels, keeps their code, optimises hot programs in the background.
// Private to jit/orc; shared by the engine and its images, so that either may go first.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "jit/engine.h"
#include "jit/orc/codegen.h"
#include "jit/orc/object_cache.h"

#include <llvm/ExecutionEngine/Orc/IndirectionUtils.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/ExecutionEngine/Orc/LazyReexports.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace weft::jit::orc {

/// A function's wrapper; the last argument is the calling site.
using Entry = int32_t (*)(WeftPe*, const uint64_t*, WeftFrame*, uint32_t);

/// The code of one program: its current tier, and all tiers it ever had.
struct ProgramCode {
  std::atomic<const Entry*> entries{nullptr};
  std::mutex mutex;
  std::vector<llvm::orc::JITDylib*> tiers;
  // The image is gone: nobody wants more code.
  bool abandoned = false;
};

class Session {
 public:
  /// Null and `problem` set if the machine cannot run the JIT.
  static std::shared_ptr<Session> create(const EngineOptions& options, std::string& problem);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Compiles one program for its first tier. Null and `problem` set on failure.
  std::shared_ptr<ProgramCode> compile(const tir::Program& program, const CostTable& costs, bool& may_improve,
                                       std::string& problem);
  /// Hands a hot program to the background thread; copies it.
  void improve(std::shared_ptr<ProgramCode> code, const tir::Program& program, const CostTable& costs);
  void abandon(ProgramCode& code);
  const WeftKernel* kernels(target::Fp16Format fp16);

  /// Object code of one kernel, from the cache or fresh.
  std::unique_ptr<llvm::MemoryBuffer> kernelObject(tir::DsdOpcode op, target::Fp16Format fp16, std::string& problem);
  [[nodiscard]] const EngineOptions& options() const { return options_; }
  llvm::orc::ObjectLayer& objects() { return jit_->getObjLinkingLayer(); }

 private:
  struct Job {
    std::shared_ptr<ProgramCode> code;
    tir::Program program;
    CostTable costs;
  };
  struct KernelTable {
    std::once_flag once;
    std::array<WeftKernel, 64> entries{};
  };

  Session(const EngineOptions& options, HostTarget host);
  bool open(std::string& problem);
  llvm::orc::JITDylib* newDylib(const std::string& stem, std::string& problem);
  std::unique_ptr<llvm::MemoryBuffer> programObject(const tir::Program& program, const CostTable& costs, Effort effort,
                                                    std::string& problem);
  bool install(ProgramCode& code, std::unique_ptr<llvm::MemoryBuffer> object, std::string& problem);
  void makeKernels(KernelTable& table, target::Fp16Format fp16);
  void background();

  EngineOptions options_;
  HostTarget host_;
  ObjectCache cache_;
  std::unique_ptr<llvm::orc::LLJIT> jit_;
  llvm::orc::JITDylib* host_symbols_ = nullptr;
  std::unique_ptr<llvm::orc::LazyCallThroughManager> call_through_;
  std::unique_ptr<llvm::orc::IndirectStubsManager> stubs_;
  std::atomic<uint64_t> dylib_serial_{0};
  std::array<KernelTable, 3> kernel_tables_;

  std::mutex queue_mutex_;
  std::condition_variable queue_ready_;
  std::deque<Job> queue_;
  bool stopping_ = false;
  std::thread worker_;
};

}  // namespace weft::jit::orc
