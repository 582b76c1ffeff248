// The two engines behind one interface: Program in, CodeImage out. Used by sdk/mesh, sdk/driver, sdk/host.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/result.h"
#include "frontend/diag/diag.h"
#include "frontend/tir/program.h"
#include "jit/device_abi.h"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace weft::jit {

/// Cycle cost of every segment of one program. Plain numbers; sdk/timing fills it.
struct CostTable {
  std::vector<uint32_t> segment;
};

/// One program, ready to run on any number of PEs. Immutable from outside; start() and resume() may be called from
/// several threads for different PEs.
class CodeImage {
 public:
  virtual ~CodeImage() = default;
  /// Calls `fn` with raw, zero-extended argument bits on `pe`. Returns a WeftStatus; on WEFT_BLOCKED the frames hang on
  /// pe.frames and pe may be forgotten; on WEFT_DONE the function's result (if any) is in pe.result.
  virtual int32_t start(WeftPe& pe, tir::FunctionId fn, std::span<const uint64_t> args) = 0;
  /// Continues the suspended task whose frames hang on pe.frames; the awaited result is in pe.result.
  virtual int32_t resume(WeftPe& pe) = 0;
  /// Gives the frames of a suspended task back without running it.
  virtual void discard(WeftPe& pe) = 0;
  /// The same program, looking after every operation for exceptions that the PE has unmasked (pe.flags). Frames fit
  /// both.
  virtual CodeImage& checked() { return *this; }
};

struct EngineOptions {
  /// 0: cheap code; 2: optimised at once; -1: interpreted first, what runs long compiled in the background, then
  /// optimised.
  int opt_level = -1;
  /// Threads that may compile at once; 0 = number of cores, in the background of the idle ones.
  int compile_threads = 0;
  /// Folder of the object cache; empty = no cache on disk.
  std::string cache_dir;
  /// The CPU to make code for, for tests of equal bits: LLVM's name of one and edits of its features, as in
  /// "x86-64-v3,-f16c"; edits alone ("-avx512f,-fma") change this machine's. Empty = this machine.
  std::string cpu;
};

class Engine {
 public:
  virtual ~Engine() = default;
  virtual const char* name() const = 0;
  /// Compiles distinct programs, in parallel; the result has the order of `programs`. The programs must outlive it.
  virtual Result<std::vector<std::unique_ptr<CodeImage>>> compile(std::span<const tir::Program* const> programs,
                                                                  std::span<const CostTable> costs,
                                                                  diag::Sink& sink) = 0;
  /// Burst kernels by DsdOpcode for a 16-bit format; live as long as the engine.
  virtual const WeftKernel* kernels(target::Fp16Format fp16) = 0;
};

/// The reference interpreter (jit/interp).
std::unique_ptr<Engine> makeInterpreter();
/// The LLVM engine (jit/orc). Reports and fails if the machine cannot run it.
Result<std::unique_ptr<Engine>> makeOrc(const EngineOptions& options, diag::Sink& sink);

}  // namespace weft::jit
