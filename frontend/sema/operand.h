// What an expression is to the walker: a comptime value, a run-time value, or a place. Used all over sema.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/id.h"
#include "frontend/comptime/value.h"
#include "frontend/tir/program.h"
#include "frontend/types/pool.h"

#include <memory>
#include <vector>

namespace weft::sema {

using base::Symbol;
using comptime::Value;
using source::Span;
using types::TypeId;

/// One instance of a file with its own globals; index into Sema's table (Value payload of Kind::Module).
struct ModuleTag;
using ModuleId = Id<ModuleTag>;
/// One declaration of one module instance (Value payload of functions and tasks).
struct DeclTag;
using DeclId = Id<DeclTag>;
/// A piece of PE memory: a global, or an anonymous constant (Value payload of pointers to globals).
struct ObjectTag;
using ObjectId = Id<ObjectTag>;

/// A 16-bit address: an object plus an offset (comptime-known), or a run-time base plus an offset, or a raw number.
struct Address {
  enum class Kind : uint8_t { Object, Runtime, Raw };
  Kind kind = Kind::Raw;
  ObjectId object;
  tir::Operand base;
  uint16_t offset = 0;
};

struct Operand;
using OperandList = std::vector<Operand>;

/// An rvalue.
struct Operand {
  enum class Kind : uint8_t {
    Poison,    // an error was reported: stay silent
    NoReturn,  // control does not come back from evaluating it
    Comptime,  // `value`
    Runtime,   // scalar: `op`, of TIR type Sema::lowerType(type)
    Memory,    // array or struct that lies at `address` (must not be changed through it)
    Fields,    // struct, tuple or array whose parts are operands, some of them at run time
  };
  Kind kind = Kind::Poison;
  TypeId type = types::kPoison;
  Value value;
  tir::Operand op;
  Address address;
  std::shared_ptr<const OperandList> fields;

  static Operand poison() { return {}; }
  static Operand noReturn();
  static Operand comptime(Value v);
  static Operand runtime(TypeId type, tir::Operand op);
  static Operand memory(TypeId type, Address at);
  [[nodiscard]] bool isPoison() const { return kind == Kind::Poison; }
  [[nodiscard]] bool isComptime() const { return kind == Kind::Comptime; }
  /// Poison or NoReturn: nothing more can be done with it.
  [[nodiscard]] bool stops() const { return kind <= Kind::NoReturn; }
};

/// An lvalue (or an rvalue used as the base of a further access).
struct Place {
  enum class Kind : uint8_t {
    Poison,
    Rvalue,    // not a place: `value` (a temporary)
    Comptime,  // part `path` of the comptime variable `root` (a local, or a cell if `is_cell`)
    Local,     // scalar TIR local `root`
    Memory,    // at `address`
  };
  static constexpr unsigned kMaxPath = 8;
  Kind kind = Kind::Poison;
  bool is_const = false;
  bool is_cell = false;
  uint8_t path_size = 0;
  /// Memory: a field of a packed struct, `bit_offset` bits behind `address`.
  bool is_packed = false;
  uint32_t bit_offset = 0;
  TypeId type = types::kPoison;
  uint32_t root = 0;
  uint32_t path[kMaxPath] = {};
  Address address;
  Operand value;
  /// Why it may not be assigned, for messages: "constant", "function parameter", "loop capture" ...
  const char* const_reason = nullptr;
};

}  // namespace weft::sema
