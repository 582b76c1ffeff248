// Interned CSL types as 32-bit ids, their properties and memory layout. One Pool per Session.
// Read by comptime, sema and layout; equal ids mean equal types.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/ast/nodes.h"
#include "frontend/base/id.h"
#include "frontend/base/interner.h"
#include "frontend/target/target.h"

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace weft::types {

struct TypeTag;
/// Equality is identity.
using TypeId = Id<TypeTag>;
using base::Symbol;

enum class Kind : uint8_t {
  Poison,
  NoReturn,
  Void,
  Bool,
  Int,
  ComptimeInt,
  Float,
  ComptimeFloat,
  String,
  AnyStruct,  // comptime_struct
  Type,
  Module,
  Direction,
  Color,
  InputQueue,
  OutputQueue,
  UtId,
  DataTaskId,
  LocalTaskId,
  ControlTaskId,
  Dsd,
  Dsr,
  Xdsr,
  Sr,
  AnyOpaque,
  AnyType,
  Pointer,
  Array,
  Struct,  // anonymous, tuple, named, union
  Enum,
  Fn,
  Task,
  Range,
};

enum class FloatFormat : uint8_t { F16, BF16, CB16, F32 };
/// In the order of tir::DsdKind (same numbers).
enum class DsdType : uint8_t { None, Mem1d, Mem4d, Circbuf, FabIn, FabOut, Fifo };
enum class DsrType : uint8_t { Dest, Src0, Src1, FifoDest, FifoSrc1 };

using Int128 = __int128;

struct IntInfo {
  bool is_signed = false;
  uint32_t bits = 0;
};
struct PointerInfo {
  TypeId element;
  bool is_const = false;
  bool is_many = false;
};
struct ArrayInfo {
  TypeId element;
  std::span<const uint32_t> dims;
  /// Product of dims.
  uint64_t count = 0;
};
/// `offset` in bytes; in bits for packed structs.
struct FieldInfo {
  /// Invalid in tuples.
  Symbol name;
  TypeId type;
  uint32_t offset = 0;
};
struct StructInfo {
  bool is_tuple = false;
  bool is_named = false;
  bool is_union = false;
  ast::Layout layout = ast::Layout::Auto;
  std::span<const FieldInfo> fields;
  /// Display name of a named type, or empty.
  std::string_view name;
  /// Packed: total width in bits.
  uint32_t bits = 0;
};
struct Enumerator {
  Symbol name;
  Int128 value = 0;
};
struct EnumInfo {
  TypeId backing;
  std::span<const Enumerator> members;
  std::string_view name;
};
/// Fn and Task.
struct FnInfo {
  std::span<const TypeId> params;
  TypeId result;
};

/// Fixed ids, valid in every Pool.
inline constexpr TypeId kPoison{0}, kNoReturn{1}, kVoid{2}, kBool{3}, kComptimeInt{4}, kComptimeFloat{5}, kString{6},
    kAnyStruct{7}, kType{8}, kModule{9}, kDirection{10}, kColor{11}, kInputQueue{12}, kOutputQueue{13}, kUtId{14},
    kDataTaskId{15}, kLocalTaskId{16}, kControlTaskId{17}, kMem1dDsd{18}, kMem4dDsd{19}, kCircbufDsd{20}, kFabInDsd{21},
    kFabOutDsd{22}, kFifo{23}, kDsrDest{24}, kDsrSrc0{25}, kDsrSrc1{26}, kDsrFifoDest{27}, kDsrFifoSrc1{28}, kXdsr{29},
    kSr{30}, kAnyOpaque{31}, kAnyType{32}, kI8{33}, kU8{34}, kI16{35}, kU16{36}, kI32{37}, kU32{38}, kI64{39}, kU64{40},
    kF16{41}, kBF16{42}, kCB16{43}, kF32{44}, kEmptyTuple{45};

class Pool {
 public:
  explicit Pool(base::Interner& interner, target::Fp16Format fp16 = target::Fp16Format::F16);
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // ---- construction ----
  TypeId integer(bool is_signed, uint32_t bits);
  TypeId pointer(TypeId element, bool is_const, bool is_many);
  TypeId array(TypeId element, std::span<const uint32_t> dims);
  TypeId array(TypeId element, uint32_t count) { return array(element, std::span<const uint32_t>(&count, 1)); }
  /// Anonymous struct: structural, ordered (name, type). No allocation when the type exists already.
  TypeId anonStruct(std::span<const Symbol> names, std::span<const TypeId> fields);
  TypeId tuple(std::span<const TypeId> fields);
  /// Nominal: identity = place of the `struct` expression and the resulting fields.
  TypeId namedStruct(source::Span place, std::string_view display_name, bool is_union, ast::Layout layout,
                     std::span<const Symbol> names, std::span<const TypeId> fields);
  TypeId enumeration(source::Span place, std::string_view display_name, TypeId backing,
                     std::span<const Enumerator> members);
  /// The display name of a named type is only known once it is bound to a const: sets it unless there is one.
  void nameIfUnnamed(TypeId type, std::string_view display_name);
  TypeId fn(std::span<const TypeId> params, TypeId result);
  TypeId task(std::span<const TypeId> params, TypeId result);
  TypeId range(TypeId element);
  [[nodiscard]] static constexpr TypeId dsd(DsdType t) {
    return TypeId{kMem1dDsd.value + static_cast<uint32_t>(t) - 1};
  }
  [[nodiscard]] static constexpr TypeId dsr(DsrType t) { return TypeId{kDsrDest.value + static_cast<uint32_t>(t)}; }

  // ---- access ----
  [[nodiscard]] Kind kind(TypeId t) const { return infos_[t.index()].kind; }
  [[nodiscard]] bool is(TypeId t, Kind k) const { return kind(t) == k; }
  [[nodiscard]] IntInfo intInfo(TypeId t) const { return {infos_[t.index()].flag, infos_[t.index()].small}; }
  [[nodiscard]] FloatFormat floatFormat(TypeId t) const { return static_cast<FloatFormat>(infos_[t.index()].small); }
  [[nodiscard]] DsdType dsdType(TypeId t) const { return static_cast<DsdType>(infos_[t.index()].small); }
  [[nodiscard]] DsrType dsrType(TypeId t) const { return static_cast<DsrType>(infos_[t.index()].small); }
  [[nodiscard]] PointerInfo pointerInfo(TypeId t) const;
  [[nodiscard]] ArrayInfo arrayInfo(TypeId t) const;
  [[nodiscard]] StructInfo structInfo(TypeId t) const;
  [[nodiscard]] EnumInfo enumInfo(TypeId t) const;
  [[nodiscard]] FnInfo fnInfo(TypeId t) const;
  /// Of Range.
  [[nodiscard]] TypeId rangeElement(TypeId t) const { return infos_[t.index()].element; }
  /// Index of the field, or -1.
  [[nodiscard]] int fieldIndex(TypeId struct_type, Symbol name) const;

  /// Spelling for messages and export lists: `[*]f32`, `fn(i16) void`, `.{ .a: u16 }`.
  [[nodiscard]] std::string toString(TypeId t) const;

  // ---- queries ----
  [[nodiscard]] bool isInteger(TypeId t) const { return kind(t) == Kind::Int; }
  [[nodiscard]] bool isAnyInteger(TypeId t) const { return kind(t) == Kind::Int || kind(t) == Kind::ComptimeInt; }
  [[nodiscard]] bool isFloat(TypeId t) const { return kind(t) == Kind::Float; }
  [[nodiscard]] bool isAnyFloat(TypeId t) const { return kind(t) == Kind::Float || kind(t) == Kind::ComptimeFloat; }
  [[nodiscard]] bool isNumeric(TypeId t) const { return isAnyInteger(t) || isAnyFloat(t); }
  /// Color, queues, ut_id, task ids: 16-bit numbers with a type.
  [[nodiscard]] bool isId(TypeId t) const { return kind(t) >= Kind::Color && kind(t) <= Kind::ControlTaskId; }
  /// Smallest and largest value of an integer type of at most 127 value bits.
  [[nodiscard]] Int128 minOf(TypeId t) const;
  [[nodiscard]] Int128 maxOf(TypeId t) const;
  [[nodiscard]] bool fits(Int128 value, TypeId int_type) const {
    return kind(int_type) == Kind::ComptimeInt || (value >= minOf(int_type) && value <= maxOf(int_type));
  }
  /// Whether values of the type may exist at run time (bf16/cb16 only if selected). False for void.
  [[nodiscard]] bool isRuntime(TypeId t) const;
  /// Whether every value must be comptime-known (also for void, but not for poison).
  [[nodiscard]] bool isComptimeOnly(TypeId t) const { return !isRuntime(t); }
  /// Bytes in PE memory and alignment; 0 for comptime-only types.
  [[nodiscard]] uint32_t size(TypeId t) const { return infos_[t.index()].size; }
  [[nodiscard]] uint32_t align(TypeId t) const { return infos_[t.index()].align; }
  /// Whether the type is held in one TIR local (a scalar of at most 8 bytes): not arrays and structs.
  [[nodiscard]] bool isScalar(TypeId t) const;
  /// Types of data tasks' parameters, DSD elements and @map: 16/32-bit ints, the selected 16-bit float, f32.
  [[nodiscard]] bool isDsdElement(TypeId t) const;
  /// Whether the host may see it (csl-language.md 3.12).
  [[nodiscard]] bool isExportable(TypeId t) const;

  /// The type a name always means, e.g. `u16`, `color`, `mem1d_dsd`, `u5`.
  [[nodiscard]] std::optional<TypeId> builtinType(Symbol name);
  [[nodiscard]] std::optional<target::Port> builtinDirection(Symbol name) const;
  [[nodiscard]] TypeId fp16() const { return fp16_; }
  [[nodiscard]] const base::Interner& interner() const { return interner_; }

 private:
  struct Info {
    Kind kind{};
    /// Int: signed. Pointer: const. Struct: tuple.
    bool flag = false;
    /// Pointer: many. Struct: named.
    bool flag2 = false;
    bool is_union = false;
    ast::Layout layout = ast::Layout::Auto;
    bool runtime = false;
    uint32_t small = 0;
    uint32_t size = 0;
    uint32_t align = 1;
    TypeId element;
    uint64_t count = 0;
    source::Span place;
    std::vector<uint32_t> dims;
    std::vector<FieldInfo> fields;
    std::vector<Enumerator> members;
    std::vector<TypeId> params;
    std::string name;
  };
  TypeId addFixed(Kind kind, std::string_view name, bool runtime, uint32_t size, uint32_t small = 0, bool flag = false);
  TypeId add(uint64_t hash, Info info);
  void layOut(Info& info) const;
  template <class Same>
  TypeId find(uint64_t hash, Same same) const;
  TypeId structType(source::Span place, std::string_view display_name, bool named, bool tuple, bool is_union,
                    ast::Layout layout, std::span<const Symbol> names, std::span<const TypeId> fields);
  TypeId callable(Kind kind, std::span<const TypeId> params, TypeId result);

  base::Interner& interner_;
  TypeId fp16_;
  std::deque<Info> infos_;
  std::unordered_multimap<uint64_t, TypeId> index_;
  std::unordered_map<Symbol, TypeId> builtin_;
  std::unordered_map<Symbol, target::Port> directions_;
};

}  // namespace weft::types
