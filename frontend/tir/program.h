// The typed intermediate representation: one immutable Program per distinct PE program.
// Made by sema (through builder.h), read by jit, sdk/timing, sdk/mesh and the artifact writer.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/id.h"
#include "frontend/target/target.h"
#include "frontend/tir/dsd.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weft::tir {

struct FunctionTag;
using FunctionId = Id<FunctionTag>;
struct SiteTag;
/// A source position in Program::sites; carried by instructions for diagnostics and profiles.
using SiteId = Id<SiteTag>;

/// Types of locals. Pointers, colors, queues and ids are I16; descriptors (dsd.h) are I64; enums their backing type.
enum class Type : uint8_t { Void, Bool, I8, I16, I32, I64, F16, F32 };
constexpr uint32_t sizeOf(Type t) {
  constexpr uint32_t table[] = {0, 1, 1, 2, 4, 8, 2, 4};
  return table[static_cast<unsigned>(t)];
}

enum class Op : uint8_t {
#define WEFT_TIR_OP(name, mnemonic, operands, result, cls) name,
#include "frontend/tir/ops.def"
#undef WEFT_TIR_OP
};

enum class DeviceCall : uint8_t {
#define WEFT_DEVICE_CALL(name, mnemonic, args, result, sync) name,
#include "frontend/tir/device_calls.def"
#undef WEFT_DEVICE_CALL
};

enum class DsdOpcode : uint8_t {
#define WEFT_DSD_OP(name, builtin, dw, s0w, s1w, sources, scalar, cls) name,
#include "frontend/tir/dsd_ops.def"
#undef WEFT_DSD_OP
};
inline constexpr int kDsdOpcodeCount = static_cast<int>(DsdOpcode::DFilt) + 1;

/// What an instruction reads: a local, a constant, or a per-PE constant slot. Slots cost and weigh what constants do.
struct Operand {
  enum class Kind : uint8_t { None, Local, Constant, Slot };
  uint32_t bits = 0;
  static constexpr Operand none() { return {}; }
  static constexpr Operand local(uint32_t index) { return {1u << 30 | index}; }
  static constexpr Operand constant(uint32_t index) { return {2u << 30 | index}; }
  static constexpr Operand slot(uint32_t index) { return {3u << 30 | index}; }
  [[nodiscard]] constexpr Kind kind() const { return static_cast<Kind>(bits >> 30); }
  [[nodiscard]] constexpr uint32_t index() const { return bits & 0x3fffffffu; }
  bool operator==(const Operand&) const = default;
};
inline constexpr uint32_t kNoLocal = 0xffffffffu;

struct Inst {
  Op op{};
  /// Type of the result, or of the operands where the result is Bool or absent (ops.def).
  Type type = Type::Void;
  /// Operand type of conversions.
  Type from = Type::Void;
  /// Jump only: a loop back edge.
  bool back = false;
  uint32_t dst = kNoLocal;
  Operand a, b, c;
  /// Meaning per op: byte offset, byte count, callee, DeviceCall, index of the DsdOp, segment number.
  uint32_t imm = 0;
  /// Arguments of Call, CallIndirect, DsdOp, Device: Program::args[args_begin .. args_begin + args_count).
  uint32_t args_begin = 0;
  uint32_t args_count = 0;
  /// Successor block numbers of Jump and Branch.
  uint32_t target[2] = {0, 0};
  SiteId site;
};

/// Instructions [begin, end) of Program::insts; the last one is a terminator.
struct Block {
  uint32_t begin = 0;
  uint32_t end = 0;
};

struct Local {
  Type type = Type::Void;
  /// Source name, or empty for a temporary.
  std::string name;
};

enum class FunctionKind : uint8_t { Function, Task };

struct Function {
  std::string name;
  FunctionKind kind = FunctionKind::Function;
  Type result = Type::Void;
  /// The first `param_count` locals are the parameters.
  std::vector<Local> locals;
  uint32_t param_count = 0;
  /// Block 0 is the entry.
  std::vector<Block> blocks;
  /// Bytes of address-taken locals and local arrays (FrameAddr).
  uint32_t frame_bytes = 0;
  /// Set by finalize(): the function, or one it calls, may suspend (Device, DsdOp, back edge, indirect call).
  bool may_block = false;
  /// Set by assignFrames(): part of a call cycle; its frame area lies on the bounded stack. Every call of it takes
  /// frame_bytes there: the engine checks pe.stack_pointer + frame_bytes <= pe.stack_limit (else fault 2) and adds it
  /// on entry, and subtracts it on return. FrameAddr is pe.stack_pointer - frame_bytes + imm.
  bool recursive = false;
  SiteId site;
};

/// Where an instruction comes from. Not part of the content hash.
struct Site {
  /// Index into Program::files.
  uint32_t file = 0;
  uint32_t line = 0;
  uint32_t column = 0;
};

enum class PrintFormat : uint8_t { Dec16, Hex16, Bin16, Dec32, Hex32, Bin32, F16, F32, SDec16, SDec32 };

enum class DsrFile : uint8_t { Dest, Src0, Src1 };
struct DsrRef {
  DsrFile file{};
  uint8_t number = 0;
  [[nodiscard]] constexpr uint16_t encode() const {
    return static_cast<uint16_t>(static_cast<unsigned>(file) * 16u + number);
  }
  static constexpr DsrRef decode(uint16_t v) { return {static_cast<DsrFile>(v / 16), static_cast<uint8_t>(v % 16)}; }
  bool operator==(const DsrRef&) const = default;
};

enum class OnControl : uint8_t { None, Terminate, Activate, Unblock };

/// Completion behaviour given when a DSR is loaded (run-time ids are not possible there).
struct DsrConfig {
  bool async = false;
  bool save_address = false;
  bool single_step = false;
  /// Task id to activate / channel bit to unblock at completion, or -1.
  int16_t activate = -1;
  int16_t unblock = -1;
  OnControl on_control = OnControl::None;
  int16_t on_control_id = -1;
  /// Explicit microthread, or -1.
  int8_t ut_id = -1;
  bool operator==(const DsrConfig&) const = default;
};

/// One operand of a vector operation.
struct DsdOperand {
  enum class Kind : uint8_t {
    None,     // absent
    Dsd,      // descriptor value (I64 argument)
    Dsr,      // register `dsr`; no argument
    Fifo,     // FIFO number `fifo`; no argument
    Scalar,   // value of the operand's width as an argument
    Pointer,  // I16 byte address argument: a one-element zero-stride destination
  };
  Kind kind = Kind::None;
  DsrRef dsr;
  uint8_t fifo = 0;
  bool operator==(const DsdOperand&) const = default;
};

/// A vector operation as written at one site. Arguments of the instruction, in this order, only those present:
/// dest, src0, src1 (kinds Dsd, Scalar, Pointer), scalar (if the opcode has one), index, activate, unblock, control id.
struct DsdOp {
  /// on_control_id of an operation that has it as an argument.
  static constexpr int16_t kControlIdArgument = -2;

  DsdOpcode op{};
  DsdOperand dest, src0, src1;
  bool async = false;
  bool has_index = false;
  /// Completion ids are run-time arguments (I16): task id to activate, channel bit to unblock.
  bool has_activate = false;
  bool has_unblock = false;
  OnControl on_control = OnControl::None;
  int16_t on_control_id = -1;
  DsdPriority priority = DsdPriority::Default;
  int8_t ut_id = -1;
  bool hasControlId() const { return on_control_id == kControlIdArgument; }
  bool operator==(const DsdOp&) const = default;
};

enum class TaskKind : uint8_t { Data, Local, Control };
struct TaskBinding {
  TaskKind kind{};
  uint8_t id = 0;
  FunctionId function;
  SiteId site;
};
/// WSE-3 rotating task: every start of the task compares a counter with limit; on equality `alt` runs instead.
struct RotatingTask {
  uint8_t id = 0;
  FunctionId alt;
  uint16_t limit = 0;
  uint16_t init = 0;
};

struct InputQueueInit {
  uint8_t queue = 0;
  uint8_t color = kNoColor;
  DsdPriority priority = DsdPriority::Default;
  uint8_t control_table = 0;
  SiteId site;
};
struct OutputQueueInit {
  uint8_t queue = 0;
  /// kNoColor on WSE-2.
  uint8_t color = kNoColor;
  SiteId site;
};

enum class FifoAction : uint8_t { TestOrSuspend, Terminate, Suspend, Fault };
struct Fifo {
  uint16_t buffer = 0;
  /// Capacity in elements of `element_bytes`.
  uint16_t capacity = 0;
  uint8_t element_bytes = 2;
  int16_t activate_pop = -1;
  int16_t activate_push = -1;
  FifoAction on_empty = FifoAction::TestOrSuspend;
  FifoAction on_full = FifoAction::TestOrSuspend;
  DsdPriority priority = DsdPriority::Default;
  SiteId site;
};

struct DsrInit {
  DsrRef dsr;
  /// Constant or slot operand of type I64.
  Operand value;
  uint16_t config = 0;
};

/// A handler called by the generated task 29: of a color in teardown, or of an empty queue (bit 8: output queue).
struct Handler {
  uint16_t id = 0;
  FunctionId function;
};

struct ConfigWrite {
  uint16_t word_address = 0;
  uint16_t value = 0;
};

/// A named piece of PE memory. Data and config symbols of modules are `module_const.name`.
struct Symbol {
  std::string name;
  uint16_t address = 0;
  uint32_t bytes = 0;
  /// CSL type text, e.g. "[4]f32".
  std::string type;
  bool exported = false;
  bool is_const = false;
  SiteId site;
};

/// What the host sees under `name` (@export_symbol).
struct HostSymbol {
  std::string name;
  bool is_function = false;
  /// Data: address of the exported variable (normally a pointer variable) and its size.
  uint16_t address = 0;
  uint32_t bytes = 0;
  /// Data: the variable is itself the pointer to the host-visible array.
  bool is_pointer = true;
  FunctionId function;
};

/// Bytes of the initial image that hold a slot's value.
struct ImagePatch {
  uint16_t address = 0;
  uint8_t bytes = 0;
  uint32_t slot = 0;
};

/// What one PE runs: code, memory image and initial device state. The color configurations it sets for itself
/// (@set_local_color_config) are in plan::FabricPlan, merged with those of the layout.
struct Program {
  target::Arch arch{};
  target::Fp16Format fp16{};
  /// For people: the source file's name.
  std::string name;

  std::vector<Function> functions;
  std::vector<Inst> insts;
  std::vector<Operand> args;
  /// Raw bits, zero-extended to 64.
  std::vector<uint64_t> constants;
  /// Types of the per-PE constant slots; the values are in FabricPlan.
  std::vector<Type> slots;
  std::vector<DsdOp> dsd_ops;
  std::vector<Mem4dShape> shapes;
  std::vector<DsrConfig> dsr_configs;
  std::vector<std::string> strings;
  /// Number of segments, set by finalize().
  uint32_t segment_count = 0;

  // Memory: [0, private_bytes) is private to a PE and starts as `image` (zero beyond its end);
  // [private_bytes, private_bytes + shared.size()) holds constants shared by all PEs of the program.
  uint32_t private_bytes = 0;
  std::vector<uint8_t> image;
  std::vector<uint8_t> shared;
  std::vector<ImagePatch> patches;
  /// Bounded stack for recursive functions: [stack_base, stack_base + stack_bytes), inside the private part.
  uint16_t stack_base = 0;
  uint16_t stack_bytes = 0;
  std::vector<Symbol> symbols;
  std::vector<HostSymbol> host_symbols;

  // State at cycle 0.
  std::vector<TaskBinding> tasks;
  std::vector<RotatingTask> rotating;
  /// Bits over task-table ids.
  uint64_t initially_active = 0;
  uint64_t initially_blocked = 0;
  /// Channels (WSE-2 colors, WSE-3 input queues) without a data task that the program unblocked itself.
  uint64_t initially_unblocked = 0;
  uint8_t blocked_microthreads = 0;
  /// Task ids with high priority.
  uint64_t high_priority = 0;
  bool separate_control_table = false;
  /// WSE-3: entry points between the control tables that input queues name.
  uint8_t control_stride = 1;
  std::vector<InputQueueInit> input_queues;
  std::vector<OutputQueueInit> output_queues;
  std::vector<Fifo> fifos;
  std::vector<DsrInit> dsr_inits;
  std::vector<Handler> teardown_handlers;
  std::vector<Handler> empty_queue_handlers;
  std::vector<ConfigWrite> config_writes;

  // Positions; not part of the content hash.
  std::vector<std::string> files;
  std::vector<Site> sites;

  [[nodiscard]] const Function& function(FunctionId id) const { return functions[id.index()]; }
};

}  // namespace weft::tir
