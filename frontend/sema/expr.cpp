// Expressions: dispatch, literals, members, subscripts, and the helpers that ask for comptime-known operands.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/sema.h"

namespace weft::sema {

using ast::NodeKind;
using diag::Code;
using types::Kind;

Operand Sema::expr(const ast::Expr& e, TypeId want) {
  // Leaves cannot recurse.
  if (e.kind == NodeKind::Identifier) return identifier(static_cast<const ast::Identifier&>(e));
  if (e.kind == NodeKind::IntLiteral) {
    const auto& n = static_cast<const ast::IntLiteral&>(e);
    if (!n.fits || (n.high >> 63) != 0) {
      error(Code::E0402, e.span, "integer literal is too large").note("comptime integers have 128 bits here").emit();
      return Operand::poison();
    }
    return Operand::comptime(Value::comptimeInt(static_cast<comptime::Int128>(n.value())));
  }
  if (!checkDepth(e.span)) return Operand::poison();
  return exprInner(e, want);
}

Operand Sema::exprInner(const ast::Expr& e, TypeId want) {
  switch (e.kind) {
    case NodeKind::IntLiteral:
    case NodeKind::Identifier: return expr(e, want);
    case NodeKind::FloatLiteral:
      return Operand::comptime(Value::floating(types::kComptimeFloat, ast::as<ast::FloatLiteral>(e).value));
    case NodeKind::StringLiteral: return Operand::comptime(Value::string(intern(ast::as<ast::StringLiteral>(e).bytes)));
    case NodeKind::BoolLiteral: return Operand::comptime(Value::boolean(ast::as<ast::BoolLiteral>(e).value));
    case NodeKind::VoidLiteral: return Operand::comptime(Value::voidValue());
    case NodeKind::ErrorExpr: return Operand::poison();
    case NodeKind::UnaryExpr: return unaryExpr(ast::as<ast::UnaryExpr>(e), want);
    case NodeKind::BinaryExpr: return binaryExpr(ast::as<ast::BinaryExpr>(e), want);
    case NodeKind::ComptimeExpr: {
      const ast::Expr& operand = *ast::as<ast::ComptimeExpr>(e).operand;
      Operand v = exprAtComptime(operand, want);
      if (v.stops() || v.isComptime()) return v;
      return notComptime(operand.span, "operand of `comptime`");
    }
    case NodeKind::CallExpr: return call(ast::as<ast::CallExpr>(e), want);
    case NodeKind::BuiltinCall: return builtin(ast::as<ast::BuiltinCall>(e), want);
    case NodeKind::IndexExpr: return indexExpr(ast::as<ast::IndexExpr>(e));
    case NodeKind::FieldExpr: return fieldExpr(ast::as<ast::FieldExpr>(e));
    case NodeKind::DerefExpr: return derefExpr(ast::as<ast::DerefExpr>(e));
    case NodeKind::StructInit: return structInit(ast::as<ast::StructInit>(e), want);
    case NodeKind::ListInit: return listInit(ast::as<ast::ListInit>(e), want);
    case NodeKind::IfExpr: return ifExpr(ast::as<ast::IfExpr>(e), want);
    case NodeKind::SwitchExpr: return switchExpr(ast::as<ast::SwitchExpr>(e), want, false, nullptr);
    case NodeKind::BlockExpr: return blockExpr(ast::as<ast::BlockExpr>(e), want);
    case NodeKind::TensorAccess: return tensorAccess(ast::as<ast::TensorAccess>(e));
    case NodeKind::AsmExpr:
      error(Code::E0901, e.span, "inline assembly is not supported by this target")
          .note("the emulated machine runs a typed intermediate representation, not machine code")
          .emit();
      return Operand::poison();
    case NodeKind::PointerType: return pointerType(ast::as<ast::PointerType>(e));
    case NodeKind::ArrayType: return arrayType(ast::as<ast::ArrayType>(e));
    case NodeKind::FnType: return fnType(ast::as<ast::FnType>(e));
    case NodeKind::StructType: return structType(ast::as<ast::StructType>(e));
    case NodeKind::EnumType: return enumType(ast::as<ast::EnumType>(e));
    case NodeKind::AnyType: return Operand::comptime(Value::typeValue(types::kAnyType));
    default: break;
  }
  return Operand::poison();
}

Operand Sema::exprAs(const ast::Expr& e, TypeId type) {
  Operand v = expr(e, type);
  if (v.stops()) return v;
  return coerce(std::move(v), type, e.span);
}

Operand Sema::exprAtComptime(const ast::Expr& e, TypeId want) {
  // The value counts, even where only the type of what is around is asked for.
  const uint32_t saved_type_only = type_only_;
  type_only_ = 0;
  // The same frame, but in comptime mode: what is emitted goes to the scratch builder.
  const Phase saved_phase = frame_->phase;
  tir::Builder* saved_builder = builder_;
  if (saved_phase == Phase::Runtime) {
    frame_->phase = Phase::Comptime;
    builder_ = scratch_builder_.get();
  }
  Operand v = expr(e, want);
  builder_ = saved_builder;
  frame_->phase = saved_phase;
  type_only_ = saved_type_only;
  return v;
}

std::optional<Value> Sema::comptimeExpr(const ast::Expr& e, TypeId want, const char* what) {
  Operand v = exprAtComptime(e, want);
  if (v.stops()) return std::nullopt;
  if (!v.isComptime()) {
    notComptime(e.span, what);
    return std::nullopt;
  }
  if (want.valid()) {
    v = coerce(std::move(v), want, e.span);
    if (v.stops()) return std::nullopt;
  }
  return v.value;
}

TypeId Sema::typeExpr(const ast::Expr& e) {
  // The common case: a builtin name.
  if (const auto* id = ast::dynAs<ast::Identifier>(&e)) {
    const Lookup found = lookup(*id);
    if (found.kind == Lookup::Kind::Type) return TypeId(found.index);
  }
  const Operand v = exprAtComptime(e, types::kType);
  if (v.stops()) return types::kPoison;
  if (v.isComptime() && v.type == types::kType) {
    if (v.value.asType() != types::kAnyType) return v.value.asType();
    error(Code::E0314, e.span, "'anytype' is only the type of a function parameter").emit();
    return types::kPoison;
  }
  if (!v.isComptime()) {
    notComptime(e.span, "type");
    return types::kPoison;
  }
  // `{}` as the type of nothing, in old code.
  if (v.type == types::kVoid) return types::kVoid;
  typeMismatch(e.span, "type", v.type);
  return types::kPoison;
}

Operand Sema::typeMismatch(Span span, std::string_view expected, TypeId got) {
  if (got != types::kPoison) error(Code::E0301, span, "expected type '{}', got: '{}'", expected, typeName(got)).emit();
  return Operand::poison();
}

Operand Sema::notComptime(Span span, const char* what) {
  error(Code::E0401, span, "{} is not comptime-known", what)
      .note("it depends on a value that exists only while the program runs")
      .emit();
  return Operand::poison();
}

void Sema::taskNotBound(Span span) {
  error(Code::E0516, span, "task is not bound to an id")
      .note("the PE knows a task by its number in the task table")
      .help("bind it in a top-level comptime block: `@bind_local_task(t, @get_local_task_id(9))`")
      .emit();
}

std::optional<int64_t> Sema::intOf(const Operand& v, Span span, const char* what, int64_t min, int64_t max) {
  if (v.stops()) return std::nullopt;
  if (!v.isComptime()) {
    notComptime(span, what);
    return std::nullopt;
  }
  if (!pool.isAnyInteger(v.type) && !pool.isId(v.type) && !pool.is(v.type, Kind::Enum)) {
    error(Code::E0301, span, "{}: expected an integer, got: '{}'", what, typeName(v.type)).emit();
    return std::nullopt;
  }
  const comptime::Int128 n = knownInt(v.value);
  if (n < min || n > max) {
    error(Code::E0402, span, "{} {} is out of range", what, comptime::toText(know(v.value), pool))
        .note(fmt::format("it must be between {} and {}", min, max))
        .emit();
    return std::nullopt;
  }
  return static_cast<int64_t>(n);
}

std::optional<int64_t> Sema::comptimeInt(const ast::Expr& e, const char* what, int64_t min, int64_t max) {
  return intOf(exprAtComptime(e), e.span, what, min, max);
}

std::optional<std::string> Sema::stringOf(const Operand& v, Span span, const char* what) {
  if (v.stops()) return std::nullopt;
  if (!v.isComptime() || v.type != types::kString) {
    if (!v.isComptime())
      notComptime(span, what);
    else
      typeMismatch(span, "comptime_string", v.type);
    return std::nullopt;
  }
  return std::string(text(v.value.asString()));
}

std::optional<bool> Sema::boolOf(const Operand& v, Span span, const char* what) {
  if (v.stops()) return std::nullopt;
  if (v.type != types::kBool) {
    typeMismatch(span, "bool", v.type);
    return std::nullopt;
  }
  if (!v.isComptime()) {
    notComptime(span, what);
    return std::nullopt;
  }
  return knownBool(v.value);
}

bool Sema::evalArgs(const ast::BuiltinCall& call, OperandList& args) {
  args.reserve(call.args.size());
  bool ok = true;
  for (const ast::Expr* a : call.args) {
    args.push_back(expr(*a));
    if (args.back().stops()) ok = false;
  }
  return ok;
}

// ---- members and subscripts ----

Operand Sema::fieldExpr(const ast::FieldExpr& e) {
  // Of a variable, only the field is loaded.
  if (atRuntime()) {
    const Place p = place(e);
    return p.kind == Place::Kind::Poison ? Operand::poison() : load(p, e.span);
  }
  const Operand base = expr(*e.base);
  if (base.stops()) return base;
  return fieldOn(base, e.field.symbol, e.field.span, &e);
}

Operand Sema::fieldOn(const Operand& base, Symbol field, Span span, const ast::FieldExpr* node) {
  if (base.stops()) return base;
  switch (pool.kind(base.type)) {
    case Kind::Module: {
      const ModuleId m(static_cast<uint32_t>(base.value.asModule()));
      const auto id = findDecl(m, field);
      if (!id) {
        error(Code::E0204, span, "no member named '{}' in module `{}`", text(field), module(m).file->source->path)
            .emit();
        return Operand::poison();
      }
      return declValue(*id, span);
    }
    case Kind::Type:
      if (base.isComptime()) return typeMember(base.value.asType(), {field, span});
      break;
    case Kind::Struct: {
      int index = -1;
      if (node != nullptr && node->cache[0] == base.type.value) {
        index = static_cast<int>(node->cache[1]);
      } else {
        index = pool.fieldIndex(base.type, field);
        if (index >= 0 && node != nullptr)
          node->cache[0] = base.type.value, node->cache[1] = static_cast<uint32_t>(index);
      }
      if (index < 0) return noField(base.type, {field, span});
      if (base.isComptime()) {
        if (pool.structInfo(base.type).is_union) return unionField(base, static_cast<uint32_t>(index), span);
        return Operand::comptime(base.value.element(static_cast<uint64_t>(index)));
      }
      return part(base, static_cast<uint32_t>(index));
    }
    default: break;
  }
  auto d = error(Code::E0204, span, "no member named '{}' in a value of type '{}'", text(field), typeName(base.type));
  if (pool.is(base.type, Kind::Pointer)) d.help(fmt::format("dereference it first: `.*.{}`", text(field)));
  d.emit();
  return Operand::poison();
}

Operand Sema::noField(TypeId type, const ast::Name& field) {
  auto d = error(Code::E0204, field.span, "no member named '{}' in '{}'", text(field.symbol), typeName(type));
  d.note("not a member of struct");
  d.emit();
  return Operand::poison();
}

Operand Sema::unionField(const Operand& base, uint32_t index, Span span) {
  const auto info = pool.structInfo(base.type);
  if (base.value.activeField() == index) return Operand::comptime(base.value.element(0));
  if (info.layout == ast::Layout::Packed) {
    // All fields have one width: the bits are reinterpreted.
    return bitcast(Operand::comptime(base.value.element(0)), info.fields[index].type, span);
  }
  error(Code::E0319, span, "field '{}' of the union is not the active one", text(info.fields[index].name))
      .note(fmt::format("it holds `{}` now", text(info.fields[base.value.activeField()].name)))
      .emit();
  return Operand::poison();
}

Operand Sema::typeMember(TypeId type, const ast::Name& field) {
  if (!pool.is(type, Kind::Enum)) {
    error(Code::E0204, field.span, "no member named '{}' in type '{}'", text(field.symbol), typeName(type)).emit();
    return Operand::poison();
  }
  for (const auto& m : pool.enumInfo(type).members)
    if (m.name == field.symbol) return Operand::comptime(Value::integer(type, m.value));
  error(Code::E0204, field.span, "no member named '{}' in enum '{}'", text(field.symbol), typeName(type)).emit();
  return Operand::poison();
}

bool Sema::evalIndices(const ast::IndexExpr& e, OperandList& out, std::vector<Span>& spans) {
  for (const ast::Expr* i : e.indices) {
    Operand v = expr(*i);
    if (v.stops()) return false;
    if (!pool.isAnyInteger(v.type)) {
      error(Code::E0311, i->span, "expected an integer index, got: '{}'", typeName(v.type)).emit();
      return false;
    }
    out.push_back(std::move(v));
    spans.push_back(i->span);
  }
  return true;
}

Operand Sema::indexExpr(const ast::IndexExpr& e) {
  // With known indices a comptime-known array gives a comptime-known element.
  if (e.indices.size() == 1 && e.base->kind == NodeKind::Identifier) {
    const Lookup found = lookup(ast::as<ast::Identifier>(*e.base));
    if (found.kind == Lookup::Kind::Local && locals_[found.index].storage == LocalVar::Storage::Comptime &&
        pool.is(locals_[found.index].type, Kind::Array) && e.indices[0]->kind != NodeKind::BlockExpr) {
      const Operand i = expr(*e.indices[0]);
      if (i.stops()) return i;
      if (i.isComptime() && pool.isAnyInteger(i.type)) {
        const comptime::Int128 n = knownInt(i.value);
        const Value& array = locals_[found.index].value;
        if (n >= 0 && static_cast<uint64_t>(n) < array.elementCount() && pool.arrayInfo(array.type()).dims.size() == 1)
          return Operand::comptime(array.element(static_cast<uint64_t>(n)));
      }
      OperandList indices{i};
      return load(placeIndex(place(*e.base), indices, e.span, {e.indices[0]->span}), e.span);
    }
  }
  const Place base = place(*e.base);
  if (base.kind == Place::Kind::Poison) return Operand::poison();
  OperandList indices;
  std::vector<Span> spans;
  if (!evalIndices(e, indices, spans)) return Operand::poison();
  return load(placeIndex(base, indices, e.span, spans), e.span);
}

Operand Sema::derefExpr(const ast::DerefExpr& e) {
  const Operand p = expr(*e.base);
  if (p.stops()) return p;
  // A function is called through its pointer, with `.*` or without.
  if (pool.is(p.type, types::Kind::Pointer) && pool.is(pool.pointerInfo(p.type).element, types::Kind::Fn)) return p;
  return load(pointee(p, e.span), e.span);
}

}  // namespace weft::sema
