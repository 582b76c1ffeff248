// Checks every rule of ops.def and program.h. Runs after every producer in debug and test builds, and after loading an
// artifact: engines and mesh rely on what is checked here.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/tir/tir.h"

#include <fmt/format.h>

namespace weft::tir {

namespace {

constexpr const char* kTypeNames[] = {"void", "bool", "i8", "i16", "i32", "i64", "f16", "f32"};
const char* nameOf(Type t) { return kTypeNames[static_cast<size_t>(t)]; }
bool isInteger(Type t) { return t >= Type::I8 && t <= Type::I64; }
bool isFloat(Type t) { return t == Type::F16 || t == Type::F32; }

uint64_t maxBits(Type t) {
  if (t == Type::Bool) return 1;
  const uint32_t bits = sizeOf(t) * 8;
  return bits >= 64 ? ~0ull : (1ull << bits) - 1;
}

class Verifier {
 public:
  explicit Verifier(const Program& program) : p_(program) {}

  std::string run() {
    for (size_t i = 0; i < p_.functions.size() && error_.empty(); ++i) checkFunction(static_cast<uint32_t>(i));
    if (error_.empty()) checkTables();
    if (error_.empty()) checkMemory();
    return error_;
  }

 private:
  const Program& p_;
  const Function* fn_ = nullptr;
  const Inst* inst_ = nullptr;
  uint32_t block_ = 0;
  uint32_t at_ = 0;
  std::string error_;

  template <class... Args>
  bool fail(fmt::format_string<Args...> text, Args&&... args) {
    if (!error_.empty()) return false;
    std::string where;
    if (fn_ != nullptr) where = fmt::format("fn `{}`", fn_->name);
    if (inst_ != nullptr)
      where += fmt::format(", block {}, instruction {} ({})", block_, at_, opInfo(inst_->op).mnemonic);
    if (!where.empty()) where += ": ";
    error_ = where + fmt::format(text, std::forward<Args>(args)...);
    return false;
  }

  bool operand(const char* what, Operand o, Type want) {
    switch (o.kind()) {
      case Operand::Kind::None: return want == Type::Void || fail("{} is missing", what);
      case Operand::Kind::Local:
        if (o.index() >= fn_->locals.size()) return fail("{} is local {} of {}", what, o.index(), fn_->locals.size());
        if (fn_->locals[o.index()].type != want)
          return fail("{} has type {}, not {}", what, nameOf(fn_->locals[o.index()].type), nameOf(want));
        return true;
      case Operand::Kind::Constant:
        if (o.index() >= p_.constants.size())
          return fail("{} is constant {} of {}", what, o.index(), p_.constants.size());
        if (want == Type::Void) return fail("{} is not expected", what);
        if (p_.constants[o.index()] > maxBits(want))
          return fail("{}: constant {:#x} does not fit {}", what, p_.constants[o.index()], nameOf(want));
        return true;
      case Operand::Kind::Slot:
        if (o.index() >= p_.slots.size()) return fail("{} is slot {} of {}", what, o.index(), p_.slots.size());
        if (p_.slots[o.index()] != want)
          return fail("{} has type {}, not {}", what, nameOf(p_.slots[o.index()]), nameOf(want));
        return true;
    }
    return fail("{} has no kind", what);
  }

  bool operands(Type a, Type b = Type::Void, Type c = Type::Void) {
    return operand("operand a", inst_->a, a) && operand("operand b", inst_->b, b) && operand("operand c", inst_->c, c);
  }

  // `may_drop`: calls may leave their result unused.
  bool result(Type want, bool may_drop = false) {
    if (want == Type::Void) return inst_->dst == kNoLocal || fail("has a result");
    if (inst_->dst == kNoLocal) return may_drop || fail("has no result");
    if (inst_->dst >= fn_->locals.size()) return fail("result is local {} of {}", inst_->dst, fn_->locals.size());
    if (fn_->locals[inst_->dst].type != want)
      return fail("result has type {}, not {}", nameOf(fn_->locals[inst_->dst].type), nameOf(want));
    return true;
  }

  bool arguments(const std::vector<Type>& types) {
    if (inst_->args_count != types.size()) return fail("{} arguments, not {}", inst_->args_count, types.size());
    if (uint64_t{inst_->args_begin} + inst_->args_count > p_.args.size())
      return fail("arguments lie outside the table");
    for (size_t i = 0; i < types.size(); ++i)
      if (!operand("argument", p_.args[inst_->args_begin + i], types[i])) return false;
    return true;
  }

  /// All operands have the instruction's type.
  bool uniform(const OpInfo& info, Type of_result) {
    const Type t = inst_->type;
    return operands(t, info.operands > 1 ? t : Type::Void, info.operands > 2 ? t : Type::Void) && result(of_result);
  }

  bool type(bool ok) { return ok || fail("type {} is not allowed", nameOf(inst_->type)); }
  bool from(bool ok) { return ok || fail("operand type {} is not allowed", nameOf(inst_->from)); }

  bool checkInst(const Inst& i) {
    if (i.site.valid() && i.site.index() >= p_.sites.size())
      return fail("site {} of {}", i.site.value, p_.sites.size());
    const Type t = i.type;
    const OpInfo& info = opInfo(i.op);
    const bool on_bool = t == Type::Bool && (i.op == Op::And || i.op == Op::Or || i.op == Op::Xor || i.op == Op::LNot ||
                                             i.op == Op::Eq || i.op == Op::Ne);
    switch (info.cls) {
      case OpClass::Integer: return type(i.op == Op::LNot ? on_bool : isInteger(t) || on_bool) && uniform(info, t);
      case OpClass::Compare: return type(isInteger(t) || on_bool) && uniform(info, Type::Bool);
      case OpClass::Float: return type(isFloat(t)) && uniform(info, t);
      case OpClass::FloatCompare: return type(isFloat(t)) && uniform(info, Type::Bool);
      default: break;
    }
    switch (i.op) {
      case Op::Copy: return type(t != Type::Void) && operands(t) && result(t);
      case Op::Trunc:
        return type(isInteger(t)) && from(isInteger(i.from) && sizeOf(i.from) > sizeOf(t)) && operands(i.from) &&
               result(t);
      case Op::ZExt:
      case Op::SExt:
        return type(isInteger(t)) && from(isInteger(i.from) && sizeOf(i.from) < sizeOf(t)) && operands(i.from) &&
               result(t);
      case Op::SIToFP:
      case Op::UIToFP: return type(isFloat(t)) && from(isInteger(i.from)) && operands(i.from) && result(t);
      case Op::FPToSI:
      case Op::FPToUI: return type(isInteger(t)) && from(isFloat(i.from)) && operands(i.from) && result(t);
      case Op::FPExt: return type(t == Type::F32) && from(i.from == Type::F16) && operands(i.from) && result(t);
      case Op::FPTrunc: return type(t == Type::F16) && from(i.from == Type::F32) && operands(i.from) && result(t);
      case Op::Bitcast:
        return type(isInteger(t) || isFloat(t)) &&
               from((isInteger(i.from) || isFloat(i.from)) && sizeOf(i.from) == sizeOf(t)) && operands(i.from) &&
               result(t);
      case Op::FromBool: return type(isInteger(t) || isFloat(t)) && operands(Type::Bool) && result(t);
      case Op::ToBool: return from(isInteger(i.from) || isFloat(i.from)) && operands(i.from) && result(Type::Bool);
      case Op::Load: return type(t != Type::Void) && offset(0xffff) && operands(Type::I16) && result(t);
      case Op::Store: return type(t != Type::Void) && offset(0xffff) && operands(Type::I16, t) && result(Type::Void);
      case Op::MemCopy: return offset(0x10000) && operands(Type::I16, Type::I16) && result(Type::Void);
      case Op::MemZero: return offset(0x10000) && operands(Type::I16) && result(Type::Void);
      case Op::FrameAddr: return offset(fn_->frame_bytes) && operands(Type::Void) && result(Type::I16);
      case Op::Call: return checkCall(i);
      case Op::CallIndirect:
        if (uint64_t{i.args_begin} + i.args_count > p_.args.size()) return fail("arguments lie outside the table");
        for (uint32_t k = 0; k < i.args_count; ++k)
          if (!anyArgument(p_.args[i.args_begin + k])) return false;
        return operands(Type::I16) && result(t, true);
      case Op::DsdSetBase:
      case Op::DsdAddBase:
      case Op::DsdSetLength:
      case Op::DsdSetStride:
      case Op::DsdSetColor: return type(t == Type::I64) && operands(Type::I64, Type::I16) && result(Type::I64);
      case Op::DsdLength: return type(t == Type::I16) && operands(Type::I64) && result(Type::I16);
      case Op::DsdElement:
        if (i.imm != 2 && i.imm != 4) return fail("width {}", i.imm);
        return type(t == Type::I16) && operands(Type::I64, Type::I16) && result(Type::I16);
      case Op::DsdOp:
        if (i.imm >= p_.dsd_ops.size()) return fail("vector operation {} of {}", i.imm, p_.dsd_ops.size());
        return type(t == Type::Bool) && checkDsdOp(p_.dsd_ops[i.imm]) && operands(Type::Void) &&
               arguments(dsdOpArgs(p_.dsd_ops[i.imm])) && result(Type::Bool, true);
      case Op::Device: {
        if (i.imm >= deviceCallCount()) return fail("device call {}", i.imm);
        const auto call = static_cast<DeviceCall>(i.imm);
        return type(t == deviceResult(call)) && operands(Type::Void) && arguments(deviceArgs(call)) && result(t, true);
      }
      case Op::Segment:
        if (i.imm >= p_.segment_count) return fail("segment {} of {}", i.imm, p_.segment_count);
        return operands(Type::Void) && result(Type::Void);
      case Op::Jump: return target(0) && operands(Type::Void) && result(Type::Void);
      case Op::Branch: return target(0) && target(1) && operands(Type::Bool) && result(Type::Void);
      case Op::Ret: return operands(fn_->result) && result(Type::Void);
      case Op::Unreachable: return operands(Type::Void) && result(Type::Void);
      default: break;
    }
    return fail("operation {}", static_cast<int>(i.op));
  }

  bool offset(uint32_t limit) { return inst_->imm <= limit || fail("immediate {} exceeds {}", inst_->imm, limit); }
  bool target(int k) {
    return inst_->target[k] < fn_->blocks.size() || fail("target block {} of {}", inst_->target[k], fn_->blocks.size());
  }

  // Arguments of indirect calls: the callee is not known, so only that they exist.
  bool anyArgument(Operand o) {
    switch (o.kind()) {
      case Operand::Kind::None: break;
      case Operand::Kind::Local: return o.index() < fn_->locals.size() || fail("argument is local {}", o.index());
      case Operand::Kind::Constant:
        return o.index() < p_.constants.size() || fail("argument is constant {}", o.index());
      case Operand::Kind::Slot: return o.index() < p_.slots.size() || fail("argument is slot {}", o.index());
    }
    return fail("an argument is missing");
  }

  bool checkCall(const Inst& i) {
    if (i.imm >= p_.functions.size()) return fail("calls function {} of {}", i.imm, p_.functions.size());
    const Function& callee = p_.functions[i.imm];
    if (i.type != callee.result) return fail("`{}` returns {}", callee.name, nameOf(callee.result));
    if (callee.param_count > callee.locals.size()) return fail("`{}` has more parameters than locals", callee.name);
    std::vector<Type> types;
    for (uint32_t k = 0; k < callee.param_count; ++k) types.push_back(callee.locals[k].type);
    return operands(Type::Void) && arguments(types) && result(i.type, true);
  }

  bool checkDsdOperand(const char* what, const DsdOperand& o) {
    if (o.kind > DsdOperand::Kind::Pointer) return fail("{} has no kind", what);
    if (o.kind == DsdOperand::Kind::Dsr && (o.dsr.number >= target::kDsrPerFile || o.dsr.file > DsrFile::Src1))
      return fail("{} is DSR {}", what, o.dsr.number);
    if (o.kind == DsdOperand::Kind::Fifo && o.fifo >= p_.fifos.size())
      return fail("{} is FIFO {} of {}", what, o.fifo, p_.fifos.size());
    return true;
  }

  bool checkDsdOp(const DsdOp& op) {
    if (static_cast<int>(op.op) >= kDsdOpcodeCount) return fail("vector operation {}", static_cast<int>(op.op));
    const DsdOpInfo& info = dsdOpInfo(op.op);
    if (op.on_control > OnControl::Unblock) return fail("on_control {}", static_cast<int>(op.on_control));
    if (!checkDsdOperand("destination", op.dest) || !checkDsdOperand("src0", op.src0) ||
        !checkDsdOperand("src1", op.src1))
      return false;
    using Kind = DsdOperand::Kind;
    if (op.dest.kind == Kind::Scalar) return fail("destination of {} is a value", info.name);
    if ((op.dest.kind == Kind::None) != (info.dest_width == 0)) return fail("destination of {}", info.name);
    if ((op.src0.kind == Kind::None) != (info.sources < 2)) return fail("first source of {}", info.name);
    if (op.src1.kind == Kind::None) return fail("source of {} is missing", info.name);
    if (op.src0.kind == Kind::Pointer || op.src1.kind == Kind::Pointer)
      return fail("source of {} is a pointer", info.name);
    return true;
  }

  void checkFunction(uint32_t index) {
    const Function& f = p_.functions[index];
    fn_ = &f;
    if (f.param_count > f.locals.size()) fail("has more parameters than locals");
    for (const Local& l : f.locals)
      if (l.type == Type::Void || l.type > Type::F32) fail("a local has type {}", static_cast<int>(l.type));
    if (f.result > Type::F32) fail("result type {}", static_cast<int>(f.result));
    if (f.frame_bytes > 0x10000) fail("frame of {} bytes", f.frame_bytes);
    if (f.site.valid() && f.site.index() >= p_.sites.size()) fail("site {} of {}", f.site.value, p_.sites.size());
    if (f.blocks.empty()) fail("has no body");
    for (block_ = 0; block_ < f.blocks.size() && error_.empty(); ++block_) checkBlock(f.blocks[block_]);
    fn_ = nullptr;
    inst_ = nullptr;
  }

  void checkBlock(const Block& b) {
    inst_ = nullptr;
    if (b.begin >= b.end || b.end > p_.insts.size()) {
      fail("block {} is [{}, {}) of {} instructions", block_, b.begin, b.end, p_.insts.size());
      return;
    }
    bool needs_segment = p_.segment_count > 0;
    for (uint32_t k = b.begin; k < b.end && error_.empty(); ++k) {
      inst_ = &p_.insts[k];
      at_ = k - b.begin;
      const Inst& i = *inst_;
      if (i.op > Op::Unreachable) {
        inst_ = nullptr;
        fail("instruction {} has operation {}", k, static_cast<int>(i.op));
        return;
      }
      if (i.type > Type::F32 || i.from > Type::F32)
        fail("type {}, {}", static_cast<int>(i.type), static_cast<int>(i.from));
      if (opInfo(i.op).terminator() != (k + 1 == b.end)) {
        fail("{}", k + 1 == b.end ? "the block does not end in a terminator" : "a terminator inside the block");
        return;
      }
      if (i.back && i.op != Op::Jump) fail("only a jump can be a back edge");
      if (needs_segment && i.op != Op::Segment) fail("a segment marker is missing before it");
      needs_segment = p_.segment_count > 0 &&
                      (i.op == Op::Call || i.op == Op::CallIndirect || i.op == Op::DsdOp || i.op == Op::Device);
      checkInst(i);
    }
    inst_ = nullptr;
  }

  bool function(const char* what, FunctionId id) {
    return id.index() < p_.functions.size() || fail("{} names function {} of {}", what, id.value, p_.functions.size());
  }
  bool taskId(const char* what, int id) {
    return (id >= -1 && id < target::kTaskTableSize) || fail("{}: task id {}", what, id);
  }

  void checkTables() {
    for (Type t : p_.slots)
      if (t == Type::Void || t > Type::F32) fail("a slot has type {}", static_cast<int>(t));
    for (const TaskBinding& t : p_.tasks) {
      function("a task", t.function);
      taskId("a task", t.id);
      if (t.kind > TaskKind::Control) fail("task kind {}", static_cast<int>(t.kind));
    }
    for (const RotatingTask& t : p_.rotating) {
      function("a rotating task", t.alt);
      taskId("a rotating task", t.id);
    }
    for (const Handler& h : p_.teardown_handlers) function("a teardown handler", h.function);
    for (const Handler& h : p_.empty_queue_handlers) function("an empty-queue handler", h.function);
    for (const HostSymbol& h : p_.host_symbols)
      if (h.is_function) function("a host symbol", h.function);
    for (const InputQueueInit& q : p_.input_queues)
      if (q.queue >= target::kInputQueueCount) fail("input queue {}", q.queue);
    for (const OutputQueueInit& q : p_.output_queues)
      if (q.queue >= target::kMaxOutputQueueCount) fail("output queue {}", q.queue);
    for (const Fifo& f : p_.fifos)
      if (f.element_bytes != 2 && f.element_bytes != 4) fail("a FIFO of {}-byte elements", f.element_bytes);
    for (const DsrInit& d : p_.dsr_inits) {
      if (d.dsr.file > DsrFile::Src1 || d.dsr.number >= target::kDsrPerFile)
        fail("initial value of DSR {}", d.dsr.number);
      const bool local = d.value.kind() == Operand::Kind::Local || d.value.kind() == Operand::Kind::None;
      if (local || !operand("initial value of a DSR", d.value, Type::I64)) fail("initial value of a DSR");
      if (d.config >= p_.dsr_configs.size()) fail("DSR configuration {} of {}", d.config, p_.dsr_configs.size());
    }
    for (const Mem4dShape& s : p_.shapes)
      if (s.rank < 1 || s.rank > 4) fail("a shape of rank {}", s.rank);
    for (const Site& s : p_.sites)
      if (s.file >= p_.files.size()) fail("a site names file {} of {}", s.file, p_.files.size());
  }

  void checkMemory() {
    if (uint64_t{p_.private_bytes} + p_.shared.size() > 0x10000)
      fail("{} bytes private and {} shared exceed the address space", p_.private_bytes, p_.shared.size());
    if (p_.image.size() > p_.private_bytes)
      fail("image of {} bytes, private memory of {}", p_.image.size(), p_.private_bytes);
    if (uint32_t{p_.stack_base} + p_.stack_bytes > p_.private_bytes && p_.stack_bytes > 0)
      fail("the stack lies outside private memory");
    for (const ImagePatch& patch : p_.patches) {
      if (patch.slot >= p_.slots.size())
        fail("an image patch names slot {} of {}", patch.slot, p_.slots.size());
      else if (patch.bytes != sizeOf(p_.slots[patch.slot]))
        fail("an image patch of {} bytes for a {} slot", patch.bytes, nameOf(p_.slots[patch.slot]));
      if (uint32_t{patch.address} + patch.bytes > p_.private_bytes)
        fail("an image patch at {} lies outside private memory", patch.address);
    }
  }
};

}  // namespace

std::string verify(const Program& program) { return Verifier(program).run(); }

}  // namespace weft::tir
