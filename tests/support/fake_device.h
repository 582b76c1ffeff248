// A device without a mesh: memory, a deterministic answer to every call, and a switch that makes calls block. Runs one
// program on one PE under any engine; two runs that differ only in blocking or engine must record the same.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/tir/tir.h"
#include "jit/dsd_cost.h"
#include "jit/engine.h"

#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weft::testing {

/// When calls into the device block. Never and Always are what differential tests compare; Sometimes draws from a seed.
enum class Blocking : uint8_t { Never, Sometimes, Always };

class FakeDevice {
 public:
  /// Borrows program and kernels.
  FakeDevice(const tir::Program& program, const WeftKernel* kernels);
  FakeDevice(const FakeDevice&) = delete;
  FakeDevice& operator=(const FakeDevice&) = delete;

  Blocking blocking = Blocking::Never;
  uint64_t seed = 1;
  /// After this many back edges the run is stopped by a trap.
  uint64_t max_back_edges = 100000;
  /// After this many device calls and vector operations as well.
  uint64_t max_calls = 1000000;
  /// Values of the per-PE constant slots; filled with something arbitrary but fixed.
  std::vector<uint64_t> slots;
  /// Back to the initial image, cycle 0, empty log.
  void reset();

  /// Runs `fn` to its end, resuming whenever it blocks. Returns WEFT_DONE or WEFT_TRAP; the result is in `result`.
  int32_t run(jit::CodeImage& image, tir::FunctionId fn, std::span<const uint64_t> args = {});
  /// Fills `pe` for a call that the test makes by itself.
  void begin(WeftPe& pe);

  uint64_t result = 0;
  std::vector<uint8_t> memory;
  /// Everything the engine asked for, one line each, with the cycle; vector operations on plain memory leave no line,
  /// for compiled code may carry them out itself.
  std::vector<std::string> log;
  uint64_t now = 0;
  uint64_t suspensions = 0;
  /// Frames allocated and not given back; must be 0 after a run.
  uint64_t live_frames = 0;
  uint32_t stack_pointer = 0;
  /// Of vector operations on memory, as compiled code counts them too.
  WeftDsdCosts costs{};

 private:
  const tir::Program& program_;
  const WeftKernel* kernels_;
  std::vector<uint8_t> outside_;
  std::mt19937_64 random_;
  uint64_t back_edges_ = 0;
  uint64_t calls_ = 0;
  uint64_t answer_ = 0;
  uint64_t stamp_ = 0;
  uint8_t nothing_ = 0;

  static const WeftDevice kTable;
  static FakeDevice& of(WeftPe* pe) { return *static_cast<FakeDevice*>(pe->mesh); }
  int32_t answer(WeftPe& pe, uint64_t value);
  int32_t deviceCall(WeftPe& pe, uint32_t call, uint32_t site, const uint64_t* args);
  int32_t dsdOp(WeftPe& pe, uint32_t op, uint32_t site, const uint64_t* args);
  void runMemoryOp(WeftPe& pe, const tir::DsdOp& op, const uint64_t* args);
  uint64_t load(WeftPe& pe, uint32_t address, uint32_t bytes);
  void store(WeftPe& pe, uint32_t address, uint32_t bytes, uint64_t value);
};

/// Parses and finalizes; aborts with the message if the text is wrong. For tests.
tir::Program programFromTir(std::string_view text);
/// A cost table with a different small cost for each segment.
jit::CostTable sampleCosts(const tir::Program& program);
/// The only image of a program under `engine`.
std::unique_ptr<jit::CodeImage> compileOne(jit::Engine& engine, const tir::Program& program);

}  // namespace weft::testing
