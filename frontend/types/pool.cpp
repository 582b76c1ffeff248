// Interning, memory layout and queries of types.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/types/pool.h"

#include "frontend/base/check.h"

#include <algorithm>
#include <cctype>

namespace weft::types {
namespace {

uint64_t mix(uint64_t h, uint64_t v) {
  h ^= v + 0x9e3779b97f4a7c15ull + (h << 6) + (h >> 2);
  h *= 0xff51afd7ed558ccdull;
  return h ^ (h >> 32);
}

uint32_t roundUp(uint32_t v, uint32_t align) { return (v + align - 1) / align * align; }

uint32_t intBytes(uint32_t bits) {
  if (bits == 0) return 0;
  if (bits <= 8) return 1;
  if (bits <= 16) return 2;
  if (bits <= 32) return 4;
  return (bits + 63) / 64 * 8;
}

}  // namespace

Pool::Pool(base::Interner& interner, target::Fp16Format fp16) : interner_(interner) {
  const auto fp = [&](target::Fp16Format f) { return f == fp16; };
  addFixed(Kind::Poison, "", true, 0);
  addFixed(Kind::NoReturn, "", false, 0);
  addFixed(Kind::Void, "void", false, 0);
  addFixed(Kind::Bool, "bool", true, 1);
  addFixed(Kind::ComptimeInt, "comptime_int", false, 0);
  addFixed(Kind::ComptimeFloat, "comptime_float", false, 0);
  addFixed(Kind::String, "comptime_string", false, 0);
  addFixed(Kind::AnyStruct, "comptime_struct", false, 0);
  addFixed(Kind::Type, "type", false, 0);
  addFixed(Kind::Module, "imported_module", false, 0);
  addFixed(Kind::Direction, "direction", true, 2);
  addFixed(Kind::Color, "color", true, 2);
  addFixed(Kind::InputQueue, "input_queue", true, 2);
  addFixed(Kind::OutputQueue, "output_queue", true, 2);
  addFixed(Kind::UtId, "ut_id", true, 2);
  addFixed(Kind::DataTaskId, "data_task_id", true, 2);
  addFixed(Kind::LocalTaskId, "local_task_id", true, 2);
  addFixed(Kind::ControlTaskId, "control_task_id", true, 2);
  constexpr std::string_view dsds[] = {"mem1d_dsd", "mem4d_dsd", "circbuf_dsd", "fabin_dsd", "fabout_dsd", ""};
  for (uint32_t i = 0; i < 6; ++i) addFixed(Kind::Dsd, dsds[i], true, 8, i + 1);
  constexpr std::string_view dsrs[] = {"dsr_dest", "dsr_src0", "dsr_src1", "dsr_fifo_dest", "dsr_fifo_src1"};
  for (uint32_t i = 0; i < 5; ++i) addFixed(Kind::Dsr, dsrs[i], false, 0, i);
  addFixed(Kind::Xdsr, "xdsr", false, 0);
  addFixed(Kind::Sr, "sr", false, 0);
  addFixed(Kind::AnyOpaque, "anyopaque", false, 0);
  addFixed(Kind::AnyType, "", false, 0);
  for (const uint32_t bits : {8u, 16u, 32u, 64u}) {
    addFixed(Kind::Int, "i" + std::to_string(bits), true, bits / 8, bits, true);
    addFixed(Kind::Int, "u" + std::to_string(bits), true, bits / 8, bits, false);
  }
  addFixed(Kind::Float, "f16", fp(target::Fp16Format::F16), 2, static_cast<uint32_t>(FloatFormat::F16));
  addFixed(Kind::Float, "bf16", fp(target::Fp16Format::BF16), 2, static_cast<uint32_t>(FloatFormat::BF16));
  addFixed(Kind::Float, "cb16", fp(target::Fp16Format::CB16), 2, static_cast<uint32_t>(FloatFormat::CB16));
  addFixed(Kind::Float, "f32", true, 4, static_cast<uint32_t>(FloatFormat::F32));
  infos_[kFifo.index()].name = "fifo";
  infos_[kFifo.index()].runtime = false;
  infos_[kAnyType.index()].name = "anytype";
  infos_[kNoReturn.index()].name = "noreturn";
  infos_[kPoison.index()].name = "<error>";
  for (uint32_t i = kI8.index(); i <= kU64.index(); ++i) infos_[i].align = infos_[i].size;
  for (const TypeId t : {kI64, kU64}) infos_[t.index()].align = 4;
  fp16_ = fp16 == target::Fp16Format::F16 ? kF16 : fp16 == target::Fp16Format::BF16 ? kBF16 : kCB16;
  const TypeId empty = tuple({});
  WEFT_CHECK(empty == kEmptyTuple, "fixed type ids");
  for (int p = 0; p < target::kPortCount; ++p) {
    const auto port = static_cast<target::Port>(p);
    directions_.emplace(interner.intern(target::portName(port)), port);
  }
}

TypeId Pool::addFixed(Kind kind, std::string_view name, bool runtime, uint32_t size, uint32_t small, bool flag) {
  Info info;
  info.kind = kind;
  info.name = name;
  info.runtime = runtime;
  info.size = size;
  info.align = size == 0 ? 1 : size == 8 ? 4 : size;
  info.small = small;
  info.flag = flag;
  const TypeId id{static_cast<uint32_t>(infos_.size())};
  infos_.push_back(std::move(info));
  if (!name.empty()) builtin_.emplace(interner_.intern(name), id);
  return id;
}

TypeId Pool::add(uint64_t hash, Info info) {
  const TypeId id{static_cast<uint32_t>(infos_.size())};
  infos_.push_back(std::move(info));
  index_.emplace(hash, id);
  return id;
}

template <class Same>
TypeId Pool::find(uint64_t hash, Same same) const {
  const auto [begin, end] = index_.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    if (same(infos_[it->second.index()])) return it->second;
  }
  return {};
}

TypeId Pool::integer(bool is_signed, uint32_t bits) {
  switch (bits) {
    case 8: return is_signed ? kI8 : kU8;
    case 16: return is_signed ? kI16 : kU16;
    case 32: return is_signed ? kI32 : kU32;
    case 64: return is_signed ? kI64 : kU64;
    default: break;
  }
  const uint64_t h = mix(mix(static_cast<uint64_t>(Kind::Int), bits), is_signed);
  const TypeId old =
      find(h, [&](const Info& i) { return i.kind == Kind::Int && i.small == bits && i.flag == is_signed; });
  if (old.valid()) return old;
  Info info;
  info.kind = Kind::Int;
  info.flag = is_signed;
  info.small = bits;
  info.size = intBytes(bits);
  info.align = info.size == 0 ? 1 : std::min(info.size, 4u);
  info.runtime = bits > 0 && bits <= 64;
  info.name = (is_signed ? "i" : "u") + std::to_string(bits);
  return add(h, std::move(info));
}

TypeId Pool::pointer(TypeId element, bool is_const, bool is_many) {
  const uint64_t h =
      mix(mix(static_cast<uint64_t>(Kind::Pointer), element.value), (is_const ? 2u : 0u) + (is_many ? 1u : 0u));
  const TypeId old = find(h, [&](const Info& i) {
    return i.kind == Kind::Pointer && i.element == element && i.flag == is_const && i.flag2 == is_many;
  });
  if (old.valid()) return old;
  Info info;
  info.kind = Kind::Pointer;
  info.element = element;
  info.flag = is_const;
  info.flag2 = is_many;
  info.size = 2;
  info.align = 2;
  const Kind k = kind(element);
  info.runtime = isRuntime(element) || k == Kind::Fn || k == Kind::AnyOpaque;
  return add(h, std::move(info));
}

TypeId Pool::array(TypeId element, std::span<const uint32_t> dims) {
  uint64_t h = mix(static_cast<uint64_t>(Kind::Array), element.value);
  for (const uint32_t d : dims) h = mix(h, d);
  const TypeId old = find(h, [&](const Info& i) {
    return i.kind == Kind::Array && i.element == element && std::ranges::equal(i.dims, dims);
  });
  if (old.valid()) return old;
  Info info;
  info.kind = Kind::Array;
  info.element = element;
  info.dims.assign(dims.begin(), dims.end());
  info.count = 1;
  for (const uint32_t d : dims) info.count *= d;
  const uint64_t bytes = info.count * size(element);
  info.size = static_cast<uint32_t>(std::min<uint64_t>(bytes, 0x7fffffff));
  info.align = align(element);
  info.runtime = isRuntime(element);
  return add(h, std::move(info));
}

TypeId Pool::structType(source::Span place, std::string_view display_name, bool named, bool tuple, bool is_union,
                        ast::Layout layout, std::span<const Symbol> names, std::span<const TypeId> fields) {
  uint64_t h = mix(static_cast<uint64_t>(Kind::Struct), (named ? 4u : 0u) + (tuple ? 2u : 0u) + (is_union ? 1u : 0u));
  if (named) h = mix(mix(h, place.file.value), place.begin);
  for (size_t i = 0; i < fields.size(); ++i) h = mix(mix(h, fields[i].value), tuple ? 0 : names[i].value);
  const TypeId old = find(h, [&](const Info& i) {
    if (i.kind != Kind::Struct || i.flag2 != named || i.flag != tuple || i.is_union != is_union) return false;
    if (i.fields.size() != fields.size()) return false;
    if (named && !(i.place.file == place.file && i.place.begin == place.begin)) return false;
    for (size_t k = 0; k < fields.size(); ++k) {
      if (i.fields[k].type != fields[k] || (!tuple && i.fields[k].name != names[k])) return false;
    }
    return true;
  });
  if (old.valid()) return old;
  Info info;
  info.kind = Kind::Struct;
  info.flag = tuple;
  info.flag2 = named;
  info.is_union = is_union;
  info.layout = layout;
  info.place = place;
  info.name = display_name;
  for (size_t k = 0; k < fields.size(); ++k) info.fields.push_back({tuple ? Symbol{} : names[k], fields[k], 0});
  layOut(info);
  return add(h, std::move(info));
}

void Pool::layOut(Info& info) const {
  info.runtime = !info.fields.empty();
  uint32_t at = 0;
  uint32_t max_size = 0;
  for (FieldInfo& f : info.fields) {
    info.runtime = info.runtime && isRuntime(f.type);
    if (info.layout == ast::Layout::Packed) {
      const Kind k = kind(f.type);
      const uint32_t bits = k == Kind::Bool   ? 1
                            : k == Kind::Int  ? intInfo(f.type).bits
                            : k == Kind::Enum ? intInfo(enumInfo(f.type).backing).bits
                            : k == Kind::Struct && structInfo(f.type).layout == ast::Layout::Packed
                                ? structInfo(f.type).bits
                                : size(f.type) * 8;
      f.offset = info.is_union ? 0 : at;
      at += bits;
      max_size = std::max(max_size, bits);
      continue;
    }
    const uint32_t a = std::max(1u, align(f.type));
    info.align = std::max(info.align, a);
    f.offset = info.is_union ? 0 : roundUp(at, a);
    at = f.offset + size(f.type);
    max_size = std::max(max_size, at);
  }
  if (info.layout == ast::Layout::Packed) {
    info.small = info.is_union ? max_size : at;
    info.size = intBytes(info.small);
    info.align = info.size == 0 ? 1 : std::min(info.size, 4u);
  } else {
    info.size = roundUp(info.is_union ? max_size : at, info.align);
  }
}

TypeId Pool::anonStruct(std::span<const Symbol> names, std::span<const TypeId> fields) {
  if (fields.empty()) return kEmptyTuple;
  return structType({}, {}, false, false, false, ast::Layout::Auto, names, fields);
}

TypeId Pool::tuple(std::span<const TypeId> fields) {
  return structType({}, {}, false, true, false, ast::Layout::Auto, {}, fields);
}

TypeId Pool::namedStruct(source::Span place, std::string_view display_name, bool is_union, ast::Layout layout,
                         std::span<const Symbol> names, std::span<const TypeId> fields) {
  return structType(place, display_name, true, false, is_union, layout, names, fields);
}

TypeId Pool::enumeration(source::Span place, std::string_view display_name, TypeId backing,
                         std::span<const Enumerator> members) {
  uint64_t h = mix(mix(mix(static_cast<uint64_t>(Kind::Enum), place.file.value), place.begin), backing.value);
  for (const Enumerator& m : members) h = mix(mix(h, m.name.value), static_cast<uint64_t>(m.value));
  const TypeId old = find(h, [&](const Info& i) {
    return i.kind == Kind::Enum && i.place.file == place.file && i.place.begin == place.begin && i.element == backing &&
           std::ranges::equal(i.members, members, [](const Enumerator& a, const Enumerator& b) {
             return a.name == b.name && a.value == b.value;
           });
  });
  if (old.valid()) return old;
  Info info;
  info.kind = Kind::Enum;
  info.place = place;
  info.name = display_name;
  info.element = backing;
  info.members.assign(members.begin(), members.end());
  info.size = size(backing);
  info.align = align(backing);
  info.runtime = isRuntime(backing);
  return add(h, std::move(info));
}

void Pool::nameIfUnnamed(TypeId type, std::string_view display_name) {
  Info& info = infos_[type.index()];
  if ((info.kind == Kind::Enum || (info.kind == Kind::Struct && info.flag2)) && info.name.empty())
    info.name = display_name;
}

TypeId Pool::callable(Kind kind, std::span<const TypeId> params, TypeId result) {
  uint64_t h = mix(static_cast<uint64_t>(kind), result.value);
  for (const TypeId p : params) h = mix(h, p.value);
  const TypeId old = find(
      h, [&](const Info& i) { return i.kind == kind && i.element == result && std::ranges::equal(i.params, params); });
  if (old.valid()) return old;
  Info info;
  info.kind = kind;
  info.element = result;
  info.params.assign(params.begin(), params.end());
  return add(h, std::move(info));
}

TypeId Pool::fn(std::span<const TypeId> params, TypeId result) { return callable(Kind::Fn, params, result); }
TypeId Pool::task(std::span<const TypeId> params, TypeId result) { return callable(Kind::Task, params, result); }

TypeId Pool::range(TypeId element) {
  const uint64_t h = mix(static_cast<uint64_t>(Kind::Range), element.value);
  const TypeId old = find(h, [&](const Info& i) { return i.kind == Kind::Range && i.element == element; });
  if (old.valid()) return old;
  Info info;
  info.kind = Kind::Range;
  info.element = element;
  info.size = 3 * size(element);
  info.align = align(element);
  info.runtime = isRuntime(element);
  return add(h, std::move(info));
}

PointerInfo Pool::pointerInfo(TypeId t) const {
  const Info& i = infos_[t.index()];
  return {i.element, i.flag, i.flag2};
}
ArrayInfo Pool::arrayInfo(TypeId t) const {
  const Info& i = infos_[t.index()];
  return {i.element, i.dims, i.count};
}
StructInfo Pool::structInfo(TypeId t) const {
  const Info& i = infos_[t.index()];
  return {i.flag, i.flag2, i.is_union, i.layout, i.fields, i.name, i.small};
}
EnumInfo Pool::enumInfo(TypeId t) const {
  const Info& i = infos_[t.index()];
  return {i.element, i.members, i.name};
}
FnInfo Pool::fnInfo(TypeId t) const {
  const Info& i = infos_[t.index()];
  return {i.params, i.element};
}

int Pool::fieldIndex(TypeId struct_type, Symbol name) const {
  const Info& info = infos_[struct_type.index()];
  if (info.flag || info.kind != Kind::Struct) return -1;
  for (size_t i = 0; i < info.fields.size(); ++i) {
    if (info.fields[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

Int128 Pool::minOf(TypeId t) const {
  const Info& i = infos_[t.index()];
  if (i.kind != Kind::Int || !i.flag || i.small == 0) return 0;
  return -(static_cast<Int128>(1) << (std::min(i.small, 127u) - 1));
}
Int128 Pool::maxOf(TypeId t) const {
  const Info& i = infos_[t.index()];
  if (i.kind != Kind::Int) return i.kind == Kind::Bool ? 1 : 0xffff;
  const uint32_t bits = std::min(i.flag && i.small > 0 ? i.small - 1 : i.small, 126u);
  return (static_cast<Int128>(1) << bits) - 1;
}

bool Pool::isRuntime(TypeId t) const { return infos_[t.index()].runtime; }

bool Pool::isScalar(TypeId t) const {
  switch (kind(t)) {
    case Kind::Array:
    case Kind::Struct:
    case Kind::Range: return false;
    default: return isRuntime(t) && size(t) > 0 && size(t) <= 8;
  }
}

bool Pool::isDsdElement(TypeId t) const {
  return t == kI16 || t == kU16 || t == kI32 || t == kU32 || t == kF32 || t == fp16_;
}

bool Pool::isExportable(TypeId t) const {
  switch (kind(t)) {
    case Kind::Poison:
    case Kind::Bool:
    case Kind::Color: return true;
    case Kind::Int: return size(t) == 2 || size(t) == 4 || size(t) == 1 || size(t) == 8;
    case Kind::Float: return isRuntime(t);
    case Kind::Dsd: return t != kFifo;
    case Kind::Pointer: {
      const TypeId e = pointerInfo(t).element;
      // The host sees words: the order of a plain struct's fields is fixed by us.
      if (kind(e) == Kind::Struct) return isRuntime(e);
      return kind(e) == Kind::AnyOpaque || kind(e) == Kind::Fn || isExportable(e);
    }
    case Kind::Array: return isExportable(arrayInfo(t).element);
    case Kind::Enum: return isExportable(enumInfo(t).backing);
    case Kind::Struct: return structInfo(t).layout != ast::Layout::Auto;
    default: return false;
  }
}

std::optional<TypeId> Pool::builtinType(Symbol name) {
  if (const auto it = builtin_.find(name); it != builtin_.end()) return it->second;
  const std::string_view text = interner_.text(name);
  if (text.size() < 2 || text.size() > 9 || (text[0] != 'i' && text[0] != 'u')) return std::nullopt;
  uint32_t bits = 0;
  for (const char c : text.substr(1)) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) return std::nullopt;
    bits = bits * 10 + static_cast<uint32_t>(c - '0');
  }
  if (bits > 16777215) return std::nullopt;
  const TypeId t = integer(text[0] == 'i', bits);
  builtin_.emplace(name, t);
  return t;
}

std::optional<target::Port> Pool::builtinDirection(Symbol name) const {
  const auto it = directions_.find(name);
  return it == directions_.end() ? std::nullopt : std::optional(it->second);
}

std::string Pool::toString(TypeId t) const {
  if (!t.valid()) return "<unknown>";
  const Info& i = infos_[t.index()];
  const auto list = [&](const std::vector<TypeId>& types) {
    std::string out;
    for (const TypeId p : types) out += (out.empty() ? "" : ", ") + toString(p);
    return out;
  };
  switch (i.kind) {
    case Kind::Pointer: return std::string(i.flag2 ? "[*]" : "*") + (i.flag ? "const " : "") + toString(i.element);
    case Kind::Array: {
      std::string out = "[";
      for (size_t k = 0; k < i.dims.size(); ++k) out += (k == 0 ? "" : ", ") + std::to_string(i.dims[k]);
      return out + "]" + toString(i.element);
    }
    case Kind::Fn: return "fn(" + list(i.params) + ") " + toString(i.element);
    case Kind::Task: return "task(" + list(i.params) + ") " + toString(i.element);
    case Kind::Range: return "@range(" + toString(i.element) + ")";
    case Kind::Enum: return i.name.empty() ? "enum(" + toString(i.element) + ")" : i.name;
    case Kind::Struct: {
      if (i.flag2) {
        if (!i.name.empty()) return i.name;
        return i.is_union ? "union" : "struct";
      }
      std::string out;
      for (const FieldInfo& f : i.fields) {
        out += out.empty() ? " " : ", ";
        if (!i.flag) out += "." + std::string(interner_.text(f.name)) + ": ";
        out += toString(f.type);
      }
      return ".{" + out + (out.empty() ? "}" : " }");
    }
    default: return i.name;
  }
}

}  // namespace weft::types
