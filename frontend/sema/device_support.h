// Helpers shared by the device builtins: phase checks, configuration structs, ids of tasks.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/sema/sema.h"

#include <initializer_list>

namespace weft::sema {

inline Operand voidOperand() { return Operand::comptime(Value::voidValue()); }

/// False after an error unless a top-level comptime block is being evaluated.
bool requireTopComptime(Sema& s, const ast::BuiltinCall& call);
bool requireLayout(Sema& s, const ast::BuiltinCall& call);
bool requireRuntime(Sema& s, const ast::BuiltinCall& call);

/// Reads a configuration struct field by field; finish() reports fields nobody asked for.
class ConfigReader {
 public:
  ConfigReader(Sema& sema, Operand config, Span span, const char* what);
  /// Whether it is a struct with named fields (or empty).
  [[nodiscard]] bool ok() const { return ok_; }
  std::optional<Operand> take(std::string_view name);
  std::optional<int64_t> takeInt(std::string_view name, int64_t min, int64_t max);
  std::optional<bool> takeBool(std::string_view name);
  /// `.{ .high = true }`: index of the one name that is true, or nullopt. Reports unknown names.
  std::optional<int> takeChoice(std::string_view name, std::initializer_list<std::string_view> choices);
  /// Ignored fields that are known to exist.
  void skip(std::string_view name) { take(name); }
  /// False if some field was wrong or unknown.
  bool finish();
  void fail() { ok_ = false; }

 private:
  Sema& sema_;
  Operand config_;
  Span span_;
  const char* what_;
  bool ok_ = true;
  std::vector<Symbol> names_;
  uint64_t taken_ = 0;
};

/// `.{ .low = true }` and so on.
std::optional<tir::DsdPriority> takePriority(ConfigReader& config);

/// The declaration an expression names (`x`, `lib.x`) without reading it.
std::optional<DeclId> declNamed(Sema& s, const ast::Expr& e);

/// The task-table id a task was bound to, or nullopt if it was not (yet).
/// A queue; the first releases named it by its number.
Operand queueOf(Sema& s, const Operand& v, bool input, Span span);

std::optional<int> boundTaskId(const Sema& s, DeclId task);

/// Number behind an id operand (color, queue, task id, ut_id, or a plain integer) as a TIR operand of type I16.
tir::Operand lowerId(Sema& s, const Operand& v, Span span);

/// Builds an id of `type` from the single argument of a builtin.
Operand makeId(Sema& s, const ast::BuiltinCall& call, TypeId type, const char* what, int64_t min, int64_t max,
               bool runtime_allowed);

/// Two tasks want one entry of a task table; `what` names the entry that `before` took.
void alreadyBound(Sema& s, Span at, Span before, const std::string& what);

/// What should be the base of a descriptor has no address that is known when the program is linked.
void noFixedAddress(Sema& s, Span span);

/// Values a `color` can hold. Those from target::kColorCount on name no route: older programs pass them for "none".
inline constexpr int kColorValueCount = 64;

/// The number of a color that is going to be routed; nullopt after an error for a value that is only a place holder.
std::optional<int> routableColor(Sema& s, const Operand& color, Span span);

/// Reads a color configuration struct (csl-language.md 5.4). False after an error.
bool parseColorConfig(Sema& s, const Operand& config, Span span, int color, plan::ColorConfig& out);

}  // namespace weft::sema
