// Type constructors as expressions: pointers, arrays, functions, structs, enums.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/sema.h"

#include <algorithm>

namespace weft::sema {

using diag::Code;
using types::Kind;

Operand Sema::pointerType(const ast::PointerType& e) {
  const TypeId element = typeExpr(*e.element);
  if (element == types::kPoison) return Operand::poison();
  const bool opaque = element == types::kAnyOpaque || pool.is(element, Kind::Fn);
  if (!opaque && !pool.isRuntime(element) && !pool.is(element, Kind::AnyStruct) && element != types::kComptimeInt &&
      !pool.is(element, Kind::Struct) && !pool.is(element, Kind::Array)) {
    error(Code::E0314, e.span, "no pointers to values of type '{}'", typeName(element))
        .note("they exist at comptime only, not in PE memory")
        .emit();
    return Operand::poison();
  }
  return Operand::comptime(Value::typeValue(pool.pointer(element, e.is_const, e.is_many)));
}

Operand Sema::arrayType(const ast::ArrayType& e) {
  std::vector<uint32_t> dims;
  uint64_t count = 1;
  for (const ast::Expr* x : e.extents) {
    if (const auto* id = ast::dynAs<ast::Identifier>(x); id != nullptr && text(id->name) == "_") {
      error(Code::E0314, x->span, "array length cannot be inferred").help("write the number of elements").emit();
      return Operand::poison();
    }
    const auto n = comptimeInt(*x, "array length", 0, 0x7fffffff);
    if (!n) return Operand::poison();
    dims.push_back(static_cast<uint32_t>(*n));
    count *= static_cast<uint64_t>(*n);
    if (count > 0x7fffffff) {
      error(Code::E0314, e.span, "array is too large").emit();
      return Operand::poison();
    }
  }
  const TypeId element = typeExpr(*e.element);
  if (element == types::kPoison) return Operand::poison();
  if (pool.is(element, Kind::Array)) {
    error(Code::E0314, e.element->span, "the element type of an array cannot be an array")
        .help("several dimensions go into one pair of brackets: `[a, b]T`")
        .emit();
    return Operand::poison();
  }
  if (element == types::kVoid || element == types::kNoReturn || element == types::kAnyType ||
      element == types::kAnyOpaque) {
    error(Code::E0314, e.element->span, "no arrays of '{}'", typeName(element)).emit();
    return Operand::poison();
  }
  return Operand::comptime(Value::typeValue(pool.array(element, dims)));
}

Operand Sema::fnType(const ast::FnType& e) {
  std::vector<TypeId> params;
  for (const ast::FnTypeParam& p : e.params) {
    params.push_back(typeExpr(*p.type));
    if (params.back() == types::kPoison) return Operand::poison();
  }
  const TypeId result = e.return_type == nullptr ? types::kVoid : typeExpr(*e.return_type);
  if (result == types::kPoison) return Operand::poison();
  return Operand::comptime(Value::typeValue(e.is_task ? pool.task(params, result) : pool.fn(params, result)));
}

Operand Sema::structType(const ast::StructType& e) {
  std::vector<Symbol> names;
  std::vector<TypeId> field_types;
  for (const ast::Field& f : e.fields) {
    if (std::find(names.begin(), names.end(), f.name.symbol) != names.end()) {
      error(Code::E0202, f.name.span, "'{}' declared twice", text(f.name.symbol)).emit();
      return Operand::poison();
    }
    const TypeId t = typeExpr(*f.type);
    if (t == types::kPoison) return Operand::poison();
    names.push_back(f.name.symbol);
    field_types.push_back(t);
    if (e.layout == ast::Layout::Packed) {
      const Kind k = pool.kind(t);
      const bool ok = k == Kind::Int || k == Kind::Float || k == Kind::Bool || k == Kind::Enum || k == Kind::Pointer ||
                      (k == Kind::Struct && pool.structInfo(t).layout == ast::Layout::Packed);
      if (!ok) {
        error(Code::E0314, f.type->span, "type '{}' cannot be packed", typeName(t)).emit();
        return Operand::poison();
      }
    }
    if (e.layout == ast::Layout::Extern && !pool.isRuntime(t)) {
      error(Code::E0314, f.type->span, "type '{}' has no place in an extern struct", typeName(t)).emit();
      return Operand::poison();
    }
  }
  if (e.layout == ast::Layout::Packed) {
    uint32_t total = 0;
    for (const TypeId t : field_types) {
      const uint32_t w = pool.is(t, Kind::Struct) ? pool.structInfo(t).bits : packedBits(t);
      if (e.is_union && total != 0 && w != total) {
        error(Code::E0314, e.span, "fields of a packed union have different widths").emit();
        return Operand::poison();
      }
      total = e.is_union ? w : total + w;
    }
  }
  return Operand::comptime(Value::typeValue(pool.namedStruct(e.span, "", e.is_union, e.layout, names, field_types)));
}

Operand Sema::enumType(const ast::EnumType& e) {
  TypeId backing = types::kU16;
  if (e.tag_type != nullptr) {
    backing = typeExpr(*e.tag_type);
    if (backing == types::kPoison) return Operand::poison();
    if (!pool.isInteger(backing)) {
      error(Code::E0318, e.tag_type->span, "expected a fixed-width integer type, got: '{}'", typeName(backing)).emit();
      return Operand::poison();
    }
  }
  std::vector<types::Enumerator> members(e.enumerators.size());
  std::vector<comptime::Int128> taken;
  for (size_t i = 0; i < e.enumerators.size(); ++i) {
    const auto& m = e.enumerators[i];
    for (size_t k = 0; k < i; ++k) {
      if (e.enumerators[k].name.symbol != m.name.symbol) continue;
      error(Code::E0318, m.name.span, "enumerator '{}' declared twice", text(m.name.symbol)).emit();
      return Operand::poison();
    }
    members[i].name = m.name.symbol;
    if (m.value == nullptr) continue;
    const auto v = comptimeExpr(*m.value, backing, "enumerator value");
    if (!v) return Operand::poison();
    members[i].value = knownInt(*v);
    if (std::find(taken.begin(), taken.end(), members[i].value) != taken.end()) {
      error(Code::E0318, m.value->span, "enumerator value is already taken").emit();
      return Operand::poison();
    }
    taken.push_back(members[i].value);
  }
  // The others count from 0, skipping taken values.
  comptime::Int128 next = 0;
  for (size_t i = 0; i < e.enumerators.size(); ++i) {
    if (e.enumerators[i].value != nullptr) continue;
    while (std::find(taken.begin(), taken.end(), next) != taken.end()) ++next;
    if (!pool.fits(next, backing)) {
      error(Code::E0318, e.enumerators[i].name.span, "enumerator does not fit '{}'", typeName(backing)).emit();
      return Operand::poison();
    }
    members[i].value = next++;
  }
  return Operand::comptime(Value::typeValue(pool.enumeration(e.span, "", backing, members)));
}

}  // namespace weft::sema
