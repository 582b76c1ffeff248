// Comptime values: 24 bytes, no allocation for scalars; aggregates are reference counted and copied on write.
// An integer or bool may carry `sym`: it then depends on a symbolic param, and its payload is the value for the PE at
// hand.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/check.h"
#include "frontend/base/interner.h"
#include "frontend/tir/dsd.h"
#include "frontend/types/pool.h"

#include <bit>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace weft::comptime {

using base::Symbol;
using types::Int128;
using types::TypeId;

/// Handles into sema's tables.
enum class GlobalRef : uint32_t {};
enum class FnRef : uint32_t {};
enum class ModuleRef : uint32_t {};
inline constexpr uint32_t kNoRef = 0xffffffffu;
inline constexpr GlobalRef kNoGlobal{kNoRef};

/// Expression node in a SymPool (symbolic.h); kNoSym for ordinary values.
using SymId = uint32_t;
inline constexpr SymId kNoSym = 0xffffffu;

class Value;

/// Where a pointer points. Offsets in bytes for Raw and Global; for Cell an id of sema's path table.
struct PointerTarget {
  enum class Kind : uint8_t { Raw, Global, Cell };
  Kind kind = Kind::Raw;
  /// GlobalRef, or number of a comptime cell.
  uint32_t id = 0;
  /// Raw: the address.
  int32_t offset = 0;
  bool operator==(const PointerTarget&) const = default;
};

/// A descriptor and, for memory kinds, the global its base is relative to (base field = offset from it).
struct DsdValue {
  tir::Dsd dsd;
  GlobalRef global = kNoGlobal;
  bool operator==(const DsdValue&) const = default;
};

/// Elements of an array, struct, tuple, union (one element, `active` says which field) or range (start, stop, step).
struct Aggregate {
  uint32_t refs = 1;
  uint32_t active = 0;
  /// Number of elements; `elements` has that many, or one that stands for all of them (@zeros).
  uint64_t count = 0;
  std::vector<Value> elements;
};

class Value {
 public:
  enum class Rep : uint8_t { None, Int, Float, Pointer, Dsd, Aggregate };

  Value() : sym_(kNoSym), rep_(static_cast<uint32_t>(Rep::None)) {}
  Value(const Value& o) : type_(o.type_), sym_(o.sym_), rep_(o.rep_), lo_(o.lo_), hi_(o.hi_) {
    if (o.rep() == Rep::Aggregate) ++node()->refs;
  }
  Value(Value&& o) noexcept : type_(o.type_), sym_(o.sym_), rep_(o.rep_), lo_(o.lo_), hi_(o.hi_) {
    o.rep_ = static_cast<uint32_t>(Rep::None);
  }
  Value& operator=(const Value& o) {
    Value copy(o);
    swap(copy);
    return *this;
  }
  Value& operator=(Value&& o) noexcept {
    swap(o);
    return *this;
  }
  ~Value() {
    if (rep() == Rep::Aggregate) release();
  }
  void swap(Value& o) noexcept {
    std::swap(type_, o.type_);
    const uint32_t s = sym_, r = rep_;
    sym_ = o.sym_, rep_ = o.rep_;
    o.sym_ = s, o.rep_ = r;
    std::swap(lo_, o.lo_), std::swap(hi_, o.hi_);
  }

  // ---- construction ----
  static Value poison() { return Value(types::kPoison, Rep::None, 0, 0); }
  static Value voidValue() { return Value(types::kVoid, Rep::None, 0, 0); }
  static Value noReturn() { return Value(types::kNoReturn, Rep::None, 0, 0); }
  /// Integers, bools, enums, colors, queues, task ids, directions (target::Port), DSRs (number), ...
  static Value integer(TypeId type, Int128 v) {
    return Value(type, Rep::Int, static_cast<uint64_t>(v), static_cast<uint64_t>(v >> 64));
  }
  static Value boolean(bool v) { return integer(types::kBool, v ? 1 : 0); }
  static Value comptimeInt(Int128 v) { return integer(types::kComptimeInt, v); }
  /// `v` must already be representable in `type`.
  static Value floating(TypeId type, double v) { return Value(type, Rep::Float, std::bit_cast<uint64_t>(v), 0); }
  static Value typeValue(TypeId t) { return integer(types::kType, t.value); }
  static Value string(Symbol text) { return integer(types::kString, text.value); }
  static Value module(ModuleRef m) { return integer(types::kModule, static_cast<uint32_t>(m)); }
  static Value direction(target::Port p) { return integer(types::kDirection, static_cast<int>(p)); }
  /// `type`: Fn, Task, or pointer to Fn.
  static Value function(TypeId type, FnRef f) { return integer(type, static_cast<uint32_t>(f)); }
  static Value pointer(TypeId type, PointerTarget t) {
    return Value(type, Rep::Pointer, (static_cast<uint64_t>(t.kind) << 32) | t.id, static_cast<uint32_t>(t.offset));
  }
  static Value descriptor(TypeId type, DsdValue d) {
    return Value(type, Rep::Dsd, d.dsd.bits, static_cast<uint32_t>(d.global));
  }
  static Value aggregate(TypeId type, std::vector<Value> elements);
  /// `count` copies of `element`, stored once.
  static Value splat(TypeId type, uint64_t count, Value element);
  static Value unionValue(TypeId type, uint32_t active, Value element);

  // ---- access ----
  /// False for "no value": the thing is only known at run time.
  [[nodiscard]] bool known() const { return type_.valid(); }
  [[nodiscard]] TypeId type() const { return type_; }
  void setType(TypeId t) { type_ = t; }
  [[nodiscard]] bool isPoison() const { return type_ == types::kPoison; }
  [[nodiscard]] bool isVoid() const { return type_ == types::kVoid; }
  [[nodiscard]] Rep rep() const { return static_cast<Rep>(rep_); }
  [[nodiscard]] bool symbolic() const { return sym_ != kNoSym; }
  [[nodiscard]] SymId sym() const { return sym_; }
  void setSym(SymId s) { sym_ = s; }

  /// The number; the value must not be symbolic (ask the Recorder first).
  [[nodiscard]] Int128 asInt() const {
    WEFT_CHECK(!symbolic(), "reading a symbolic value without recording the question");
    return rawInt();
  }
  /// The number for the PE at hand, whether symbolic or not. Only for callers that carry `sym` on themselves.
  [[nodiscard]] Int128 rawInt() const { return static_cast<Int128>((static_cast<unsigned __int128>(hi_) << 64) | lo_); }
  [[nodiscard]] bool asBool() const { return asInt() != 0; }
  [[nodiscard]] double asFloat() const { return std::bit_cast<double>(lo_); }
  [[nodiscard]] TypeId asType() const { return TypeId{static_cast<uint32_t>(lo_)}; }
  [[nodiscard]] Symbol asString() const { return Symbol{static_cast<uint32_t>(lo_)}; }
  [[nodiscard]] ModuleRef asModule() const { return ModuleRef{static_cast<uint32_t>(lo_)}; }
  [[nodiscard]] FnRef asFunction() const { return FnRef{static_cast<uint32_t>(lo_)}; }
  [[nodiscard]] target::Port asDirection() const { return static_cast<target::Port>(lo_); }
  [[nodiscard]] PointerTarget asPointer() const {
    return {static_cast<PointerTarget::Kind>(lo_ >> 32), static_cast<uint32_t>(lo_), static_cast<int32_t>(hi_)};
  }
  [[nodiscard]] DsdValue asDsd() const { return {tir::Dsd{lo_}, GlobalRef{static_cast<uint32_t>(hi_)}}; }

  // ---- aggregates ----
  [[nodiscard]] uint64_t elementCount() const { return node()->count; }
  [[nodiscard]] const Value& element(uint64_t i) const {
    const Aggregate* n = node();
    return n->elements.size() == 1 && n->count != 1 ? n->elements[0] : n->elements[i];
  }
  [[nodiscard]] bool isSplat() const { return node()->elements.size() == 1 && node()->count != 1; }
  [[nodiscard]] uint32_t activeField() const { return node()->active; }
  /// For stores: makes this value the only owner first. The reference dies at the next copy of this value.
  Value& mutableElement(uint64_t i);
  /// Of a union.
  void setActive(uint32_t field, Value element);

  // ---- whole values ----
  /// Deep identity: type, payload, symbols (two symbolic values are identical only if their expressions are).
  [[nodiscard]] bool identical(const Value& o) const;
  /// Agrees with identical().
  [[nodiscard]] uint64_t hash() const;
  /// Whether the value or a part of it is symbolic.
  [[nodiscard]] bool anySymbolic() const;

 private:
  Value(TypeId t, Rep r, uint64_t lo, uint64_t hi)
      : type_(t), sym_(kNoSym), rep_(static_cast<uint32_t>(r)), lo_(lo), hi_(hi) {}
  [[nodiscard]] Aggregate* node() const { return reinterpret_cast<Aggregate*>(static_cast<uintptr_t>(lo_)); }
  void release();

  TypeId type_;
  uint32_t sym_ : 24;
  uint32_t rep_ : 8;
  uint64_t lo_ = 0;
  uint64_t hi_ = 0;
};
static_assert(sizeof(Value) == 24);

/// As @comptime_print shows it: `12`, `{x = 0, y = 4}`, strings without quotes.
std::string toText(const Value& v, const types::Pool& pool);

}  // namespace weft::comptime
