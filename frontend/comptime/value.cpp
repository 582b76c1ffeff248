// Aggregates, deep comparison, hashing and text of comptime values.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/comptime/value.h"

#include <fmt/format.h>

namespace weft::comptime {
namespace {

uint64_t mix(uint64_t h, uint64_t v) {
  h ^= v + 0x9e3779b97f4a7c15ull + (h << 6) + (h >> 2);
  h *= 0xff51afd7ed558ccdull;
  return h ^ (h >> 32);
}

}  // namespace

Value Value::aggregate(TypeId type, std::vector<Value> elements) {
  auto* n = new Aggregate;
  n->count = elements.size();
  n->elements = std::move(elements);
  return Value(type, Rep::Aggregate, reinterpret_cast<uintptr_t>(n), 0);
}

Value Value::splat(TypeId type, uint64_t count, Value element) {
  auto* n = new Aggregate;
  n->count = count;
  if (count > 0) n->elements.push_back(std::move(element));
  return Value(type, Rep::Aggregate, reinterpret_cast<uintptr_t>(n), 0);
}

Value Value::unionValue(TypeId type, uint32_t active, Value element) {
  Value v = splat(type, 1, std::move(element));
  v.node()->active = active;
  return v;
}

void Value::release() {
  Aggregate* n = node();
  if (--n->refs == 0) delete n;
}

Value& Value::mutableElement(uint64_t i) {
  Aggregate* n = node();
  if (n->refs > 1) {
    auto* copy = new Aggregate;
    copy->active = n->active;
    copy->count = n->count;
    copy->elements = n->elements;
    --n->refs;
    lo_ = reinterpret_cast<uintptr_t>(copy);
    n = copy;
  }
  if (n->elements.size() == 1 && n->count != 1) {
    const Value one = n->elements[0];
    n->elements.assign(n->count, one);
  }
  return n->elements[i];
}

void Value::setActive(uint32_t field, Value element) {
  mutableElement(0) = std::move(element);
  node()->active = field;
}

bool Value::identical(const Value& o) const {
  if (type_ != o.type_ || sym_ != o.sym_ || rep_ != o.rep_) return false;
  switch (rep()) {
    case Rep::None: return true;
    case Rep::Int:
      // Two expressions that are the same are the same value on every PE.
      return symbolic() || (lo_ == o.lo_ && hi_ == o.hi_);
    case Rep::Float:
    case Rep::Pointer:
    case Rep::Dsd: return lo_ == o.lo_ && hi_ == o.hi_;
    case Rep::Aggregate: break;
  }
  if (lo_ == o.lo_) return true;
  if (node()->count != o.node()->count || node()->active != o.node()->active) return false;
  if (isSplat() && o.isSplat()) return element(0).identical(o.element(0));
  for (uint64_t i = 0; i < node()->count; ++i) {
    if (!element(i).identical(o.element(i))) return false;
  }
  return true;
}

uint64_t Value::hash() const {
  uint64_t h = mix(type_.value, sym_);
  if (rep() != Rep::Aggregate) return symbolic() ? h : mix(mix(h, lo_), hi_);
  const Aggregate* n = node();
  h = mix(h, n->count);
  // Long arrays: the ends tell them apart well enough, and a splat must agree with its expansion.
  const uint64_t head = std::min<uint64_t>(n->count, 64);
  for (uint64_t i = 0; i < head; ++i) h = mix(h, element(i).hash());
  return n->count > 64 ? mix(h, element(n->count - 1).hash()) : h;
}

bool Value::anySymbolic() const {
  if (rep() != Rep::Aggregate) return symbolic();
  for (const Value& e : node()->elements) {
    if (e.anySymbolic()) return true;
  }
  return false;
}

std::string toText(const Value& v, const types::Pool& pool) {
  using types::Kind;
  if (!v.known()) return "<run-time value>";
  const TypeId t = v.type();
  const base::Interner& names = pool.interner();
  const auto list = [&](std::string_view open, std::string_view close) {
    std::string out(open);
    for (uint64_t i = 0; i < v.elementCount(); ++i) out += (i == 0 ? "" : ", ") + toText(v.element(i), pool);
    return out.append(close);
  };
  switch (pool.kind(t)) {
    case Kind::Poison: return "<error>";
    case Kind::NoReturn: return "<noreturn>";
    case Kind::Void: return "{}";
    case Kind::Bool: return v.rawInt() != 0 ? "true" : "false";
    case Kind::Int:
    case Kind::ComptimeInt:
    case Kind::Color:
    case Kind::InputQueue:
    case Kind::OutputQueue:
    case Kind::UtId:
    case Kind::DataTaskId:
    case Kind::LocalTaskId:
    case Kind::ControlTaskId:
    case Kind::Dsr:
    case Kind::Xdsr:
    case Kind::Sr: return fmt::format("{}", v.rawInt());
    case Kind::Float:
    case Kind::ComptimeFloat: return fmt::format("{}", v.asFloat());
    case Kind::String: return std::string(names.text(v.asString()));
    case Kind::Type: return pool.toString(v.asType());
    case Kind::Module: return "<module>";
    case Kind::Direction: return std::string(target::portName(v.asDirection()));
    case Kind::Enum: {
      for (const types::Enumerator& m : pool.enumInfo(t).members) {
        if (m.value == v.rawInt()) return std::string(names.text(m.name));
      }
      return fmt::format("{}", v.rawInt());
    }
    case Kind::Dsd: return fmt::format("<{}>", pool.toString(t));
    case Kind::Pointer: return "<pointer>";
    case Kind::Fn:
    case Kind::Task: return "<" + pool.toString(t) + ">";
    case Kind::Array: return list("{", "}");
    case Kind::Range: return list("@range(", ")");
    case Kind::Struct: {
      const types::StructInfo s = pool.structInfo(t);
      if (s.is_tuple) return list("{", "}");
      if (s.is_union) {
        return fmt::format("{{{} = {}}}", names.text(s.fields[v.activeField()].name), toText(v.element(0), pool));
      }
      std::string out = "{";
      for (size_t i = 0; i < s.fields.size(); ++i) {
        out += fmt::format("{}{} = {}", i == 0 ? "" : ", ", names.text(s.fields[i].name), toText(v.element(i), pool));
      }
      return out + "}";
    }
    case Kind::AnyStruct:
    case Kind::AnyOpaque:
    case Kind::AnyType: break;
  }
  return "<value>";
}

}  // namespace weft::comptime
