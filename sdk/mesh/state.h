// The state of routers and compute elements, laid out for a wafer: what an idle PE needs is in Pe, everything else is
// allocated when the PE first does something. Read by every file of this folder, by nobody else.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/plan/fabric_plan.h"
#include "frontend/target/target.h"
#include "frontend/tir/tir.h"
#include "jit/device_abi.h"
#include "sdk/mesh/mesh.h"

#include <array>
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
  [[nodiscard]] bool control() const { return (flags & kControl) != 0; }
};

/// The buffer of one color behind one input port. Between blocks it exists twice: the sender's copy keeps the credits,
/// the receiver's the words.
struct Link {
  uint8_t mask = 1;  // depth - 1
  uint8_t head = 0;
  uint8_t tail = 0;
  /// The sender found no room and wants to be woken.
  bool waiting = false;
  uint8_t port = 0;  // input port at the receiver
  uint8_t color = 0;
  /// 0 = both ends in this block; 1 + direction = the other end is in the neighbouring block there.
  uint8_t remote_sender = 0;
  uint8_t remote_receiver = 0;
  /// Off the rectangle: words are counted and dropped.
  bool drop = false;
  /// Index in the block that owns that end.
  uint32_t sender = kNone;
  uint32_t receiver = kNone;
  Slot slot[4];
};

/// An input queue, an output queue, or the implicit queue of a color (WSE-2), with its ramp pipe: the ring holds the
/// words of both, so its capacity is depth + pipe stages, and a word counts as queued once its cycle has come.
struct Queue {
  static constexpr int kMain = 8;
  static constexpr int kFree = -1;
  uint8_t head = 0;
  uint8_t count = 0;
  uint8_t capacity = 0;
  uint8_t depth = 0;
  uint8_t id = 0;
  uint8_t color = tir::kNoColor;
  bool output = false;
  bool implicit = false;
  /// Worker that owns it: microthread number, kMain, or kFree.
  int8_t user = kFree;
  bool flush_pending = false;
  bool flushed = false;
  /// A ring; more than `capacity` words only behind a rebinding (Block::bindInputQueue).
  static constexpr unsigned kPlaces = 16;
  Slot slot[kPlaces];
  [[nodiscard]] Slot& front() { return slot[head]; }
  [[nodiscard]] bool full() const { return count >= capacity; }
  void pop() {
    head = static_cast<uint8_t>((head + 1u) % kPlaces);
    --count;
  }
  Slot& push() { return slot[(static_cast<unsigned>(head) + count++) % kPlaces]; }
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

/// One color at one router.
/// A color whose words are messages: each input port keeps the way its message took until the last word is through.
struct MessageRoutes {
  /// By input port: the port (as a mask) the message leaves on; 0 = between messages.
  std::array<uint8_t, 5> way{};
  /// Ports held by a message.
  uint8_t held = 0;
};

struct ColorState {
  uint8_t rx = 0;  // in force
  uint8_t tx = 0;
  bool teardown = false;
  uint8_t color = 0;
  uint8_t last_port = 0;
  bool warned_merge = false;
  uint8_t warned_drop = 0;
  plan::PopMode pop{};
  Queue* queue = nullptr;
  FilterState* filter = nullptr;  // in force
  FilterState* own_filter = nullptr;
  MessageRoutes* messages = nullptr;
  Cycles last_served = 0;
  Link* in[4] = {};
  Link* out[4] = {};
  Link* host_in = nullptr;
  Link* host_out = nullptr;
  const plan::ColorConfig* config = nullptr;
  uint8_t base_rx = 0;
  uint8_t base_tx = 0;
  std::array<PositionState, 4> position{};
  uint8_t current = 0;
  bool ring = false;
  bool swap_x = false;
  bool swap_y = false;
};

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

/// A vector operation that runs element by element: on a microthread, or synchronously on the main thread.
struct Worker {
  bool active = false;
  bool is_main = false;
  bool is_async = false;
  bool simd = false;
  bool reads_fabric = false;
  bool writes_fabric = false;
  bool accumulate = false;
  /// @map's element moves: the value goes to or comes from the task.
  bool single = false;
  uint8_t number = 0;
  uint8_t interval = 1;
  uint8_t priority = 3;
  /// simd_64: nothing moves before two wavelets can.
  bool pairs = false;
  uint32_t length = 0;
  uint32_t done = 0;
  bool unbounded = false;
  tir::DsdOpcode opcode{};
  WeftKernel kernel = nullptr;
  Cycles next = 0;
  Operand dest, src0, src1;
  uint64_t scalar = 0;
  uint64_t accumulator = 0;
  uint32_t carry = 0;
  uint16_t index = 0;
  int16_t activate = -1;
  int16_t unblock = -1;
  tir::OnControl on_control{};
  int16_t on_control_id = -1;
  /// Set when a control wavelet or a FIFO ended it early.
  bool terminated = false;
  /// A FIFO ended a reduction: what was popped is lost.
  bool discard = false;
  uint32_t site = kNone;
  Cycles started = 0;
};

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
  uint32_t call = 0;
  uint32_t site = kNone;
  Cycles now = 0;
  /// Idle: not before this cycle is a task picked.
  Cycles idle_from = 0;
  /// Issue slots microthreads had taken when the segment began.
  uint64_t slots_seen = 0;
  WeftFrame* frames = nullptr;
  uint32_t stack_pointer = 0;
  uint32_t function = kNone;
  int32_t task = -1;
  Cycles task_start = 0;
  uint64_t args[8] = {};
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

/// State of a PE that has done something.
struct Core {
  // Non-empty buffers, as masks of wire colors: ports W, E, S, N, and the host.
  uint32_t occupied[4] = {};
  uint32_t occupied_host = 0;
  uint32_t implicit_occupied = 0;
  uint8_t iq_occupied = 0;
  /// Input queues that an operation owns: no task takes from them.
  uint8_t iq_owned = 0;
  uint8_t oq_occupied = 0;
  uint8_t ut_active = 0;
  uint8_t ut_blocked = 0;
  uint8_t ut_last = 0;
  uint8_t main_priority = 2;
  bool any_swap = false;
  bool host_out_occupied = false;
  bool initialized = false;
  int32_t last_task = -1;
  uint64_t slots_taken = 0;
  MainThread main;
  std::array<ColorState*, target::kColorCount> color{};
  std::array<Queue*, 8> iq{};
  std::array<Queue*, 8> oq{};
  std::array<Worker*, 8> ut{};
  Worker* main_worker = nullptr;
  DsrState* dsr = nullptr;  // 48
  FifoState* fifo = nullptr;
  HostStream* host = nullptr;
  uint16_t* rotating = nullptr;
  std::vector<Callback>* callbacks = nullptr;
  std::vector<Deferred>* deferred = nullptr;
  std::string* print_line = nullptr;
  uint32_t teardown_pending = 0;
  uint32_t flush_pending = 0;  // bits 0-7 input, 8-15 output queues with an event
  uint64_t high_priority = 0;
  // Time-stamp counter.
  Cycles tsc_base = 0;
  Cycles tsc_stopped = 0;
  bool tsc_enabled = false;
  uint64_t wavelets_received = 0;
  std::array<uint32_t, 4> prng{};
  uint8_t prng_active = 0;
  uint16_t control_transform_mask = 0;
  uint8_t filters_used = 0;
  std::vector<std::pair<uint16_t, uint16_t>>* registers = nullptr;
};

/// What every PE has. 64 bytes.
struct Pe {
  static constexpr uint8_t kSystemPending = 1;
  static constexpr uint8_t kAwaitUnblock = 2;
  static constexpr uint8_t kTrapped = 4;
  static constexpr uint8_t kWarnedUnblock = 8;
  static constexpr uint8_t kFullMemory = 16;
  uint64_t pending = 0;  // cycles of the wheel's first level it is entered for
  uint64_t active = 0;   // task bits
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
  /// PE memory begins this many bytes behind a cache line.
  uint8_t memory_shift = 0;
  uint32_t stack_limit = 0;
};

}  // namespace weft::mesh
