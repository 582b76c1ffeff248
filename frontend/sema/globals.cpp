// Global declarations on first use, and their place in PE memory at the end.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/sema.h"

#include <algorithm>

namespace weft::sema {

using comptime::PointerTarget;
using diag::Code;
using types::Kind;

bool Sema::resolve(DeclId id, Span use) {
  DeclInfo& d = decl(id);
  switch (d.state) {
    case DeclState::Done: return true;
    case DeclState::Failed: return false;
    case DeclState::InProgress: {
      error(Code::E0208, use, "`{}` depends on itself", declName(id))
          .label(d.decl->span, "while this declaration is being evaluated")
          .emit();
      return false;
    }
    case DeclState::Unresolved: break;
  }
  // The declaration is evaluated for good, whatever first asked for it, and be it @type_of.
  const uint32_t saved_type_only = type_only_;
  type_only_ = 0;
  bool ok = false;
  if (d.decl->kind == ast::NodeKind::FnDecl) {
    ok = evalSignature(id, use);
  } else if (checkDepth(use)) {
    d.state = DeclState::InProgress;
    if (const auto* v = ast::dynAs<ast::VarDecl>(d.decl))
      ok = evalVar(id, *v);
    else if (const auto* p = ast::dynAs<ast::ParamDecl>(d.decl))
      ok = evalParam(id, *p);
    decl(id).state = ok ? DeclState::Done : quiet_ > 0 ? DeclState::Unresolved : DeclState::Failed;
  }
  type_only_ = saved_type_only;
  return ok;
}

bool Sema::evalVar(DeclId id, const ast::VarDecl& d) {
  const ModuleId m = decl(id).module;
  FrameScope scope(*this, Phase::Comptime, m);
  const Symbol saved_name = current_global_;
  current_global_ = d.name.symbol;
  const auto done = [&](bool ok) {
    current_global_ = saved_name;
    return ok;
  };
  if (d.linkage == ast::Linkage::Extern) {
    const DeclId to = definitionOf(id);
    if (to == id) {
      error(Code::E0902, d.span, "external variable `{}` has no definition", text(d.name.symbol))
          .note("a PE program links no object files")
          .help("define it with `export var` or `export const` in this file or in an imported module")
          .emit();
      return done(false);
    }
    if (decl(to).decl->kind != ast::NodeKind::VarDecl || !resolve(to, d.name.span)) return done(false);
    const ObjectId object_id = objectOf(to);
    DeclInfo& out = decl(id);
    out.type = decl(to).type;
    out.value = decl(to).value;
    out.object = object_id;
    return done(true);
  }
  TypeId type;
  if (d.type != nullptr) {
    type = typeExpr(*d.type);
    if (type == types::kPoison) return done(false);
  }
  Value init;
  if (d.init != nullptr) {
    Operand v = type.valid() ? exprAs(*d.init, type) : expr(*d.init);
    if (v.stops()) return done(false);
    if (!v.isComptime()) {
      notComptime(d.init->span, "initial value of a global");
      return done(false);
    }
    init = std::move(v.value);
    type = init.type();
    if (type == types::kType) pool.nameIfUnnamed(init.asType(), text(d.name.symbol));
  } else if (d.is_const) {
    error(Code::E0205, d.name.span, "only 'var' and 'extern const' variables may be uninitialized").emit();
    return done(false);
  } else if (!type.valid()) {
    error(Code::E0205, d.name.span, "a variable without initial value needs a type").emit();
    return done(false);
  }
  if (!d.is_const && pool.is(type, Kind::Int) && !pool.isRuntime(type)) {
    (void)wideInteger(type, d.name.span);
    return done(false);
  }
  if (!d.is_const && !pool.isRuntime(type)) {
    auto e = error(Code::E0313, d.name.span, "variable of type '{}' must be comptime-known", typeName(type));
    if (type == types::kComptimeInt || type == types::kComptimeFloat)
      e.help("declare the variable with a type, for example `: i16` or `: f32`");
    else
      e.help("declare it `const`");
    e.emit();
    return done(false);
  }
  if (d.type == nullptr && d.init == nullptr) return done(false);
  DeclInfo& out = decl(id);
  out.type = type;
  out.value = std::move(init);
  return done(true);
}

std::string Sema::declName(DeclId id) const {
  const DeclInfo& d = decls_[id.index()];
  const ModuleInstance& m = modules_[d.module.index()];
  return m.prefix + std::string(text(m.file->decls[id.index() - m.first_decl].name));
}

ObjectId Sema::objectOf(DeclId id) {
  DeclInfo& d = decl(id);
  if (d.object.valid()) return d.object;
  const auto& v = ast::as<ast::VarDecl>(*d.decl);
  Object o;
  o.decl = id;
  o.type = d.type;
  o.init = d.value;
  o.name = declName(id);
  o.is_const = v.is_const;
  o.align = std::max(pool.align(d.type), 1u);
  o.span = v.name.span;
  const ModuleId m = d.module;
  const ObjectId object_id(static_cast<uint32_t>(objects_.size()));
  objects_.push_back(std::move(o));
  decl(id).object = object_id;
  if (v.attributes.align != nullptr) {
    FrameScope scope(*this, Phase::Comptime, m);
    const auto n = comptimeInt(*v.attributes.align, "alignment", 1, 32768);
    if (n && (*n & (*n - 1)) != 0)
      error(Code::E0213, v.attributes.align->span, "alignment {} is not a power of two", *n).emit();
    else if (n)
      object(object_id).align = std::max(object(object_id).align, static_cast<uint32_t>(*n));
  }
  if (v.attributes.linksection != nullptr) {
    FrameScope scope(*this, Phase::Comptime, m);
    (void)stringOf(expr(*v.attributes.linksection), v.attributes.linksection->span, "linksection");
  }
  if (v.attributes.linkname != nullptr) {
    FrameScope scope(*this, Phase::Comptime, m);
    const auto name = stringOf(expr(*v.attributes.linkname), v.attributes.linkname->span, "linkname");
    if (name) object(object_id).name = *name;
  }
  return object_id;
}

void Sema::touch(ObjectId id) {
  // Comptime code alone gives nothing an address.
  if (builder_ == real_builder_.get() || forced_touch_) requireObject(id);
}

ObjectId Sema::constantObject(const Value& v, Span span) {
  const uint64_t hash = v.hash();
  for (const ObjectId o : constant_objects_[hash])
    if (object(o).init.identical(v)) return o;
  Object o;
  o.type = v.type();
  o.init = v;
  o.is_const = true;
  o.align = std::max(pool.align(v.type()), 1u);
  o.span = span;
  const ObjectId id(static_cast<uint32_t>(objects_.size()));
  objects_.push_back(std::move(o));
  constant_objects_[hash].push_back(id);
  return id;
}

void Sema::scanValue(const Value& v, Span span) {
  switch (v.rep()) {
    case Value::Rep::Pointer:
      if (v.asPointer().kind == PointerTarget::Kind::Global) touch(ObjectId(v.asPointer().id));
      if (v.asPointer().kind == PointerTarget::Kind::Cell)
        error(Code::E0413, span, "pointer to a comptime variable cannot be used at run time").emit();
      return;
    case Value::Rep::Dsd:
      if (v.asDsd().global != comptime::kNoGlobal) touch(ObjectId(static_cast<uint32_t>(v.asDsd().global)));
      return;
    case Value::Rep::Int:
      if (pool.is(v.type(), Kind::Pointer)) functionOf(DeclId(static_cast<uint32_t>(v.asFunction())), span);
      return;
    case Value::Rep::Aggregate: {
      if (pool.is(v.type(), Kind::Array)) {
        // Numbers point nowhere.
        const TypeId element = pool.arrayInfo(v.type()).element;
        if (pool.isNumeric(element) || element == types::kBool || pool.isId(element)) return;
      }
      if (v.isSplat()) {
        if (v.elementCount() > 0) scanValue(v.element(0), span);
        return;
      }
      const bool is_union = pool.is(v.type(), Kind::Struct) && pool.structInfo(v.type()).is_union;
      const uint64_t n = is_union ? 1 : v.elementCount();
      for (uint64_t i = 0; i < n; ++i) scanValue(v.element(i), span);
      return;
    }
    default: return;
  }
}

bool Sema::scanObjects() {
  if (live_work_.empty()) return false;
  forced_touch_ = true;
  while (!live_work_.empty()) {
    const ObjectId id = live_work_.back();
    live_work_.pop_back();
    const Object& o = object(id);
    if (o.init.known()) scanValue(Value(o.init), o.span);
  }
  forced_touch_ = false;
  return true;
}

void Sema::placeObjects() {
  constexpr uint32_t kFirstAddress = 4;
  constexpr uint32_t kVectorObject = 256;
  constexpr uint32_t kVectorAlign = 64;
  const auto up = [](uint32_t at, uint32_t align) { return (at + align - 1) / align * align; };
  // Constants that differ per PE are private like variables.
  const auto is_shared = [&](const Object& o) {
    return o.is_const && o.init.known() && !o.exported && !o.init.anySymbolic();
  };
  // As a linker does it: what has contents first, what starts as zeros behind it. A program that writes past the end of
  // a work array then hits the next one, not its pointers and descriptors.
  const auto place = [&](bool roomy) {
    uint64_t end = kFirstAddress;
    for (const bool zeros : {false, true}) {
      for (Object& o : objects_) {
        if (!o.live || is_shared(o) || (!o.init.known() || isZero(o.init)) != zeros) continue;
        const uint32_t align = roomy && pool.size(o.type) >= kVectorObject ? std::max(o.align, kVectorAlign) : o.align;
        o.address = up(static_cast<uint32_t>(std::min<uint64_t>(end, 0x7fffffff)), align);
        end = uint64_t{o.address} + pool.size(o.type);
      }
    }
    return end;
  };
  uint64_t shared_bytes = 0;
  for (const Object& o : objects_)
    if (o.live && is_shared(o))
      shared_bytes = up(static_cast<uint32_t>(std::min<uint64_t>(shared_bytes, 0x7fffffff)), o.align) +
                     uint64_t{pool.size(o.type)};
  // The host's vectors like arrays that begin at cache lines. Where memory banks do not collide (WSE-3) that costs a
  // program nothing but bytes, if it has them.
  uint64_t end = place(isWse3());
  if (isWse3()) {
    // No less than the host link, the frames, and the stack of recursive functions will take.
    uint64_t rest = shared_bytes + 2048;
    for (const ModuleInstance& m : modules_)
      if (m.file->source->is_library && m.file->source->path.find("memcpy/memcpy") != std::string::npos)
        rest += target::kMemcpyBytes;
    for (const tir::Function& f : program_->functions) rest += up(std::max(f.frame_bytes, 8u), 16) * 8;
    if (end + rest > target::kPeMemoryBytes) end = place(false);
  }
  if (!checkBudget(end + shared_bytes)) return;
  tir::assignFrames(*program_, up(static_cast<uint32_t>(end), 4));
  program_->private_bytes = up(program_->private_bytes, 4);
  uint32_t shared_end = program_->private_bytes;
  for (Object& o : objects_) {
    if (!o.live || !is_shared(o)) continue;
    o.address = up(shared_end, o.align);
    shared_end = o.address + pool.size(o.type);
  }
  if (!checkBudget(shared_end)) return;
  placeDevice();
  // Contents.
  program_->image.assign(static_cast<size_t>(end), 0);
  program_->shared.assign(shared_end - program_->private_bytes, 0);
  for (const Object& o : objects_) {
    if (!o.live) continue;
    if (o.init.known()) {
      if (is_shared(o))
        writeValue(program_->shared, o.address - program_->private_bytes, o.init, o.span, false);
      else
        writeValue(program_->image, o.address, o.init, o.span, true);
    }
    if (!o.name.empty()) {
      tir::Symbol s;
      s.name = o.name;
      s.address = static_cast<uint16_t>(o.address);
      s.bytes = pool.size(o.type);
      s.type = typeName(o.type);
      s.exported = o.exported;
      s.is_const = o.is_const;
      s.site = siteOf(o.span);
      program_->symbols.push_back(std::move(s));
    }
  }
  while (!program_->image.empty() && program_->image.back() == 0) program_->image.pop_back();
  patchRelocations();
}

uint16_t Sema::finalAddress(ObjectId id, uint32_t offset) const {
  return static_cast<uint16_t>(objects_[id.index()].address + offset);
}

// Writes a value's bytes, little-endian; symbolic numbers become patches (private memory only).
void Sema::writeValue(std::vector<uint8_t>& image, uint32_t at, const Value& v, Span span, bool is_private) {
  const auto bytes = [&](uint64_t bits, uint32_t count) {
    for (uint32_t i = 0; i < count && at + i < image.size(); ++i) image[at + i] = static_cast<uint8_t>(bits >> (8 * i));
  };
  const uint32_t size = pool.size(v.type());
  switch (v.rep()) {
    case Value::Rep::None: return;
    case Value::Rep::Pointer: {
      const PointerTarget t = v.asPointer();
      bytes(t.kind == PointerTarget::Kind::Global ? finalAddress(ObjectId(t.id), static_cast<uint32_t>(t.offset))
                                                  : static_cast<uint16_t>(t.offset),
            size);
      return;
    }
    case Value::Rep::Dsd: {
      const comptime::DsdValue d = v.asDsd();
      tir::Dsd out = d.dsd;
      if (d.global != comptime::kNoGlobal)
        out = out.withBase(finalAddress(ObjectId(static_cast<uint32_t>(d.global)), out.base()));
      bytes(out.bits, size);
      return;
    }
    case Value::Rep::Int:
      if (pool.is(v.type(), Kind::Pointer)) {
        const auto fn = functionOf(DeclId(static_cast<uint32_t>(v.asFunction())), span);
        bytes(fn ? fn->value : 0, size);
        return;
      }
      if (v.symbolic() && is_private)
        program_->patches.push_back({static_cast<uint16_t>(at), static_cast<uint8_t>(size), slotFor(v).index()});
      bytes(arith.rawBits(v), size);
      return;
    case Value::Rep::Float: bytes(arith.rawBits(v), size); return;
    case Value::Rep::Aggregate: break;
  }
  if (pool.is(v.type(), Kind::Array)) {
    if (v.isSplat() && isZero(v.element(0))) return;
    const uint32_t step = pool.size(pool.arrayInfo(v.type()).element);
    for (uint64_t i = 0; i < v.elementCount(); ++i)
      writeValue(image, at + static_cast<uint32_t>(i) * step, v.element(i), span, is_private);
    return;
  }
  if (pool.is(v.type(), Kind::Range)) {
    for (uint32_t i = 0; i < v.elementCount(); ++i)
      writeValue(image, at + partOffset(v.type(), i), v.element(i), span, is_private);
    return;
  }
  if (!pool.is(v.type(), Kind::Struct)) return;
  const auto info = pool.structInfo(v.type());
  if (info.is_union) {
    writeValue(image, at, v.element(0), span, is_private);
    return;
  }
  if (info.layout == ast::Layout::Packed) {
    for (size_t i = 0; i < info.fields.size(); ++i) writePacked(image, at, info.fields[i].offset, v.element(i));
    return;
  }
  for (size_t i = 0; i < info.fields.size(); ++i)
    writeValue(image, at + info.fields[i].offset, v.element(i), span, is_private);
}

void Sema::writePacked(std::vector<uint8_t>& image, uint32_t at, uint32_t bit, const Value& v) {
  if (pool.is(v.type(), Kind::Struct)) {
    const auto info = pool.structInfo(v.type());
    if (info.is_union) return writePacked(image, at, bit, v.element(0));
    for (size_t i = 0; i < info.fields.size(); ++i) writePacked(image, at, bit + info.fields[i].offset, v.element(i));
    return;
  }
  uint64_t bits = v.rep() == Value::Rep::Pointer
                      ? (v.asPointer().kind == PointerTarget::Kind::Global
                             ? finalAddress(ObjectId(v.asPointer().id), static_cast<uint32_t>(v.asPointer().offset))
                             : static_cast<uint16_t>(v.asPointer().offset))
                      : arith.rawBits(know(v));
  for (uint32_t i = 0; i < packedBits(v.type()); ++i, bits >>= 1) {
    const uint32_t place = bit + i;
    if ((bits & 1) != 0 && at + place / 8 < image.size())
      image[at + place / 8] |= static_cast<uint8_t>(1u << (place % 8));
  }
}

void Sema::patchRelocations() {
  for (const Relocation& r : relocations_) {
    const uint64_t low = (r.bits + object(r.object).address + r.offset) & 0xffff;
    program_->constants[r.constant] = (r.bits & ~0xffffull) | low;
  }
}

bool Sema::checkBudget(uint64_t bytes) {
  const bool memcpy = device.host_link;
  const uint64_t used = bytes + (memcpy ? target::kMemcpyBytes : 0);
  if (used <= target::kPeMemoryBytes) return true;
  std::vector<const Object*> largest;
  for (const Object& o : objects_)
    if (o.live && !o.name.empty()) largest.push_back(&o);
  std::stable_sort(largest.begin(), largest.end(),
                   [&](const Object* a, const Object* b) { return pool.size(a->type) > pool.size(b->type); });
  auto d = ctx.sink.error(Code::E0416, largest.empty() ? Span{} : largest[0]->span,
                          "ran out of PE memory for data (section .bss)");
  d.note(fmt::format("{} needs {} bytes{}; a PE has {}", program_->name, used,
                     memcpy ? fmt::format(", {} of them for memcpy", target::kMemcpyBytes) : "",
                     target::kPeMemoryBytes));
  for (size_t i = 0; i < largest.size() && i < 5; ++i)
    d.note(
        fmt::format("`{}`: {} bytes ({})", largest[i]->name, pool.size(largest[i]->type), typeName(largest[i]->type)));
  d.help("spread the data over more PEs, or use a smaller element type").emit();
  return false;
}

}  // namespace weft::sema
