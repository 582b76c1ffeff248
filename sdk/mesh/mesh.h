// The emulated wafer: owns all PE and router state, moves words, runs tasks through an engine.
// Used by sdk/host, sdk/driver, sdk/repl. Not thread-safe from outside; it runs its own workers.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/result.h"
#include "frontend/diag/diag.h"
#include "frontend/plan/fabric_plan.h"
#include "jit/engine.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weft::mesh {

using Cycles = uint64_t;

struct MeshOptions {
  /// Workers; 0 = choose (one thread wins on small meshes). A number forces that many on any mesh.
  int threads = 0;
  /// Upper bound when `threads` is chosen; 0 = none.
  int most_threads = 0;
  /// Edge length of the square blocks the mesh is cut into, in PEs; 0 = choose. Tests vary it: output never changes.
  int block_edge = 0;
  /// 0 = the documented rule; otherwise a seed for other legal choices (ready tasks, link arbitration).
  uint64_t schedule_seed = 0;
  /// Wavelets and tasks are hashed into traceHash() (differential tests).
  bool trace_hash = false;
  /// Cycles that rows may be ahead of the rows below while nothing but express steps happens; 1 = none, 0 = choose.
  /// Changes nothing that can be seen.
  int lookahead = 0;
  /// Visits after which a PE that does one plain thing is stepped the express way (express.cpp); 0 = never. Changes
  /// nothing that can be seen.
  int express_after = 8;
  bool strict_memory = false;
  /// Wall seconds between heartbeat lines on stderr; 0 = never.
  int heartbeat_seconds = 30;
};

/// A rectangle of PEs in logical coordinates, or every n-th column and row of one.
struct Region {
  uint32_t x = 0, y = 0, width = 1, height = 1;
  uint32_t step_x = 1, step_y = 1;
  [[nodiscard]] uint32_t columns() const { return (width + step_x - 1) / step_x; }
  [[nodiscard]] uint32_t rows() const { return (height + step_y - 1) / step_y; }
  /// Place of a PE of the region among its PEs, row-major.
  [[nodiscard]] size_t index(PeCoord at) const {
    return static_cast<size_t>((at.y - y) / step_y) * columns() + (at.x - x) / step_x;
  }
};

/// What ended run(): see RunEnd.
enum class RunEnd : uint8_t {
  Complete,     // the awaited command (or all of them) is complete
  Quiescent,    // nothing can move any more; if a command was awaited, this is a hang
  Trap,         // a trap was reported to the sink
  CycleLimit,   // --max-cycles
  Interrupted,  // stop_flag was set, or the poll callback asked
};

/// Handle of a submitted command or transfer; commands complete in order of submission.
using CommandId = uint64_t;

/// One wavelet event for listeners (debugger, profile). Off unless a listener is set.
struct WaveletEvent {
  Cycles cycle;
  PeCoord pe;
  uint8_t color;
  uint8_t port;  // target::Port the wavelet arrived through
  bool control;
  uint32_t payload;
  uint8_t ways;  // the ports it leaves through, as a mask; bit 5 is the host's
};

/// What the compute element of a PE did, for logs. Off unless a listener is set. Then the short ways through vector
/// operations are off: it takes longer, and not a cycle changes.
struct InstructionEvent {
  enum class Kind : uint8_t {
    Task,     // a task begins
    Call,     // a call of the device: `what` is a tir::DeviceCall
    Issue,    // a vector operation begins: `what` is a tir::DsdOpcode
    Element,  // one step of it, with the values; of one that works on memory alone the last step, without
    Idle,     // nothing runs any more
  };
  struct Place {
    enum class Kind : uint8_t { None, Register, Memory, InQueue, OutQueue, Fifo, Value };
    Kind kind = Kind::None;
    uint8_t number = 0;  // tir::DsrRef::encode(), queue, FIFO
    uint8_t width = 4;   // of a value, in bytes
    uint32_t value = 0;  // of memory: the byte address
  };
  Cycles cycle = 0;
  PeCoord pe;
  Kind kind = Kind::Idle;
  uint8_t what = 0;
  /// Elements of this step.
  uint8_t lanes = 1;
  /// Microthread; -1: the main thread.
  int8_t thread = -1;
  /// -1: a function that the host launched.
  int16_t task = -1;
  /// Counts what the PE began.
  uint32_t number = 0;
  uint32_t step = 0;
  /// Index into the sites of the PE's program, or ~0.
  uint32_t site = ~0u;
  /// Destination, sources, trailing scalar; of calls the arguments, behind the first place.
  std::array<Place, 4> places{};
};

/// The switch of a color at one router changed.
struct SwitchEvent {
  enum class Cause : uint8_t { Advance, Reset, Config };
  struct Position {
    uint8_t number = 0;
    uint8_t rx = 0;
    uint8_t tx = 0;
    bool operator==(const Position&) const = default;
  };
  Cycles cycle = 0;
  PeCoord pe;
  uint8_t color = 0;
  Cause cause = Cause::Advance;
  /// The wavelet that did it; none for Config.
  bool control = false;
  uint32_t payload = 0;
  Position from, to;
};

struct MeshStats {
  Cycles cycles = 0;
  uint64_t wavelet_hops = 0;
  uint64_t tasks_started = 0;
  uint64_t instructions = 0;  // segments charged
  uint64_t dsd_elements = 0;
  uint64_t state_bytes = 0;   // simulator state without PE memory
  uint64_t memory_bytes = 0;  // PE memory touched so far
  uint64_t dropped_off_edge = 0;
  /// Cycles in which rows ran ahead of the rows below (MeshOptions::lookahead).
  uint64_t ahead_cycles = 0;
  /// Cycles in which the main thread of a PE last stopped running, and a router last moved a word; 0 = never.
  Cycles last_busy = 0;
  Cycles last_move = 0;
  int threads = 1;
};

/// Snapshot of one PE for the REPL, csdb and reports.
struct TaskState {
  int id;
  std::string name;
  bool active, blocked;
};
struct PeSnapshot {
  PeCoord at;
  std::string program;
  std::string main_thread;  // "idle", "running fn (pe.csl:12)", "waiting in @fadds (pe.csl:30) ..."
  std::vector<TaskState> tasks;
  std::vector<std::string> queues;   // "iq 2 (color 4): 3/4 words"
  std::vector<std::string> threads;  // microthreads
  std::vector<std::string> routes;   // "color 4: rx WEST tx RAMP,EAST, switch position 1"
};

/// A register of a PE as debuggers show it. `name` is its word address where programs reach it by one.
struct RegisterState {
  std::string name;
  std::string value;  // hex
  std::string meaning;
};

class Mesh {
 public:
  /// Makes the mesh in its state at cycle 0. `images` has one entry per plan program.
  static Result<std::unique_ptr<Mesh>> create(std::shared_ptr<const plan::FabricPlan> plan, jit::Engine& engine,
                                              MeshOptions options, diag::Sink& sink);
  virtual ~Mesh() = default;

  [[nodiscard]] virtual Cycles cycle() const = 0;
  [[nodiscard]] virtual const plan::FabricPlan& plan() const = 0;

  // ---- host commands, executed strictly in order ----
  /// Copies bytes into every PE of a region at the address its pointer variable (or symbol) holds when the command
  /// runs. `element_bytes` 2 or 4; `data` has elements_per_pe words of 32 bits per PE, PEs row-major (x fastest). The
  /// data are copied at submission.
  virtual CommandId copyIn(const std::string& symbol, Region region, uint32_t elements_per_pe, int element_bytes,
                           std::vector<uint32_t> data) = 0;
  /// The reverse; `data` (same layout) must live until the command completes.
  virtual CommandId copyOut(const std::string& symbol, Region region, uint32_t elements_per_pe, int element_bytes,
                            uint32_t* data) = 0;
  /// Streaming: every PE of the region receives its words on `color` through its host port.
  virtual CommandId streamIn(int color, Region region, uint32_t elements_per_pe, std::vector<uint32_t> data) = 0;
  /// Streaming: expects exactly elements_per_pe wavelets from each PE of the region on `color`.
  virtual CommandId streamOut(int color, Region region, uint32_t elements_per_pe, uint32_t* data) = 0;
  /// Starts an exported function on every PE that exports it; arguments are one 32-bit word each, in order.
  virtual CommandId launch(const std::string& function, std::vector<uint32_t> args) = 0;
  [[nodiscard]] virtual bool isComplete(CommandId id) const = 0;

  // ---- streams of the plan: beside the commands, each with an order of its own ----
  /// Words to the input stream plan().streams[stream]; complete when the stream's buffer has taken them all.
  virtual CommandId send(size_t stream, std::vector<uint32_t> words) = 0;
  /// The next `count` words of an output stream; `words` must live until the transfer completes.
  virtual CommandId receive(size_t stream, uint32_t* words, size_t count) = 0;
  /// From now on every word that nobody receives is kept, and given back by takeKept().
  virtual void keepAll(size_t stream) = 0;
  virtual std::vector<uint32_t> takeKept(size_t stream) = 0;
  /// Transfers of streams that are not complete.
  [[nodiscard]] virtual size_t openTransfers() const = 0;

  // ---- time ----
  struct RunRequest {
    /// Run until this command is complete; nullopt: until quiescent.
    std::optional<CommandId> until;
    /// Give up when cycle() reaches this.
    Cycles cycle_limit = ~0ull;
    /// Called about every 50 ms of wall time on the calling thread; true interrupts the run (state is kept).
    std::function<bool()> poll;
  };
  virtual RunEnd run(const RunRequest& request) = 0;
  /// Emits the hang diagnostic (E07xx): groups of blocked PEs with source line, color, queue, missing words, and who
  /// should have sent them. `awaited` names the command the host waits for, or nullopt.
  virtual void reportHang(std::optional<CommandId> awaited) = 0;

  // ---- inspection ----
  virtual std::vector<uint8_t> readMemory(PeCoord at, uint32_t address, uint32_t bytes) const = 0;
  virtual void writeMemory(PeCoord at, uint32_t address, std::span<const uint8_t> bytes) = 0;
  /// Nullopt if the PE's program has no such symbol.
  virtual std::optional<std::vector<uint8_t>> readSymbol(PeCoord at, const std::string& symbol) const = 0;
  virtual PeSnapshot snapshot(PeCoord at) const = 0;
  /// Configuration words, queue and task bits, descriptor registers, FIFOs, random number generators: those in use.
  virtual std::vector<RegisterState> registers(PeCoord at) const = 0;
  virtual MeshStats stats() const = 0;
  /// Hash over all private memories / over all wavelet arrivals and task starts with their cycles.
  virtual uint64_t memoryHash() const = 0;
  virtual uint64_t traceHash() const = 0;
  /// Listeners hear in order of (cycle, y, x), of one PE and cycle: instructions, wavelets, switches, log lines.
  virtual void setWaveletListener(std::function<void(const WaveletEvent&)> listener) = 0;
  virtual void setInstructionListener(std::function<void(const InstructionEvent&)> listener) = 0;
  virtual void setSwitchListener(std::function<void(const SwitchEvent&)> listener) = 0;
  /// Lines of <simprint>.
  virtual void setLogListener(std::function<void(Cycles, PeCoord, const std::string&)> listener) = 0;

  // ---- live changes (REPL) ----
  /// Injects a wavelet at the RAMP of a PE as if its CE had sent it.
  virtual void inject(PeCoord at, int color, uint32_t payload, bool control) = 0;
  /// Activates a task id on a PE.
  virtual void activate(PeCoord at, int task_id) = 0;
};

}  // namespace weft::mesh
