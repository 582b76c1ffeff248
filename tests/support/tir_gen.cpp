// The generator of random TIR. Termination: loops count to small constants, calls go to functions of higher number, the
// one recursive function counts its argument down.
// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tir_gen.h"

#include "frontend/base/check.h"

#include <random>
#include <utility>

namespace weft::testing {

namespace {

using namespace tir;

constexpr uint32_t kDataBytes = 384;
constexpr uint32_t kSharedBytes = 24;
constexpr Type kTypes[] = {Type::Bool, Type::I8, Type::I16, Type::I32, Type::I64, Type::F16, Type::F32};
constexpr Type kIntegers[] = {Type::I8, Type::I16, Type::I32, Type::I64};
constexpr Type kFloats[] = {Type::F16, Type::F32};

class Generator {
 public:
  explicit Generator(std::span<const uint8_t> bytes) : bytes_(bytes), b_(p_) {
    uint64_t seed = 0xcbf29ce484222325ull;
    for (uint8_t byte : bytes) seed = (seed ^ byte) * 0x100000001b3ull;
    random_.seed(seed);
  }

  GeneratedProgram run() {
    tables();
    const uint32_t count = 1 + pick(4);
    for (uint32_t k = 0; k < count; ++k) declareFunction(k);
    has_recursion_ = pick(3) == 0;
    if (has_recursion_) recursion_ = b_.declare("countdown", FunctionKind::Function, Type::I16, site());
    for (uint32_t k = 0; k < count; ++k) function(k);
    if (has_recursion_) recursiveFunction();
    assignFrames(p_, kDataBytes);
    std::string broken = verify(p_);
    WEFT_CHECK(broken.empty(), "generating TIR: {}", broken);
    GeneratedProgram out;
    out.entry = FunctionId(0);
    for (uint32_t k = 0; k < p_.functions[0].param_count; ++k)
      out.args.push_back(bitsOf(p_.functions[0].locals[k].type));
    out.built = p_;
    finalize(p_);
    broken = verify(p_);
    WEFT_CHECK(broken.empty(), "finalizing generated TIR: {}", broken);
    out.final = std::move(p_);
    return out;
  }

 private:
  std::span<const uint8_t> bytes_;
  std::mt19937_64 random_;
  Program p_;
  Builder b_;
  std::vector<std::vector<Type>> params_;
  bool has_recursion_ = false;
  FunctionId recursion_;
  // The function being filled.
  uint32_t current_ = 0;
  uint32_t frame_ = 0;
  uint32_t frame_bytes_ = 0;
  std::vector<uint32_t> locals_;
  int loops_ = 0;
  int budget_ = 0;

  // ---- choices ----

  uint64_t draw() {
    if (bytes_.empty()) return random_();
    const uint64_t v = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return v;
  }
  uint32_t pick(uint32_t bound) { return static_cast<uint32_t>(draw() % bound); }
  bool chance(uint32_t one_in) { return pick(one_in) == 0; }
  template <class T, size_t N>
  T oneOf(const T (&list)[N]) {
    return list[pick(N)];
  }
  SiteId site() { return SiteId(pick(static_cast<uint32_t>(p_.sites.size()))); }

  // Values at the edges more often than in the middle.
  uint64_t bitsOf(Type type) {
    if (type == Type::Bool) return pick(2);
    const uint32_t width = sizeOf(type) * 8;
    const uint64_t mask = width >= 64 ? ~0ull : (1ull << width) - 1;
    switch (pick(6)) {
      case 0: return pick(4);
      case 1: return (0 - static_cast<uint64_t>(pick(4))) & mask;
      case 2: return ((1ull << (width - 1)) + pick(3) - 1) & mask;
      case 3: return pick(width + 2) & mask;
      default: break;
    }
    uint64_t bits = random_() & mask;
    if (type == Type::F32) {
      switch (pick(5)) {
        case 0: bits = (bits & 0x807fffff) | ((120 + pick(16)) << 23); break;
        case 1: bits = (bits & 0x80000000) | 0x7f800000 | (pick(2) * 0x400001); break;
        case 2: bits &= 0x800fffff; break;
        default: break;
      }
    } else if (type == Type::F16) {
      const uint64_t infinity = p_.fp16 == target::Fp16Format::F16    ? 0x7c00
                                : p_.fp16 == target::Fp16Format::BF16 ? 0x7f80
                                                                      : 0x7e00;
      switch (pick(5)) {
        case 0: bits = (bits & 0x83ff) | 0x3c00; break;
        case 1: bits = (bits & 0x8000) | infinity | pick(2); break;
        case 2: bits &= 0x80ff; break;
        default: break;
      }
    }
    return bits & mask;
  }

  Operand constant(Type type) { return b_.constant(bitsOf(type), type); }

  Operand value(Type type) {
    const uint32_t kind = pick(8);
    if (kind == 0) {
      for (uint32_t k = 0; k < p_.slots.size(); ++k)
        if (p_.slots[k] == type) return Operand::slot(k);
    }
    if (kind <= 2) return constant(type);
    const uint32_t from = pick(static_cast<uint32_t>(locals_.size()));
    for (uint32_t k = 0; k < locals_.size(); ++k) {
      const uint32_t local = locals_[(from + k) % locals_.size()];
      if (b_.localType(local) == type) return Operand::local(local);
    }
    return constant(type);
  }

  // A variable to write; never a loop counter, which is not among the locals.
  uint32_t variable(Type type) {
    const uint32_t from = pick(static_cast<uint32_t>(locals_.size()));
    for (uint32_t k = 0; k < locals_.size(); ++k) {
      const uint32_t local = locals_[(from + k) % locals_.size()];
      if (b_.localType(local) == type) return local;
    }
    const uint32_t local = b_.addLocal(type);
    locals_.push_back(local);
    return local;
  }

  void emitTo(Type result, Op op, Type type, Operand a = {}, Operand b = {}, Operand c = {}, uint32_t imm = 0,
              Type from = Type::Void) {
    if (chance(3)) {
      const Operand fresh = b_.emit(op, type, a, b, c, imm, from);
      if (chance(2))
        b_.emitTo(variable(result), Op::Copy, result, fresh);
      else
        locals_.push_back(fresh.index());
    } else {
      b_.emitTo(variable(result), op, type, a, b, c, imm, from);
    }
  }

  // ---- tables ----

  void tables() {
    p_.name = "generated";
    p_.arch = pick(2) == 0 ? target::Arch::Wse2 : target::Arch::Wse3;
    p_.fp16 = static_cast<target::Fp16Format>(pick(3));
    p_.files.push_back("generated.csl");
    for (uint32_t k = 0; k < 6; ++k) p_.sites.push_back({0, k + 1, 1});
    for (uint32_t k = 0; k < 5; ++k) p_.slots.push_back(oneOf(kTypes));
    for (uint32_t k = 0; k < kDataBytes; ++k) p_.image.push_back(static_cast<uint8_t>(random_()));
    for (uint32_t k = 0; k < kSharedBytes; ++k) p_.shared.push_back(static_cast<uint8_t>(random_()));
    for (int k = 0; k < 2; ++k) {
      Mem4dShape shape;
      shape.rank = static_cast<uint8_t>(1 + pick(4));
      for (int d = 0; d < shape.rank; ++d) {
        shape.stride[d] = static_cast<int16_t>(static_cast<int>(pick(9)) - 4);
        shape.extent[d] = static_cast<uint16_t>(1 + pick(4));
      }
      p_.shapes.push_back(shape);
    }
    p_.dsr_configs.emplace_back();
    Fifo fifo;
    fifo.capacity = 8;
    p_.fifos.push_back(fifo);
    p_.strings = {"text", "more"};
    p_.private_bytes = kDataBytes;
  }

  void declareFunction(uint32_t k) {
    const Type result = chance(3) ? Type::Void : oneOf(kTypes);
    // Parameters are added when the function is opened; callers need their types before.
    std::vector<Type> params;
    for (uint32_t n = pick(4); n > 0; --n) params.push_back(oneOf(kTypes));
    params_.push_back(params);
    b_.declare("f" + std::to_string(k), k == 0 ? FunctionKind::Task : FunctionKind::Function, result, site());
  }

  void function(uint32_t k) {
    current_ = k;
    locals_.clear();
    loops_ = 0;
    budget_ = 24;
    b_.open(FunctionId(k));
    for (Type type : params_[k]) locals_.push_back(b_.addParam(type, ""));
    for (Type type : kTypes)
      if (!chance(4)) locals_.push_back(b_.addLocal(type, chance(3) ? "v" : ""));
    // Most start defined.
    for (size_t n = params_[k].size(); n < locals_.size(); ++n)
      if (!chance(5)) b_.emitTo(locals_[n], Op::Copy, b_.localType(locals_[n]), constant(b_.localType(locals_[n])));
    frame_bytes_ = chance(2) ? 4 + pick(24) : 0;
    if (frame_bytes_ > 0) frame_ = b_.addFrame(frame_bytes_, 2);
    statements(3);
    observe();
    if (!b_.terminated()) returnSomething();
    b_.close();
  }

  // Puts what was computed where a comparison sees it; folded into what lies there, so that later calls do not hide it.
  void observe() {
    for (uint32_t local : locals_) {
      const Type t = b_.localType(local);
      const Operand at = b_.constant(pick(kDataBytes - 8));
      if (t == Type::Bool || t == Type::F16 || t == Type::F32)
        b_.store(t, at, Operand::local(local));
      else
        b_.store(t, at, b_.emit(Op::Xor, t, b_.load(t, at), Operand::local(local)));
    }
  }

  void returnSomething() {
    const Type result = p_.functions[current_].result;
    b_.ret(result == Type::Void ? Operand::none() : value(result));
  }

  // f(n, x): n == 0 ? x : f(n - 1, ...), with something kept in the frame and something that suspends on the way.
  void recursiveFunction() {
    current_ = recursion_.value;
    locals_.clear();
    budget_ = 4;
    loops_ = 2;
    frame_bytes_ = 0;
    b_.open(recursion_);
    const Operand n = Operand::local(b_.addParam(Type::I16, "n"));
    const uint32_t x = b_.addParam(Type::I16, "x");
    locals_.push_back(x);
    const uint32_t slot = b_.addFrame(2 + 2 * pick(8), 2);
    const uint32_t end = b_.newBlock(), more = b_.newBlock();
    b_.branch(b_.emit(Op::Eq, Type::I16, n, b_.constant(0)), end, more);
    b_.setBlock(end);
    b_.ret(Operand::local(x));
    b_.setBlock(more);
    b_.store(Type::I16, b_.emit(Op::FrameAddr, Type::I16, {}, {}, {}, slot), Operand::local(x));
    for (int k = 0; k < 3; ++k) statement(0);
    const Operand less = b_.emit(Op::Sub, Type::I16, n, b_.constant(1));
    const Operand rest = b_.call(recursion_, {less, value(Type::I16)});
    const Operand kept = b_.load(Type::I16, b_.emit(Op::FrameAddr, Type::I16, {}, {}, {}, slot));
    b_.ret(b_.emit(Op::Xor, Type::I16, rest, kept));
    b_.close();
  }

  // ---- statements ----

  void statements(int depth) {
    for (uint32_t n = 2 + pick(7); n > 0 && budget_ > 0 && !b_.terminated(); --n) {
      --budget_;
      b_.setSite(site());
      statement(depth);
    }
  }

  void statement(int depth) {
    switch (pick(depth > 0 ? 21 : 14)) {
      case 0:
      case 1:
      case 2:
      case 3:
        // In rows: a program costs its compilation, however little it computes.
        for (int k = 0; k < 6; ++k) arithmetic();
        break;
      case 4:
        for (int k = 0; k < 3; ++k) conversion();
        break;
      case 5: load(); break;
      case 6: store(); break;
      case 7: block(); break;
      case 8: descriptor(); break;
      case 9: vector(); break;
      case 10: device(); break;
      case 11: comparison(); break;
      case 12: frame(); break;
      case 13: call(); break;
      case 14:
      case 15: choice(depth); break;
      case 16:
      case 17: loop(depth); break;
      case 18: twoEntryLoop(depth); break;
      case 19: rareEnd(); break;
      case 20: sums(); break;
      default: break;
    }
  }

  void arithmetic() {
    static constexpr Op kBinary[] = {Op::Add, Op::Sub, Op::Mul, Op::SDiv, Op::UDiv, Op::SRem, Op::URem,
                                     Op::And, Op::Or,  Op::Xor, Op::Shl,  Op::LShr, Op::AShr};
    static constexpr Op kUnary[] = {Op::Neg, Op::Not, Op::Clz, Op::Ctz, Op::PopCnt, Op::Copy};
    static constexpr Op kFloatBinary[] = {Op::FAdd, Op::FSub, Op::FMul, Op::FDiv};
    static constexpr Op kFloatUnary[] = {Op::FNeg, Op::FAbs, Op::FSqrt, Op::FFloor, Op::FCeil, Op::Copy};
    static constexpr Op kBool[] = {Op::And, Op::Or, Op::Xor};
    switch (pick(7)) {
      case 0:
      case 1: {
        const Type t = oneOf(kIntegers);
        emitTo(t, oneOf(kBinary), t, value(t), value(t));
        break;
      }
      case 2: {
        const Type t = oneOf(kIntegers);
        emitTo(t, oneOf(kUnary), t, value(t));
        break;
      }
      case 3: {
        const Type t = oneOf(kFloats);
        emitTo(t, oneOf(kFloatBinary), t, value(t), value(t));
        break;
      }
      case 4: {
        const Type t = oneOf(kFloats);
        emitTo(t, oneOf(kFloatUnary), t, value(t));
        break;
      }
      case 5: {
        const Type t = oneOf(kFloats);
        emitTo(t, Op::FFma, t, value(t), value(t), value(t));
        break;
      }
      default:
        if (chance(2))
          emitTo(Type::Bool, Op::LNot, Type::Bool, value(Type::Bool));
        else
          emitTo(Type::Bool, oneOf(kBool), Type::Bool, value(Type::Bool), value(Type::Bool));
        break;
    }
  }

  Operand condition() {
    if (chance(4)) return value(Type::Bool);
    static constexpr Op kCompare[] = {Op::Eq, Op::Ne, Op::SLt, Op::SLe, Op::ULt, Op::ULe};
    static constexpr Op kFloat[] = {Op::FEq, Op::FNe, Op::FLt, Op::FLe};
    if (chance(3)) {
      const Type t = oneOf(kFloats);
      return b_.emit(oneOf(kFloat), t, value(t), value(t));
    }
    if (chance(8)) return b_.emit(chance(2) ? Op::Eq : Op::Ne, Type::Bool, value(Type::Bool), value(Type::Bool));
    const Type t = oneOf(kIntegers);
    return b_.emit(oneOf(kCompare), t, value(t), value(t));
  }

  void comparison() { b_.emitTo(variable(Type::Bool), Op::Copy, Type::Bool, condition()); }

  void conversion() {
    const Type i = oneOf(kIntegers), f = oneOf(kFloats);
    switch (pick(10)) {
      case 0:
      case 1: {
        const Type to = oneOf(kIntegers);
        if (sizeOf(to) < sizeOf(i))
          emitTo(to, Op::Trunc, to, value(i), {}, {}, 0, i);
        else if (sizeOf(to) > sizeOf(i))
          emitTo(to, chance(2) ? Op::ZExt : Op::SExt, to, value(i), {}, {}, 0, i);
        break;
      }
      case 2: emitTo(f, Op::SIToFP, f, value(i), {}, {}, 0, i); break;
      case 3: emitTo(f, Op::UIToFP, f, value(i), {}, {}, 0, i); break;
      case 4: emitTo(i, Op::FPToSI, i, value(f), {}, {}, 0, f); break;
      case 5: emitTo(i, Op::FPToUI, i, value(f), {}, {}, 0, f); break;
      case 6: emitTo(Type::F32, Op::FPExt, Type::F32, value(Type::F16), {}, {}, 0, Type::F16); break;
      case 7: emitTo(Type::F16, Op::FPTrunc, Type::F16, value(Type::F32), {}, {}, 0, Type::F32); break;
      case 8:
        if (chance(2))
          emitTo(Type::F32, Op::Bitcast, Type::F32, value(Type::I32), {}, {}, 0, Type::I32);
        else
          emitTo(Type::I16, Op::Bitcast, Type::I16, value(Type::F16), {}, {}, 0, Type::F16);
        break;
      default: {
        const Type t = chance(2) ? i : f;
        if (chance(2))
          emitTo(t, Op::FromBool, t, value(Type::Bool));
        else
          emitTo(Type::Bool, Op::ToBool, Type::Bool, value(t), {}, {}, 0, t);
        break;
      }
    }
  }

  // Mostly inside the data, at any alignment; sometimes anywhere.
  Operand address() {
    if (chance(12)) return value(Type::I16);
    if (chance(3)) return b_.emit(Op::And, Type::I16, value(Type::I16), b_.constant(0xff));
    return b_.constant(pick(kDataBytes + kSharedBytes));
  }
  uint16_t offset() { return chance(3) ? static_cast<uint16_t>(chance(10) ? random_() : pick(64)) : uint16_t{0}; }

  void load() {
    const Type t = oneOf(kTypes);
    emitTo(t, Op::Load, t, address(), {}, {}, offset());
  }
  void store() {
    const Type t = oneOf(kTypes);
    b_.store(t, address(), value(t), offset());
  }
  void block() {
    const uint32_t bytes = pick(40);
    const Operand to = address();
    if (chance(2))
      b_.emitTo(kNoLocal, Op::MemCopy, Type::Void, to, address(), {}, bytes);
    else
      b_.emitTo(kNoLocal, Op::MemZero, Type::Void, to, {}, {}, bytes);
  }

  void frame() {
    if (frame_bytes_ < 4) return;
    const uint32_t at = frame_ + pick(frame_bytes_ - 3);
    const Operand address = b_.emit(Op::FrameAddr, Type::I16, {}, {}, {}, at);
    const Type t = chance(2) ? Type::I32 : Type::F16;
    if (chance(2))
      b_.store(t, address, value(t));
    else
      emitTo(t, Op::Load, t, address);
  }

  // ---- descriptors and vector operations ----

  Operand plainDescriptor(uint32_t width) {
    const uint32_t length = chance(12) ? 0 : 1 + pick(12);
    const int stride = chance(4) ? 0 : static_cast<int>(pick(7)) - 2;
    const int reach = stride * static_cast<int>(length) * static_cast<int>(width);
    const int lowest = reach < 0 ? -reach : 0;
    const uint32_t base = chance(16) ? static_cast<uint32_t>(random_() & 0xffffu)
                                     : static_cast<uint32_t>(lowest) + 2 * pick((kDataBytes - 96) / 2);
    return b_.constant(Dsd::make(DsdKind::Mem1d, static_cast<uint16_t>(base), static_cast<uint16_t>(length),
                                 static_cast<int16_t>(stride))
                           .bits);
  }

  Operand descriptorValue(uint32_t width) {
    switch (pick(10)) {
      case 0:
        return b_.constant(Dsd::make(DsdKind::Mem4d, static_cast<uint16_t>(64 + pick(64)),
                                     static_cast<uint16_t>(pick(16)), static_cast<int16_t>(pick(2)))
                               .bits);
      case 1:
        return b_.constant(Dsd::make(DsdKind::Circbuf, static_cast<uint16_t>(pick(128)),
                                     static_cast<uint16_t>(pick(16)), static_cast<int16_t>(1 + pick(8)))
                               .bits);
      case 2:
        return b_.constant(Dsd::make(chance(2) ? DsdKind::FabIn : DsdKind::FabOut, static_cast<uint16_t>(pick(8)),
                                     static_cast<uint16_t>(pick(16)), 0)
                               .bits);
      case 3: {
        // At run time: base and length from variables, kept small.
        const Operand moved = b_.emit(Op::DsdAddBase, Type::I64, plainDescriptor(width),
                                      b_.emit(Op::And, Type::I16, value(Type::I16), b_.constant(0x1e)));
        return b_.emit(Op::DsdSetLength, Type::I64, moved,
                       b_.emit(Op::And, Type::I16, value(Type::I16), b_.constant(7)));
      }
      default: return plainDescriptor(width);
    }
  }

  void descriptor() {
    static constexpr Op kSet[] = {Op::DsdSetBase, Op::DsdAddBase, Op::DsdSetLength, Op::DsdSetStride, Op::DsdSetColor};
    switch (pick(4)) {
      case 0: emitTo(Type::I16, Op::DsdLength, Type::I16, chance(2) ? value(Type::I64) : descriptorValue(4)); break;
      case 1:
        emitTo(Type::I16, Op::DsdElement, Type::I16, descriptorValue(4), value(Type::I16), {}, chance(2) ? 2 : 4);
        break;
      default:
        emitTo(Type::I64, oneOf(kSet), Type::I64, chance(2) ? value(Type::I64) : descriptorValue(2), value(Type::I16));
        break;
    }
  }

  void vector() {
    DsdOp op;
    op.op = static_cast<DsdOpcode>(pick(kDsdOpcodeCount));
    const DsdOpInfo& info = dsdOpInfo(op.op);
    using Kind = DsdOperand::Kind;
    auto source = [&](DsdOperand& o) {
      const uint32_t k = pick(12);
      o.kind = k == 0 ? Kind::Dsr : k == 1 ? Kind::Fifo : k <= 4 ? Kind::Scalar : Kind::Dsd;
      if (o.kind == Kind::Dsr) o.dsr = {DsrFile::Src1, static_cast<uint8_t>(pick(16))};
    };
    if (info.dest_width > 0) {
      const uint32_t k = pick(12);
      op.dest.kind = k == 0 ? Kind::Dsr : k <= 3 ? Kind::Pointer : Kind::Dsd;
      if (op.dest.kind == Kind::Dsr) op.dest.dsr = {DsrFile::Dest, static_cast<uint8_t>(pick(16))};
    }
    if (info.sources == 2) source(op.src0);
    source(op.src1);
    op.async = chance(6);
    op.has_index = chance(12);
    op.has_activate = chance(12);
    op.has_unblock = chance(16);
    if (chance(16)) {
      op.on_control = OnControl::Terminate;
      op.ut_id = static_cast<int8_t>(pick(8));
    }
    std::vector<Operand> args;
    auto argument = [&](const DsdOperand& o, Type scalar, uint32_t width, bool dest) {
      if (o.kind == Kind::Scalar) args.push_back(value(scalar));
      if (o.kind == Kind::Pointer) args.push_back(b_.constant(2 * pick(kDataBytes / 2 - 4)));
      // An operand that is the same descriptor as another matters: in-place operations.
      const bool again = !dest && !args.empty() && chance(3) && op.dest.kind == Kind::Dsd;
      if (o.kind == Kind::Dsd) args.push_back(again ? args.front() : descriptorValue(width));
    };
    argument(op.dest, dsdDestType(op.op), info.dest_width, true);
    argument(op.src0, dsdScalarType(op.op, 0), info.src0_width, false);
    argument(op.src1, dsdScalarType(op.op, 1), info.src1_width, false);
    if (info.has_scalar) args.push_back(value(dsdScalarType(op.op, 2)));
    for (bool present : {op.has_index, op.has_activate, op.has_unblock, op.hasControlId()})
      if (present) args.push_back(value(Type::I16));
    const Operand done = b_.dsdOp(op, args);
    if (chance(2)) b_.emitTo(variable(Type::Bool), Op::Copy, Type::Bool, done);
  }

  void device() {
    auto call = static_cast<DeviceCall>(pick(deviceCallCount()));
    // It would end most programs early.
    if (call == DeviceCall::AssertFailed && !chance(8)) call = DeviceCall::TscRead;
    std::vector<Operand> args;
    for (Type t : deviceArgs(call)) args.push_back(value(t));
    const Operand result = b_.device(call, args);
    if (result.kind() == Operand::Kind::Local && !chance(3)) locals_.push_back(result.index());
  }

  void call() {
    const auto count = static_cast<uint32_t>(params_.size());
    if (loops_ > 1) return;
    if (has_recursion_ && current_ != recursion_.value && chance(3)) {
      const Operand n = b_.emit(Op::And, Type::I16, value(Type::I16), b_.constant(7));
      locals_.push_back(b_.call(recursion_, {n, value(Type::I16)}).index());
      return;
    }
    if (current_ + 1 >= count) return;
    const uint32_t callee = current_ + 1 + pick(count - current_ - 1);
    std::vector<Operand> args;
    for (Type t : params_[callee]) args.push_back(value(t));
    const Type result = p_.functions[callee].result;
    Operand got;
    if (chance(3)) {
      // Rarely a number that is no function.
      const uint64_t number = chance(20) ? count + 1 + pick(1000) : callee;
      got = b_.callIndirect(b_.constant(number), result, args);
    } else {
      got = b_.call(FunctionId(callee), args);
    }
    if (result != Type::Void && !chance(4)) locals_.push_back(got.index());
  }

  // ---- control flow ----

  // Locals first written on one path only are as good as any: unwritten ones are zero.
  void choice(int depth) {
    const Operand c = condition();
    const uint32_t yes = b_.newBlock(), no = b_.newBlock(), after = b_.newBlock();
    b_.branch(c, yes, no);
    b_.setBlock(yes);
    statements(depth - 1);
    b_.jump(after);
    b_.setBlock(no);
    if (!chance(3)) statements(depth - 1);
    b_.jump(after);
    b_.setBlock(after);
  }

  void loop(int depth) {
    if (loops_ >= 2) return;
    ++loops_;
    const uint32_t counter = b_.addLocal(Type::I16, "i");
    const uint32_t head = b_.newBlock(), body = b_.newBlock(), next = b_.newBlock(), after = b_.newBlock();
    b_.emitTo(counter, Op::Copy, Type::I16, b_.constant(0));
    b_.jump(head);
    b_.setBlock(head);
    const bool test_first = chance(2);
    const Operand trips = b_.constant(1 + pick(6));
    auto test = [&] { b_.branch(b_.emit(Op::ULt, Type::I16, Operand::local(counter), trips), body, after); };
    if (test_first)
      test();
    else
      b_.jump(body);
    b_.setBlock(body);
    statements(depth - 1);
    if (chance(3)) {
      const uint32_t on = b_.newBlock();
      b_.branch(condition(), chance(2) ? after : next, on);
      b_.setBlock(on);
      statements(depth - 1);
    }
    b_.jump(next);
    b_.setBlock(next);
    b_.emitTo(counter, Op::Copy, Type::I16, b_.emit(Op::Add, Type::I16, Operand::local(counter), b_.constant(1)));
    if (test_first)
      b_.jump(head);
    else
      test();
    b_.setBlock(after);
    --loops_;
  }

  // A loop that adds multiples of a column that moves to one vector: optimised code runs several turns at once.
  void sums() {
    constexpr DsdOpcode kOps[] = {DsdOpcode::FMacH, DsdOpcode::FMacS, DsdOpcode::FMacHS};
    if (loops_ >= 2) return;
    ++loops_;
    DsdOp op;
    op.op = oneOf(kOps);
    op.dest.kind = op.src0.kind = op.src1.kind = DsdOperand::Kind::Dsd;
    auto unit = [&](uint32_t width) {
      if (chance(8)) return descriptorValue(width);
      const auto base = static_cast<uint16_t>(2 * pick(kDataBytes / 2 - 16));
      return b_.constant(Dsd::make(DsdKind::Mem1d, base, static_cast<uint16_t>(1 + pick(24)), 1).bits);
    };
    const Operand sum = unit(dsdOpInfo(op.op).dest_width);
    const uint32_t counter = b_.addLocal(Type::I16, "i"), column = b_.addLocal(Type::I64, "column");
    const uint32_t head = b_.newBlock(), body = b_.newBlock(), after = b_.newBlock();
    b_.emitTo(counter, Op::Copy, Type::I16, b_.constant(0));
    b_.emitTo(column, Op::Copy, Type::I64, unit(dsdOpInfo(op.op).src1_width));
    const Operand step = b_.constant(static_cast<uint16_t>(2 * static_cast<int>(pick(33)) - 16));
    const Type factor_type = dsdScalarType(op.op, 2);
    b_.jump(head);
    b_.setBlock(head);
    b_.branch(b_.emit(Op::ULt, Type::I16, Operand::local(counter), b_.constant(pick(14))), body, after);
    b_.setBlock(body);
    const Operand at = b_.emit(Op::Shl, Type::I16, Operand::local(counter), b_.constant(2));
    const Operand factor = chance(4) ? value(factor_type) : b_.load(factor_type, at, 2 * pick(kDataBytes / 2 - 32));
    if (chance(3)) arithmetic();
    b_.dsdOp(op, {sum, sum, Operand::local(column), factor});
    if (chance(6)) store();
    b_.emitTo(column, Op::DsdAddBase, Type::I64, Operand::local(column), step);
    b_.emitTo(counter, Op::Add, Type::I16, Operand::local(counter), b_.constant(1));
    b_.jump(head);
    b_.setBlock(after);
    --loops_;
  }

  // A loop that is entered in the middle.
  void twoEntryLoop(int depth) {
    if (loops_ >= 2) return;
    ++loops_;
    const uint32_t counter = b_.addLocal(Type::I16, "j");
    const uint32_t first = b_.newBlock(), second = b_.newBlock(), after = b_.newBlock();
    b_.emitTo(counter, Op::Copy, Type::I16, b_.constant(0));
    b_.branch(condition(), first, second);
    b_.setBlock(first);
    statements(depth - 1);
    b_.jump(second);
    b_.setBlock(second);
    statements(depth - 1);
    b_.emitTo(counter, Op::Add, Type::I16, Operand::local(counter), b_.constant(1));
    b_.branch(b_.emit(Op::ULt, Type::I16, Operand::local(counter), b_.constant(1 + pick(4))), first, after);
    b_.setBlock(after);
    --loops_;
  }

  void rareEnd() {
    const uint32_t end = b_.newBlock(), on = b_.newBlock();
    b_.branch(condition(), end, on);
    b_.setBlock(end);
    if (chance(8))
      b_.unreachable();
    else
      returnSomething();
    b_.setBlock(on);
  }
};

}  // namespace

GeneratedProgram generateProgram(std::span<const uint8_t> bytes) { return Generator(bytes).run(); }

}  // namespace weft::testing
