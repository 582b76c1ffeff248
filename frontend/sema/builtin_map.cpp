// @map: a callback applied along descriptors, lowered as an ordinary loop (csl-dsd-and-libraries.md 5.8).
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/device_support.h"

namespace weft::sema {

using diag::Code;
using tir::Op;
using tir::Type;
using types::Kind;

std::optional<tir::DsrRef> dsrOf(Sema& s, const Operand& v, Span span);

namespace {

// One input or the output of the loop.
struct Stream {
  enum class Kind : uint8_t { Fixed, Linear, Memory, Fabric, Register, Pointer };
  Kind kind = Kind::Fixed;
  TypeId element;
  Operand fixed;
  Span span;
  // Descriptor value (I64).
  tir::Operand dsd;
  // Linear: local with the address of the next element, and the step in bytes.
  uint32_t cursor = 0;
  tir::Operand step;
  tir::DsrRef dsr;
  // Register: local with the number of elements taken.
  uint32_t taken = 0;
  // The descriptor if it is known.
  std::optional<comptime::DsdValue> known;
};

class MapMaker {
 public:
  MapMaker(Sema& s, const ast::BuiltinCall& call) : s_(s), b_(s.builder()), call_(call) {}

  Operand make() {
    OperandList args;
    if (!s_.evalArgs(call_, args)) return Operand::poison();
    const auto fn = s_.declOfFunction(args[0]);
    if (!fn || s_.pool.is(args[0].type, Kind::Task)) {
      s_.error(Code::E0345, call_.args[0]->span, "expected comptime-known function value").emit();
      return Operand::poison();
    }
    if (!s_.evalSignature(*fn, call_.args[0]->span)) return Operand::poison();
    if (!requireRuntime(s_, call_)) return Operand::poison();
    const std::vector<TypeId> params = s_.decl(*fn).param_types;
    const TypeId result = s_.decl(*fn).result;
    const bool has_output = result != types::kVoid;
    if (args.size() != 1 + params.size() + (has_output ? 1 : 0)) {
      s_.error(Code::E0345, call_.span,
               "callback with {} parameters{} needs {} arguments of `@map` behind it, {} provided", params.size(),
               has_output ? " and a result" : "", params.size() + (has_output ? 1 : 0), args.size() - 1)
          .emit();
      return Operand::poison();
    }
    s_.setSite(call_.span);
    std::vector<Stream> inputs(params.size());
    for (size_t i = 0; i < params.size(); ++i) {
      if (!input(inputs[i], args[i + 1], call_.args[i + 1]->span, params[i])) return Operand::poison();
    }
    Stream out;
    if (has_output && !output(out, args.back(), call_.args.back()->span, result)) return Operand::poison();
    if (!any_stream_) {
      s_.error(Code::E0345, call_.span, "`@map` needs at least one DSD or DSR").emit();
      return Operand::poison();
    }
    for (Stream& st : inputs) open(st);
    if (has_output) open(out);
    return loop(*fn, inputs, has_output ? &out : nullptr);
  }

 private:
  bool bad(Span span, TypeId got, const char* what) {
    s_.error(Code::E0345, span, "'{}' cannot be {} of `@map`", s_.typeName(got), what).emit();
    return false;
  }

  bool stream(Stream& st, const Operand& v, Span span, TypeId element) {
    st.element = element;
    st.span = span;
    any_stream_ = true;
    if (!s_.pool.isScalar(element) || (s_.pool.size(element) != 2 && s_.pool.size(element) != 4)) {
      s_.error(Code::E0345, span, "elements of `@map` must be 16- or 32-bit scalars, got: '{}'", s_.typeName(element))
          .emit();
      return false;
    }
    if (s_.pool.is(v.type, Kind::Dsr)) {
      const auto dsr = dsrOf(s_, v, span);
      if (!dsr) return false;
      st.kind = Stream::Kind::Register;
      st.dsr = *dsr;
      return true;
    }
    if (v.isComptime()) st.known = v.value.asDsd();
    st.dsd = s_.lower(v, span);
    switch (s_.pool.dsdType(v.type)) {
      case types::DsdType::Mem1d: st.kind = Stream::Kind::Linear; return true;
      case types::DsdType::Mem4d:
      case types::DsdType::Circbuf: st.kind = Stream::Kind::Memory; return true;
      case types::DsdType::FabIn:
      case types::DsdType::FabOut: st.kind = Stream::Kind::Fabric; return true;
      case types::DsdType::Fifo:
      case types::DsdType::None: break;
    }
    return bad(span, v.type, "an operand");
  }

  bool input(Stream& st, const Operand& v, Span span, TypeId param) {
    if (v.stops()) return false;
    if (s_.pool.is(v.type, Kind::Dsd) && !s_.pool.is(param, Kind::Dsd)) {
      if (v.type == types::kFabOutDsd || v.type == types::kFifo) return bad(span, v.type, "an input");
      return stream(st, v, span, param);
    }
    if (s_.pool.is(v.type, Kind::Dsr) && !s_.pool.is(param, Kind::Dsr)) return stream(st, v, span, param);
    st.fixed = s_.coerce(v, param, span);
    st.element = param;
    st.span = span;
    return !st.fixed.stops();
  }

  bool output(Stream& st, const Operand& v, Span span, TypeId result) {
    if (v.stops()) return false;
    if (s_.pool.is(v.type, Kind::Pointer)) {
      const types::PointerInfo p = s_.pool.pointerInfo(v.type);
      if (p.is_const || s_.pool.size(p.element) < s_.pool.size(result)) return bad(span, v.type, "the output");
      st.kind = Stream::Kind::Pointer;
      st.element = result;
      st.dsd = s_.lower(v, span);
      return true;
    }
    const bool vector = s_.pool.is(v.type, Kind::Dsd) || s_.pool.is(v.type, Kind::Dsr);
    if (!vector || v.type == types::kFabInDsd || v.type == types::kFifo) return bad(span, v.type, "the output");
    return stream(st, v, span, result);
  }

  // Before the loop: read registers, prepare cursors.
  void open(Stream& st) {
    if (st.kind == Stream::Kind::Register) {
      // A register may hold any kind: the device moves its elements.
      st.dsd = b_.device(tir::DeviceCall::GetDsr, {number(st)});
    }
    if (st.kind != Stream::Kind::Linear) return;
    st.cursor = b_.addLocal(Type::I16);
    if (st.known) {
      const bool global = st.known->global != comptime::kNoGlobal;
      const comptime::PointerTarget at{
          global ? comptime::PointerTarget::Kind::Global : comptime::PointerTarget::Kind::Raw,
          global ? static_cast<uint32_t>(st.known->global) : 0, st.known->dsd.base()};
      const Operand address = Operand::comptime(Value::pointer(s_.pool.pointer(types::kU16, false, true), at));
      b_.emitTo(st.cursor, Op::Copy, Type::I16, s_.lower(address, st.span));
      st.step = b_.constant(static_cast<uint64_t>(st.known->dsd.stride() * static_cast<int>(s_.pool.size(st.element))),
                            Type::I16);
      return;
    }
    b_.emitTo(st.cursor, Op::Trunc, Type::I16, st.dsd, {}, {}, 0, Type::I64);
    const tir::Operand high = b_.emit(Op::LShr, Type::I64, st.dsd, b_.constant(32, Type::I64));
    const tir::Operand stride = b_.emit(Op::Trunc, Type::I16, high, {}, {}, 0, Type::I64);
    st.step = b_.emit(Op::Mul, Type::I16, stride, b_.constant(s_.pool.size(st.element), Type::I16));
  }

  tir::Operand number(const Stream& st) { return b_.constant(st.dsr.encode(), Type::I16); }

  // One element of a register for FabricRead and FabricWrite: a descriptor of kind None with the register's number as
  // base and the element as length. With kAdvanceSwitch: behind so many elements, if the register saves addresses.
  tir::Operand registerElement(const Stream& st, tir::Operand i) {
    return b_.emit(tir::Op::DsdSetLength, Type::I64, b_.constant(st.dsr.encode(), Type::I64), i);
  }

  // Whether its length counts. An endless fabric descriptor leaves the end to the others.
  static bool counted(const Stream& st) {
    if (st.kind == Stream::Kind::Fabric && st.known && tir::isUnbounded(st.known->dsd.length())) return false;
    return st.kind != Stream::Kind::Fixed && st.kind != Stream::Kind::Pointer;
  }

  // Number of rounds: the shortest operand governs. None if all are endless.
  std::optional<tir::Operand> rounds(const std::vector<Stream>& inputs, const Stream* out) {
    std::optional<uint16_t> known;
    std::optional<tir::Operand> n;
    const auto take = [&](const Stream& st) {
      if (!counted(st)) return;
      if (st.known) {
        const uint16_t length = st.known->dsd.length();
        known = known ? std::min(*known, length) : length;
        return;
      }
      minimum(n, b_.emit(Op::DsdLength, Type::I16, st.dsd));
    };
    for (const Stream& st : inputs) take(st);
    if (out != nullptr) take(*out);
    if (known) minimum(n, b_.constant(*known, Type::I16));
    return n;
  }
  void minimum(std::optional<tir::Operand>& n, tir::Operand v) {
    if (!n) {
      n = v;
      return;
    }
    const uint32_t local = b_.addLocal(Type::I16);
    b_.emitTo(local, Op::Copy, Type::I16, *n);
    const uint32_t less = b_.newBlock();
    const uint32_t join = b_.newBlock();
    b_.branch(b_.emit(Op::ULt, Type::I16, v, *n), less, join);
    b_.setBlock(less);
    b_.emitTo(local, Op::Copy, Type::I16, v);
    b_.jump(join);
    b_.setBlock(join);
    n = tir::Operand::local(local);
  }

  tir::Operand element(const Stream& st, tir::Operand i) {
    if (st.kind == Stream::Kind::Linear) return tir::Operand::local(st.cursor);
    return b_.emit(Op::DsdElement, Type::I16, st.dsd, i, {}, s_.pool.size(st.element));
  }

  tir::Operand read(const Stream& st, tir::Operand i) {
    const Type t = s_.lowerType(st.element);
    const bool by_register = st.kind == Stream::Kind::Register;
    if (st.kind != Stream::Kind::Fabric && !by_register) return b_.load(t, element(st, i));
    const uint32_t bytes = s_.pool.size(st.element);
    const tir::Operand width = b_.constant(bytes, Type::I16);
    tir::Operand word = b_.device(tir::DeviceCall::FabricRead, {by_register ? registerElement(st, i) : st.dsd, width});
    if (bytes == 2) word = b_.emit(Op::Trunc, Type::I16, word, {}, {}, 0, Type::I32);
    const Type raw = bytes == 2 ? Type::I16 : Type::I32;
    return t == raw ? word : b_.emit(Op::Bitcast, t, word, {}, {}, 0, raw);
  }

  void write(const Stream& st, tir::Operand i, tir::Operand v) {
    const Type t = s_.lowerType(st.element);
    const uint32_t bytes = s_.pool.size(st.element);
    if (st.kind == Stream::Kind::Pointer) {
      b_.store(t, st.dsd, v);
      return;
    }
    const bool by_register = st.kind == Stream::Kind::Register;
    if (st.kind != Stream::Kind::Fabric && !by_register) {
      b_.store(t, element(st, i), v);
      return;
    }
    const Type raw = bytes == 2 ? Type::I16 : Type::I32;
    if (t != raw) v = b_.emit(Op::Bitcast, raw, v, {}, {}, 0, t);
    if (bytes == 2) v = b_.emit(Op::ZExt, Type::I32, v, {}, {}, 0, Type::I16);
    const tir::Operand width = b_.constant(bytes, Type::I16);
    b_.device(tir::DeviceCall::FabricWrite, {by_register ? registerElement(st, i) : st.dsd, width, v});
  }

  void advance(const Stream& st) {
    if (st.kind == Stream::Kind::Linear) {
      b_.emitTo(st.cursor, Op::Add, Type::I16, tir::Operand::local(st.cursor), st.step);
    }
  }

  // A register loaded with save_address stands behind the last element afterwards.
  void close(const Stream& st) {
    if (st.kind != Stream::Kind::Register || !s_.device.dsr_saves[st.dsr.encode()]) return;
    const tir::Operand end = b_.emit(Op::Or, Type::I64, registerElement(st, tir::Operand::local(st.taken)),
                                     b_.constant(tir::Dsd::kAdvanceSwitch, Type::I64));
    b_.device(tir::DeviceCall::FabricRead, {end, b_.constant(s_.pool.size(st.element), Type::I16)});
  }

  std::optional<tir::Operand> lengthOf(const Stream& st) {
    if (!counted(st)) return std::nullopt;
    if (st.known) return b_.constant(st.known->dsd.length(), Type::I16);
    return b_.emit(Op::DsdLength, Type::I16, st.dsd);
  }

  // All operands that count have one known length: no round can end in the middle.
  static bool even(const std::vector<Stream>& inputs, const Stream* out) {
    std::optional<uint16_t> length;
    size_t streams = 0;
    bool same = true;
    const auto look = [&](const Stream& st) {
      if (st.kind == Stream::Kind::Fixed || st.kind == Stream::Kind::Pointer) return;
      ++streams;
      if (!st.known || (length && *length != st.known->dsd.length())) same = false;
      if (st.known) length = st.known->dsd.length();
    };
    for (const Stream& st : inputs) look(st);
    // Without an input the output alone governs.
    if (streams == 0) return true;
    if (out != nullptr) look(*out);
    return streams < 2 || same;
  }

  Operand call(DeclId fn, std::vector<Stream>& inputs, const std::vector<tir::Operand>& values) {
    OperandList args;
    std::vector<Span> spans;
    for (size_t k = 0; k < inputs.size(); ++k) {
      const Stream& st = inputs[k];
      args.push_back(st.kind == Stream::Kind::Fixed ? st.fixed : Operand::runtime(st.element, values[k]));
      spans.push_back(st.span);
    }
    s_.enterRuntimeControl(1);
    const Operand r = s_.callDecl(fn, args, spans, call_.span);
    s_.enterRuntimeControl(-1);
    s_.setSite(call_.span);
    return r;
  }

  // The round that finds some operand exhausted: the inputs before it have given an element, which is lost; if it is
  // the output, the callback has run and its result is lost. An operand of length 0 means that nothing happens at all.
  bool lastRound(DeclId fn, std::vector<Stream>& inputs, Stream* out, tir::Operand n) {
    const uint32_t end = b_.newBlock();
    const auto goOnIf = [&](tir::Op op, tir::Operand a, tir::Operand c) {
      const uint32_t on = b_.newBlock();
      b_.branch(b_.emit(op, Type::I16, a, c), on, end);
      b_.setBlock(on);
    };
    goOnIf(Op::Ne, n, b_.constant(0, Type::I16));
    std::vector<tir::Operand> values(inputs.size());
    for (size_t k = 0; k < inputs.size(); ++k) {
      Stream& st = inputs[k];
      if (st.kind == Stream::Kind::Fixed) continue;
      if (const auto length = lengthOf(st)) goOnIf(Op::Ne, *length, n);
      values[k] = read(st, n);
      if (st.kind == Stream::Kind::Register) b_.emitTo(st.taken, Op::Add, Type::I16, n, b_.constant(1, Type::I16));
    }
    if (out != nullptr && out->kind != Stream::Kind::Pointer && call(fn, inputs, values).isPoison()) return false;
    if (!b_.terminated()) b_.jump(end);
    b_.setBlock(end);
    return true;
  }

  Operand loop(DeclId fn, std::vector<Stream>& inputs, Stream* out) {
    const std::optional<tir::Operand> n = rounds(inputs, out);
    const uint32_t i = b_.addLocal(Type::I16);
    b_.emitTo(i, Op::Copy, Type::I16, b_.constant(0, Type::I16));
    const uint32_t head = b_.newBlock();
    const uint32_t body = b_.newBlock();
    const uint32_t done = b_.newBlock();
    b_.jump(head);
    b_.setBlock(head);
    if (n) {
      b_.branch(b_.emit(Op::ULt, Type::I16, tir::Operand::local(i), *n), body, done);
    } else {
      b_.jump(body);
    }
    b_.setBlock(body);
    std::vector<tir::Operand> values(inputs.size());
    for (size_t k = 0; k < inputs.size(); ++k) {
      if (inputs[k].kind != Stream::Kind::Fixed) values[k] = read(inputs[k], tir::Operand::local(i));
    }
    const Operand r = call(fn, inputs, values);
    if (r.isPoison()) return r;
    if (!b_.terminated()) {
      if (out != nullptr) write(*out, tir::Operand::local(i), s_.lower(r, call_.span));
      for (const Stream& st : inputs) advance(st);
      if (out != nullptr) advance(*out);
      b_.emitTo(i, Op::Add, Type::I16, tir::Operand::local(i), b_.constant(1, Type::I16));
      b_.jump(head);
    }
    b_.setBlock(done);
    if (!n) return voidOperand();
    const auto eachRegister = [&](const auto& visit) {
      for (Stream& st : inputs) {
        if (st.kind == Stream::Kind::Register) visit(st);
      }
      if (out != nullptr && out->kind == Stream::Kind::Register) visit(*out);
    };
    eachRegister([&](Stream& st) {
      st.taken = b_.addLocal(Type::I16);
      b_.emitTo(st.taken, Op::Copy, Type::I16, *n);
    });
    if (!even(inputs, out) && !lastRound(fn, inputs, out, *n)) return Operand::poison();
    eachRegister([&](const Stream& st) { close(st); });
    return voidOperand();
  }

  Sema& s_;
  tir::Builder& b_;
  const ast::BuiltinCall& call_;
  bool any_stream_ = false;
};

}  // namespace

Operand Sema::builtinMap(const ast::BuiltinCall& call, TypeId) { return MapMaker(*this, call).make(); }

}  // namespace weft::sema
