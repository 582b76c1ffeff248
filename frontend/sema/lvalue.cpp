// Places: what can be assigned, loaded and addressed; fields, subscripts and dereferences of them.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/sema.h"

namespace weft::sema {

using ast::NodeKind;
using comptime::PointerTarget;
using diag::Code;
using tir::Op;
using types::Kind;

namespace {

Place rvalue(Operand v) {
  Place p;
  if (v.isPoison()) return p;
  p.kind = Place::Kind::Rvalue;
  p.is_const = true;
  p.const_reason = v.type == types::kType ? "type" : "temporary value";
  p.type = v.type;
  p.value = std::move(v);
  return p;
}

Address objectAddress(ObjectId o, uint32_t offset) {
  Address a;
  a.kind = Address::Kind::Object;
  a.object = o;
  a.offset = static_cast<uint16_t>(offset);
  return a;
}

}  // namespace

Place Sema::place(const ast::Expr& e) {
  switch (e.kind) {
    case NodeKind::Identifier: return identifierPlace(ast::as<ast::Identifier>(e));
    case NodeKind::FieldExpr: {
      const auto& f = ast::as<ast::FieldExpr>(e);
      Place base = place(*f.base);
      if (base.kind == Place::Kind::Poison) return base;
      return placeField(base, f.field.symbol, f.field.span, &f);
    }
    case NodeKind::IndexExpr: {
      const auto& i = ast::as<ast::IndexExpr>(e);
      const Place base = place(*i.base);
      if (base.kind == Place::Kind::Poison) return base;
      OperandList indices;
      std::vector<Span> spans;
      if (!evalIndices(i, indices, spans)) return {};
      return placeIndex(base, indices, e.span, spans);
    }
    case NodeKind::DerefExpr: {
      const Operand p = expr(*ast::as<ast::DerefExpr>(e).base);
      return p.stops() ? Place{} : pointee(p, e.span);
    }
    case NodeKind::BuiltinCall: {
      const auto& call = ast::as<ast::BuiltinCall>(e);
      if (text(call.name.symbol) == "field" && call.args.size() == 2) {
        const Place base = place(*call.args[0]);
        if (base.kind == Place::Kind::Poison) return base;
        const auto name = stringOf(exprAtComptime(*call.args[1]), call.args[1]->span, "field name");
        if (!name) return {};
        return placeField(base, intern(*name), call.args[1]->span, nullptr);
      }
      break;
    }
    default: break;
  }
  Operand v = expr(e);
  return v.stops() ? Place{} : rvalue(std::move(v));
}

Place Sema::identifierPlace(const ast::Identifier& e) {
  const Lookup found = lookup(e);
  if (found.kind == Lookup::Kind::Decl) return placeOfDecl(DeclId(found.index), e.span);
  if (found.kind != Lookup::Kind::Local) {
    Operand v = identifier(e);
    return v.stops() ? Place{} : rvalue(std::move(v));
  }
  const LocalVar& v = locals_[found.index];
  Place p;
  p.is_const = v.is_const;
  p.const_reason = v.const_reason;
  p.type = v.type;
  switch (v.storage) {
    case LocalVar::Storage::Comptime:
      p.kind = Place::Kind::Comptime;
      p.root = found.index;
      break;
    case LocalVar::Storage::Cell:
      p.kind = Place::Kind::Comptime;
      p.is_cell = true;
      p.root = v.index;
      break;
    case LocalVar::Storage::Local:
      p.kind = Place::Kind::Local;
      p.root = v.index;
      break;
    case LocalVar::Storage::Memory:
      p.kind = Place::Kind::Memory;
      p.address = v.address;
      break;
    case LocalVar::Storage::Operand: {
      const Operand& value = operands_[v.index];
      if (value.kind == Operand::Kind::Memory) {
        p.kind = Place::Kind::Memory;
        p.address = value.address;
        p.is_const = true;
        break;
      }
      p = rvalue(value);
      p.const_reason = v.const_reason;
      break;
    }
    case LocalVar::Storage::Poison: return {};
  }
  return p;
}

Place Sema::placeOfDecl(DeclId id, Span use) {
  if (!resolve(id, use)) return {};
  const DeclInfo& d = decl(id);
  const auto* v = ast::dynAs<ast::VarDecl>(d.decl);
  if (v == nullptr || !pool.isRuntime(d.type)) {
    Place p = rvalue(Operand::comptime(d.value));
    p.const_reason = d.decl->kind == NodeKind::ParamDecl ? "param"
                     : d.decl->kind == NodeKind::FnDecl  ? "function"
                                                         : "constant";
    // A param of array type may be subscripted and addressed like a constant.
    return p;
  }
  Place p;
  p.kind = Place::Kind::Memory;
  p.type = d.type;
  p.is_const = v->is_const;
  p.const_reason = "constant";
  p.address = objectAddress(objectOf(id), 0);
  return p;
}

bool Sema::pathPush(Place& p, uint32_t index, Span span) {
  if (p.path_size == Place::kMaxPath) {
    error(Code::E0407, span, "access is nested too deeply").emit();
    p = {};
    return false;
  }
  p.path[p.path_size++] = index;
  return true;
}

Value* Sema::resolvePath(const Place& p) {
  Value* v = p.is_cell ? &cells_[p.root] : &locals_[p.root].value;
  for (uint8_t i = 0; i < p.path_size; ++i) {
    if (v->rep() != Value::Rep::Aggregate || p.path[i] >= v->elementCount()) return nullptr;
    v = &v->mutableElement(p.path[i]);
  }
  return v;
}

const Value* Sema::peekPath(const Place& p) {
  const Value* v = p.is_cell ? &cells_[p.root] : &locals_[p.root].value;
  for (uint8_t i = 0; i < p.path_size; ++i) {
    if (v->rep() != Value::Rep::Aggregate || p.path[i] >= v->elementCount()) return nullptr;
    v = &v->element(p.path[i]);
  }
  return v;
}

Place Sema::placeField(const Place& base, Symbol field, Span span, const ast::FieldExpr* node) {
  if (base.kind == Place::Kind::Poison) return {};
  Place p = base;
  TypeId type = base.type;
  if (base.kind == Place::Kind::Comptime) {
    const Value* v = peekPath(base);
    if (v == nullptr || !v->known()) return {};
    type = v->type();
    if (type == types::kPoison) return {};
  }
  if (base.kind == Place::Kind::Rvalue || !pool.is(type, Kind::Struct)) {
    // Modules, enumerators, and messages for the rest.
    const Operand v = base.kind == Place::Kind::Rvalue ? base.value : load(base, span);
    if (v.stops()) return {};
    if (v.isComptime() && v.type == types::kModule) {
      const ModuleId m(static_cast<uint32_t>(v.value.asModule()));
      const auto id = findDecl(m, field);
      if (id) return placeOfDecl(*id, span);
      error(Code::E0204, span, "no member named '{}' in module `{}`", text(field), module(m).file->source->path).emit();
      return {};
    }
    Operand out = fieldOn(v, field, span, node);
    if (out.stops()) return {};
    if (out.kind == Operand::Kind::Memory) {
      p.kind = Place::Kind::Memory;
      p.type = out.type;
      p.address = out.address;
      p.is_const = true;
      return p;
    }
    Place r = rvalue(std::move(out));
    r.const_reason = base.const_reason;
    return r;
  }
  const int index = pool.fieldIndex(type, field);
  if (index < 0) {
    noField(type, {field, span});
    return {};
  }
  const auto info = pool.structInfo(type);
  const auto& f = info.fields[static_cast<size_t>(index)];
  p.type = f.type;
  if (base.kind == Place::Kind::Comptime) {
    if (!info.is_union) {
      if (!pathPush(p, static_cast<uint32_t>(index), span)) return {};
      return p;
    }
    const Value* v = peekPath(base);
    if (v->activeField() == static_cast<uint32_t>(index)) return pathPush(p, 0, span) ? p : Place{};
    Operand out = unionField(Operand::comptime(*v), static_cast<uint32_t>(index), span);
    if (out.stops()) return {};
    // The fields of a packed union are views of the same bits: the one in use now can be assigned.
    Value seen = out.isComptime() ? Value::unionValue(type, static_cast<uint32_t>(index), out.value) : Value();
    if (base.is_const || !seen.known() || arith.rawBits(seen) != arith.rawBits(*v)) return rvalue(std::move(out));
    Value* cell = resolvePath(base);
    if (cell == nullptr) return {};
    *cell = std::move(seen);
    return pathPush(p, 0, span) ? p : Place{};
  }
  if (base.kind != Place::Kind::Memory) return {};
  if (info.layout == ast::Layout::Packed) {
    p.bit_offset = base.bit_offset + (info.is_union ? 0 : f.offset);
    p.is_packed = true;
  } else {
    p.address = offsetBy(base.address, f.offset);
  }
  return p;
}

tir::Operand Sema::scaledIndex(const Operand& index, uint32_t scale, Span span) {
  tir::Operand i = lower(index, span);
  if (!index.isComptime()) {
    const tir::Type t = lowerType(index.type);
    if (t == tir::Type::I8)
      i = builder_->emit(pool.intInfo(index.type).is_signed ? Op::SExt : Op::ZExt, tir::Type::I16, i, {}, {}, 0, t);
    else if (t == tir::Type::I32 || t == tir::Type::I64)
      i = builder_->emit(Op::Trunc, tir::Type::I16, i, {}, {}, 0, t);
  } else if (index.value.symbolic()) {
    const Operand narrow = pool.is(index.type, Kind::Int) && lowerType(index.type) == tir::Type::I16
                               ? index
                               : convert(index, types::kI16, span);
    i = lower(narrow, span);
  }
  if (scale == 1) return i;
  if (scale != 0 && (scale & (scale - 1)) == 0)
    return builder_->emit(Op::Shl, tir::Type::I16, i, builder_->constant(static_cast<uint64_t>(__builtin_ctz(scale))));
  return builder_->emit(Op::Mul, tir::Type::I16, i, builder_->constant(scale & 0xffff));
}

Place Sema::placeIndex(const Place& base, const OperandList& indices, Span span, const std::vector<Span>& index_spans) {
  if (base.kind == Place::Kind::Poison) return {};
  for (size_t i = 0; i < indices.size(); ++i) {
    if (indices[i].stops()) return {};
    if (pool.isAnyInteger(indices[i].type)) continue;
    error(Code::E0311, index_spans[i], "expected an integer index, got: '{}'", typeName(indices[i].type)).emit();
    return {};
  }
  TypeId type = base.type;
  if (base.kind == Place::Kind::Comptime) {
    const Value* v = peekPath(base);
    if (v == nullptr || !v->known()) return {};
    type = v->type();
  }
  const Kind kind = pool.kind(type);
  if (kind == Kind::Pointer) {
    const auto info = pool.pointerInfo(type);
    const Operand p = load(base, span);
    if (p.stops()) return {};
    if (!info.is_many) {
      // `p[i]` with p: *[N]T is `p.*[i]`.
      if (pool.is(info.element, Kind::Array)) return placeIndex(pointee(p, span), indices, span, index_spans);
      error(Code::E0311, span, "'{}' cannot be subscripted", typeName(type))
          .help("a pointer to one value is read with `.*`")
          .emit();
      return {};
    }
    if (indices.size() != 1) {
      error(Code::E0311, span, "'{}' takes 1 index, {} provided", typeName(type), indices.size()).emit();
      return {};
    }
    const uint32_t size = pool.size(info.element);
    Place out;
    out.type = info.element;
    out.is_const = info.is_const;
    out.const_reason = "target of a pointer to const";
    out.kind = Place::Kind::Memory;
    const bool known = indices[0].isComptime();
    if (p.isComptime()) {
      const PointerTarget t = p.value.asPointer();
      if (t.kind == PointerTarget::Kind::Cell) {
        if (!known) {
          notComptime(index_spans[0], "index");
          return {};
        }
        std::vector<uint32_t> path = cell_paths_[static_cast<size_t>(t.offset)];
        const auto n = static_cast<int64_t>(knownInt(indices[0].value));
        if (path.empty()) path.push_back(0);
        path.back() = static_cast<uint32_t>(path.back() + n);
        out.kind = Place::Kind::Comptime;
        out.is_cell = true;
        out.root = t.id;
        for (const uint32_t i : path)
          if (!pathPush(out, i, span)) return {};
        if (peekPath(out) == nullptr) {
          error(Code::E0311, index_spans[0], "index {} is out of range", n).emit();
          return {};
        }
        return out;
      }
      out.address.kind = t.kind == PointerTarget::Kind::Global ? Address::Kind::Object : Address::Kind::Raw;
      out.address.object = ObjectId(t.id);
      out.address.offset = static_cast<uint16_t>(t.offset);
    } else {
      out.address.kind = Address::Kind::Runtime;
      out.address.base = p.op;
    }
    if (known && !indices[0].value.symbolic()) {
      out.address =
          offsetBy(out.address, static_cast<uint32_t>(static_cast<uint64_t>(knownInt(indices[0].value)) * size));
      return out;
    }
    return addIndex(out, indices[0], size, index_spans[0]);
  }
  if (kind == Kind::Struct && pool.structInfo(type).is_tuple) {
    const auto n = indices.size() == 1 ? intOf(indices[0], index_spans[0], "tuple index", 0,
                                               static_cast<int64_t>(pool.structInfo(type).fields.size()) - 1)
                                       : std::nullopt;
    if (!n) return {};
    if (base.kind == Place::Kind::Comptime) {
      Place out = base;
      out.type = pool.structInfo(type).fields[static_cast<size_t>(*n)].type;
      return pathPush(out, static_cast<uint32_t>(*n), span) ? out : Place{};
    }
    if (base.kind == Place::Kind::Rvalue) return rvalue(part(base.value, static_cast<uint32_t>(*n)));
    Place out = base;
    out.type = pool.structInfo(type).fields[static_cast<size_t>(*n)].type;
    out.address = offsetBy(base.address, pool.structInfo(type).fields[static_cast<size_t>(*n)].offset);
    return out;
  }
  if (kind != Kind::Array) {
    auto d = error(Code::E0311, span, "a value of type '{}' cannot be subscripted", typeName(type));
    d.emit();
    return {};
  }
  const auto array = pool.arrayInfo(type);
  if (indices.size() != array.dims.size()) {
    error(Code::E0311, span, "'{}' takes {} index(es), {} provided", typeName(type), array.dims.size(), indices.size())
        .help("all indices go into one pair of brackets: `a[i, j]`")
        .emit();
    return {};
  }
  // Constant part of the flat index, and whether there is a run-time part.
  uint64_t flat = 0;
  bool all_known = true;
  uint64_t pitch = 1;
  std::vector<uint64_t> pitches(indices.size());
  for (size_t i = indices.size(); i-- > 0;) {
    pitches[i] = pitch;
    pitch *= array.dims[i];
  }
  for (size_t i = 0; i < indices.size(); ++i) {
    if (!indices[i].isComptime()) {
      all_known = false;
      continue;
    }
    const bool memory = base.kind == Place::Kind::Memory &&
                        !(base.address.kind == Address::Kind::Object && object(base.address.object).is_const);
    if (indices[i].value.symbolic() && memory && atRuntime()) {
      // The range question is asked, the value is not.
      const auto in_range =
          arith.binary(ast::BinaryOp::Less, indices[i].value, Value::integer(indices[i].type, array.dims[i]));
      if (pool.fits(array.dims[i], indices[i].type) && in_range.ok() && knownBool(in_range.value)) {
        all_known = false;
        continue;
      }
    }
    const comptime::Int128 n = knownInt(indices[i].value);
    if (n < 0 || n >= static_cast<comptime::Int128>(array.dims[i])) {
      error(Code::E0311, index_spans[i], "index {} is out of range", comptime::toText(know(indices[i].value), pool))
          .note(fmt::format("'{}' has {} element(s) in this dimension", typeName(type), array.dims[i]))
          .emit();
      return {};
    }
    flat += static_cast<uint64_t>(n) * pitches[i];
  }
  if (all_known) {
    switch (base.kind) {
      case Place::Kind::Comptime: {
        Place out = base;
        out.type = array.element;
        return pathPush(out, static_cast<uint32_t>(flat), span) ? out : Place{};
      }
      case Place::Kind::Memory: {
        Place out = base;
        out.type = array.element;
        out.address = offsetBy(base.address, static_cast<uint32_t>(flat * pool.size(array.element)));
        return out;
      }
      case Place::Kind::Rvalue: return rvalue(part(base.value, static_cast<uint32_t>(flat)));
      default: return {};
    }
  }
  if (!atRuntime() && type_only_ == 0) {
    for (size_t i = 0; i < indices.size(); ++i)
      if (!indices[i].isComptime()) {
        notComptime(index_spans[i], "index");
        return {};
      }
  }
  Place out = base;
  out.type = array.element;
  if (base.kind == Place::Kind::Comptime || base.kind == Place::Kind::Rvalue) {
    if (base.kind == Place::Kind::Comptime && !base.is_const) {
      error(Code::E0401, span, "index of a comptime variable is not comptime-known")
          .note("a comptime variable does not exist at run time")
          .emit();
      return {};
    }
    const Operand whole = load(base, span);
    if (whole.stops()) return {};
    if (!pool.isRuntime(type)) {
      error(Code::E0401, span, "index into a value of type '{}' is not comptime-known", typeName(type))
          .note("the elements exist at comptime only")
          .emit();
      return {};
    }
    out = Place{};
    out.kind = Place::Kind::Memory;
    out.type = array.element;
    out.is_const = true;
    out.const_reason = "constant";
    out.address = materialize(whole, span);
  }
  const uint32_t size = pool.size(array.element);
  out.address = offsetBy(out.address, static_cast<uint32_t>(flat * size));
  for (size_t i = 0; i < indices.size(); ++i) {
    if (indices[i].isComptime() && !indices[i].value.symbolic()) continue;
    if (indices[i].isComptime() && !pool.is(indices[i].type, Kind::Int)) continue;
    out = addIndex(out, indices[i], static_cast<uint32_t>(pitches[i] * size), index_spans[i]);
  }
  return out;
}

Place Sema::addIndex(Place p, const Operand& index, uint32_t scale, Span span) {
  const tir::Operand scaled = scaledIndex(index, scale, span);
  Address a;
  a.kind = Address::Kind::Runtime;
  if (p.address.kind == Address::Kind::Runtime) {
    a.base = builder_->emit(Op::Add, tir::Type::I16, p.address.base, scaled);
    a.offset = p.address.offset;
  } else {
    uint16_t offset = 0;
    const tir::Operand base = lowerAddress(p.address, &offset);
    a.base = builder_->emit(Op::Add, tir::Type::I16, base, scaled);
    a.offset = offset;
  }
  p.address = a;
  return p;
}

std::optional<Value> Sema::loadObject(const Object& o, uint32_t offset, TypeId type) {
  const Value* v = &o.init;
  if (!v->known()) return std::nullopt;
  for (;;) {
    if (offset == 0 && v->type() == type) return *v;
    if (pool.is(v->type(), Kind::Array)) {
      const uint32_t size = pool.size(pool.arrayInfo(v->type()).element);
      if (size == 0 || offset / size >= v->elementCount()) return std::nullopt;
      v = &v->element(offset / size);
      offset %= size;
      continue;
    }
    if (pool.is(v->type(), Kind::Struct)) {
      const auto info = pool.structInfo(v->type());
      if (info.is_union || info.layout == ast::Layout::Packed) return std::nullopt;
      size_t found = info.fields.size();
      for (size_t i = 0; i < info.fields.size(); ++i)
        if (info.fields[i].offset <= offset &&
            offset < info.fields[i].offset + std::max(pool.size(info.fields[i].type), 1u))
          found = i;
      if (found == info.fields.size()) return std::nullopt;
      v = &v->element(found);
      offset -= info.fields[found].offset;
      continue;
    }
    return std::nullopt;
  }
}

Operand Sema::load(const Place& p, Span span) {
  switch (p.kind) {
    case Place::Kind::Poison: return Operand::poison();
    case Place::Kind::Rvalue: return p.value;
    case Place::Kind::Comptime: {
      const Value* v = peekPath(p);
      if (v == nullptr || !v->known()) {
        error(Code::E0413, span, "this comptime value does not exist (any more)").emit();
        return Operand::poison();
      }
      return Operand::comptime(*v);
    }
    case Place::Kind::Local: return Operand::runtime(p.type, tir::Operand::local(p.root));
    case Place::Kind::Memory: break;
  }
  if (p.address.kind == Address::Kind::Object && object(p.address.object).is_const && !p.is_packed) {
    if (auto v = loadObject(object(p.address.object), p.address.offset, p.type))
      return Operand::comptime(std::move(*v));
  }
  if (!atRuntime()) {
    if (type_only_ > 0)
      return isAggregate(p.type) ? Operand::memory(p.type, p.address) : Operand::runtime(p.type, builder_->constant(0));
    auto d = error(Code::E0401, span, "value in PE memory is not comptime-known");
    if (p.address.kind == Address::Kind::Object && object(p.address.object).decl.valid())
      d.label(object(p.address.object).span, "a global `var` changes while the program runs");
    d.emit();
    return Operand::poison();
  }
  if (p.is_packed) return loadPacked(p, span);
  return loadFrom(p.address, p.type);
}

bool Sema::store(const Place& p, Operand value, Span span) {
  if (p.kind == Place::Kind::Poison || value.isPoison()) return false;
  if (value.stops()) return false;
  if (p.is_const || p.kind == Place::Kind::Rvalue) {
    const std::string_view reason = p.const_reason != nullptr ? p.const_reason : "constant";
    auto d = error(Code::E0305, span, "cannot assign to a {}", reason);
    if (reason == "constant") d.help("declare it with `var`");
    if (reason == "param") d.note("a param is fixed when the program is compiled").help("start a `var` with it");
    if (reason == "function parameter" || reason == "loop capture") d.help("copy it into a `var` first");
    d.emit();
    return false;
  }
  switch (p.kind) {
    case Place::Kind::Comptime: {
      const bool dynamic = p.path_size == 0 && p.type == types::kAnyStruct;
      value = coerce(std::move(value), dynamic ? types::kAnyStruct : p.type, span);
      if (value.stops()) return false;
      if (!value.isComptime()) {
        notComptime(span, "value stored in a comptime variable");
        return false;
      }
      if (!p.is_cell && atRuntime() && locals_[p.root].control_depth != control_depth_) {
        error(Code::E0409, span, "comptime variable `{}` is stored under run-time control flow",
              text(locals_[p.root].name))
            .label(locals_[p.root].span, "declared here")
            .note("comptime variables change while the code is compiled, in textual order")
            .emit();
        return false;
      }
      Value* slot = resolvePath(p);
      if (slot == nullptr) {
        error(Code::E0413, span, "this comptime value does not exist (any more)").emit();
        return false;
      }
      *slot = std::move(value.value);
      return true;
    }
    case Place::Kind::Local: {
      value = coerce(std::move(value), p.type, span);
      if (value.stops()) return false;
      const tir::Operand v = lower(value, span);
      builder_->emitTo(p.root, Op::Copy, lowerType(p.type), v);
      return true;
    }
    case Place::Kind::Memory: {
      if (!atRuntime()) {
        auto d = error(Code::E0401, span, "PE memory cannot be written at comptime");
        if (p.address.kind == Address::Kind::Object && object(p.address.object).decl.valid())
          d.label(object(p.address.object).span, "a global `var` gets its values while the program runs");
        d.help("give it an initial value in its declaration").emit();
        return false;
      }
      value = coerce(std::move(value), p.type, span);
      if (value.stops()) return false;
      if (p.is_packed)
        storePacked(p, value, span);
      else
        copyTo(p.address, value, span);
      return true;
    }
    default: return false;
  }
}

// The bits of a packed field: read through the smallest unit that covers them.
Operand Sema::loadPacked(const Place& p, Span span) {
  const TypeId type = p.type;
  const bool nested = pool.is(type, Kind::Struct);
  const uint32_t width = nested ? pool.structInfo(type).bits : packedBits(type);
  if (nested && p.bit_offset % 8 == 0) return Operand::memory(type, offsetBy(p.address, p.bit_offset / 8));
  const uint32_t byte = p.bit_offset / 8, shift = p.bit_offset % 8;
  const tir::Type unit = shift + width <= 8    ? tir::Type::I8
                         : shift + width <= 16 ? tir::Type::I16
                         : shift + width <= 32 ? tir::Type::I32
                                               : tir::Type::I64;
  uint16_t offset = 0;
  const tir::Operand base = lowerAddress(offsetBy(p.address, byte), &offset);
  tir::Operand v = builder_->load(unit, base, offset);
  if (shift != 0) v = builder_->emit(Op::LShr, unit, v, builder_->constant(shift));
  const TypeId bits_type = pool.integer(false, width);
  if (width < tir::sizeOf(unit) * 8)
    v = builder_->emit(Op::And, unit, v, builder_->constant(width == 0 ? 0 : ~0ull >> (64 - width)));
  const tir::Type bits_tir = lowerType(bits_type);
  if (tir::sizeOf(bits_tir) < tir::sizeOf(unit)) v = builder_->emit(Op::Trunc, bits_tir, v, {}, {}, 0, unit);
  if (nested) {
    const Address at = temporary(type);
    builder_->store(bits_tir, at.base, v, at.offset);
    return Operand::memory(type, at);
  }
  if (type == types::kBool)
    return Operand::runtime(type, builder_->emit(Op::ToBool, tir::Type::Bool, v, {}, {}, 0, bits_tir));
  if (pool.is(type, Kind::Int) && pool.intInfo(type).is_signed) return wrapOdd(type, v);
  if (pool.is(type, Kind::Float))
    return Operand::runtime(type, builder_->emit(Op::Bitcast, lowerType(type), v, {}, {}, 0, bits_tir));
  (void)span;
  return Operand::runtime(type, v);
}

void Sema::storePacked(const Place& p, const Operand& v, Span span) {
  const TypeId type = p.type;
  const bool nested = pool.is(type, Kind::Struct);
  const uint32_t width = nested ? pool.structInfo(type).bits : packedBits(type);
  if (width == 0) return;
  const uint32_t byte = p.bit_offset / 8, shift = p.bit_offset % 8;
  const tir::Type unit = shift + width <= 8    ? tir::Type::I8
                         : shift + width <= 16 ? tir::Type::I16
                         : shift + width <= 32 ? tir::Type::I32
                                               : tir::Type::I64;
  const tir::Type bits_tir = lowerType(pool.integer(false, width));
  tir::Operand bits;
  if (nested) {
    const Address from = materialize(v, span);
    uint16_t from_offset = 0;
    const tir::Operand from_base = lowerAddress(from, &from_offset);
    bits = builder_->load(bits_tir, from_base, from_offset);
  } else {
    bits = lower(v, span);
    if (type == types::kBool) bits = builder_->emit(Op::FromBool, bits_tir, bits, {}, {}, 0, tir::Type::Bool);
    if (pool.is(type, Kind::Float)) bits = builder_->emit(Op::Bitcast, bits_tir, bits, {}, {}, 0, lowerType(type));
  }
  if (tir::sizeOf(bits_tir) < tir::sizeOf(unit)) bits = builder_->emit(Op::ZExt, unit, bits, {}, {}, 0, bits_tir);
  const uint64_t mask = ~0ull >> (64 - width);
  const uint64_t unit_mask = ~0ull >> (64 - tir::sizeOf(unit) * 8);
  bits = builder_->emit(Op::And, unit, bits, builder_->constant(mask));
  if (shift != 0) bits = builder_->emit(Op::Shl, unit, bits, builder_->constant(shift));
  uint16_t offset = 0;
  const tir::Operand base = lowerAddress(offsetBy(p.address, byte), &offset);
  tir::Operand old = builder_->load(unit, base, offset);
  old = builder_->emit(Op::And, unit, old, builder_->constant(~(mask << shift) & unit_mask));
  builder_->store(unit, base, builder_->emit(Op::Or, unit, old, bits), offset);
}

uint32_t Sema::packedBits(TypeId type) const {
  switch (pool.kind(type)) {
    case Kind::Bool: return 1;
    case Kind::Int: return pool.intInfo(type).bits;
    case Kind::Enum: return pool.intInfo(pool.enumInfo(type).backing).bits;
    default: return pool.size(type) * 8;
  }
}

uint32_t Sema::cellPath(std::vector<uint32_t> path) {
  for (size_t i = 0; i < cell_paths_.size(); ++i)
    if (cell_paths_[i] == path) return static_cast<uint32_t>(i);
  cell_paths_.push_back(std::move(path));
  return static_cast<uint32_t>(cell_paths_.size() - 1);
}

Operand Sema::addressOf(const Place& p, Span span) {
  if (p.kind == Place::Kind::Poison) return Operand::poison();
  if (p.is_packed) {
    error(Code::E0306, span, "address of packed struct field is unsupported")
        .note("a packed field need not start at a byte")
        .emit();
    return Operand::poison();
  }
  if (p.kind == Place::Kind::Rvalue && p.value.isComptime()) {
    const Operand& v = p.value;
    if (pool.is(v.type, Kind::Fn)) {
      const auto* fn = ast::dynAs<ast::FnDecl>(decl(DeclId(static_cast<uint32_t>(v.value.asFunction()))).decl);
      if (fn != nullptr && fn->inlining == ast::Inlining::Inline) {
        error(Code::E0306, span, "an inline function has no address")
            .note("it has no code of its own, only where it is called")
            .help("leave out `inline`")
            .emit();
        return Operand::poison();
      }
      Value f = v.value;
      f.setType(pool.pointer(v.type, true, false));
      return Operand::comptime(std::move(f));
    }
    // Params and comptime-known constants that may stand in memory.
    if (p.const_reason != nullptr && std::string_view(p.const_reason) != "temporary value" && pool.isRuntime(v.type)) {
      const ObjectId o = constantObject(v.value, span);
      return Operand::comptime(
          Value::pointer(pool.pointer(v.type, true, false), {PointerTarget::Kind::Global, o.value, 0}));
    }
  }
  const TypeId type = pool.pointer(p.type, p.is_const, false);
  switch (p.kind) {
    case Place::Kind::Comptime: {
      if (p.is_cell) {
        std::vector<uint32_t> path(p.path, p.path + p.path_size);
        const Value* v = peekPath(p);
        const TypeId element = v != nullptr && v->known() ? v->type() : p.type;
        return Operand::comptime(
            Value::pointer(pool.pointer(element, p.is_const, false),
                           {PointerTarget::Kind::Cell, p.root, static_cast<int32_t>(cellPath(std::move(path)))}));
      }
      const Operand whole = load(p, span);
      if (whole.stops()) return whole;
      if (p.is_const && pool.isRuntime(whole.type)) {
        const ObjectId o = constantObject(whole.value, span);
        return Operand::comptime(
            Value::pointer(pool.pointer(whole.type, true, false), {PointerTarget::Kind::Global, o.value, 0}));
      }
      error(Code::E0306, span, "the address of a comptime variable cannot be taken")
          .note("it does not exist at run time")
          .emit();
      return Operand::poison();
    }
    case Place::Kind::Memory:
      if (p.address.kind == Address::Kind::Object)
        return Operand::comptime(
            Value::pointer(type, {PointerTarget::Kind::Global, p.address.object.value, p.address.offset}));
      if (p.address.kind == Address::Kind::Raw)
        return Operand::comptime(Value::pointer(type, {PointerTarget::Kind::Raw, 0, p.address.offset}));
      return Operand::runtime(type, addressValue(p.address));
    case Place::Kind::Local:
    case Place::Kind::Rvalue:
    case Place::Kind::Poison: break;
  }
  error(Code::E0306, span, "expression does not yield the address of a variable")
      .note("only variables have an address")
      .emit();
  return Operand::poison();
}

Place Sema::pointee(const Operand& p, Span span) {
  if (p.stops()) return {};
  if (!pool.is(p.type, Kind::Pointer)) {
    error(Code::E0316, span, "a value of type '{}' cannot be dereferenced", typeName(p.type)).emit();
    return {};
  }
  const auto info = pool.pointerInfo(p.type);
  if (info.is_many) {
    error(Code::E0316, span, "'{}' cannot be dereferenced with `.*`", typeName(p.type))
        .help("subscript it: `[0]`")
        .emit();
    return {};
  }
  if (info.element == types::kAnyOpaque) {
    error(Code::E0316, span, "'{}' cannot be dereferenced", typeName(p.type)).help("cast it back with @ptrcast").emit();
    return {};
  }
  Place out;
  out.type = info.element;
  out.is_const = info.is_const;
  out.const_reason = "target of a pointer to const";
  if (p.isComptime() && pool.is(info.element, Kind::Fn)) {
    Value f = p.value;
    f.setType(info.element);
    return rvalue(Operand::comptime(std::move(f)));
  }
  if (p.isComptime()) {
    const PointerTarget t = p.value.asPointer();
    if (t.kind == PointerTarget::Kind::Cell) {
      out.kind = Place::Kind::Comptime;
      out.is_cell = true;
      out.root = t.id;
      for (const uint32_t i : cell_paths_[static_cast<size_t>(t.offset)])
        if (!pathPush(out, i, span)) return {};
      return out;
    }
    out.kind = Place::Kind::Memory;
    out.address.kind = t.kind == PointerTarget::Kind::Global ? Address::Kind::Object : Address::Kind::Raw;
    out.address.object = ObjectId(t.id);
    out.address.offset = static_cast<uint16_t>(t.offset);
    return out;
  }
  out.kind = Place::Kind::Memory;
  out.address.kind = Address::Kind::Runtime;
  out.address.base = p.op;
  return out;
}

}  // namespace weft::sema
