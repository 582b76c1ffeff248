// From operands to TIR: constants with their relocations, slots, loads, stores and copies.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/sema.h"

namespace weft::sema {

using comptime::PointerTarget;
using diag::Code;
using tir::Op;
using types::Kind;

tir::Type Sema::lowerType(TypeId t) const {
  switch (pool.kind(t)) {
    case Kind::Bool: return tir::Type::Bool;
    case Kind::Int: {
      const uint32_t bits = pool.intInfo(t).bits;
      return bits <= 8    ? tir::Type::I8
             : bits <= 16 ? tir::Type::I16
             : bits <= 32 ? tir::Type::I32
             : bits <= 64 ? tir::Type::I64
                          : tir::Type::Void;
    }
    case Kind::Float:
      if (!pool.isRuntime(t)) return tir::Type::Void;
      return pool.floatFormat(t) == types::FloatFormat::F32 ? tir::Type::F32 : tir::Type::F16;
    case Kind::Enum: return lowerType(pool.enumInfo(t).backing);
    case Kind::Color:
    case Kind::InputQueue:
    case Kind::OutputQueue:
    case Kind::UtId:
    case Kind::DataTaskId:
    case Kind::LocalTaskId:
    case Kind::ControlTaskId:
    case Kind::Direction:
    case Kind::Pointer: return tir::Type::I16;
    case Kind::Dsd: return tir::Type::I64;
    default: return tir::Type::Void;
  }
}

bool Sema::isAggregate(TypeId t) const {
  const Kind k = pool.kind(t);
  return k == Kind::Array || k == Kind::Struct || k == Kind::Range;
}

tir::SiteId Sema::siteOf(Span span) {
  if (!span.valid() || program_ == nullptr) return {};
  const uint64_t key = (static_cast<uint64_t>(span.file.value) << 32) | span.begin;
  const auto [it, added] = sites_.try_emplace(key, tir::SiteId(static_cast<uint32_t>(program_->sites.size())));
  if (added) {
    const auto [file, new_file] =
        site_files_.try_emplace(span.file.value, static_cast<uint32_t>(program_->files.size()));
    if (new_file) program_->files.push_back(ctx.sources.path(span.file));
    const auto at = ctx.sources.lineColumn(span.file, span.begin);
    program_->sites.push_back({file->second, at.line, at.column});
  }
  return it->second;
}

void Sema::setSite(Span span) {
  if (builder_ == real_builder_.get()) builder_->setSite(siteOf(span));
}

Operand Sema::emit(TypeId type, Op op, tir::Operand a, tir::Operand b) {
  return Operand::runtime(type, builder_->emit(op, lowerType(type), a, b));
}

uint64_t Sema::rawBits(const Value& v) const {
  switch (v.rep()) {
    case Value::Rep::Dsd: return v.asDsd().dsd.bits;
    case Value::Rep::Pointer: return static_cast<uint16_t>(v.asPointer().offset);
    case Value::Rep::Int:
    case Value::Rep::Float:
      if (pool.is(v.type(), Kind::Pointer)) return static_cast<uint16_t>(v.rawInt());
      return arith.rawBits(v);
    default: return 0;
  }
}

tir::Operand Sema::relocatable(uint64_t bits, ObjectId object, uint16_t offset) {
  touch(object);
  if (program_ == nullptr || builder_ != real_builder_.get()) return builder_->constant(bits);
  const uint64_t key =
      (bits << 1) ^ (static_cast<uint64_t>(object.value) << 40) ^ (static_cast<uint64_t>(offset) << 20) ^ (bits >> 32);
  auto& list = relocation_index_[key];
  for (const uint32_t r : list) {
    const Relocation& known = relocations_[r];
    if (known.object == object && known.offset == offset && known.bits == bits)
      return tir::Operand::constant(known.constant);
  }
  const uint32_t index = builder_->freshConstant(bits).index();
  list.push_back(static_cast<uint32_t>(relocations_.size()));
  relocations_.push_back({index, object, offset, bits});
  return tir::Operand::constant(index);
}

tir::Operand Sema::slotFor(const Value& v) {
  const tir::Type type = lowerType(v.type());
  const uint64_t key = (static_cast<uint64_t>(v.sym()) << 8) | static_cast<uint64_t>(type);
  const auto [it, added] = slot_of_.try_emplace(key, static_cast<uint32_t>(slots_.size()));
  if (added) {
    slots_.push_back(v.sym());
    program_->slots.push_back(type);
  }
  return tir::Operand::slot(it->second);
}

tir::Operand Sema::lower(const Operand& v, Span span) {
  if (v.kind == Operand::Kind::Runtime) return v.op;
  if (v.stops()) return builder_->constant(0);
  if (v.isComptime()) {
    const Value& c = v.value;
    const tir::Type type = lowerType(v.type);
    if (type == tir::Type::Void) {
      if (v.type == types::kVoid) return builder_->constant(0);
      error(Code::E0313, span, "value of type '{}' must be comptime-known", typeName(v.type))
          .note("values of this type exist only while the program is compiled")
          .help(pool.isNumeric(v.type) ? "give it a type, for example with @as(i16, ...)"
                                       : "use it in comptime code only")
          .emit();
      return builder_->constant(0);
    }
    if (c.symbolic() && program_ != nullptr && builder_ == real_builder_.get()) return slotFor(c);
    if (c.rep() == Value::Rep::Pointer) {
      const PointerTarget t = c.asPointer();
      switch (t.kind) {
        case PointerTarget::Kind::Raw: return builder_->constant(static_cast<uint16_t>(t.offset));
        case PointerTarget::Kind::Global: return relocatable(0, ObjectId(t.id), static_cast<uint16_t>(t.offset));
        case PointerTarget::Kind::Cell:
          error(Code::E0413, span, "pointer to a comptime variable cannot be used at run time").emit();
          return builder_->constant(0);
      }
    }
    if (c.rep() == Value::Rep::Dsd) {
      const comptime::DsdValue d = c.asDsd();
      if (d.global != comptime::kNoGlobal) return relocatable(d.dsd.bits, ObjectId(static_cast<uint32_t>(d.global)), 0);
      return builder_->constant(d.dsd.bits);
    }
    if (pool.is(v.type, Kind::Pointer)) {
      // A function: its index in the program's table.
      const auto fn = functionOf(DeclId(static_cast<uint32_t>(c.asFunction())), span);
      return builder_->constant(fn ? fn->value : 0);
    }
    return builder_->constant(arith.rawBits(c));
  }
  if (v.kind == Operand::Kind::Memory) return addressValue(v.address);
  if (v.kind == Operand::Kind::Fields) return addressValue(materialize(v, span));
  return builder_->constant(0);
}

tir::Operand Sema::lowerAddress(const Address& a, uint16_t* offset) {
  *offset = a.offset;
  switch (a.kind) {
    case Address::Kind::Object: return relocatable(0, a.object, 0);
    case Address::Kind::Runtime: return a.base;
    case Address::Kind::Raw: *offset = 0; return builder_->constant(a.offset);
  }
  return a.base;
}

tir::Operand Sema::addressValue(const Address& a) {
  switch (a.kind) {
    case Address::Kind::Object: return relocatable(0, a.object, a.offset);
    case Address::Kind::Raw: return builder_->constant(a.offset);
    case Address::Kind::Runtime: break;
  }
  if (a.offset == 0) return a.base;
  return builder_->emit(Op::Add, tir::Type::I16, a.base, builder_->constant(a.offset));
}

Address Sema::temporary(TypeId type) { return temporaryAt(temporaryPlace(type)); }

uint32_t Sema::temporaryPlace(TypeId type) {
  return builder_->addFrame(std::max(pool.size(type), 1u), std::max(pool.align(type), 1u));
}

Address Sema::temporaryAt(uint32_t place) {
  Address a;
  a.kind = Address::Kind::Runtime;
  a.base = builder_->emit(Op::FrameAddr, tir::Type::I16, {}, {}, {}, place);
  return a;
}

Operand Sema::held(Operand v) {
  if (v.kind != Operand::Kind::Memory || !atRuntime() || type_only_ > 0) return v;
  if (v.address.kind == Address::Kind::Object && object(v.address.object).is_const) return v;
  const Address at = temporary(v.type);
  copyTo(at, v, {});
  return Operand::memory(v.type, at);
}

Address Sema::materialize(const Operand& v, Span span) {
  if (v.kind == Operand::Kind::Memory) return v.address;
  if (v.isComptime() && isAggregate(v.type) && pool.isRuntime(v.type)) {
    Address a;
    a.kind = Address::Kind::Object;
    a.object = constantObject(v.value, span);
    touch(a.object);
    return a;
  }
  if (!pool.isRuntime(v.type)) {
    if (!v.stops()) error(Code::E0313, span, "value of type '{}' must be comptime-known", typeName(v.type)).emit();
    return {};
  }
  const Address a = temporary(v.type);
  copyTo(a, v, span);
  return a;
}

namespace {

bool isRegister(const Address& a, tir::Type t) {
  return a.kind == Address::Kind::Raw && a.offset >= target::kConfigBase && a.offset % 2 == 0 && t == tir::Type::I16;
}

}  // namespace

Operand Sema::loadFrom(const Address& a, TypeId type) {
  if (isAggregate(type)) return Operand::memory(type, a);
  const tir::Type t = lowerType(type);
  if (t == tir::Type::Void) {
    if (type == types::kVoid) return Operand::comptime(Value::voidValue());
    return Operand::poison();
  }
  // A configuration register by its known address: what @get_config does, at its cycle.
  if (isRegister(a, t))
    return Operand::runtime(type, builder_->device(tir::DeviceCall::GetConfig, {builder_->constant(a.offset / 2, t)}));
  uint16_t offset = 0;
  const tir::Operand base = lowerAddress(a, &offset);
  return Operand::runtime(type, builder_->load(t, base, offset));
}

Address Sema::offsetBy(Address a, uint32_t bytes) const {
  a.offset = static_cast<uint16_t>(a.offset + bytes);
  return a;
}

void Sema::copyTo(const Address& to, const Operand& v, Span span) {
  if (v.stops()) return;
  uint16_t offset = 0;
  if (!isAggregate(v.type)) {
    const tir::Type t = lowerType(v.type);
    if (t == tir::Type::Void && v.type == types::kVoid) return;
    const tir::Operand value = lower(v, span);
    if (t == tir::Type::Void) return;
    if (isRegister(to, t)) {
      builder_->device(tir::DeviceCall::SetConfig, {builder_->constant(to.offset / 2, t), value});
      return;
    }
    const tir::Operand base = lowerAddress(to, &offset);
    builder_->store(t, base, value, offset);
    return;
  }
  const uint32_t bytes = pool.size(v.type);
  if (bytes == 0) return;
  const bool is_packed = pool.is(v.type, Kind::Struct) && pool.structInfo(v.type).layout == ast::Layout::Packed;
  if (v.kind == Operand::Kind::Fields && !is_packed) {
    for (uint32_t i = 0; i < v.fields->size(); ++i) copyTo(offsetBy(to, partOffset(v.type, i)), (*v.fields)[i], span);
    return;
  }
  if (v.kind == Operand::Kind::Fields) {
    Place whole;
    whole.kind = Place::Kind::Memory;
    whole.address = to;
    whole.type = v.type;
    builder_->emitTo(tir::kNoLocal, Op::MemZero, tir::Type::Void, addressValue(to), {}, {}, bytes);
    for (uint32_t i = 0; i < v.fields->size(); ++i) {
      Place field = whole;
      const auto info = pool.structInfo(v.type).fields[i];
      field.is_packed = true;
      field.bit_offset = info.offset;
      field.type = info.type;
      store(field, (*v.fields)[i], span);
    }
    return;
  }
  if (v.isComptime()) {
    constexpr uint64_t kInline = 8;
    if (isZero(v.value)) {
      builder_->emitTo(tir::kNoLocal, Op::MemZero, tir::Type::Void, addressValue(to), {}, {}, bytes);
      return;
    }
    const bool is_union = pool.is(v.type, Kind::Struct) && pool.structInfo(v.type).is_union;
    if (v.value.elementCount() <= kInline && !is_packed && !is_union) {
      for (uint32_t i = 0; i < v.value.elementCount(); ++i)
        copyTo(offsetBy(to, partOffset(v.type, i)), part(v, i), span);
      return;
    }
  }
  const Address from = materialize(v, span);
  builder_->emitTo(tir::kNoLocal, Op::MemCopy, tir::Type::Void, addressValue(to), addressValue(from), {}, bytes);
}

}  // namespace weft::sema
