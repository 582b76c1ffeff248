// The JIT of one engine: compiles programs and kernels, keeps their code, optimises hot programs in the background.
// Private to jit/orc; shared by the engine and its images, so that either may go first.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "jit/engine.h"
#include "jit/orc/codegen.h"
#include "jit/orc/object_cache.h"

#include <llvm/ExecutionEngine/Orc/LLJIT.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
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
  /// Null until there is any: the interpreter runs the program.
  std::atomic<const Entry*> entries{nullptr};
  std::mutex mutex;
  // Of `entries`.
  Effort effort = Effort::Cheap;
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

  /// The code a program starts with: compiled now at a fixed level; else what the cache has, and perhaps none. Null and
  /// `problem` set on failure.
  std::shared_ptr<ProgramCode> compile(const tir::Program& program, const CostTable& costs, std::string& problem);
  /// Hands a hot program to the background threads; copies it.
  void improve(std::shared_ptr<ProgramCode> code, const tir::Program& program, const CostTable& costs, Effort effort);
  void abandon(ProgramCode& code);
  const WeftKernel* kernels(target::Fp16Format fp16);
  /// The program in the interpreter.
  std::unique_ptr<CodeImage> interpreted(const tir::Program& program, const CostTable& costs);
  [[nodiscard]] const EngineOptions& options() const { return options_; }

 private:
  // Lower comes first.
  enum class Urgency : uint8_t { Kernel, Cheap, Full };
  struct Job {
    Urgency urgency;
    std::function<void()> run;
  };
  // The burst kernels of one 16-bit format. An entry is a thunk that calls kernelOf() until its kernel is there.
  struct KernelTable {
    Session* session = nullptr;
    target::Fp16Format fp16{};
    std::once_flag once;
    llvm::orc::JITDylib* bodies = nullptr;
    std::array<WeftKernel, 64> entries{};
    std::array<std::once_flag, 64> first_call;
    std::array<std::atomic<bool>, 64> compiled{};
    std::array<std::atomic<uint64_t>, 64> elements{};
  };
  static void callKernel(WeftBurst* burst, KernelTable* table, uint32_t op);

  Session(const EngineOptions& options, HostTarget host);
  bool open(std::string& problem);
  llvm::orc::JITDylib* newDylib(const std::string& stem, std::string& problem);
  std::unique_ptr<llvm::MemoryBuffer> programObject(const tir::Program& program, const CostTable& costs, Effort effort,
                                                    std::string& problem);
  bool install(ProgramCode& code, std::unique_ptr<llvm::MemoryBuffer> object, Effort effort, std::string& problem);
  void makeThunks(KernelTable& table, target::Fp16Format fp16);
  /// What runs one operation of `count` elements: the kernel, or the interpreter's as long as it is not worth one.
  WeftKernel kernelOf(KernelTable& table, tir::DsdOpcode op, uint32_t count);
  void compileKernel(KernelTable& table, tir::DsdOpcode op);
  void linkKernel(KernelTable& table, tir::DsdOpcode op, std::unique_ptr<llvm::MemoryBuffer> object);
  /// Object code of one kernel, from the cache or fresh; null and `problem` empty when the session ends meanwhile.
  std::unique_ptr<llvm::MemoryBuffer> kernelObject(tir::DsdOpcode op, target::Fp16Format fp16, std::string& problem);
  void enqueue(Urgency urgency, std::function<void()> run);
  void background();

  EngineOptions options_;
  HostTarget host_;
  ObjectCache cache_;
  std::unique_ptr<Engine> interpreter_ = makeInterpreter();
  std::unique_ptr<llvm::orc::LLJIT> jit_;
  llvm::orc::JITDylib* host_symbols_ = nullptr;
  std::atomic<uint64_t> dylib_serial_{0};
  std::array<KernelTable, 3> kernel_tables_;

  std::mutex queue_mutex_;
  std::condition_variable queue_ready_;
  std::deque<Job> queue_;
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> workers_;
};

}  // namespace weft::jit::orc
