// Helpers shared by the device builtins.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/device_support.h"

namespace weft::sema {

using diag::Code;
using types::Kind;

bool requireTopComptime(Sema& s, const ast::BuiltinCall& call) {
  if (s.phase() == Phase::TopComptime) return true;
  s.error(Code::E0410, call.span, "builtin is only valid while evaluating a top level comptime block").emit();
  return false;
}

bool requireLayout(Sema& s, const ast::BuiltinCall& call) {
  if (s.phase() == Phase::Layout && s.hooks != nullptr) return true;
  s.error(Code::E0410, call.span, "builtin is only valid while evaluating a layout block").emit();
  return false;
}

bool requireRuntime(Sema& s, const ast::BuiltinCall& call) {
  if (s.atRuntime()) return true;
  s.error(Code::E0412, call.span, "`@{}` is not available at comptime", s.text(call.name.symbol)).emit();
  return false;
}

ConfigReader::ConfigReader(Sema& sema, Operand config, Span span, const char* what)
    : sema_(sema), config_(std::move(config)), span_(span), what_(what) {
  if (config_.stops()) {
    ok_ = false;
    return;
  }
  if (config_.type == types::kEmptyTuple) return;
  if (!sema.pool.is(config_.type, Kind::Struct) || sema.pool.structInfo(config_.type).is_tuple) {
    sema.error(Code::E0411, span, "{} must be a struct, got: '{}'", what, sema.typeName(config_.type)).emit();
    ok_ = false;
    return;
  }
  names_ = sema.fieldNames(config_.type);
}

std::optional<Operand> ConfigReader::take(std::string_view name) {
  for (size_t i = 0; i < names_.size(); ++i) {
    if (sema_.text(names_[i]) != name) continue;
    if (i < 64) taken_ |= 1ull << i;
    Operand v = sema_.part(config_, static_cast<uint32_t>(i));
    if (v.stops()) {
      ok_ = false;
      return std::nullopt;
    }
    return v;
  }
  return std::nullopt;
}

std::optional<int64_t> ConfigReader::takeInt(std::string_view name, int64_t min, int64_t max) {
  const auto v = take(name);
  if (!v) return std::nullopt;
  const std::string what = fmt::format("`.{}`", name);
  const auto n = sema_.intOf(*v, span_, what.c_str(), min, max);
  if (!n) ok_ = false;
  return n;
}

std::optional<bool> ConfigReader::takeBool(std::string_view name) {
  const auto v = take(name);
  if (!v) return std::nullopt;
  const std::string what = fmt::format("`.{}`", name);
  const auto b = sema_.boolOf(*v, span_, what.c_str());
  if (!b) ok_ = false;
  return b;
}

std::optional<int> ConfigReader::takeChoice(std::string_view name, std::initializer_list<std::string_view> choices) {
  const auto v = take(name);
  if (!v) return std::nullopt;
  ConfigReader inner(sema_, *v, span_, what_);
  std::optional<int> chosen;
  int i = 0;
  for (const std::string_view c : choices) {
    const auto b = inner.takeBool(c);
    if (b && *b) chosen = i;
    ++i;
  }
  if (!inner.finish()) ok_ = false;
  return chosen;
}

bool ConfigReader::finish() {
  if (!ok_) return false;
  for (size_t i = 0; i < names_.size() && i < 64; ++i) {
    if ((taken_ >> i & 1) == 0) {
      sema_.error(Code::E0411, span_, "'{}' is not a member of {}", sema_.text(names_[i]), what_).emit();
      ok_ = false;
    }
  }
  return ok_;
}

std::optional<tir::DsdPriority> takePriority(ConfigReader& config) {
  const auto p = config.takeChoice("priority", {"low", "medium", "high"});
  if (!p) return std::nullopt;
  constexpr tir::DsdPriority table[] = {tir::DsdPriority::Low, tir::DsdPriority::Medium, tir::DsdPriority::High};
  return table[*p];
}

std::optional<DeclId> declNamed(Sema& s, const ast::Expr& e) {
  if (const auto* id = ast::dynAs<ast::Identifier>(&e)) {
    if (const auto d = s.findDecl(s.frame().module, id->name)) {
      if (!s.resolve(*d, e.span)) return std::nullopt;
      // A const that renames a module member or a function means the same symbol only for functions.
      return d;
    }
  }
  if (const auto* f = ast::dynAs<ast::FieldExpr>(&e)) {
    const Operand base = s.expr(*f->base);
    if (base.isPoison()) return std::nullopt;
    if (base.isComptime() && s.pool.is(base.type, Kind::Module)) {
      const ModuleId m{static_cast<uint32_t>(base.value.asModule())};
      if (const auto d = s.findDecl(m, f->field.symbol)) {
        if (!s.resolve(*d, e.span)) return std::nullopt;
        return d;
      }
    }
  }
  s.error(Code::E0511, e.span, "expected global variable or function symbol").emit();
  return std::nullopt;
}

Operand queueOf(Sema& s, const Operand& v, bool input, Span span) {
  const TypeId type = input ? types::kInputQueue : types::kOutputQueue;
  if (!s.pool.isAnyInteger(v.type) || !v.isComptime()) return s.coerce(v, type, span);
  const int64_t last = (input ? target::kInputQueueCount : target::outputQueueCount(s.arch())) - 1;
  const auto n = s.intOf(v, span, input ? "input queue" : "output queue", 0, last);
  return n ? Operand::comptime(Value::integer(type, *n)) : Operand::poison();
}

std::optional<int> boundTaskId(const Sema& s, DeclId task) {
  for (const DeviceState::BoundTask& t : s.device.tasks) {
    if (t.decl == task) return t.id;
  }
  return std::nullopt;
}

tir::Operand lowerId(Sema& s, const Operand& v, Span span) {
  if (v.isComptime() && v.value.rep() == Value::Rep::Int) {
    return s.builder().constant(static_cast<uint64_t>(s.knownInt(v.value)), tir::Type::I16);
  }
  if (s.pool.isInteger(v.type)) return s.lower(s.convert(v, types::kU16, span), span);
  return s.lower(v, span);
}

Operand makeId(Sema& s, const ast::BuiltinCall& call, TypeId type, const char* what, int64_t min, int64_t max,
               bool runtime_allowed) {
  Operand v = s.expr(*call.args[0]);
  if (v.stops()) return v;
  const Span span = call.args[0]->span;
  if (v.type == type) return v;
  if (v.isComptime()) {
    // Older code hands over another kind of id.
    if (s.pool.isId(v.type)) v.value.setType(types::kU16), v.type = types::kU16;
    const auto n = s.intOf(v, span, what, min, max);
    if (!n) return Operand::poison();
    return Operand::comptime(Value::integer(type, *n));
  }
  if (!runtime_allowed) return s.notComptime(span, what);
  v = s.coerce(v, types::kU16, span);
  if (v.stops()) return v;
  return Operand::runtime(type, s.lower(v, span));
}

std::optional<int> routableColor(Sema& s, const Operand& color, Span span) {
  const auto n = s.intOf(color, span, "color", 0, target::kColorCount - 1);
  if (!n) return std::nullopt;
  return static_cast<int>(*n);
}

}  // namespace weft::sema
