// General builtins: conversions, types, arrays, ranges, structs, assertions, modules.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/sema.h"

namespace weft::sema {

using diag::Code;
using tir::Op;
using types::Kind;

Operand Sema::builtinAs(const ast::BuiltinCall& call, TypeId) {
  const TypeId type = typeExpr(*call.args[0]);
  if (type == types::kPoison) return Operand::poison();
  return branches(*call.args[1], type, Branches::Converted);
}

Operand Sema::builtinBitcast(const ast::BuiltinCall& call, TypeId) {
  const TypeId type = typeExpr(*call.args[0]);
  if (type == types::kPoison) return Operand::poison();
  const Operand v = expr(*call.args[1]);
  if (v.stops()) return v;
  return bitcast(v, type, call.span);
}

Operand Sema::builtinPtrcast(const ast::BuiltinCall& call, TypeId) {
  const TypeId type = typeExpr(*call.args[0]);
  if (type == types::kPoison) return Operand::poison();
  const Operand v = expr(*call.args[1]);
  if (v.stops()) return v;
  if (!pool.is(type, Kind::Pointer)) return typeMismatch(call.args[0]->span, "pointer type", type);
  if (!pool.is(v.type, Kind::Pointer)) {
    error(Code::E0301, call.args[1]->span, "expected a pointer, got: '{}'", typeName(v.type))
        .help("take the address with `&`, or use @bitcast on an integer")
        .emit();
    return Operand::poison();
  }
  Operand out = v;
  out.type = type;
  if (out.isComptime()) out.value.setType(type);
  return out;
}

Operand Sema::typeOnly(const ast::Expr& e) {
  tir::Builder* saved = builder_;
  builder_ = scratch_builder_.get();
  ++type_only_;
  Operand v = expr(e);
  --type_only_;
  builder_ = saved;
  return v;
}

Operand Sema::builtinTypeOf(const ast::BuiltinCall& call, TypeId) {
  const Operand v = typeOnly(*call.args[0]);
  if (v.isPoison()) return v;
  return Operand::comptime(Value::typeValue(v.type));
}

Operand Sema::builtinIsSameType(const ast::BuiltinCall& call, TypeId) {
  const TypeId a = typeExpr(*call.args[0]);
  const TypeId b = typeExpr(*call.args[1]);
  if (a == types::kPoison || b == types::kPoison) return Operand::poison();
  return Operand::comptime(Value::boolean(a == b));
}

Operand Sema::builtinGetInt(const ast::BuiltinCall& call, TypeId) {
  Operand v = expr(*call.args[0]);
  if (v.stops() || pool.isAnyInteger(v.type)) return v;
  const Kind k = pool.kind(v.type);
  TypeId type = types::kU16;
  if (k == Kind::Enum)
    type = pool.enumInfo(v.type).backing;
  else if (!pool.isId(v.type) && k != Kind::Dsr && k != Kind::Xdsr && k != Kind::Sr && k != Kind::Direction)
    return typeMismatch(call.args[0]->span, "color, queue, task id, enum or register", v.type);
  if (v.isComptime()) {
    Value n = v.value;
    n.setType(type);
    return Operand::comptime(std::move(n));
  }
  v.type = type;
  return v;
}

Operand Sema::builtinZeros(const ast::BuiltinCall& call, TypeId) {
  const TypeId type = typeExpr(*call.args[0]);
  if (type == types::kPoison) return Operand::poison();
  if (!pool.is(type, Kind::Array)) return typeMismatch(call.args[0]->span, "array type", type);
  const TypeId element = pool.arrayInfo(type).element;
  if (!pool.isNumeric(element)) {
    auto d = error(Code::E0411, call.args[0]->span, "@zeros makes arrays of numbers, not of '{}'", typeName(element));
    if (element == types::kBool) d.help("write @constants(T, false)");
    d.emit();
    return Operand::poison();
  }
  auto v = zeroValue(type);
  return v ? Operand::comptime(std::move(*v)) : Operand::poison();
}

Operand Sema::builtinConstants(const ast::BuiltinCall& call, TypeId) {
  const TypeId type = typeExpr(*call.args[0]);
  if (type == types::kPoison) return Operand::poison();
  if (!pool.is(type, Kind::Array)) return typeMismatch(call.args[0]->span, "array type", type);
  const auto array = pool.arrayInfo(type);
  const Operand v = exprAs(*call.args[1], array.element);
  if (v.stops()) return v;
  if (v.isComptime()) {
    if (array.count == 0) return Operand::comptime(Value::aggregate(type, {}));
    return Operand::comptime(Value::splat(type, array.count, v.value));
  }
  if (isAggregate(array.element)) return notComptime(call.args[1]->span, "element value");
  // A loop that stores the element everywhere.
  const Address at = temporary(type);
  const tir::Operand value = builder_->emit(Op::Copy, lowerType(array.element), lower(v, call.args[1]->span));
  const uint32_t i = builder_->addLocal(tir::Type::I16);
  builder_->emitTo(i, Op::Copy, tir::Type::I16, builder_->constant(0));
  const uint32_t head = builder_->newBlock(), body = builder_->newBlock(), exit = builder_->newBlock();
  builder_->jump(head);
  builder_->setBlock(head);
  const uint32_t bytes = pool.size(type);
  builder_->branch(builder_->emit(Op::ULt, tir::Type::I16, tir::Operand::local(i), builder_->constant(bytes & 0xffff)),
                   body, exit);
  builder_->setBlock(body);
  builder_->store(lowerType(array.element), builder_->emit(Op::Add, tir::Type::I16, at.base, tir::Operand::local(i)),
                  value);
  builder_->emitTo(i, Op::Add, tir::Type::I16, tir::Operand::local(i), builder_->constant(pool.size(array.element)));
  builder_->jump(head);
  builder_->setBlock(exit);
  return Operand::memory(type, at);
}

Operand Sema::builtinRange(const ast::BuiltinCall& call, TypeId) {
  if (call.args.size() == 3) {
    error(Code::E0302, call.span, "@range: 4 arguments required, 3 provided")
        .help("write @range(T, stop) or @range(T, start, stop, step)")
        .emit();
    return Operand::poison();
  }
  const TypeId type = typeExpr(*call.args[0]);
  if (type == types::kPoison) return Operand::poison();
  if (!pool.isAnyInteger(type)) return typeMismatch(call.args[0]->span, "integer type", type);
  OperandList parts(3);
  if (call.args.size() == 2) {
    parts[0] = Operand::comptime(Value::integer(type, 0));
    parts[1] = exprAs(*call.args[1], type);
    parts[2] = Operand::comptime(Value::integer(type, 1));
  } else {
    for (size_t i = 0; i < 3; ++i) parts[i] = exprAs(*call.args[i + 1], type);
  }
  for (const Operand& p : parts)
    if (p.stops()) return p;
  if (parts[2].isComptime() && knownInt(parts[2].value) == 0) {
    error(Code::E0411, call.args.back()->span, "step of a range cannot be 0").emit();
    return Operand::poison();
  }
  return makeAggregate(pool.range(type), std::move(parts));
}

Operand Sema::rangePart(const ast::BuiltinCall& call, uint32_t index) {
  const Operand v = expr(*call.args[0]);
  if (v.stops()) return v;
  if (!pool.is(v.type, Kind::Range)) return typeMismatch(call.args[0]->span, "range", v.type);
  return part(v, index);
}
Operand Sema::builtinRangeStart(const ast::BuiltinCall& call, TypeId) { return rangePart(call, 0); }
Operand Sema::builtinRangeStop(const ast::BuiltinCall& call, TypeId) { return rangePart(call, 1); }
Operand Sema::builtinRangeStep(const ast::BuiltinCall& call, TypeId) { return rangePart(call, 2); }

TypeId Sema::arrayTypeArg(const ast::BuiltinCall& call) {
  const TypeId type = typeExpr(*call.args[0]);
  if (type == types::kPoison || pool.is(type, Kind::Array)) return type;
  typeMismatch(call.args[0]->span, "array type", type);
  return types::kPoison;
}

Operand Sema::builtinRank(const ast::BuiltinCall& call, TypeId) {
  const TypeId type = arrayTypeArg(call);
  if (type == types::kPoison) return Operand::poison();
  return Operand::comptime(Value::integer(types::kU16, static_cast<int64_t>(pool.arrayInfo(type).dims.size())));
}

Operand Sema::builtinDimensions(const ast::BuiltinCall& call, TypeId) {
  const TypeId type = arrayTypeArg(call);
  if (type == types::kPoison) return Operand::poison();
  std::vector<Value> sizes;
  for (const uint32_t d : pool.arrayInfo(type).dims) sizes.push_back(Value::integer(types::kU32, d));
  const auto rank = static_cast<uint32_t>(sizes.size());
  return Operand::comptime(Value::aggregate(pool.array(types::kU32, rank), std::move(sizes)));
}

Operand Sema::builtinElementCount(const ast::BuiltinCall& call, TypeId) {
  const TypeId type = arrayTypeArg(call);
  if (type == types::kPoison) return Operand::poison();
  return Operand::comptime(Value::integer(types::kU32, static_cast<int64_t>(pool.arrayInfo(type).count)));
}

Operand Sema::builtinElementType(const ast::BuiltinCall& call, TypeId) {
  const TypeId type = arrayTypeArg(call);
  if (type == types::kPoison) return Operand::poison();
  return Operand::comptime(Value::typeValue(pool.arrayInfo(type).element));
}

Operand Sema::builtinField(const ast::BuiltinCall& call, TypeId) {
  const Place p = place(call);
  return p.kind == Place::Kind::Poison ? Operand::poison() : load(p, call.span);
}

Operand Sema::builtinHasField(const ast::BuiltinCall& call, TypeId) {
  const Operand v = typeOnly(*call.args[0]);
  if (v.stops()) return v;
  const auto name = stringOf(exprAtComptime(*call.args[1]), call.args[1]->span, "field name");
  if (!name) return Operand::poison();
  const TypeId type = v.type == types::kType && v.isComptime() ? v.value.asType() : v.type;
  const bool has = pool.is(type, Kind::Struct) && pool.fieldIndex(type, intern(*name)) >= 0;
  return Operand::comptime(Value::boolean(has));
}

Operand Sema::builtinConcatStructs(const ast::BuiltinCall& call, TypeId) {
  OperandList args;
  if (!evalArgs(call, args)) return Operand::poison();
  for (size_t i = 0; i < 2; ++i)
    if (!pool.is(args[i].type, Kind::Struct)) return typeMismatch(call.args[i]->span, "struct", args[i].type);
  const auto a = pool.structInfo(args[0].type), b = pool.structInfo(args[1].type);
  if (a.fields.empty()) return args[1];
  if (b.fields.empty()) return args[0];
  if (a.is_tuple != b.is_tuple) {
    error(Code::E0411, call.span, "a tuple and a struct with named fields cannot be joined").emit();
    return Operand::poison();
  }
  OperandList parts;
  std::vector<Symbol> names;
  std::vector<TypeId> field_types;
  for (size_t i = 0; i < 2; ++i) {
    const auto info = i == 0 ? a : b;
    for (size_t k = 0; k < info.fields.size(); ++k) {
      if (i == 1 && !a.is_tuple && pool.fieldIndex(args[0].type, info.fields[k].name) >= 0) {
        error(Code::E0411, call.span, "both structs have a field '{}'", text(info.fields[k].name)).emit();
        return Operand::poison();
      }
      names.push_back(info.fields[k].name);
      parts.push_back(part(args[i], static_cast<uint32_t>(k)));
      field_types.push_back(parts.back().type);
    }
  }
  return makeAggregate(a.is_tuple ? pool.tuple(field_types) : pool.anonStruct(names, field_types), std::move(parts));
}

Operand Sema::builtinFp16(const ast::BuiltinCall&, TypeId) { return Operand::comptime(Value::typeValue(pool.fp16())); }

Operand Sema::builtinIsArch(const ast::BuiltinCall& call, TypeId) {
  const auto name = stringOf(exprAtComptime(*call.args[0]), call.args[0]->span, "architecture name");
  if (!name) return Operand::poison();
  return Operand::comptime(Value::boolean(*name == target::archName(arch())));
}

Operand Sema::builtinIsComptime(const ast::BuiltinCall&, TypeId) {
  return Operand::comptime(Value::boolean(!atRuntime()));
}

Operand Sema::builtinAssert(const ast::BuiltinCall& call, TypeId) {
  const Operand c = expr(*call.args[0]);
  if (c.stops()) return c;
  if (c.type != types::kBool) return typeMismatch(call.args[0]->span, "bool", c.type);
  if (!atRuntime()) {
    if (!c.isComptime()) return notComptime(call.args[0]->span, "asserted condition");
    if (knownBool(c.value)) return Operand::comptime(Value::voidValue());
    error(Code::E0404, call.span, "comptime_assert failed").emit();
    return Operand::poison();
  }
  const uint32_t fail = builder_->newBlock(), ok = builder_->newBlock();
  builder_->branch(lower(c, call.args[0]->span), ok, fail);
  builder_->setBlock(fail);
  builder_->device(tir::DeviceCall::AssertFailed, {});
  builder_->unreachable();
  builder_->setBlock(ok);
  return Operand::comptime(Value::voidValue());
}

Operand Sema::builtinComptimeAssert(const ast::BuiltinCall& call, TypeId) {
  const auto c = boolOf(exprAtComptime(*call.args[0]), call.args[0]->span, "asserted condition");
  if (!c) return Operand::poison();
  if (*c) return Operand::comptime(Value::voidValue());
  std::string message;
  if (call.args.size() == 2) {
    const auto m = stringOf(exprAtComptime(*call.args[1]), call.args[1]->span, "message");
    if (!m) return Operand::poison();
    message = *m;
  }
  if (message.empty())
    error(Code::E0404, call.span, "comptime_assert failed").emit();
  else
    error(Code::E0404, call.span, "comptime_assert failed: {}", message).emit();
  // Whatever follows is not reached.
  return atRuntime() ? Operand::noReturn() : Operand::poison();
}

Operand Sema::builtinComptimePrint(const ast::BuiltinCall& call, TypeId) {
  std::string line;
  for (const ast::Expr* a : call.args) {
    const Operand v = exprAtComptime(*a);
    if (v.stops()) return Operand::poison();
    if (!v.isComptime()) return notComptime(a->span, "printed value");
    if (!line.empty()) line += ", ";
    line += comptime::toText(know(v.value), pool);
  }
  if (ctx.print && type_only_ == 0) ctx.print(line);
  return Operand::comptime(Value::voidValue());
}

Operand Sema::builtinImportModule(const ast::BuiltinCall& call, TypeId) {
  if (!current_global_.valid()) {
    error(Code::E0410, call.span, "a module can only be imported by a global const")
        .help("write `const m = @import_module(...);` at top level")
        .emit();
    return Operand::poison();
  }
  const Symbol global = current_global_;
  const auto path = stringOf(expr(*call.args[0]), call.args[0]->span, "module path");
  if (!path) return Operand::poison();
  Value params = Value::voidValue();
  if (call.args.size() == 2) {
    const Operand v = expr(*call.args[1]);
    if (v.stops()) return v;
    if (!v.isComptime()) return notComptime(call.args[1]->span, "module parameter struct");
    const bool named =
        pool.is(v.type, Kind::Struct) && (!pool.structInfo(v.type).is_tuple || pool.structInfo(v.type).fields.empty());
    if (!named && v.type != types::kVoid) return typeMismatch(call.args[1]->span, "struct with named fields", v.type);
    params = v.value;
  }
  const SourceFile* file = ctx.loader.load(currentFile(), *path, call.args[0]->span);
  if (file == nullptr) return Operand::poison();
  const ModuleId importer = frame_->module;
  const auto id =
      instantiate(*file, params, importer, call.span, module(importer).prefix + std::string(text(global)) + ".");
  if (!id) return Operand::poison();
  // A program's modules set themselves up; layout evaluation only calls their functions.
  if (program_ != nullptr) {
    current_global_ = {};
    const bool ok = runComptimeBlocks(*id);
    current_global_ = global;
    if (!ok) return Operand::poison();
  }
  return Operand::comptime(Value::module(comptime::ModuleRef{id->value}));
}

Operand Sema::builtinRandom16(const ast::BuiltinCall&, TypeId) {
  return Operand::runtime(types::kU16, builder_->device(tir::DeviceCall::Random16, {}));
}

Operand Sema::builtinSetActivePrng(const ast::BuiltinCall& call, TypeId) {
  const Operand v = exprAs(*call.args[0], types::kU16);
  if (v.stops()) return v;
  builder_->device(tir::DeviceCall::SetActivePrng, {lower(v, call.args[0]->span)});
  return Operand::comptime(Value::voidValue());
}

// ---- library math operations ----

Operand Sema::floatIntrinsic(const ast::BuiltinCall& call, Op op,
                             comptime::Outcome (comptime::Arith::*fold)(const Value&)) {
  const Operand v = expr(*call.args[0]);
  if (v.stops()) return v;
  if (!pool.isAnyFloat(v.type)) return typeMismatch(call.args[0]->span, "f16 or f32", v.type);
  if (v.isComptime()) {
    const comptime::Outcome r = (arith.*fold)(v.value);
    if (r.ok()) return Operand::comptime(r.value);
    return arithError(r.error, call.span, v.type, "math function");
  }
  return Operand::runtime(v.type, builder_->emit(op, lowerType(v.type), lower(v, call.span)));
}
Operand Sema::builtinIntrinsicSqrt(const ast::BuiltinCall& call, TypeId) {
  return floatIntrinsic(call, Op::FSqrt, &comptime::Arith::sqrt);
}
Operand Sema::builtinIntrinsicFloor(const ast::BuiltinCall& call, TypeId) {
  return floatIntrinsic(call, Op::FFloor, &comptime::Arith::floor);
}
Operand Sema::builtinIntrinsicCeil(const ast::BuiltinCall& call, TypeId) {
  return floatIntrinsic(call, Op::FCeil, &comptime::Arith::ceil);
}
Operand Sema::builtinIntrinsicFabs(const ast::BuiltinCall& call, TypeId) {
  return floatIntrinsic(call, Op::FAbs, &comptime::Arith::fabs);
}

Operand Sema::builtinIntrinsicFma(const ast::BuiltinCall& call, TypeId) {
  OperandList args;
  if (!evalArgs(call, args)) return Operand::poison();
  TypeId type = args[0].type;
  for (const Operand& a : args)
    if (pool.is(a.type, Kind::Float)) type = a.type;
  if (!pool.isAnyFloat(type)) return typeMismatch(call.args[0]->span, "f16 or f32", type);
  bool known = true;
  for (size_t i = 0; i < 3; ++i) {
    args[i] = coerce(std::move(args[i]), type, call.args[i]->span);
    if (args[i].stops()) return args[i];
    known = known && args[i].isComptime();
  }
  if (known) {
    const comptime::Outcome r = arith.fma(args[0].value, args[1].value, args[2].value);
    if (r.ok()) return Operand::comptime(r.value);
    return arithError(r.error, call.span, type, "@__fma");
  }
  return Operand::runtime(type, builder_->emit(Op::FFma, lowerType(type), lower(args[0], call.span),
                                               lower(args[1], call.span), lower(args[2], call.span)));
}

}  // namespace weft::sema
