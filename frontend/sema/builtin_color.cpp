// Colors and their router configuration: @get_color, @set_color_config, @set_local_color_config.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/device_support.h"

#include <algorithm>
#include <bit>

namespace weft::sema {

using diag::Code;
using plan::ColorConfig;
using target::PortMask;
using types::Kind;

namespace {

// A direction, or a tuple or array of directions, as a mask. nullopt after an error.
std::optional<PortMask> portsOf(Sema& s, const Operand& v, Span span, const char* what) {
  if (v.stops()) return std::nullopt;
  if (v.type == types::kDirection) {
    if (!v.isComptime()) {
      (void)s.notComptime(span, what);
      return std::nullopt;
    }
    return target::maskOf(v.value.asDirection());
  }
  const Kind k = s.pool.kind(v.type);
  const bool list = k == Kind::Array || (k == Kind::Struct && s.pool.structInfo(v.type).is_tuple);
  if (!list) {
    (void)s.typeMismatch(span, "direction", v.type);
    return std::nullopt;
  }
  PortMask mask = 0;
  const uint32_t n = s.partCount(v);
  for (uint32_t i = 0; i < n; ++i) {
    const auto one = portsOf(s, s.part(v, i), span, what);
    if (!one) return std::nullopt;
    if ((mask & *one) != 0) {
      s.error(Code::E0506, span, "`.{}` names {} twice", what,
              target::portName(static_cast<target::Port>(std::countr_zero(*one))))
          .emit();
      return std::nullopt;
    }
    mask = static_cast<PortMask>(mask | *one);
  }
  return mask;
}

struct Sides {
  std::optional<PortMask> rx, tx;
};
// Bits as in the route register (target/registers.h): tx below, rx above.
Sides fromBits(int64_t bits) { return {static_cast<PortMask>(bits >> 5 & 0x1f), static_cast<PortMask>(bits & 0x1f)}; }

void readPopMode(ConfigReader& from, ColorConfig& out) {
  const auto pop = from.takeChoice("pop_mode", {"no_pop", "always_pop", "pop_on_advance", "pop_on_advance_nop"});
  if (pop) out.pop = static_cast<plan::PopMode>(*pop);
}

bool readRoutes(Sema& s, const Operand& routes, Span span, ColorConfig& out) {
  if (s.pool.isAnyInteger(routes.type)) {
    const auto bits = s.intOf(routes, span, "`.routes`", 0, 0x3ff);
    if (!bits) return false;
    const Sides sides = fromBits(*bits);
    out.rx = *sides.rx;
    out.tx = *sides.tx;
    return true;
  }
  ConfigReader r(s, routes, span, "`.routes`");
  for (const char* side : {"rx", "tx"}) {
    if (const auto v = r.take(side)) {
      const auto mask = portsOf(s, *v, span, side);
      if (!mask) return false;
      (side[0] == 'r' ? out.rx : out.tx) = *mask;
    }
  }
  out.swap_x = r.takeBool("color_swap_x").value_or(false);
  out.swap_y = r.takeBool("color_swap_y").value_or(false);
  readPopMode(r, out);
  return r.finish();
}

bool readSwitches(Sema& s, ConfigReader& r, Span span, int color, ColorConfig& out) {
  bool used = false;
  for (int k = 0; k < 3; ++k) {
    const std::string name = fmt::format("pos{}", k + 1);
    const auto v = r.take(name);
    if (!v) continue;
    plan::SwitchPosition& pos = out.positions[static_cast<size_t>(k)];
    if (s.pool.isAnyInteger(v->type)) {
      const auto bits = s.intOf(*v, span, name.c_str(), 0, 0x3ff);
      if (!bits) return false;
      if (*bits == 0) continue;
      const Sides sides = fromBits(*bits);
      pos.valid = true;
      if (*sides.rx != 0) pos.rx = sides.rx;
      if (*sides.tx != 0) pos.tx = sides.tx;
      used = true;
      continue;
    }
    ConfigReader p(s, *v, span, name.c_str());
    for (const char* side : {"rx", "tx"}) {
      if (const auto d = p.take(side)) {
        const auto mask = portsOf(s, *d, span, side);
        if (!mask) return false;
        (side[0] == 'r' ? pos.rx : pos.tx) = *mask;
      }
    }
    const bool invalid = p.takeBool("invalid").value_or(false);
    if (!p.finish()) return false;
    if (invalid) {
      pos = {};
      continue;
    }
    pos.valid = pos.rx.has_value() || pos.tx.has_value();
    used = used || pos.valid;
    if (!s.isWse3() && pos.rx && pos.tx) {
      s.error(Code::E0509, span, "switch position {} sets both `.rx` and `.tx`; on 'wse2' a position changes one side",
              k + 1)
          .emit();
      return false;
    }
  }
  out.initial_position = static_cast<uint8_t>(r.takeInt("current_switch_pos", 0, 3).value_or(0));
  out.ring = r.takeBool("ring_mode").value_or(false);
  readPopMode(r, out);
  if (!r.ok()) return false;
  if (used && !target::colorHasSwitch(s.arch(), color)) {
    s.error(Code::E0509, span, "color {} has no switch on '{}'", color, target::archName(s.arch()))
        .note("colors with switches: 0 to 9, 12, 13, 16, 17, 20, 21")
        .emit();
    return false;
  }
  return true;
}

bool readFilter(Sema& s, const Operand& filter, Span span, ColorConfig& out) {
  ConfigReader r(s, filter, span, "`.filter`");
  plan::Filter& f = out.filter;
  const auto kind = r.takeChoice("kind", {"range", "counter", "sparse_counter"});
  if (!r.ok()) return false;
  if (!kind) {
    s.error(Code::E0506, span, "`.filter` needs a `.kind`").emit();
    return false;
  }
  f.kind = static_cast<plan::FilterKind>(*kind + 1);
  f.count_data = r.takeBool("count_data").value_or(false);
  f.count_control = r.takeBool("count_control").value_or(false);
  f.filter_control = r.takeBool("filter_control").value_or(false);
  const auto number = [&](const char* name) { return static_cast<uint16_t>(r.takeInt(name, 0, 0xffff).value_or(0)); };
  f.init_counter = number("init_counter");
  f.limit1 = number("limit1");
  if (const auto l2 = r.takeInt("limit2", 0, 0xffff)) f.limit2 = static_cast<uint16_t>(*l2);
  f.max_counter = number("max_counter");
  f.min_index = number("min_idx");
  f.max_index = number("max_idx");
  r.skip("fast_mode");
  return r.finish();
}

}  // namespace

bool parseColorConfig(Sema& s, const Operand& config, Span span, int color, ColorConfig& out) {
  ConfigReader r(s, config, span, "color configuration");
  if (!r.ok()) return false;
  if (const auto routes = r.take("routes")) {
    if (!readRoutes(s, *routes, span, out)) return false;
  } else if (s.fieldOf(config, "rx") || s.fieldOf(config, "tx")) {
    // The form without `.routes`, of releases before 0.7.
    s.warning(Code::W0501, span, "routes without `.routes` are deprecated").emit();
    for (const char* side : {"rx", "tx"}) {
      if (const auto v = r.take(side)) {
        const auto mask = portsOf(s, *v, span, side);
        if (!mask) return false;
        (side[0] == 'r' ? out.rx : out.tx) = *mask;
      }
    }
    out.swap_x = r.takeBool("color_swap_x").value_or(false);
    out.swap_y = r.takeBool("color_swap_y").value_or(false);
    if (!readSwitches(s, r, span, color, out)) return false;
  } else {
    s.error(Code::E0506, span, "color configuration needs `.routes`").emit();
    return false;
  }
  if (const auto v = r.take("switches")) {
    ConfigReader switches(s, *v, span, "`.switches`");
    if (!readSwitches(s, switches, span, color, out) || !switches.finish()) return false;
  }
  if (const auto v = r.take("filter")) {
    if (!readFilter(s, *v, span, out)) return false;
  }
  out.teardown = r.takeBool("teardown").value_or(false);
  if (!r.finish()) return false;
  if (s.isWse3() && (out.rx & (out.rx - 1)) != 0) {
    s.error(Code::E0508, span, "expected at most 1 input direction(s) on 'wse3', got: {}", __builtin_popcount(out.rx))
        .emit();
    return false;
  }
  if (s.isWse3() && (out.swap_x || out.swap_y)) {
    s.error(Code::E0509, span, "color swap is not supported on 'wse3'").emit();
    return false;
  }
  const source::LineColumn at = s.ctx.sources.lineColumn(span.file, span.begin);
  out.where = {s.ctx.sources.path(span.file), at.line, at.column};
  return true;
}

Operand Sema::builtinGetColor(const ast::BuiltinCall& call, TypeId) {
  return makeId(*this, call, types::kColor, "color", 0, kColorValueCount - 1, true);
}

Operand Sema::builtinGetColorId(const ast::BuiltinCall& call, TypeId) {
  Operand v = expr(*call.args[0]);
  if (v.stops()) return v;
  if (v.type != types::kColor) return typeMismatch(call.args[0]->span, "color", v.type);
  if (v.isComptime()) return Operand::comptime(Value::integer(types::kU16, v.value.rawInt()));
  return Operand::runtime(types::kU16, lower(v, call.span));
}

Operand Sema::builtinSetColorConfig(const ast::BuiltinCall& call, TypeId) {
  if (!requireLayout(*this, call)) return Operand::poison();
  OperandList args;
  if (!evalArgs(call, args)) return Operand::poison();
  const auto x = intOf(args[0], call.args[0]->span, "x coordinate", INT32_MIN, INT32_MAX);
  const auto y = intOf(args[1], call.args[1]->span, "y coordinate", INT32_MIN, INT32_MAX);
  if (!x || !y) return Operand::poison();
  const Operand color_arg = coerce(args[2], types::kColor, call.args[2]->span);
  if (color_arg.stops()) return Operand::poison();
  if (!color_arg.isComptime() || !args[3].isComptime()) return notComptime(call.span, "color configuration");
  const auto routable = routableColor(*this, color_arg, call.args[2]->span);
  if (!routable) return Operand::poison();
  const int color = *routable;
  // The same struct on the next PE is not read again.
  const uint64_t h =
      args[3].value.hash() * 31 + static_cast<uint64_t>(color) + (static_cast<uint64_t>(call.span.begin) << 32);
  const plan::ColorConfig* config = nullptr;
  const auto [begin, end] = device.parsed_configs.equal_range(h);
  for (auto it = begin; it != end; ++it) {
    if (it->second->color == color && it->second->value.identical(args[3].value)) config = &it->second->config;
  }
  if (config == nullptr) {
    auto parsed = std::make_unique<DeviceState::ParsedConfig>();
    if (!parseColorConfig(*this, args[3], call.args[3]->span, color, parsed->config)) return Operand::poison();
    parsed->value = args[3].value;
    parsed->color = color;
    config = &parsed->config;
    device.parsed_configs.emplace(h, std::move(parsed));
  }
  if (auto verdict = hooks->setColorConfig(*x, *y, color, *config, call.args[2]->span)) {
    auto e = error(verdict->code, call.args[2]->span, "{}", verdict->message);
    if (verdict->other.valid()) e.label(verdict->other, verdict->other_text);
    e.emit();
    return Operand::poison();
  }
  return voidOperand();
}

Operand Sema::builtinSetLocalColorConfig(const ast::BuiltinCall& call, TypeId) {
  if (!requireTopComptime(*this, call)) return Operand::poison();
  OperandList args;
  if (!evalArgs(call, args)) return Operand::poison();
  const Operand color_arg = coerce(args[0], types::kColor, call.args[0]->span);
  if (color_arg.stops()) return Operand::poison();
  if (!color_arg.isComptime() || !args[1].isComptime()) return notComptime(call.span, "color configuration");
  const auto routable = routableColor(*this, color_arg, call.args[0]->span);
  if (!routable) return Operand::poison();
  LocalColorConfig local;
  local.color = static_cast<uint8_t>(*routable);
  local.span = call.args[0]->span;
  const Operand config = Operand::comptime(know(args[1].value));
  if (!parseColorConfig(*this, config, call.args[1]->span, local.color, local.config)) return Operand::poison();
  for (const LocalColorConfig& c : device.color_configs) {
    if (c.color != local.color) continue;
    error(Code::E0507, call.args[0]->span, "config for this color has already been set")
        .label(c.span, "set here before")
        .emit();
    return Operand::poison();
  }
  device.color_configs.push_back(std::move(local));
  return voidOperand();
}

Operand Sema::builtinGetFilterId(const ast::BuiltinCall& call, TypeId) {
  Operand v = exprAs(*call.args[0], types::kColor);
  if (v.stops()) return v;
  if (!v.isComptime()) return notComptime(call.span, "color");
  // A filter has the number of its color. Whether the layout gives this PE's color one is not known here.
  const int color = static_cast<int>(knownInt(v.value));
  const bool local = std::any_of(device.color_configs.begin(), device.color_configs.end(), [&](const auto& c) {
    return c.color == color && c.config.filter.kind != plan::FilterKind::None;
  });
  const bool bare = std::any_of(device.color_configs.begin(), device.color_configs.end(), [&](const auto& c) {
    return c.color == color && c.config.filter.kind == plan::FilterKind::None;
  });
  if (bare || (!local && layout_exports == nullptr)) {
    error(Code::E0509, call.span, "color {} has no filter in this program", color).emit();
    return Operand::poison();
  }
  return Operand::comptime(Value::integer(types::kU16, color));
}

}  // namespace weft::sema
