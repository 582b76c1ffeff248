// Descriptor registers: naming, loading, changing.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/device_support.h"

namespace weft::sema {

using diag::Code;
using types::DsrType;
using types::Kind;

namespace {

tir::DsrFile fileOf(DsrType t) {
  switch (t) {
    case DsrType::Dest:
    case DsrType::FifoDest: return tir::DsrFile::Dest;
    case DsrType::Src0: return tir::DsrFile::Src0;
    case DsrType::Src1:
    case DsrType::FifoSrc1: return tir::DsrFile::Src1;
  }
  return tir::DsrFile::Dest;
}

}  // namespace

// Register behind a comptime DSR value.
std::optional<tir::DsrRef> dsrOf(Sema& s, const Operand& v, Span span) {
  if (v.stops()) return std::nullopt;
  if (!s.pool.is(v.type, Kind::Dsr)) {
    (void)s.typeMismatch(span, "DSR", v.type);
    return std::nullopt;
  }
  if (!v.isComptime()) {
    (void)s.notComptime(span, "DSR");
    return std::nullopt;
  }
  return tir::DsrRef{fileOf(s.pool.dsrType(v.type)), static_cast<uint8_t>(s.knownInt(v.value))};
}

Operand Sema::builtinGetDsr(const ast::BuiltinCall& call, TypeId) {
  const TypeId type = typeExpr(*call.args[0]);
  if (type == types::kPoison) return Operand::poison();
  if (!pool.is(type, Kind::Dsr)) return typeMismatch(call.args[0]->span, "DSR type", type);
  Operand id = expr(*call.args[1]);
  if (id.stops()) return id;
  // A FIFO's register given as an ordinary one.
  if (id.isComptime() && pool.is(id.type, Kind::Dsr)) return Operand::comptime(Value::integer(type, id.value.asInt()));
  const auto n = intOf(id, call.args[1]->span, "DSR number", 0, target::kDsrPerFile - 1);
  if (!n) return Operand::poison();
  device.named_dsrs.push_back({{fileOf(pool.dsrType(type)), static_cast<uint8_t>(*n)}, call.span});
  return Operand::comptime(Value::integer(type, *n));
}

Operand Sema::builtinGetXdsr(const ast::BuiltinCall& call, TypeId) {
  return makeId(*this, call, types::kXdsr, "XDSR number", 0, 15, false);
}
Operand Sema::builtinGetSr(const ast::BuiltinCall& call, TypeId) {
  return makeId(*this, call, types::kSr, "SR number", 0, 31, false);
}

namespace {

// Entry of Program::dsr_configs. A task id known at run time only selects one of kIdEntries entries in a row.
struct ConfigEntry {
  uint16_t index = 0;
  std::optional<tir::Operand> id;
};
constexpr int kIdEntries = 32;

// Reads the configuration of a load into a table entry; nullopt after an error.
std::optional<ConfigEntry> dsrConfig(Sema& s, tir::DsrRef dsr, const Operand& config, Span span) {
  tir::DsrConfig c;
  ConfigReader r(s, config, span, "DSR configuration");
  if (!r.ok()) return std::nullopt;
  c.async = r.takeBool("async").value_or(false);
  c.save_address = r.takeBool("save_address").value_or(false);
  c.single_step = r.takeBool("single_step").value_or(false);
  // Tasks of .activate, .unblock and .on_control: their ids are filled in when all bindings are known.
  constexpr int16_t tir::DsrConfig::* members[] = {&tir::DsrConfig::activate, &tir::DsrConfig::unblock,
                                                   &tir::DsrConfig::on_control_id};
  DeclId pending[3];
  // The one that is known at run time only.
  std::optional<size_t> at_run_time;
  std::optional<tir::Operand> run_time_id;
  const auto take = [&](size_t member, const Operand& id) {
    if (s.pool.is(id.type, Kind::Task)) {
      pending[member] = s.declOfFunction(id).value_or(DeclId{});
    } else if (!s.pool.isId(id.type)) {
      (void)s.typeMismatch(span, "local_task_id", id.type);
      return false;
    } else if (id.isComptime()) {
      c.*members[member] = static_cast<int16_t>(s.knownInt(id.value));
    } else if (at_run_time || !s.atRuntime()) {
      s.error(Code::E0344, span, "DSD op setting must be comptime").emit();
      return false;
    } else {
      at_run_time = member;
      run_time_id = lowerId(s, id, span);
    }
    return true;
  };
  for (const bool activate : {true, false}) {
    const auto id = r.take(activate ? "activate" : "unblock");
    if (!id) continue;
    if (!take(activate ? 0 : 1, *id)) return std::nullopt;
  }
  if (const auto on = r.take("on_control")) {
    ConfigReader o(s, *on, span, "`.on_control`");
    if (const auto t = o.takeBool("terminate"); t && *t) c.on_control = tir::OnControl::Terminate;
    for (const bool activate : {true, false}) {
      const auto id = o.take(activate ? "activate" : "unblock");
      if (!id) continue;
      c.on_control = activate ? tir::OnControl::Activate : tir::OnControl::Unblock;
      if (!take(2, *id)) return std::nullopt;
    }
    if (!o.finish()) return std::nullopt;
  }
  if (const auto ut = r.take("ut_id")) {
    if (!ut->isComptime() || ut->type != types::kUtId) {
      (void)s.typeMismatch(span, "ut_id", ut->type);
      return std::nullopt;
    }
    c.ut_id = static_cast<int8_t>(s.knownInt(ut->value));
  }
  if (!r.finish()) return std::nullopt;
  const auto given = [&](size_t member) {
    return c.*members[member] >= 0 || pending[member].valid() || at_run_time == member;
  };
  if (given(0) && given(1)) {
    s.error(Code::E0344, span, "at most one of `.activate` and `.unblock` may be given").emit();
    return std::nullopt;
  }
  if (c.save_address) s.device.dsr_saves[dsr.encode()] = true;
  // Until then no other load may share the entry.
  bool has_pending = false;
  for (size_t i = 0; i < 3; ++i) {
    if (!pending[i].valid()) continue;
    c.*members[i] = -2;
    has_pending = true;
  }
  auto& configs = s.device.dsr_configs;
  ConfigEntry entry{0, run_time_id};
  if (!has_pending && !run_time_id) {
    while (entry.index < configs.size() && !(configs[entry.index] == c)) ++entry.index;
    if (entry.index == configs.size()) configs.push_back(c);
    return entry;
  }
  entry.index = static_cast<uint16_t>(configs.size());
  for (int id = 0; id < (run_time_id ? kIdEntries : 1); ++id) {
    const auto index = static_cast<uint16_t>(configs.size());
    if (at_run_time) c.*members[*at_run_time] = static_cast<int16_t>(id);
    configs.push_back(c);
    for (size_t i = 0; i < 3; ++i) {
      if (pending[i].valid()) s.device.pending_ids.push_back({index, members[i], pending[i], span});
    }
  }
  return entry;
}

// Stride registers of a mem4d load: three if the shape comes at run time, else one per dimension but the innermost,
// and one less if the innermost steps by 1.
bool strideRegisters(Sema& s, const Operand& registers, const Operand& dsd, Span span) {
  if (dsd.type != types::kMem4dDsd) {
    (void)s.typeMismatch(span, "mem4d_dsd", dsd.type);
    return false;
  }
  const uint32_t given =
      s.pool.is(registers.type, Kind::Struct) || s.pool.is(registers.type, Kind::Array) ? s.partCount(registers) : 1;
  uint32_t needed = 3;
  if (dsd.isComptime()) {
    const tir::Mem4dShape& shape = s.device.shapes[dsd.value.asDsd().dsd.shape()];
    needed = shape.rank - 1u;
    if (needed > 0 && shape.stride[0] == 1) --needed;
  }
  if (given == needed) return true;
  s.error(Code::E0340, span, "the descriptor needs {} stride register(s), {} given", needed, given).emit();
  return false;
}

Operand loadDsr(Sema& s, const ast::BuiltinCall& call, size_t dsd_arg) {
  if (!s.atRuntime() && !requireTopComptime(s, call)) return Operand::poison();
  OperandList args;
  if (!s.evalArgs(call, args)) return Operand::poison();
  const auto dsr = dsrOf(s, args[0], call.args[0]->span);
  if (!dsr) return Operand::poison();
  const Operand& dsd = args[dsd_arg];
  const Span dsd_span = call.args[dsd_arg]->span;
  if (!s.pool.is(dsd.type, Kind::Dsd)) return s.typeMismatch(dsd_span, "DSD", dsd.type);
  // What a register alone cannot hold.
  if (dsd_arg == 1 && dsd.type == types::kCircbufDsd) {
    s.error(Code::E0340, dsd_span, "a 'circbuf_dsd' needs an XDSR: use `@load_to_dsr_xdsr`").emit();
    return Operand::poison();
  }
  if (dsd_arg == 2 && dsd.type != types::kCircbufDsd) return s.typeMismatch(dsd_span, "circbuf_dsd", dsd.type);
  if (dsd_arg == 3 && !strideRegisters(s, args[2], dsd, call.args[2]->span)) return Operand::poison();
  if (dsr->file == tir::DsrFile::Dest ? dsd.type == types::kFabInDsd : dsd.type == types::kFabOutDsd) {
    s.error(Code::E0340, dsd_span, "'{}' cannot be loaded into '{}'", s.typeName(dsd.type), s.typeName(args[0].type))
        .emit();
    return Operand::poison();
  }
  ConfigEntry config;
  if (args.size() > dsd_arg + 1) {
    const auto c = dsrConfig(s, *dsr, args[dsd_arg + 1], call.args[dsd_arg + 1]->span);
    if (!c) return Operand::poison();
    config = *c;
  }
  if (s.atRuntime()) {
    tir::Builder& b = s.builder();
    const tir::Operand value = s.lower(dsd, dsd_span);
    s.setSite(call.span);
    tir::Operand entry = b.constant(config.index, tir::Type::I16);
    if (config.id) entry = b.emit(tir::Op::Add, tir::Type::I16, entry, *config.id);
    b.device(tir::DeviceCall::LoadDsr, {b.constant(dsr->encode(), tir::Type::I16), value, entry});
  } else {
    if (!dsd.isComptime()) return s.notComptime(dsd_span, "DSD");
    for (const DeviceState::DsrInit& before : s.device.dsr_inits) {
      if (before.dsr.file != dsr->file || before.dsr.number != dsr->number) continue;
      s.warning(Code::W0510, call.span, "this register is loaded before the program starts, and was before")
          .label(before.span, "loaded here first")
          .note("the last one holds")
          .emit();
      break;
    }
    s.device.dsr_inits.push_back({*dsr, s.know(dsd.value), config.index, call.span});
  }
  return voidOperand();
}

}  // namespace

Operand Sema::builtinLoadToDsr(const ast::BuiltinCall& call, TypeId) { return loadDsr(*this, call, 1); }
Operand Sema::builtinLoadToDsrXdsr(const ast::BuiltinCall& call, TypeId) { return loadDsr(*this, call, 2); }
Operand Sema::builtinLoadToDsrXdsrSr(const ast::BuiltinCall& call, TypeId) { return loadDsr(*this, call, 3); }

Operand Sema::builtinSetDsrBaseAddr(const ast::BuiltinCall& call, TypeId) {
  if (!requireRuntime(*this, call)) return Operand::poison();
  const auto dsr = dsrOf(*this, expr(*call.args[0]), call.args[0]->span);
  Place p = place(*call.args[1]);
  if (!dsr || p.kind == Place::Kind::Poison) return Operand::poison();
  const Operand base = pool.is(p.type, Kind::Array) ? addressOf(p, call.args[1]->span) : load(p, call.args[1]->span);
  if (base.stops()) return Operand::poison();
  if (!pool.is(base.type, Kind::Pointer)) return typeMismatch(call.args[1]->span, "pointer", base.type);
  const tir::Operand address = lower(base, call.args[1]->span);
  setSite(call.span);
  builder().device(tir::DeviceCall::SetDsrBase, {builder().constant(dsr->encode(), tir::Type::I16), address});
  return voidOperand();
}

Operand Sema::builtinSetDsrLength(const ast::BuiltinCall& call, TypeId) {
  if (!requireRuntime(*this, call)) return Operand::poison();
  const auto dsr = dsrOf(*this, expr(*call.args[0]), call.args[0]->span);
  const Operand n = exprAs(*call.args[1], types::kU16);
  if (!dsr || n.stops()) return Operand::poison();
  const tir::Operand length = lower(n, call.args[1]->span);
  setSite(call.span);
  builder().device(tir::DeviceCall::SetDsrLength, {builder().constant(dsr->encode(), tir::Type::I16), length});
  return voidOperand();
}

}  // namespace weft::sema
