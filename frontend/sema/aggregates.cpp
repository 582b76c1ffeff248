// Struct, tuple and array values: literals, parts, and the anonymous-to-named conversion.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/sema.h"

namespace weft::sema {

using diag::Code;
using types::Kind;

namespace {

// In FileInfo::literal_types: the value itself is kept.
constexpr uint32_t kConstantLiteral = 0xffffffffu;

}  // namespace

uint32_t Sema::partCount(const Operand& v) const {
  switch (pool.kind(v.type)) {
    case Kind::Struct: return static_cast<uint32_t>(pool.structInfo(v.type).fields.size());
    case Kind::Array: return static_cast<uint32_t>(pool.arrayInfo(v.type).count);
    case Kind::Range: return 3;
    default: return 0;
  }
}

uint32_t Sema::partOffset(TypeId type, uint32_t index) const {
  if (pool.is(type, Kind::Array)) return index * pool.size(pool.arrayInfo(type).element);
  if (pool.is(type, Kind::Range)) return index * pool.size(pool.rangeElement(type));
  const auto info = pool.structInfo(type);
  return info.is_union ? 0 : info.fields[index].offset;
}

Operand Sema::part(const Operand& v, uint32_t index) {
  if (v.stops()) return v;
  const TypeId type = pool.is(v.type, Kind::Array)    ? pool.arrayInfo(v.type).element
                      : pool.is(v.type, Kind::Struct) ? pool.structInfo(v.type).fields[index].type
                                                      : pool.rangeElement(v.type);
  switch (v.kind) {
    case Operand::Kind::Comptime:
      if (pool.is(v.type, Kind::Struct) && pool.structInfo(v.type).is_union) return unionField(v, index, {});
      return Operand::comptime(v.value.element(index));
    case Operand::Kind::Fields: return (*v.fields)[index];
    case Operand::Kind::Memory: {
      Place p;
      p.kind = Place::Kind::Memory;
      p.is_const = true;
      p.type = type;
      p.address = v.address;
      if (pool.is(v.type, Kind::Struct) && pool.structInfo(v.type).layout == ast::Layout::Packed) {
        p.is_packed = true;
        p.bit_offset = pool.structInfo(v.type).is_union ? 0 : pool.structInfo(v.type).fields[index].offset;
      } else {
        p.address = offsetBy(v.address, partOffset(v.type, index));
      }
      return load(p, {});
    }
    default: break;
  }
  return type_only_ > 0 ? Operand::runtime(type, builder_->constant(0)) : Operand::poison();
}

std::optional<Operand> Sema::fieldOf(const Operand& v, std::string_view name) {
  if (v.stops() || !pool.is(v.type, Kind::Struct)) return std::nullopt;
  const Symbol symbol = ctx.interner.find(name);
  if (!symbol.valid()) return std::nullopt;
  const int index = pool.fieldIndex(v.type, symbol);
  if (index < 0) return std::nullopt;
  return part(v, static_cast<uint32_t>(index));
}

std::vector<Symbol> Sema::fieldNames(TypeId struct_type) const {
  std::vector<Symbol> out;
  if (pool.is(struct_type, Kind::Struct))
    for (const auto& f : pool.structInfo(struct_type).fields) out.push_back(f.name);
  return out;
}

Operand Sema::makeAggregate(TypeId type, OperandList parts) {
  bool known = true;
  for (const Operand& p : parts) {
    if (p.stops()) return p;
    known = known && p.isComptime();
  }
  if (known) {
    std::vector<Value> values;
    values.reserve(parts.size());
    for (Operand& p : parts) values.push_back(std::move(p.value));
    return Operand::comptime(Value::aggregate(type, std::move(values)));
  }
  // Run-time parts that are variables are read now, not when the struct is used.
  if (atRuntime())
    for (Operand& p : parts) {
      if (p.kind == Operand::Kind::Runtime && p.op.kind() == tir::Operand::Kind::Local && isVariable(p.op.index()))
        p.op = builder_->emit(tir::Op::Copy, lowerType(p.type), p.op);
    }
  Operand out;
  out.kind = Operand::Kind::Fields;
  out.type = type;
  out.fields = std::make_shared<const OperandList>(std::move(parts));
  return out;
}

Operand Sema::elementAt(const Operand& base, const OperandList& indices, Span span,
                        const std::vector<Span>& index_spans) {
  Place p;
  p.kind = base.kind == Operand::Kind::Memory ? Place::Kind::Memory : Place::Kind::Rvalue;
  p.is_const = true;
  p.type = base.type;
  p.value = base;
  p.address = base.address;
  return load(placeIndex(p, indices, span, index_spans), span);
}

Operand Sema::structInit(const ast::StructInit& e, TypeId want) {
  // T{ ... }
  if (e.type != nullptr) {
    const TypeId type = typeExpr(*e.type);
    if (type == types::kPoison) return Operand::poison();
    if (pool.is(type, Kind::Array) && e.fields.empty() && pool.arrayInfo(type).count == 0)
      return Operand::comptime(Value::aggregate(type, {}));
    if (!pool.is(type, Kind::Struct)) {
      error(Code::E0317, e.type->span, "type '{}' has no fields to initialise", typeName(type)).emit();
      return Operand::poison();
    }
    const auto info = pool.structInfo(type);
    OperandList parts(info.fields.size());
    std::vector<bool> given(info.fields.size(), false);
    bool ok = true;
    for (const ast::FieldInit& f : e.fields) {
      const int index = pool.fieldIndex(type, f.name.symbol);
      if (index < 0) {
        noField(type, f.name);
        ok = false;
        continue;
      }
      const auto i = static_cast<size_t>(index);
      if (given[i]) {
        error(Code::E0317, f.name.span, "field '{}' is given twice", text(f.name.symbol)).emit();
        ok = false;
        continue;
      }
      given[i] = true;
      parts[i] = held(exprAs(*f.value, info.fields[i].type));
      if (parts[i].stops()) ok = false;
    }
    if (!ok) return Operand::poison();
    if (info.is_union) {
      if (e.fields.size() != 1) {
        error(Code::E0317, e.span, "a union takes exactly one field, got {}", e.fields.size()).emit();
        return Operand::poison();
      }
      const auto i = static_cast<uint32_t>(pool.fieldIndex(type, e.fields[0].name.symbol));
      if (parts[i].isComptime()) return Operand::comptime(Value::unionValue(type, i, parts[i].value));
      const Address at = temporary(type);
      builder_->emitTo(tir::kNoLocal, tir::Op::MemZero, tir::Type::Void, addressValue(at), {}, {}, pool.size(type));
      copyTo(at, parts[i], e.span);
      return Operand::memory(type, at);
    }
    for (size_t i = 0; i < given.size(); ++i) {
      if (given[i]) continue;
      error(Code::E0317, e.span, "field '{}' of '{}' is missing", text(info.fields[i].name), typeName(type)).emit();
      return Operand::poison();
    }
    return makeAggregate(type, std::move(parts));
  }
  FileInfo& file = *frame_->file;
  uint32_t& cached = file.literal_types[e.id];
  if (cached == kConstantLiteral) return Operand::comptime(file.constant_literals.find(e.id)->second);
  const bool first_time = cached == 0;
  Operand out = anonymousStruct(e, want);
  if (first_time && out.isComptime() && !want.valid() && isConstantLiteral(e)) {
    file.constant_literals.emplace(e.id, out.value);
    file.literal_types[e.id] = kConstantLiteral;
  }
  return out;
}

bool Sema::isConstantLiteral(const ast::Expr& e) {
  switch (e.kind) {
    case ast::NodeKind::IntLiteral:
    case ast::NodeKind::FloatLiteral:
    case ast::NodeKind::StringLiteral:
    case ast::NodeKind::BoolLiteral:
    case ast::NodeKind::VoidLiteral: return true;
    case ast::NodeKind::Identifier: {
      const Lookup found = lookup(ast::as<ast::Identifier>(e));
      return found.kind == Lookup::Kind::Type || found.kind == Lookup::Kind::Direction;
    }
    case ast::NodeKind::StructInit: {
      const auto& s = ast::as<ast::StructInit>(e);
      if (s.type != nullptr) return false;
      for (const ast::FieldInit& f : s.fields)
        if (!isConstantLiteral(*f.value)) return false;
      return true;
    }
    case ast::NodeKind::ListInit: {
      const auto& l = ast::as<ast::ListInit>(e);
      if (l.type != nullptr) return false;
      for (const ast::Expr* x : l.elements)
        if (!isConstantLiteral(*x)) return false;
      return true;
    }
    default: return false;
  }
}

// .{ .a = x, ... }
Operand Sema::anonymousStruct(const ast::StructInit& e, TypeId want) {
  const bool hint = want.valid() && pool.is(want, Kind::Struct);
  OperandList parts;
  parts.reserve(e.fields.size());
  bool ok = true;
  for (size_t i = 0; i < e.fields.size(); ++i) {
    const ast::FieldInit& f = e.fields[i];
    for (size_t k = 0; k < i; ++k) {
      if (e.fields[k].name.symbol != f.name.symbol) continue;
      error(Code::E0317, f.name.span, "field '{}' is given twice", text(f.name.symbol))
          .label(e.fields[k].name.span, "first here")
          .emit();
      ok = false;
      break;
    }
    TypeId field_want;
    if (hint) {
      const int index = pool.fieldIndex(want, f.name.symbol);
      if (index >= 0) field_want = pool.structInfo(want).fields[static_cast<size_t>(index)].type;
    }
    parts.push_back(held(expr(*f.value, field_want)));
    if (parts.back().stops()) ok = false;
  }
  if (!ok) return Operand::poison();
  // The type this literal had last time, if it still fits.
  uint32_t& cached = frame_->file->literal_types[e.id];
  if (cached != 0) {
    const TypeId type(cached);
    const auto fields = pool.structInfo(type).fields;
    bool same = fields.size() == parts.size();
    for (size_t i = 0; same && i < parts.size(); ++i) same = fields[i].type == parts[i].type;
    if (same) return makeAggregate(type, std::move(parts));
  }
  std::vector<Symbol> names;
  std::vector<TypeId> field_types;
  for (size_t i = 0; i < parts.size(); ++i) {
    names.push_back(e.fields[i].name.symbol);
    field_types.push_back(parts[i].type);
  }
  const TypeId type = pool.anonStruct(names, field_types);
  cached = type.value;
  return makeAggregate(type, std::move(parts));
}

Operand Sema::listInit(const ast::ListInit& e, TypeId want) {
  if (e.type != nullptr) {
    const TypeId type = typeExpr(*e.type);
    if (type == types::kPoison) return Operand::poison();
    if (!pool.is(type, Kind::Array)) {
      error(Code::E0317, e.type->span, "type '{}' takes no list of elements", typeName(type))
          .help(pool.is(type, Kind::Struct) ? "name the fields: `{ .field = value }`" : "only array types do")
          .emit();
      return Operand::poison();
    }
    const auto array = pool.arrayInfo(type);
    if (array.count != e.elements.size()) {
      error(Code::E0317, e.span, "'{}' has {} element(s), {} provided", typeName(type), array.count, e.elements.size())
          .emit();
      return Operand::poison();
    }
    OperandList parts;
    parts.reserve(e.elements.size());
    for (const ast::Expr* x : e.elements) {
      parts.push_back(held(exprAs(*x, array.element)));
      if (parts.back().stops()) return parts.back();
    }
    return makeAggregate(type, std::move(parts));
  }
  (void)want;
  FileInfo& file = *frame_->file;
  if (file.literal_types[e.id] == kConstantLiteral) return Operand::comptime(file.constant_literals.find(e.id)->second);
  if (file.literal_types[e.id] == 0 && isConstantLiteral(e)) {
    OperandList parts;
    std::vector<TypeId> field_types;
    for (const ast::Expr* x : e.elements) {
      parts.push_back(expr(*x));
      if (parts.back().stops()) return parts.back();
      field_types.push_back(parts.back().type);
    }
    Operand out = makeAggregate(pool.tuple(field_types), std::move(parts));
    file.constant_literals.emplace(e.id, out.value);
    file.literal_types[e.id] = kConstantLiteral;
    return out;
  }
  OperandList parts;
  parts.reserve(e.elements.size());
  bool ok = true;
  for (const ast::Expr* x : e.elements) {
    parts.push_back(held(expr(*x)));
    if (parts.back().stops()) ok = false;
  }
  if (!ok) return Operand::poison();
  uint32_t& cached = frame_->file->literal_types[e.id];
  if (cached != 0) {
    const auto fields = pool.structInfo(TypeId(cached)).fields;
    bool same = fields.size() == parts.size();
    for (size_t i = 0; same && i < parts.size(); ++i) same = fields[i].type == parts[i].type;
    if (same) return makeAggregate(TypeId(cached), std::move(parts));
  }
  std::vector<TypeId> field_types;
  for (const Operand& p : parts) field_types.push_back(p.type);
  const TypeId type = pool.tuple(field_types);
  cached = type.value;
  return makeAggregate(type, std::move(parts));
}

Operand Sema::coerceStruct(const Operand& v, TypeId type, Span span) {
  const auto from = pool.structInfo(v.type);
  const auto to = pool.structInfo(type);
  if (from.is_named || !to.is_named || (from.is_tuple && !from.fields.empty()))
    return typeMismatch(span, typeName(type), v.type);
  if (to.is_union) {
    const int index = from.fields.size() == 1 ? pool.fieldIndex(type, from.fields[0].name) : -1;
    if (index < 0) return typeMismatch(span, typeName(type), v.type);
    Operand p = coerce(part(v, 0), to.fields[static_cast<size_t>(index)].type, span);
    if (p.stops()) return p;
    if (p.isComptime()) return Operand::comptime(Value::unionValue(type, static_cast<uint32_t>(index), p.value));
    const Address at = temporary(type);
    builder_->emitTo(tir::kNoLocal, tir::Op::MemZero, tir::Type::Void, addressValue(at), {}, {}, pool.size(type));
    copyTo(at, p, span);
    return Operand::memory(type, at);
  }
  if (from.fields.size() != to.fields.size()) {
    error(Code::E0308, span, "expected {} fields, got {}", to.fields.size(), from.fields.size())
        .note(fmt::format("while converting an anonymous struct to '{}'", typeName(type)))
        .emit();
    return Operand::poison();
  }
  OperandList parts;
  for (const auto& f : to.fields) {
    const int index = pool.fieldIndex(v.type, f.name);
    if (index < 0) {
      error(Code::E0308, span, "field '{}' not present in source", text(f.name))
          .note(fmt::format("while converting an anonymous struct to '{}'", typeName(type)))
          .emit();
      return Operand::poison();
    }
    Operand p = part(v, static_cast<uint32_t>(index));
    if (p.stops()) return p;
    if (!canCoerce(p, f.type)) {
      error(Code::E0308, span, "cannot coerce field '{}' from type '{}' to type '{}'", text(f.name), typeName(p.type),
            typeName(f.type))
          .emit();
      return Operand::poison();
    }
    parts.push_back(coerce(std::move(p), f.type, span));
    if (parts.back().stops()) return parts.back();
  }
  return makeAggregate(type, std::move(parts));
}

bool Sema::isZero(const Value& v) const {
  switch (v.rep()) {
    case Value::Rep::None: return true;
    case Value::Rep::Int: return !v.symbolic() && v.rawInt() == 0 && !pool.is(v.type(), Kind::Pointer);
    case Value::Rep::Float: return arith.rawBits(v) == 0;
    case Value::Rep::Pointer: return v.asPointer() == comptime::PointerTarget{};
    case Value::Rep::Dsd: return v.asDsd().dsd.bits == 0 && v.asDsd().global == comptime::kNoGlobal;
    case Value::Rep::Aggregate: {
      if (v.isSplat()) return v.elementCount() == 0 || isZero(v.element(0));
      const uint64_t n = pool.is(v.type(), Kind::Struct) && pool.structInfo(v.type()).is_union ? 1 : v.elementCount();
      for (uint64_t i = 0; i < n; ++i)
        if (!isZero(v.element(i))) return false;
      return true;
    }
  }
  return false;
}

std::optional<Value> Sema::zeroValue(TypeId type) {
  switch (pool.kind(type)) {
    case Kind::Void: return Value::voidValue();
    case Kind::Bool:
    case Kind::Int:
    case Kind::ComptimeInt:
    case Kind::Enum:
    case Kind::Color:
    case Kind::InputQueue:
    case Kind::OutputQueue:
    case Kind::UtId:
    case Kind::DataTaskId:
    case Kind::LocalTaskId:
    case Kind::ControlTaskId:
    case Kind::Direction: return Value::integer(type, 0);
    case Kind::Float:
    case Kind::ComptimeFloat: return Value::floating(type, 0.0);
    case Kind::Pointer: return Value::pointer(type, {});
    case Kind::Dsd: return Value::descriptor(type, {});
    case Kind::String: return Value::string(intern(""));
    case Kind::Array: {
      const auto info = pool.arrayInfo(type);
      if (info.count == 0) return Value::aggregate(type, {});
      auto element = zeroValue(info.element);
      if (!element) return std::nullopt;
      return Value::splat(type, info.count, std::move(*element));
    }
    case Kind::Struct: {
      const auto info = pool.structInfo(type);
      if (info.is_union) {
        auto first = info.fields.empty() ? std::nullopt : zeroValue(info.fields[0].type);
        if (!first) return std::nullopt;
        return Value::unionValue(type, 0, std::move(*first));
      }
      std::vector<Value> parts;
      for (const auto& f : info.fields) {
        auto p = zeroValue(f.type);
        if (!p) return std::nullopt;
        parts.push_back(std::move(*p));
      }
      return Value::aggregate(type, std::move(parts));
    }
    default: return std::nullopt;
  }
}

}  // namespace weft::sema
