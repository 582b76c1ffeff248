// Generates structured control flow over a fixed set of locals of every type; loops count to small constants.
// SPDX-License-Identifier: Apache-2.0
#include "tests/support/random_program.h"

#include "frontend/base/check.h"

#include <algorithm>
#include <array>
#include <random>
#include <vector>

namespace weft::testing {

namespace {

using namespace tir;

constexpr uint32_t kMemory = 1024;
constexpr Type kTypes[] = {Type::Bool, Type::I8, Type::I16, Type::I32, Type::I64, Type::F16, Type::F32};

class Generator {
 public:
  Generator(uint64_t seed, target::Fp16Format fp16, int size) : random_(seed), builder_(p_), size_(size) {
    p_.fp16 = fp16;
  }

  Program run() {
    p_.name = "random";
    for (int k = 0; k < 256; ++k) p_.image.push_back(static_cast<uint8_t>(random_()));
    p_.slots = {Type::I16, Type::F32, Type::I64, Type::F16, Type::Bool};
    p_.shapes.push_back({2, {1, 3}, {4, 5}});
    p_.shapes.push_back({3, {2, -1, 5}, {3, 2, 4}});
    p_.dsr_configs.emplace_back();
    p_.strings.emplace_back("text");
    p_.files.emplace_back("random.csl");
    for (uint32_t k = 0; k < 8; ++k) p_.sites.push_back({0, k + 1, 1});
    const size_t count = 2 + below(3);
    for (size_t k = 0; k < count; ++k) {
      Signature s;
      s.result = k == 0 ? Type::I32 : below(4) == 0 ? Type::Void : kTypes[below(std::size(kTypes))];
      if (k == 0)
        s.params = {Type::I16, Type::I32, Type::F32};
      else
        for (uint64_t n = below(4); n > 0; --n) s.params.push_back(kTypes[below(std::size(kTypes))]);
      signatures_.push_back(s);
      builder_.declare("f" + std::to_string(k), FunctionKind::Function, s.result, SiteId(static_cast<uint32_t>(k)));
    }
    for (size_t k = 0; k < count; ++k) fill(static_cast<uint32_t>(k));
    assignFrames(p_, kMemory - 256);
    p_.private_bytes = std::max(kMemory, p_.private_bytes);
    p_.shared.assign(32, 0x5b);
    finalize(p_);
    const std::string problem = verify(p_);
    WEFT_CHECK(problem.empty(), "random program: {}", problem);
    return std::move(p_);
  }

 private:
  struct Signature {
    Type result;
    std::vector<Type> params;
  };

  Program p_;
  std::mt19937_64 random_;
  Builder builder_;
  int size_;
  int left_ = 0;
  int loops_ = 0;
  uint32_t current_ = 0;
  std::vector<Signature> signatures_;
  std::array<std::vector<uint32_t>, 8> pool_;
  std::vector<uint32_t> dsds_;

  uint64_t below(uint64_t n) { return random_() % n; }

  uint64_t bits(Type t) {
    const uint32_t width = t == Type::Bool ? 1 : sizeOf(t) * 8;
    const uint64_t mask = width >= 64 ? ~0ull : (1ull << width) - 1;
    constexpr uint64_t f32s[] = {0x7fc00000, 0xff800001, 0x7f800000, 0x80000000, 1, 0x3f800000, 0x477fe000, 0xcf000001};
    constexpr uint64_t f16s[] = {0x7e00, 0xfc01, 0x7c00, 0x8000, 1, 0x3c00, 0x7bff, 0x3f80, 0x7f80};
    uint64_t v = random_();
    if (t == Type::F32 && v % 2 == 0)
      v = f32s[(v >> 8) % std::size(f32s)];
    else if (t == Type::F32)
      v = 0x3e000000u + (v & 0x8fffffffu);
    else if (t == Type::F16 && v % 2 == 0)
      v = f16s[(v >> 8) % std::size(f16s)];
    else if (v % 3 == 0)
      v = (v >> 8) % 20;
    else if (v % 7 == 0)
      v = mask - (v >> 8) % 3;
    else if (v % 11 == 0)
      v = mask >> 1;
    return v & mask;
  }

  Operand value(Type t) {
    const auto& pool = pool_[static_cast<size_t>(t)];
    if (below(5) == 0) {
      for (uint32_t k = 0; k < p_.slots.size(); ++k)
        if (p_.slots[k] == t && below(2) == 0) return Operand::slot(k);
    }
    if (pool.empty() || below(3) == 0) return builder_.constant(bits(t));
    return Operand::local(pool[below(pool.size())]);
  }
  uint32_t target(Type t) { return pool_[static_cast<size_t>(t)][below(pool_[static_cast<size_t>(t)].size())]; }
  Type integer() { return kTypes[1 + below(4)]; }
  Type floating() { return below(2) == 0 ? Type::F16 : Type::F32; }

  uint64_t descriptor() {
    const auto base = static_cast<uint16_t>(256 + below(300));
    const auto length = static_cast<uint16_t>(below(8) == 0 ? 0 : below(40));
    const uint64_t kind = below(10);
    if (kind == 0) return Dsd::make(DsdKind::Mem4d, base, 12, static_cast<int16_t>(below(2))).bits;
    if (kind == 1) return Dsd::make(DsdKind::Circbuf, base, length, static_cast<int16_t>(1 + below(9))).bits;
    if (kind == 2) return Dsd::make(DsdKind::FabIn, 3, length, 0).bits;
    const int16_t stride = below(2) == 0 ? int16_t{1} : static_cast<int16_t>(static_cast<int>(below(7)) - 3);
    return Dsd::make(DsdKind::Mem1d, below(20) == 0 ? static_cast<uint16_t>(random_()) : base, length, stride).bits;
  }
  Operand dsd() { return below(2) == 0 ? Operand::local(dsds_[below(dsds_.size())]) : builder_.constant(descriptor()); }
  // Mostly inside the memory, and away from the image.
  Operand address() {
    if (below(4) == 0) return value(Type::I16);
    if (below(2) == 0) return builder_.constant(below(kMemory - 300));
    const Operand low = builder_.emit(Op::And, Type::I16, value(Type::I16), builder_.constant(0x1ff));
    return low;
  }

  void fill(uint32_t index) {
    current_ = index;
    builder_.open(FunctionId(index));
    for (auto& pool : pool_) pool.clear();
    dsds_.clear();
    for (const Type t : signatures_[index].params) pool_[static_cast<size_t>(t)].push_back(builder_.addParam(t, ""));
    for (const Type t : kTypes) {
      for (int k = 0; k < 2; ++k) {
        const uint32_t local = builder_.addLocal(t, "v");
        builder_.emitTo(local, Op::Copy, t, builder_.constant(bits(t)));
        pool_[static_cast<size_t>(t)].push_back(local);
      }
    }
    for (int k = 0; k < 2; ++k) {
      const uint32_t local = builder_.addLocal(Type::I64, "d");
      builder_.emitTo(local, Op::Copy, Type::I64, builder_.constant(descriptor()));
      dsds_.push_back(local);
    }
    left_ = size_ / static_cast<int>(signatures_.size()) + 4;
    loops_ = 0;
    statements(3);
    // What was computed reaches memory or the result.
    for (const Type t : kTypes) builder_.store(t, builder_.constant(700 + 8 * static_cast<uint64_t>(t)), value(t));
    if (signatures_[index].result == Type::Void)
      builder_.ret();
    else
      builder_.ret(value(signatures_[index].result));
    builder_.close();
  }

  void statements(int depth) {
    for (uint64_t n = 3 + below(8); n > 0 && left_ > 0; --n) {
      --left_;
      builder_.setSite(SiteId(static_cast<uint32_t>(below(p_.sites.size()))));
      statement(depth);
    }
  }

  void statement(int depth) {
    switch (below(20)) {
      case 0:
      case 1:
      case 2: return integerOp();
      case 3:
      case 4: return floatOp();
      case 5: return comparison();
      case 6: return conversion();
      case 7: {
        const Type t = kTypes[below(std::size(kTypes))];
        builder_.emitTo(target(t), Op::Load, t, address(), {}, {}, static_cast<uint32_t>(below(4)));
        return;
      }
      case 8: {
        const Type t = kTypes[below(std::size(kTypes))];
        builder_.store(t, address(), value(t), static_cast<uint16_t>(below(4)));
        return;
      }
      case 9: return call();
      case 10: return device();
      case 11:
      case 12: return descriptorOp();
      case 13:
      case 14: return vectorOp();
      case 15:
      case 16:
        if (depth > 0) return branch(depth);
        return integerOp();
      case 17:
      case 18:
        if (depth > 0 && loops_ < 2) return loop(depth);
        return floatOp();
      default:
        if (below(2) == 0)
          builder_.emit(Op::MemZero, Type::Void, address(), {}, {}, static_cast<uint32_t>(below(12)));
        else
          builder_.emit(Op::MemCopy, Type::Void, address(), address(), {}, static_cast<uint32_t>(below(24)));
    }
  }

  void integerOp() {
    constexpr Op binary[] = {Op::Add, Op::Sub, Op::Mul, Op::SDiv, Op::UDiv, Op::SRem, Op::URem,
                             Op::And, Op::Or,  Op::Xor, Op::Shl,  Op::LShr, Op::AShr};
    constexpr Op unary[] = {Op::Neg, Op::Not, Op::Clz, Op::Ctz, Op::PopCnt, Op::Copy};
    const Type t = integer();
    if (below(3) == 0)
      builder_.emitTo(target(t), unary[below(std::size(unary))], t, value(t));
    else
      builder_.emitTo(target(t), binary[below(std::size(binary))], t, value(t), value(t));
  }
  void floatOp() {
    constexpr Op binary[] = {Op::FAdd, Op::FSub, Op::FMul, Op::FDiv};
    constexpr Op unary[] = {Op::FNeg, Op::FAbs, Op::FSqrt, Op::FFloor, Op::FCeil};
    const Type t = floating();
    const uint64_t kind = below(4);
    if (kind == 0)
      builder_.emitTo(target(t), unary[below(std::size(unary))], t, value(t));
    else if (kind == 1)
      builder_.emitTo(target(t), Op::FFma, t, value(t), value(t), value(t));
    else
      builder_.emitTo(target(t), binary[below(std::size(binary))], t, value(t), value(t));
  }
  void comparison() {
    constexpr Op ints[] = {Op::Eq, Op::Ne, Op::SLt, Op::SLe, Op::ULt, Op::ULe};
    constexpr Op floats[] = {Op::FEq, Op::FNe, Op::FLt, Op::FLe};
    const Type t = below(2) == 0 ? integer() : floating();
    const bool is_float = t == Type::F16 || t == Type::F32;
    const Op op = is_float ? floats[below(std::size(floats))] : ints[below(std::size(ints))];
    builder_.emitTo(target(Type::Bool), op, t, value(t), value(t));
  }
  void conversion() {
    const Type i = integer();
    const Type f = floating();
    switch (below(9)) {
      case 0: builder_.emitTo(target(f), below(2) == 0 ? Op::SIToFP : Op::UIToFP, f, value(i), {}, {}, 0, i); return;
      case 1: builder_.emitTo(target(i), below(2) == 0 ? Op::FPToSI : Op::FPToUI, i, value(f), {}, {}, 0, f); return;
      case 2: builder_.emitTo(target(Type::F32), Op::FPExt, Type::F32, value(Type::F16), {}, {}, 0, Type::F16); return;
      case 3:
        builder_.emitTo(target(Type::F16), Op::FPTrunc, Type::F16, value(Type::F32), {}, {}, 0, Type::F32);
        return;
      case 4:
        builder_.emitTo(target(Type::I32), Op::Bitcast, Type::I32, value(Type::F32), {}, {}, 0, Type::F32);
        return;
      case 5:
        builder_.emitTo(target(Type::F16), Op::Bitcast, Type::F16, value(Type::I16), {}, {}, 0, Type::I16);
        return;
      case 6:
        builder_.emitTo(target(Type::I64), below(2) == 0 ? Op::SExt : Op::ZExt, Type::I64, value(Type::I16), {}, {}, 0,
                        Type::I16);
        return;
      case 7: builder_.emitTo(target(Type::I8), Op::Trunc, Type::I8, value(Type::I32), {}, {}, 0, Type::I32); return;
      default:
        if (below(2) == 0)
          builder_.emitTo(target(i), Op::FromBool, i, value(Type::Bool), {}, {}, 0, Type::Bool);
        else
          builder_.emitTo(target(Type::Bool), Op::ToBool, Type::Bool, value(f), {}, {}, 0, f);
    }
  }

  void call() {
    // Only later functions, so that calls end; the first indirect candidate may be any number.
    if (current_ + 1 >= signatures_.size()) return integerOp();
    const auto callee = static_cast<uint32_t>(current_ + 1 + below(signatures_.size() - current_ - 1));
    const Signature& s = signatures_[callee];
    std::vector<Operand> args;
    for (const Type t : s.params) args.push_back(value(t));
    Operand r;
    if (below(4) == 0)
      r = builder_.callIndirect(builder_.constant(callee), s.result, args);
    else
      r = builder_.call(FunctionId(callee), args);
    if (s.result != Type::Void) builder_.emitTo(target(s.result), Op::Copy, s.result, r);
  }
  void device() {
    constexpr DeviceCall calls[] = {DeviceCall::Activate,   DeviceCall::TscRead, DeviceCall::Random16,
                                    DeviceCall::CoordX,     DeviceCall::GetDsr,  DeviceCall::SetTaskPriority,
                                    DeviceCall::FabricRead, DeviceCall::PerfRead};
    const DeviceCall c = calls[below(std::size(calls))];
    std::vector<Operand> args;
    for (const Type t : deviceArgs(c)) args.push_back(value(t));
    const Operand r = builder_.device(c, args);
    const Type t = deviceResult(c);
    if (t != Type::Void) builder_.emitTo(target(t), Op::Copy, t, r);
  }
  void descriptorOp() {
    const uint32_t d = dsds_[below(dsds_.size())];
    const Operand small = below(2) == 0 ? builder_.constant(below(40)) : value(Type::I16);
    switch (below(7)) {
      case 0: builder_.emitTo(d, Op::DsdSetBase, Type::I64, dsd(), builder_.constant(256 + below(300))); return;
      case 1: builder_.emitTo(d, Op::DsdAddBase, Type::I64, Operand::local(d), builder_.constant(below(16))); return;
      case 2: builder_.emitTo(d, Op::DsdSetLength, Type::I64, dsd(), builder_.constant(below(40))); return;
      case 3:
        builder_.emitTo(d, Op::DsdSetStride, Type::I64, dsd(), builder_.constant(static_cast<uint16_t>(below(5) - 2)));
        return;
      case 4: builder_.emitTo(target(Type::I16), Op::DsdLength, Type::I16, dsd()); return;
      case 5:
        builder_.emitTo(target(Type::I16), Op::DsdElement, Type::I16, dsd(), small, {}, below(2) == 0 ? 2 : 4);
        return;
      default: builder_.emitTo(d, Op::DsdSetColor, Type::I64, dsd(), small); return;
    }
  }
  void vectorOp() {
    DsdOp op;
    op.op = static_cast<DsdOpcode>(below(static_cast<uint64_t>(kDsdOpcodeCount - 1)));
    const DsdOpInfo& info = dsdOpInfo(op.op);
    using Kind = DsdOperand::Kind;
    op.dest.kind = below(4) == 0 ? Kind::Pointer : Kind::Dsd;
    if (info.sources == 2) op.src0.kind = below(3) == 0 ? Kind::Scalar : Kind::Dsd;
    op.src1.kind = below(4) == 0 ? Kind::Scalar : Kind::Dsd;
    if (below(12) == 0) op.src1 = {Kind::Dsr, {DsrFile::Src1, 2}, 0};
    op.async = below(16) == 0;
    std::vector<Operand> args;
    auto add = [&](const DsdOperand& o, Type scalar) {
      if (o.kind == Kind::Dsd) args.push_back(dsd());
      if (o.kind == Kind::Scalar) args.push_back(value(scalar));
      if (o.kind == Kind::Pointer) args.push_back(builder_.constant(256 + below(100)));
    };
    add(op.dest, dsdDestType(op.op));
    add(op.src0, dsdScalarType(op.op, 0));
    add(op.src1, dsdScalarType(op.op, 1));
    if (info.has_scalar) args.push_back(value(dsdScalarType(op.op, 2)));
    const Operand ok = builder_.dsdOp(op, args);
    if (below(2) == 0) builder_.emitTo(target(Type::Bool), Op::Copy, Type::Bool, ok);
  }

  void branch(int depth) {
    const uint32_t yes = builder_.newBlock(), no = builder_.newBlock(), next = builder_.newBlock();
    builder_.branch(value(Type::Bool), yes, no);
    builder_.setBlock(yes);
    statements(depth - 1);
    builder_.jump(next);
    builder_.setBlock(no);
    if (below(30) == 0) {
      builder_.unreachable();
    } else {
      if (below(2) == 0) statements(depth - 1);
      builder_.jump(next);
    }
    builder_.setBlock(next);
  }
  void loop(int depth) {
    ++loops_;
    const uint32_t counter = builder_.addLocal(Type::I16, "n");
    const uint32_t head = builder_.newBlock(), body = builder_.newBlock(), next = builder_.newBlock();
    builder_.emitTo(counter, Op::Copy, Type::I16, builder_.constant(0));
    builder_.jump(head);
    builder_.setBlock(head);
    builder_.branch(builder_.emit(Op::ULt, Type::I16, Operand::local(counter), builder_.constant(1 + below(5))), body,
                    next);
    builder_.setBlock(body);
    statements(depth - 1);
    builder_.emitTo(counter, Op::Add, Type::I16, Operand::local(counter), builder_.constant(1));
    builder_.jump(head);
    builder_.setBlock(next);
    --loops_;
  }
};

}  // namespace

tir::Program randomProgram(uint64_t seed, target::Fp16Format fp16, int size) {
  return Generator(seed, fp16, size).run();
}

}  // namespace weft::testing
