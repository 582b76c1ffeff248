// The state of routers and compute elements, laid out for a wafer: what an idle PE needs is in Pe, everything else is
// allocated when the PE first does something. Read by every file of this folder, by nobody else.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/plan/fabric_plan.h"
#include "frontend/target/target.h"
#include "frontend/tir/tir.h"
#include "jit/device_abi.h"
#include "sdk/mesh/element.h"
#include "sdk/mesh/mesh.h"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

namespace weft::mesh {

inline constexpr uint32_t kNone = 0xffffffffu;
inline constexpr Cycles kNever = ~0ull;
/// The virtual sixth port of a router: the host link.
inline constexpr int kHostPort = 5;
inline constexpr int kRampPort = 4;
inline constexpr uint8_t kRampBit = 1u << kRampPort;
inline constexpr uint8_t kHostBit = 1u << kHostPort;

/// One place of a ring that holds a wavelet. While full, `at` is the cycle from which it can be seen; while empty, the
/// cycle from which the sender may use it again.
struct Slot {
  static constexpr uint8_t kControl = 1;
  /// The sender's own switch advances behind this wavelet (advance_switch).
  static constexpr uint8_t kAdvanceAfter = 2;
  Cycles at = 0;
  uint32_t payload = 0;
  uint8_t flags = 0;
  uint8_t color = 0;
  bool full = false;
  uint8_t unused = 0;
  [[nodiscard]] bool control() const { return (flags & kControl) != 0; }
  /// In two stores that later reads of single fields are served from.
  [[gnu::always_inline]] void fill(Cycles visible, uint32_t word, uint8_t with, uint8_t of) {
    static_assert(std::endian::native == std::endian::little);
    const uint64_t rest = uint64_t{word} | uint64_t{with} << 32 | uint64_t{of} << 40 | uint64_t{1} << 48;
    at = visible;
    std::memcpy(&payload, &rest, sizeof rest);
  }
};
static_assert(sizeof(Slot) == 16);

/// The buffer of one color behind one input port. Between blocks it exists twice: the sender's copy keeps the credits,
/// the receiver's the words. The places lie right behind it (Block::makeLink): on WSE-2 the whole is one cache line.
struct Link {
  uint8_t mask = 1;  // depth - 1
  uint8_t head = 0;
  uint8_t tail = 0;
  uint8_t port = 0;  // input port at the receiver
  uint8_t color = 0;
  /// 0 = both ends in this block; 1 + direction = the other end is in the neighbouring block there.
  uint8_t remote_receiver = 0;
  uint8_t remote_sender = 0;
  /// The sender found no room and wants to be woken.
  bool waiting = false;
  /// Off the rectangle: words are counted and dropped.
  bool drop = false;
  /// The receiver's express record covers it: it is in this block.
  bool express = false;
  /// Index in the block that owns that end.
  uint32_t sender = kNone;
  uint32_t receiver = kNone;
  Slot* slot = nullptr;
};

/// An input queue, an output queue, or the implicit queue of a color (WSE-2), with its ramp pipe: the ring holds the
/// words of both, so its capacity is depth + pipe stages, and a word counts as queued once its cycle has come.
struct Queue {
  static constexpr int kMain = 8;
  static constexpr int kFree = -1;
  uint8_t head = 0;
  uint8_t count = 0;
  uint8_t capacity = 0;
  uint8_t mask = 0;  // places - 1
  uint8_t depth = 0;
  uint8_t id = 0;
  uint8_t color = tir::kNoColor;
  /// Output, if words could leave before their places are free: cycles from the router until a place is free again.
  uint8_t credit = 0;
  bool output = false;
  bool implicit = false;
  /// Worker that owns it: microthread number, kMain, or kFree.
  int8_t user = kFree;
  bool flush_pending = false;
  bool flushed = false;
  /// Input: wavelets that came in.
  uint64_t received = 0;
  /// A ring, right behind the queue (Block::makeQueue). More than `capacity` words only behind a rebinding
  /// (Block::bindInputQueue), which makes it as large as can be.
  static constexpr unsigned kPlaces = 16;
  Slot* slot = nullptr;
  [[nodiscard]] Slot& front() { return slot[head]; }
  [[nodiscard]] bool full() const { return count >= capacity; }
  void pop() {
    head = (head + 1) & mask;
    --count;
  }
  Slot& push() { return slot[(static_cast<unsigned>(head) + count++) & mask]; }
  /// When the place that the next word takes is free: the word `depth` before it must have had its way and back.
  [[nodiscard]] Cycles freeAt() const {
    const Cycles at = credit == 0 ? 0 : slot[(static_cast<unsigned>(head) + count - depth) & mask].at;
    return at == 0 ? 0 : at + credit;
  }
  [[nodiscard]] const Slot& second() const { return slot[(head + 1u) & mask]; }
};

struct FilterState {
  plan::Filter config;
  uint32_t counter = 0;
  uint32_t limit1 = 0;
  bool second = false;
  bool open = false;  // sparse: everything passes
};

struct PositionState {
  bool valid = false;
  /// Of an invalid position: has_rx is the register's select bit.
  bool has_rx = false;
  bool has_tx = false;
  uint8_t rx = 0;
  uint8_t tx = 0;
};

/// A color whose words are messages: each input port keeps the way its message took until the last word is through.
struct MessageRoutes {
  /// By input port: the port (as a mask) the message leaves on; 0 = between messages.
  std::array<uint8_t, 5> way{};
  /// Ports held by a message.
  uint8_t held = 0;
};

/// One color at one router. What moving a word reads comes first.
struct ColorState {
  uint8_t rx = 0;  // in force
  uint8_t tx = 0;
  /// Ports that need no more than room: the link exists and leads to a PE; the ramp unless there is a filter.
  uint8_t plain_tx = kRampBit;
  bool teardown = false;
  uint8_t color = 0;
  uint8_t last_port = 0;
  bool warned_merge = false;
  uint8_t warned_drop = 0;
  Queue* queue = nullptr;
  Cycles last_served = 0;
  /// The link of tx if there is just one.
  Link* sole = nullptr;
  Link* in[4] = {};
  Link* out[4] = {};
  Link* host_in = nullptr;
  Link* host_out = nullptr;
  FilterState* filter = nullptr;  // in force
  FilterState* own_filter = nullptr;
  MessageRoutes* messages = nullptr;
  const plan::ColorConfig* config = nullptr;
  plan::PopMode pop{};
  uint8_t base_rx = 0;
  uint8_t base_tx = 0;
  std::array<PositionState, 4> position{};
  uint8_t current = 0;
  bool ring = false;
  bool swap_x = false;
  bool swap_y = false;
  /// A data word of it moves without filter, drop or host port.
  [[nodiscard]] bool plain() const { return (tx & ~plain_tx) == 0; }
};
static_assert(offsetof(ColorState, out) == 64);

/// A resolved operand of a running operation: a cursor over its elements.
struct Operand {
  enum class Kind : uint8_t { None, Memory, InQueue, OutQueue, Fifo, Scalar, Accumulator };
  Kind kind = Kind::None;
  uint8_t width = 0;
  uint8_t fifo = 0;
  /// Encoded DsrRef whose address is written back, or 0xff.
  uint8_t save_dsr = 0xff;
  uint16_t address = 0;
  uint16_t start = 0;
  int32_t step = 0;    // bytes per element
  int32_t stride = 0;  // elements, for costs
  Queue* queue = nullptr;
  uint64_t scalar = 0;
  tir::Dsd dsd;
  const tir::Mem4dShape* shape = nullptr;
  uint16_t counter[4] = {};
  uint16_t wrap_base = 0;
  uint16_t wrap_count = 0;
  uint16_t wrap_position = 0;
  [[nodiscard]] bool fabric() const { return kind == Kind::InQueue || kind == Kind::OutQueue; }
};

/// A vector operation that runs element by element: on a microthread, or synchronously on the main thread. The first
/// cache line is all that a step of a simple operation touches.
struct Worker {
  Cycles next = 0;
  uint32_t done = 0;
  uint32_t length = 0;
  ElementFn element = nullptr;
  /// Simple operations: the queues they read and write, or nullptr.
  Queue* in = nullptr;
  Queue* out = nullptr;
  /// Simple operations: cursors of first source, second source, destination. syncCursors() copies them back.
  uint16_t address[3] = {};
  uint16_t step[3] = {};
  bool active = false;
  /// stepSimple() may run it: plain operands, at most one input queue.
  bool simple = false;
  bool unbounded = false;
  uint8_t number = 0;
  uint8_t interval = 1;
  Operand::Kind kind[3] = {};
  uint8_t out_color = 0;
  uint8_t out_flags = 0;
  /// Bits 0-2: that operand has 4 bytes. Bit 3: the value is kept in the accumulator. Bit 4: the index goes along.
  uint8_t shape = 0;
  uint8_t priority = 3;

  uint64_t scalar = 0;
  uint64_t accumulator = 0;
  WeftKernel kernel = nullptr;
  tir::DsdOpcode opcode{};
  bool is_main = false;
  bool is_async = false;
  bool simd = false;
  bool reads_fabric = false;
  bool writes_fabric = false;
  bool accumulate = false;
  /// @map's element moves: the value goes to or comes from the task.
  bool single = false;
  /// simd_64: nothing moves before two wavelets can.
  bool pairs = false;
  /// Set when a control wavelet or a FIFO ended it early.
  bool terminated = false;
  /// A FIFO ended a reduction: what was popped is lost.
  bool discard = false;
  Operand dest, src0, src1;
  uint32_t carry = 0;
  uint16_t index = 0;
  int16_t activate = -1;
  int16_t unblock = -1;
  tir::OnControl on_control{};
  int16_t on_control_id = -1;
  uint32_t site = kNone;
  Cycles started = 0;
};
static_assert(offsetof(Worker, scalar) == 64);

struct FifoState {
  uint32_t head = 0;  // bytes
  uint32_t count = 0;
  uint16_t read_length = 0;
  uint16_t write_length = 0;
  uint16_t push_waits = 0;  // bytes of room a push was missing
  uint16_t pop_waits = 0;
};

struct DsrState {
  tir::Dsd value;
  uint16_t config = 0xffff;
  uint16_t position = 0;  // circbuf head
  bool loaded = false;
};

/// Something that takes effect at a cycle the PE has not reached: a task that runs ahead wrote a register through a
/// pointer, or an injected word found no room.
struct Deferred {
  Cycles at = 0;
  uint32_t site = kNone;
  bool is_word = false;
  // Register
  uint16_t address = 0;
  uint16_t value = 0;
  // Word
  uint32_t payload = 0;
  uint8_t color = 0;
  bool control = false;
};

struct Callback {
  Cycles at = 0;
  int16_t activate = -1;
  int16_t unblock = -1;
};

enum class MainState : uint8_t {
  Idle,
  Request,  // the task asked for something at `now`, which simulated time has not reached
  Waiting,  // a synchronous operation runs on main_worker
  Trapped,
};
enum class RequestKind : uint8_t { None, Call, Dsd, BackEdge, TaskEnd };

/// The main thread between two visits.
struct MainThread {
  MainState state = MainState::Idle;
  RequestKind request = RequestKind::None;
  bool system = false;
  /// Exceptions (numeric/exceptions.h) that stop the PE. Outlives the task.
  uint8_t unmasked = 0;
  uint32_t call = 0;
  Cycles now = 0;
  /// Idle: not before this cycle is a task picked.
  Cycles idle_from = 0;
  uint32_t site = kNone;
  /// Issue slots microthreads had taken when the segment began.
  uint32_t slots_seen = 0;
  WeftFrame* frames = nullptr;
  uint32_t stack_pointer = 0;
  uint32_t function = kNone;
  int32_t task = -1;
  Cycles task_start = 0;
  uint64_t args[8] = {};

  /// The task is over; none is picked before cycle `from`.
  void rest(Cycles from) {
    state = MainState::Idle;
    request = RequestKind::None;
    idle_from = from;
    function = kNone;
    task = -1;
    system = false;
  }
};

struct PortStream;

struct HostStream {
  /// Streams of a host-side layout that end at this PE.
  PortStream* streams = nullptr;
  // h2d
  const uint32_t* data = nullptr;
  uint32_t next = 0;
  uint32_t count = 0;
  uint8_t color = 0;
  Cycles base = 0;
  uint32_t column = 0;
  // d2h
  uint32_t* out = nullptr;
  uint32_t out_next = 0;
  uint32_t out_count = 0;
  uint8_t out_color = 0;
  Cycles out_base = 0;
};

/// State of a PE that has done something. What every visit reads is in the first cache line.
struct Core {
  // Non-empty buffers, as masks of wire colors: ports W, E, S, N, and the host.
  uint32_t occupied[4] = {};
  /// Cycles in which the PE wants a visit for its own sake, as bits (cycle mod 64). The wheel knows the next of them.
  uint64_t wake = 0;
  /// The main thread has nothing to do before this cycle (settleMain).
  Cycles main_at = 0;
  /// The worker, if just one is active.
  Worker* lone = nullptr;
  uint32_t occupied_host = 0;
  uint32_t implicit_occupied = 0;
  /// Issue slots of microthreads; wraps.
  uint32_t slots_taken = 0;
  /// Input queues that an operation owns: no task takes from them.
  uint8_t iq_owned = 0;
  uint8_t ut_blocked = 0;
  uint8_t ut_last = 0;
  bool main_idle = true;
  // Read as one word by stirs().
  uint8_t iq_occupied = 0;
  uint8_t oq_occupied = 0;
  uint8_t ut_active = 0;
  bool main_active = false;  // main_worker runs
  /// Color swaps or messages: words take the long way through the router.
  bool long_way = false;
  bool host_out_occupied = false;
  bool has_callbacks = false;
  bool has_extras = false;  // a host stream, or something deferred

  /// Whether a visit finds more than the main thread.
  [[nodiscard]] bool stirs() const {
    uint64_t words[3], rest;
    std::memcpy(words, occupied, sizeof occupied);
    std::memcpy(words + 2, &occupied_host, sizeof(uint64_t));
    std::memcpy(&rest, &iq_occupied, sizeof rest);
    return (words[0] | words[1] | words[2] | rest) != 0;
  }

  std::array<Queue*, 8> oq{};
  std::array<ColorState*, target::kColorCount> color{};
  MainThread main;
  std::array<Worker*, 8> ut{};
  std::array<Queue*, 8> iq{};
  Worker* main_worker = nullptr;
  uint8_t main_priority = 2;
  uint8_t prng_active = 0;
  uint8_t filters_used = 0;
  bool any_swap = false;
  uint16_t control_transform_mask = 0;
  int32_t last_task = -1;
  /// The far cycle of `wake` that the wheel was last given.
  Cycles entered = 0;
  std::vector<Callback>* callbacks = nullptr;
  std::vector<Deferred>* deferred = nullptr;
  HostStream* host = nullptr;
  /// Memory for this PE's own records: they lie together, behind the Core.
  uint8_t* slab = nullptr;
  uint32_t slab_left = 0;
  DsrState* dsr = nullptr;  // 48
  FifoState* fifo = nullptr;
  uint16_t* rotating = nullptr;
  std::string* print_line = nullptr;
  uint32_t teardown_pending = 0;
  uint32_t flush_pending = 0;  // bits 0-7 input, 8-15 output queues with an event
  uint64_t high_priority = 0;
  // Time-stamp counter.
  Cycles tsc_base = 0;
  Cycles tsc_stopped = 0;
  bool tsc_enabled = false;
  std::array<uint32_t, 4> prng{};
  std::vector<std::pair<uint16_t, uint16_t>>* registers = nullptr;
};
static_assert(offsetof(Core, implicit_occupied) == offsetof(Core, occupied_host) + 4);
static_assert(offsetof(Core, iq_occupied) == 56 && offsetof(Core, oq) == 64);

/// What every PE has. 56 bytes.
struct Pe {
  static constexpr uint8_t kSystemPending = 1;
  static constexpr uint8_t kAwaitUnblock = 2;
  static constexpr uint8_t kTrapped = 4;
  static constexpr uint8_t kWarnedUnblock = 8;
  static constexpr uint8_t kFullMemory = 16;
  uint64_t active = 0;  // task bits
  uint64_t blocked = 0;
  uint8_t* memory = nullptr;
  Core* core = nullptr;
  uint32_t program = plan::kNoProgram;
  uint16_t x = 0;  // within the block
  uint16_t y = 0;
  uint32_t memory_bytes = 0;
  uint8_t flags = 0;
};

/// What all PEs of one program share.
struct ProgramInfo {
  const tir::Program* program = nullptr;
  jit::CodeImage* image = nullptr;
  /// Function by local or data task id, and by control task id.
  std::array<uint32_t, 64> task_fn{};
  std::array<uint32_t, 64> control_fn{};
  uint64_t local_mask = 0;
  uint64_t data_mask = 0;
  uint64_t control_mask = 0;
  uint64_t active = 0;
  uint64_t blocked = 0;
  std::array<int8_t, target::kColorCount> queue_of_color{};
  /// Of the microthreads that only receive, by input queue (WSE-2).
  std::array<tir::DsdPriority, target::kInputQueueCount> queue_priority{};
  /// First entry point of the control table of an input queue.
  std::array<uint8_t, target::kInputQueueCount> control_offset{};
  /// PE memory begins this many bytes behind a cache line.
  uint8_t memory_shift = 0;
  uint32_t stack_limit = 0;
};

}  // namespace weft::mesh
