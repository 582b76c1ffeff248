// Descriptors: @get_dsd of every kind, @set_dsd_*, @increment_dsd_offset, @allocate_fifo.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/device_support.h"

#include <algorithm>

namespace weft::sema {

std::optional<tir::DsrRef> dsrOf(Sema& s, const Operand& v, Span span);

using comptime::DsdValue;
using comptime::Int128;
using diag::Code;
using tir::Dsd;
using tir::DsdKind;
using types::Kind;

void noFixedAddress(Sema& s, Span span) {
  s.error(Code::E0343, span, "expression does not yield the address of a variable or a comptime-known pointer")
      .note("a descriptor holds an address that is fixed when the program is linked; locals have none")
      .help("declare the array outside of functions, or set the address at run time with @set_dsd_base_addr")
      .emit();
}

namespace {

// Size of the elements a base pointer counts in.
uint32_t elementBytes(const types::Pool& pool, TypeId pointer) {
  if (!pool.is(pointer, Kind::Pointer)) return 1;
  TypeId e = pool.pointerInfo(pointer).element;
  if (pool.is(e, Kind::Array)) e = pool.arrayInfo(e).element;
  return std::max(1u, pool.size(e));
}

// A base address: a pointer, or an array that stands for its address.
Operand baseOperand(Sema& s, Operand v, Span span) {
  if (v.stops()) return v;
  if (s.pool.is(v.type, Kind::Pointer)) return v;
  if (v.kind == Operand::Kind::Memory && s.pool.is(v.type, Kind::Array)) {
    const TypeId type = s.pool.pointer(v.type, false, false);
    if (v.address.kind == Address::Kind::Object) {
      return Operand::comptime(
          Value::pointer(type, {comptime::PointerTarget::Kind::Global, v.address.object.value, v.address.offset}));
    }
    return Operand::runtime(type, s.addressValue(v.address));
  }
  noFixedAddress(s, span);
  return Operand::poison();
}

// The base as an expression argument: arrays may be named directly.
Operand baseArgument(Sema& s, const ast::Expr& e) {
  Place p = s.place(e);
  if (p.kind == Place::Kind::Poison) return Operand::poison();
  if (s.pool.is(p.type, Kind::Array) && p.kind == Place::Kind::Memory) return s.addressOf(p, e.span);
  return baseOperand(s, s.load(p, e.span), e.span);
}

// One number, or the one element of a tuple.
std::optional<Operand> scalarOf(Sema& s, const std::optional<Operand>& v) {
  if (!v) return std::nullopt;
  if (s.pool.is(v->type, Kind::Struct) && s.pool.structInfo(v->type).is_tuple && s.partCount(*v) == 1)
    return s.part(*v, 0);
  return v;
}

// Collects a descriptor: what is known goes into `value`, the rest is emitted at the end.
class DsdMaker {
 public:
  DsdMaker(Sema& s, TypeId type, DsdKind kind) : s_(s), type_(type) { value_.dsd = Dsd::make(kind, 0, 0, 1); }

  void flag(uint64_t bit, bool on) {
    if (on) value_.dsd.bits |= bit;
  }
  void choice(uint64_t shift, uint64_t v) { value_.dsd.bits |= v << shift; }
  Dsd& dsd() { return value_.dsd; }

  bool base(const Operand& p, Span span) {
    const Operand b = baseOperand(s_, p, span);
    if (b.stops()) return false;
    element_bytes_ = elementBytes(s_.pool, b.type);
    if (!b.isComptime()) {
      base_ = s_.lower(b, span);
      return true;
    }
    const comptime::PointerTarget t = b.value.asPointer();
    switch (t.kind) {
      case comptime::PointerTarget::Kind::Global:
        value_.global = comptime::GlobalRef{t.id};
        s_.touch(ObjectId{t.id});
        break;
      case comptime::PointerTarget::Kind::Raw: break;
      case comptime::PointerTarget::Kind::Cell: noFixedAddress(s_, span); return false;
    }
    value_.dsd = value_.dsd.withBase(static_cast<uint16_t>(t.offset));
    return true;
  }
  bool offset(const Operand& v, Span span) {
    const Operand n = number(v, types::kI16, span);
    if (n.stops()) return false;
    if (n.isComptime()) {
      const auto bytes = static_cast<int64_t>(s_.knownInt(n.value)) * element_bytes_;
      value_.dsd = value_.dsd.withBase(static_cast<uint16_t>(value_.dsd.base() + bytes));
      return true;
    }
    tir::Builder& b = s_.builder();
    offset_ = s_.lower(n, span);
    if (element_bytes_ > 1)
      offset_ = b.emit(tir::Op::Mul, tir::Type::I16, *offset_, b.constant(element_bytes_, tir::Type::I16));
    return true;
  }
  bool extent(const Operand& v, Span span) {
    const Operand n = number(v, types::kU16, span);
    if (n.stops()) return false;
    if (n.isComptime())
      value_.dsd = value_.dsd.withLength(static_cast<uint16_t>(s_.knownInt(n.value)));
    else
      length_ = s_.lower(n, span);
    return true;
  }
  bool stride(const Operand& v, Span span) {
    // The hardware field has 8 bits; wider comptime strides are honoured all the same.
    const Operand n = number(v, v.isComptime() ? types::kI16 : types::kI8, span);
    if (n.stops()) return false;
    if (n.isComptime()) {
      value_.dsd = value_.dsd.withStride(static_cast<int16_t>(s_.knownInt(n.value)));
    } else {
      tir::Builder& b = s_.builder();
      stride_ = b.emit(tir::Op::SExt, tir::Type::I16, s_.lower(n, span), {}, {}, 0, tir::Type::I8);
    }
    return true;
  }
  void color(tir::Operand c) { color_ = c; }
  /// A queue known at run time only.
  void queue(tir::Operand q) { queue_ = q; }

  Operand finish(Span span) {
    const Operand known = Operand::comptime(Value::descriptor(type_, value_));
    if (!base_ && !offset_ && !length_ && !stride_ && !color_ && !queue_) return known;
    if (!s_.atRuntime()) return s_.notComptime(span, "DSD property");
    s_.setSite(span);
    tir::Builder& b = s_.builder();
    tir::Operand d = s_.lower(known, span);
    const auto apply = [&](tir::Op op, tir::Operand v) { d = b.emit(op, tir::Type::I64, d, v); };
    if (base_) {
      // A known offset was collected in the base field.
      const uint16_t known_offset = value_.dsd.base();
      tir::Operand address = *base_;
      if (known_offset != 0)
        address = b.emit(tir::Op::Add, tir::Type::I16, address, b.constant(known_offset, tir::Type::I16));
      apply(tir::Op::DsdSetBase, address);
    }
    if (offset_) apply(tir::Op::DsdAddBase, *offset_);
    if (length_) apply(tir::Op::DsdSetLength, *length_);
    if (stride_) apply(tir::Op::DsdSetStride, *stride_);
    if (queue_) {
      const auto color = static_cast<uint64_t>(value_.dsd.color()) << 8;
      apply(tir::Op::DsdSetBase, b.emit(tir::Op::Or, tir::Type::I16, b.constant(color, tir::Type::I16), *queue_));
    }
    if (color_) apply(tir::Op::DsdSetColor, *color_);
    return Operand::runtime(type_, d);
  }

 private:
  Operand number(const Operand& v, TypeId type, Span span) { return s_.coerce(v, type, span); }
  Sema& s_;
  TypeId type_;
  DsdValue value_;
  uint32_t element_bytes_ = 1;
  std::optional<tir::Operand> base_, offset_, length_, stride_, color_, queue_;
};

// Replaces the direct fields by those of a tensor access.
struct MemoryFields {
  std::optional<Operand> base, offset, stride, extent;
};

bool readMemoryFields(Sema& s, ConfigReader& r, MemoryFields& f, Span span) {
  f = {r.take("base_address"), r.take("offset"), r.take("stride"), r.take("extent")};
  const auto access = r.take("tensor_access");
  if (!access) return true;
  if (f.base || f.offset || f.stride || f.extent) {
    s.error(Code::E0341, span, "a property is given both directly and through `.tensor_access`").emit();
    return false;
  }
  ConfigReader t(s, *access, span, "tensor access");
  f = {t.take("base_address"), t.take("offset"), t.take("stride"), t.take("extent")};
  return t.finish();
}

Operand makeMem1d(Sema& s, ConfigReader& r, Span span) {
  MemoryFields f;
  if (!readMemoryFields(s, r, f, span)) return Operand::poison();
  DsdMaker m(s, types::kMem1dDsd, DsdKind::Mem1d);
  m.flag(Dsd::kIndexOffset, r.takeBool("wavelet_index_offset").value_or(false));
  if (!r.finish()) return Operand::poison();
  if (!f.base || !f.extent) {
    s.error(Code::E0341, span, "mem1d_dsd needs `.tensor_access`, or `.base_address` and `.extent`").emit();
    return Operand::poison();
  }
  if (!m.base(*f.base, span)) return Operand::poison();
  if (f.offset && !m.offset(*f.offset, span)) return Operand::poison();
  if (!m.extent(*scalarOf(s, f.extent), span)) return Operand::poison();
  if (f.stride && !m.stride(*scalarOf(s, f.stride), span)) return Operand::poison();
  return m.finish(span);
}

// Numbers of a tuple, or one number.
std::optional<std::vector<int64_t>> numbersOf(Sema& s, const Operand& v, Span span, const char* what, int64_t min,
                                              int64_t max) {
  std::vector<int64_t> out;
  if (s.pool.is(v.type, Kind::Struct) || s.pool.is(v.type, Kind::Array)) {
    for (uint32_t i = 0; i < s.partCount(v); ++i) {
      const auto n = s.intOf(s.part(v, i), span, what, min, max);
      if (!n) return std::nullopt;
      out.push_back(*n);
    }
    return out;
  }
  const auto n = s.intOf(v, span, what, min, max);
  if (!n) return std::nullopt;
  out.push_back(*n);
  return out;
}

Operand makeMem4d(Sema& s, ConfigReader& r, Span span) {
  MemoryFields f;
  if (!readMemoryFields(s, r, f, span)) return Operand::poison();
  DsdMaker m(s, types::kMem4dDsd, DsdKind::Mem4d);
  m.flag(Dsd::kIndexOffset, r.takeBool("wavelet_index_offset").value_or(false));
  if (!r.finish()) return Operand::poison();
  if (!f.base || !f.extent) {
    s.error(Code::E0341, span, "mem4d_dsd needs `.tensor_access`, or `.base_address` and `.extent`").emit();
    return Operand::poison();
  }
  const auto extents = numbersOf(s, *f.extent, span, "`.extent`", 0, 0xffff);
  if (!extents) return Operand::poison();
  std::vector<int64_t> strides(extents->size(), 1);
  if (f.stride) {
    const auto given = numbersOf(s, *f.stride, span, "`.stride`", -32768, 32767);
    if (!given) return Operand::poison();
    strides = *given;
  }
  if (extents->empty() || extents->size() > 4 || strides.size() != extents->size()) {
    s.error(Code::E0341, span, "mem4d_dsd needs 1 to 4 extents and as many strides").emit();
    return Operand::poison();
  }
  tir::Mem4dShape shape;
  shape.rank = static_cast<uint8_t>(extents->size());
  Int128 total = 1;
  for (size_t k = 0; k < extents->size(); ++k) {
    // Strides come innermost first, extents outermost first.
    shape.stride[k] = static_cast<int16_t>(strides[k]);
    shape.extent[k] = static_cast<uint16_t>((*extents)[extents->size() - 1 - k]);
    total *= shape.extent[k];
  }
  auto& shapes = s.device.shapes;
  size_t index = 0;
  while (index < shapes.size() && !(shapes[index] == shape)) ++index;
  if (index == shapes.size()) shapes.push_back(shape);
  m.dsd() = m.dsd().withLength(static_cast<uint16_t>(total)).withStride(static_cast<int16_t>(index));
  if (!m.base(*f.base, span)) return Operand::poison();
  if (f.offset && !m.offset(*f.offset, span)) return Operand::poison();
  return m.finish(span);
}

Operand makeCircbuf(Sema& s, ConfigReader& r, Span span) {
  const auto base = r.take("base_address");
  const auto extent = r.take("extent");
  const auto wrap = r.takeInt("wraparound", 1, 0xffff);
  if (!r.finish()) return Operand::poison();
  if (!base || !extent) {
    s.error(Code::E0341, span, "circbuf_dsd needs `.base_address` and `.extent`").emit();
    return Operand::poison();
  }
  DsdMaker m(s, types::kCircbufDsd, DsdKind::Circbuf);
  if (!m.base(*base, span) || !m.extent(*scalarOf(s, extent), span)) return Operand::poison();
  int64_t elements = wrap.value_or(0);
  const TypeId pointee = s.pool.is(base->type, Kind::Pointer) ? s.pool.pointerInfo(base->type).element : TypeId{};
  if (elements == 0 && pointee.valid() && s.pool.is(pointee, Kind::Array)) {
    elements = static_cast<int64_t>(s.pool.arrayInfo(pointee).count);
  }
  if (elements == 0) {
    s.error(Code::E0341, span, "circbuf_dsd over a scalar needs `.wraparound`").emit();
    return Operand::poison();
  }
  m.dsd() = m.dsd().withStride(static_cast<int16_t>(elements));
  return m.finish(span);
}

std::optional<tir::SimdMode> takeSimd(ConfigReader& r) {
  const auto mode = r.takeChoice("simd_mode", {"simd_off", "simd_32", "simd_64", "simd_32_or_64", "simd_max"});
  if (!mode) return std::nullopt;
  return static_cast<tir::SimdMode>(*mode);
}

// Older programs name only the color: the queue initialised for it, else the last one nobody uses.
uint8_t queueForColor(const Sema& s, int color, bool input) {
  const auto& inits = input ? s.device.input_queues : s.device.output_queues;
  const auto& implied = input ? s.device.implied_input_color : s.device.implied_output_color;
  const int count = input ? target::kInputQueueCount : target::outputQueueCount(s.arch());
  for (int q = 0; q < count; ++q) {
    const auto i = static_cast<size_t>(q);
    if ((inits[i].set && inits[i].color == color) || (!inits[i].set && implied[i] == color))
      return static_cast<uint8_t>(q);
  }
  for (int q = count - 1; q >= 0; --q) {
    const auto i = static_cast<size_t>(q);
    if (!inits[i].set && implied[i] < 0) return static_cast<uint8_t>(q);
  }
  return tir::kNoQueue;
}

Operand makeFabric(Sema& s, ConfigReader& r, Span span, bool input) {
  DsdMaker m(s, input ? types::kFabInDsd : types::kFabOutDsd, input ? DsdKind::FabIn : DsdKind::FabOut);
  uint8_t queue = tir::kNoQueue;
  int color = -1;
  bool queue_known = true;
  const auto extent = scalarOf(s, r.take("extent"));
  const char* queue_field = input ? "input_queue" : "output_queue";
  if (const auto q = r.take(queue_field)) {
    const Operand id = queueOf(s, *q, input, span);
    if (id.stops()) return id;
    if (id.isComptime()) {
      queue = static_cast<uint8_t>(s.knownInt(id.value));
    } else {
      m.queue(lowerId(s, id, span));
      queue_known = false;
    }
  }
  if (const auto c = r.take("fabric_color")) {
    const Operand id = s.coerce(*c, types::kColor, span);
    if (id.stops()) return id;
    if (id.isComptime()) {
      const auto routable = routableColor(s, id, span);
      if (!routable) return Operand::poison();
      color = *routable;
    } else {
      m.color(s.lower(id, span));
    }
  }
  if (const auto simd = takeSimd(r)) m.choice(Dsd::kSimdShift, static_cast<uint64_t>(*simd));
  m.flag(Dsd::kControlTransform, r.takeBool("control_transform").value_or(false));
  if (const auto p = takePriority(r)) m.choice(Dsd::kPriorityShift, static_cast<uint64_t>(*p));
  if (!input) {
    m.flag(Dsd::kControl, r.takeBool("control").value_or(false));
    m.flag(Dsd::kIndexOffset, r.takeBool("wavelet_index_offset").value_or(false));
    m.flag(Dsd::kAdvanceSwitch, r.takeBool("advance_switch").value_or(false));
    if (const auto zero = r.takeChoice("zero", {"first_source", "second_source"})) {
      m.flag(*zero == 0 ? Dsd::kZeroFirst : Dsd::kZeroSecond, true);
    }
  }
  if (!r.finish()) return Operand::poison();
  if (!extent) {
    s.error(Code::E0341, span, "{} needs `.extent`", input ? "fabin_dsd" : "fabout_dsd").emit();
    return Operand::poison();
  }
  auto& implied = input ? s.device.implied_input_color : s.device.implied_output_color;
  if (queue == tir::kNoQueue && queue_known && color >= 0) queue = queueForColor(s, color, input);
  if (queue != tir::kNoQueue && queue < 8 && color >= 0 && implied[queue] < 0) implied[queue] = color;
  m.dsd().bits = (m.dsd().bits & ~0xffffull) | queue | (static_cast<uint64_t>(color < 0 ? tir::kNoColor : color) << 8);
  m.dsd() = m.dsd().withStride(0);
  if (color >= 0 && queue != tir::kNoQueue)
    s.device.fabric_dsds.push_back({input, false, queue, static_cast<uint8_t>(color), span});
  if (!m.extent(*extent, span)) return Operand::poison();
  return m.finish(span);
}

}  // namespace

Operand Sema::builtinGetDsd(const ast::BuiltinCall& call, TypeId) {
  const TypeId type = typeExpr(*call.args[0]);
  if (type == types::kPoison) return Operand::poison();
  if (!pool.is(type, Kind::Dsd) || type == types::kFifo) return typeMismatch(call.args[0]->span, "DSD type", type);
  const Operand config = expr(*call.args[1]);
  const Span span = call.args[1]->span;
  ConfigReader r(*this, config, span, "DSD properties");
  if (!r.ok()) return Operand::poison();
  switch (pool.dsdType(type)) {
    case types::DsdType::Mem1d: return makeMem1d(*this, r, span);
    case types::DsdType::Mem4d: return makeMem4d(*this, r, span);
    case types::DsdType::Circbuf: return makeCircbuf(*this, r, span);
    case types::DsdType::FabIn: return makeFabric(*this, r, span, true);
    case types::DsdType::FabOut: return makeFabric(*this, r, span, false);
    case types::DsdType::Fifo:
    case types::DsdType::None: break;
  }
  return Operand::poison();
}

namespace {

bool isDsd(Sema& s, const Operand& d, Span span, std::initializer_list<TypeId> allowed) {
  if (d.stops()) return false;
  for (const TypeId t : allowed) {
    if (d.type == t) return true;
  }
  std::string names;
  for (const TypeId t : allowed) names += (names.empty() ? "" : "' or '") + s.typeName(t);
  (void)s.typeMismatch(span, names, d.type);
  return false;
}

Operand changed(Sema& s, const ast::BuiltinCall& call, const Operand& d, tir::Op op, tir::Operand v) {
  if (!s.atRuntime()) return s.notComptime(call.span, "DSD property");
  s.setSite(call.span);
  return Operand::runtime(d.type, s.builder().emit(op, tir::Type::I64, s.lower(d, call.args[0]->span), v));
}

}  // namespace

Operand Sema::builtinSetDsdBaseAddr(const ast::BuiltinCall& call, TypeId) {
  const Operand d = expr(*call.args[0]);
  if (!isDsd(*this, d, call.args[0]->span, {types::kMem1dDsd, types::kMem4dDsd})) return Operand::poison();
  const Operand base = baseArgument(*this, *call.args[1]);
  if (base.stops()) return Operand::poison();
  if (d.isComptime() && base.isComptime()) {
    DsdValue v = d.value.asDsd();
    const comptime::PointerTarget t = base.value.asPointer();
    if (t.kind == comptime::PointerTarget::Kind::Cell) return notComptime(call.args[1]->span, "base address");
    v.global = t.kind == comptime::PointerTarget::Kind::Global ? comptime::GlobalRef{t.id} : comptime::kNoGlobal;
    v.dsd = v.dsd.withBase(static_cast<uint16_t>(t.offset));
    if (t.kind == comptime::PointerTarget::Kind::Global) touch(ObjectId{t.id});
    return Operand::comptime(Value::descriptor(d.type, v));
  }
  return changed(*this, call, d, tir::Op::DsdSetBase, lower(base, call.args[1]->span));
}

Operand Sema::builtinSetDsdLength(const ast::BuiltinCall& call, TypeId) {
  const Operand d = expr(*call.args[0]);
  if (!isDsd(*this, d, call.args[0]->span,
             {types::kMem1dDsd, types::kFabInDsd, types::kFabOutDsd, types::kCircbufDsd})) {
    return Operand::poison();
  }
  const Operand n = exprAs(*call.args[1], types::kU16);
  if (n.stops()) return Operand::poison();
  if (d.isComptime() && n.isComptime()) {
    DsdValue v = d.value.asDsd();
    v.dsd = v.dsd.withLength(static_cast<uint16_t>(knownInt(n.value)));
    return Operand::comptime(Value::descriptor(d.type, v));
  }
  return changed(*this, call, d, tir::Op::DsdSetLength, lower(n, call.args[1]->span));
}

Operand Sema::builtinSetDsdStride(const ast::BuiltinCall& call, TypeId) {
  const Operand d = expr(*call.args[0]);
  if (!isDsd(*this, d, call.args[0]->span, {types::kMem1dDsd})) return Operand::poison();
  Operand n = exprAs(*call.args[1], types::kI8);
  if (n.stops()) return Operand::poison();
  if (d.isComptime() && n.isComptime()) {
    DsdValue v = d.value.asDsd();
    v.dsd = v.dsd.withStride(static_cast<int16_t>(knownInt(n.value)));
    return Operand::comptime(Value::descriptor(d.type, v));
  }
  n = convert(n, types::kI16, call.args[1]->span);
  return changed(*this, call, d, tir::Op::DsdSetStride, lower(n, call.args[1]->span));
}

Operand Sema::builtinIncrementDsdOffset(const ast::BuiltinCall& call, TypeId) {
  const Operand d = expr(*call.args[0]);
  if (!isDsd(*this, d, call.args[0]->span, {types::kMem1dDsd, types::kMem4dDsd})) return Operand::poison();
  const Operand n = exprAs(*call.args[1], types::kI16);
  const TypeId element = typeExpr(*call.args[2]);
  if (n.stops() || element == types::kPoison) return Operand::poison();
  const uint32_t bytes = pool.size(element);
  if (bytes == 0) return typeMismatch(call.args[2]->span, "run-time type", element);
  if (d.isComptime() && n.isComptime()) {
    DsdValue v = d.value.asDsd();
    v.dsd = v.dsd.withBase(static_cast<uint16_t>(v.dsd.base() + static_cast<int64_t>(knownInt(n.value)) * bytes));
    return Operand::comptime(Value::descriptor(d.type, v));
  }
  tir::Builder& b = builder();
  tir::Operand by;
  if (n.isComptime()) {
    by = b.constant(static_cast<uint64_t>(static_cast<int64_t>(knownInt(n.value)) * bytes), tir::Type::I16);
  } else {
    by = lower(n, call.args[1]->span);
    if (bytes > 1) by = b.emit(tir::Op::Mul, tir::Type::I16, by, b.constant(bytes, tir::Type::I16));
  }
  return changed(*this, call, d, tir::Op::DsdAddBase, by);
}

Operand Sema::builtinAllocateFifo(const ast::BuiltinCall& call, TypeId) {
  const Operand base = baseArgument(*this, *call.args[0]);
  if (base.stops()) return Operand::poison();
  const TypeId pointee = pool.is(base.type, Kind::Pointer) ? pool.pointerInfo(base.type).element : types::kPoison;
  const bool global = base.isComptime() && base.value.asPointer().kind == comptime::PointerTarget::Kind::Global;
  if (!global || !pool.is(pointee, Kind::Array) || !pool.isDsdElement(pool.arrayInfo(pointee).element)) {
    error(Code::E0346, call.args[0]->span, "a FIFO needs a global array of 16- or 32-bit elements").emit();
    return Operand::poison();
  }
  if (!hasProgram()) {
    error(Code::E0346, call.span, "`@allocate_fifo` is only valid in PE programs").emit();
    return Operand::poison();
  }
  DeviceState::FifoInit f;
  const comptime::PointerTarget t = base.value.asPointer();
  f.buffer = ObjectId{t.id};
  f.offset = static_cast<uint16_t>(t.offset);
  f.fifo.capacity = static_cast<uint16_t>(pool.arrayInfo(pointee).count);
  f.fifo.element_bytes = static_cast<uint8_t>(pool.size(pool.arrayInfo(pointee).element));
  f.fifo.site = siteOf(call.span);
  std::vector<tir::DsrRef> own;
  if (call.args.size() > 1) {
    const Span span = call.args[1]->span;
    ConfigReader r(*this, expr(*call.args[1]), span, "FIFO configuration");
    if (!r.ok()) return Operand::poison();
    for (const bool pop : {true, false}) {
      const auto id = r.take(pop ? "activate_pop" : "activate_push");
      if (!id) continue;
      if (pool.is(id->type, Kind::Task)) {
        (pop ? f.pop_task : f.push_task) = declOfFunction(*id).value_or(DeclId{});
      } else if (id->type == types::kLocalTaskId && id->isComptime()) {
        (pop ? f.fifo.activate_pop : f.fifo.activate_push) = static_cast<int16_t>(knownInt(id->value));
      } else {
        return typeMismatch(span, "local_task_id", id->type);
      }
    }
    const auto action = [&](const char* name, tir::FifoAction& out) {
      const auto a = r.takeChoice(name, {"test_or_suspend", "terminate", "suspend", "fault"});
      if (a) out = static_cast<tir::FifoAction>(*a);
    };
    action("empty_action", f.fifo.on_empty);
    action("full_action", f.fifo.on_full);
    if (const auto p = takePriority(r)) f.fifo.priority = *p;
    // Elements of a FIFO move one or two at a time as the operation's fabric operand says.
    takeSimd(r);
    const auto dest = r.take("dest"), src = r.take("src"), xdsr = r.take("xdsr");
    if (!r.finish()) return Operand::poison();
    if (dest || src || xdsr) {
      if (!dest || !src || !xdsr || xdsr->type != types::kXdsr) {
        error(Code::E0346, span, "a FIFO takes all of `.dest`, `.src` and `.xdsr`, or none of them").emit();
        return Operand::poison();
      }
      const auto push = dsrOf(*this, *dest, span), pop = dsrOf(*this, *src, span);
      if (!push || !pop) return Operand::poison();
      if (push->file != tir::DsrFile::Dest || pop->file != tir::DsrFile::Src1 || push->number != pop->number) {
        error(Code::E0346, span, "a FIFO needs a `dsr_dest` and a `dsr_src1` of the same number, got: {} and {}",
              push->number, pop->number)
            .emit();
        return Operand::poison();
      }
      own = {*push, *pop};
    }
  }
  Object& buffer = object(f.buffer);
  buffer.align = std::max(buffer.align, 16u);
  touch(f.buffer);
  const auto number = static_cast<uint16_t>(device.fifos.size());
  device.fifos.push_back(f);
  const Value value = Value::descriptor(types::kFifo, {Dsd::make(DsdKind::Fifo, number, 0, 0), comptime::kNoGlobal});
  // The program's own registers are the two ends.
  for (const tir::DsrRef& dsr : own) device.dsr_inits.push_back({dsr, value, 0, call.span});
  return Operand::comptime(value);
}

namespace {

Operand setFifoLength(Sema& s, const ast::BuiltinCall& call, tir::DeviceCall device_call) {
  if (!requireRuntime(s, call)) return Operand::poison();
  const Operand f = s.expr(*call.args[0]);
  const Operand n = s.exprAs(*call.args[1], types::kU16);
  if (f.stops() || n.stops()) return Operand::poison();
  if (f.type != types::kFifo || !f.isComptime()) return s.typeMismatch(call.args[0]->span, "fifo", f.type);
  s.setSite(call.span);
  s.builder().device(
      device_call, {s.builder().constant(f.value.asDsd().dsd.base(), tir::Type::I16), s.lower(n, call.args[1]->span)});
  return voidOperand();
}

}  // namespace

Operand Sema::builtinSetFifoReadLength(const ast::BuiltinCall& call, TypeId) {
  return setFifoLength(*this, call, tir::DeviceCall::SetFifoReadLength);
}
Operand Sema::builtinSetFifoWriteLength(const ast::BuiltinCall& call, TypeId) {
  return setFifoLength(*this, call, tir::DeviceCall::SetFifoWriteLength);
}

}  // namespace weft::sema
