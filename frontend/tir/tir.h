// Everything that can be done with a Program: build, finalize, verify, print, parse, hash, save.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/result.h"
#include "frontend/diag/diag.h"
#include "frontend/tir/program.h"

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace weft::tir {

// ---- builder.cpp ----
/// Appends functions to a Program. One function is open at a time; blocks may be created before they are filled.
class Builder {
 public:
  explicit Builder(Program& program) : program_(program) {}

  /// Reserves an id (so that calls can be emitted before the body exists).
  FunctionId declare(std::string name, FunctionKind kind, Type result, SiteId site);
  /// Opens `fn` for filling; the entry block is current.
  void open(FunctionId fn);
  /// Closes it: checks that every block has a terminator, moves the blocks into Program::insts.
  void close();
  /// Drops the open function's instructions instead: its program is in error and will not be used.
  void abandon();

  uint32_t addParam(Type type, std::string name);
  uint32_t addLocal(Type type, std::string name = {});
  /// Reserves `bytes` of the frame area; returns the offset for FrameAddr.
  uint32_t addFrame(uint32_t bytes, uint32_t align);
  uint32_t newBlock();
  void setBlock(uint32_t block);
  [[nodiscard]] uint32_t currentBlock() const { return current_; }
  /// Whether the current block already ends in a terminator (code after it is dropped).
  [[nodiscard]] bool terminated() const;
  void setSite(SiteId site) { site_ = site; }
  [[nodiscard]] Type localType(uint32_t local) const;
  [[nodiscard]] Type typeOf(Operand operand, Type constant_type) const;

  Operand constant(uint64_t raw_bits);
  /// The same, cut to the width of `type`.
  Operand constant(uint64_t raw_bits, Type type);
  /// A constant of its own, never shared with equal ones: its bits may be changed until finalize() (addresses).
  Operand freshConstant(uint64_t raw_bits);
  uint32_t addString(std::string text);
  /// Emits dst = op(a, b, c) into a new local of type `result` (Void: no result) and returns it as an operand.
  Operand emit(Op op, Type type, Operand a = {}, Operand b = {}, Operand c = {}, uint32_t imm = 0,
               Type from = Type::Void);
  /// The same into an existing local.
  void emitTo(uint32_t dst, Op op, Type type, Operand a = {}, Operand b = {}, Operand c = {}, uint32_t imm = 0,
              Type from = Type::Void);
  Operand load(Type type, Operand address, uint16_t offset = 0);
  void store(Type type, Operand address, Operand value, uint16_t offset = 0);
  Operand call(FunctionId callee, const std::vector<Operand>& args);
  Operand callIndirect(Operand callee, Type result, const std::vector<Operand>& args);
  Operand device(DeviceCall call, const std::vector<Operand>& args);
  Operand dsdOp(const DsdOp& op, const std::vector<Operand>& args);
  void jump(uint32_t block);
  void branch(Operand condition, uint32_t if_true, uint32_t if_false);
  void ret(Operand value = {});
  void unreachable();

 private:
  Program& program_;
  FunctionId fn_;
  uint32_t current_ = 0;
  SiteId site_;
  std::vector<std::vector<Inst>> blocks_;
  // Number of every value in Program::constants, up to the first `known_constants_` of them.
  std::unordered_map<uint64_t, uint32_t> constants_;
  size_t known_constants_ = 0;
  Function& function();
  void append(Inst inst);
  void setArgs(Inst& inst, const std::vector<Operand>& args);
};

/// The type a device call returns and the types of its arguments.
Type deviceResult(DeviceCall call);
std::vector<Type> deviceArgs(DeviceCall call);
bool deviceSyncs(DeviceCall call);
const char* deviceName(DeviceCall call);
uint32_t deviceCallCount();

struct DsdOpInfo {
  const char* name;
  uint8_t dest_width, src0_width, src1_width;
  uint8_t sources;
  bool has_scalar;
};
const DsdOpInfo& dsdOpInfo(DsdOpcode op);
/// Type of a scalar operand standing in the given position (0 src0, 1 src1, 2 trailing scalar), e.g. F32 for fmacs.
Type dsdScalarType(DsdOpcode op, int position);
/// Type of the elements the operation stores (Void for dfilt).
Type dsdDestType(DsdOpcode op);
/// Types of the arguments a DsdOp instruction takes, in order (see DsdOp).
std::vector<Type> dsdOpArgs(const DsdOp& op);

/// The type of an instruction's result; Typed: that of the instruction.
enum class OpResult : uint8_t { None, Typed, Bool, I16, I64 };
/// Integer and Compare also work on Bool, where they have a meaning there.
enum class OpClass : uint8_t {
  Copy,
  Integer,
  Compare,
  Float,
  FloatCompare,
  Convert,
  Memory,
  Call,
  Descriptor,
  Vector,
  Device,
  Segment,
  Control,  // terminators
};
struct OpInfo {
  const char* mnemonic;
  uint8_t operands;
  OpResult result;
  OpClass cls;
  [[nodiscard]] bool terminator() const { return cls == OpClass::Control; }
};
const OpInfo& opInfo(Op op);

// ---- frames.cpp ----
/// Places the frame areas of all functions behind `frame_base`, overlaid along the call graph (only recursive functions
/// use the bounded stack, at least 8 bytes a call); replaces FrameAddr by constants except in recursive functions; sets
/// recursive, stack_base, stack_bytes and private_bytes. Addresses of shared constants (behind private_bytes) may be
/// patched after this and must be patched before finalize().
void assignFrames(Program& program, uint32_t frame_base);

// ---- finalize.cpp ----
/// Makes a built program final, once and for all engines: removes unreachable blocks, simplifies (copies, dead results,
/// jumps), makes locals that may be read before they are written start as zero, marks loop back edges, computes
/// may_block, inserts Segment markers. Block 0 is then never a jump's target. Needs a program that verify() accepts;
/// leaves one that is final already as it is.
void finalize(Program& program);

/// An instruction that may suspend and the locals live behind it, which its frame holds. For engines.
/// A frame has a header of 16 bytes (jit/device_abi.h), then the live locals in order, each naturally aligned (Bool is
/// one byte); its size is a multiple of 16. Every engine uses this layout, so a task may change engines while it is
/// suspended.
struct SuspendPoint {
  /// Index into Program::insts.
  uint32_t inst = 0;
  std::vector<uint32_t> live;
  /// Of each live local, from the start of the frame.
  std::vector<uint32_t> offsets;
  uint32_t frame_bytes = 0;
};
/// In the order of the instructions; WeftFrame::point is the index into it. The result of the instruction is not among
/// the live locals: it arrives in pe.result. A back edge goes on at its target.
std::vector<SuspendPoint> suspendPoints(const Program& program, FunctionId fn);

// ---- verify.cpp ----
/// Empty if the program keeps every rule of ops.def; else the first broken one.
std::string verify(const Program& program);

// ---- text.cpp ----
/// Stable text of a whole program, or of one function. parse() reads it back.
std::string print(const Program& program);
std::string printFunction(const Program& program, FunctionId fn);
Result<Program> parse(std::string_view text, diag::Sink& sink);

// ---- binary.cpp ----
/// Versioned binary form (the artifact's container) and content hash (without paths, sites and names of temporaries).
std::string serialize(const Program& program);
Result<Program> deserialize(std::string_view bytes, diag::Sink& sink);
struct Hash {
  uint64_t high = 0, low = 0;
  bool operator==(const Hash&) const = default;
};
Hash contentHash(const Program& program);

}  // namespace weft::tir
