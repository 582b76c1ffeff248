// Names: which local, declaration or builtin type an identifier means. The answer is lexical, so it is cached in the
// tree.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/nearest.h"
#include "frontend/sema/sema.h"

namespace weft::sema {

using diag::Code;

namespace {

// Cache word: kind in the top two bits, index below. All ones: not resolved yet.
constexpr uint32_t kTagShift = 30;
constexpr uint32_t kIndexMask = (1u << kTagShift) - 1;
constexpr uint32_t kTagLocal = 0, kTagDecl = 1, kTagType = 2;
constexpr uint32_t kDirectionBase = kIndexMask - 16;

}  // namespace

bool isOddWidth(const types::Pool& pool, TypeId type) {
  if (!pool.is(type, types::Kind::Int)) return false;
  const uint32_t bits = pool.intInfo(type).bits;
  return bits != 8 && bits != 16 && bits != 32 && bits != 64;
}

Sema::Lookup Sema::lookup(const ast::Identifier& e) {
  const uint32_t base = frame_->locals_base;
  const auto declared = [this](uint32_t index) -> Lookup {
    const DeclId id(modules_[frame_->module.index()].first_decl + index);
    return {Lookup::Kind::Decl, definitionOf(id).index()};
  };
  if (const uint32_t c = e.cache[0]; c != 0xffffffffu) {
    const uint32_t index = c & kIndexMask;
    switch (c >> kTagShift) {
      case kTagLocal:
        if (base + index < locals_.size() && locals_[base + index].name == e.name)
          return {Lookup::Kind::Local, base + index};
        break;
      case kTagDecl: return declared(index);
      case kTagType:
        if (index >= kDirectionBase && index < kDirectionBase + 8)
          return {Lookup::Kind::Direction, index - kDirectionBase};
        return {Lookup::Kind::Type, index};
      default: break;
    }
  }
  for (auto i = static_cast<uint32_t>(locals_.size()); i > base; --i) {
    if (locals_[i - 1].name != e.name) continue;
    e.cache[0] = (kTagLocal << kTagShift) | (i - 1 - base);
    return {Lookup::Kind::Local, i - 1};
  }
  if (const auto it = frame_->file->by_name.find(e.name); it != frame_->file->by_name.end()) {
    e.cache[0] = (kTagDecl << kTagShift) | it->second;
    return declared(it->second);
  }
  if (const auto type = pool.builtinType(e.name)) {
    e.cache[0] = (kTagType << kTagShift) | type->value;
    return {Lookup::Kind::Type, type->value};
  }
  if (const auto direction = pool.builtinDirection(e.name)) {
    e.cache[0] = (kTagType << kTagShift) | (kDirectionBase + static_cast<uint32_t>(*direction));
    return {Lookup::Kind::Direction, static_cast<uint32_t>(*direction)};
  }
  return {};
}

void Sema::undeclared(const ast::Identifier& e) {
  auto d = error(Code::E0201, e.span, "use of undeclared identifier");
  d.note(fmt::format("there is no `{}` in this scope or file", text(e.name)));
  if (text(e.name) == "undefined") d.help("a `var` with a type needs no value: leave out `= undefined`");
  if (text(e.name) == "null") d.help("there is no null pointer; point to a variable, or keep a `bool` beside it");
  NearestName nearest(text(e.name));
  for (auto i = static_cast<uint32_t>(locals_.size()); i > frame_->locals_base; --i)
    nearest.consider(text(locals_[i - 1].name));
  for (const FileDecl& f : frame_->file->decls) nearest.consider(text(f.name));
  if (const std::string& best = nearest.best(); !best.empty())
    d.help(fmt::format("did you mean `{}`?", best), {{e.span, best}});
  d.emit();
}

LocalVar* Sema::declare(const ast::Name& name, LocalVar var) {
  var.name = name.symbol;
  var.span = name.span;
  var.control_depth = control_depth_;
  locals_.push_back(std::move(var));
  return &locals_.back();
}

bool Sema::checkRedeclared(const ast::Name& name, uint32_t scope_begin) {
  if (text(name.symbol) == "_") return true;
  for (auto i = static_cast<uint32_t>(locals_.size()); i > scope_begin; --i) {
    if (locals_[i - 1].name != name.symbol) continue;
    error(Code::E0202, name.span, "'{}' declared twice", text(name.symbol))
        .label(locals_[i - 1].span, "first declared here")
        .emit();
    return false;
  }
  if (const auto type = pool.builtinType(name.symbol)) {
    if (isOddWidth(pool, *type)) return true;
    error(Code::E0203, name.span, "declaration shadows builtin type").emit();
    return false;
  }
  return true;
}

Operand Sema::localValue(uint32_t index, Span use) {
  const LocalVar& v = locals_[index];
  switch (v.storage) {
    case LocalVar::Storage::Comptime: return Operand::comptime(v.value);
    case LocalVar::Storage::Cell: return Operand::comptime(cells_[v.index]);
    case LocalVar::Storage::Local: return Operand::runtime(v.type, tir::Operand::local(v.index));
    case LocalVar::Storage::Memory: return loadFrom(v.address, v.type);
    case LocalVar::Storage::Operand: return operands_[v.index];
    case LocalVar::Storage::Poison: break;
  }
  (void)use;
  return Operand::poison();
}

Operand Sema::declValue(DeclId id, Span use) {
  if (!resolve(id, use)) return Operand::poison();
  const DeclInfo& d = decl(id);
  if (const auto* v = ast::dynAs<ast::VarDecl>(d.decl); v != nullptr && !v->is_const) {
    if (!atRuntime()) {
      if (type_only_ > 0) return Operand::runtime(d.type, builder_->constant(0));
      error(Code::E0401, use, "value of `{}` is not comptime-known", text(v->name.symbol))
          .label(v->name.span, "a global `var` changes while the program runs")
          .help("declare it `const`, or use its address `&` only")
          .emit();
      return Operand::poison();
    }
    const ObjectId o = objectOf(id);
    touch(o);
    Address at;
    at.kind = Address::Kind::Object;
    at.object = o;
    return loadFrom(at, d.type);
  }
  return Operand::comptime(d.value);
}

Operand Sema::identifier(const ast::Identifier& e) {
  const Lookup found = lookup(e);
  switch (found.kind) {
    case Lookup::Kind::Local: return localValue(found.index, e.span);
    case Lookup::Kind::Decl: return declValue(DeclId(found.index), e.span);
    case Lookup::Kind::Type: return Operand::comptime(Value::typeValue(TypeId(found.index)));
    case Lookup::Kind::Direction: return Operand::comptime(Value::direction(static_cast<target::Port>(found.index)));
    case Lookup::Kind::None: break;
  }
  undeclared(e);
  return Operand::poison();
}

}  // namespace weft::sema
