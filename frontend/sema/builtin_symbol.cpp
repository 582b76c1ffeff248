// What the host sees: @export_symbol and friends; and the last steps of a program's device state.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/device_support.h"

namespace weft::sema {

using diag::Code;
using tir::Op;
using types::Kind;

namespace {

std::optional<int64_t> exportNumber(const Sema& s, std::string_view name) {
  if (s.layout_exports == nullptr) return std::nullopt;
  for (size_t i = 0; i < s.layout_exports->size(); ++i) {
    if ((*s.layout_exports)[i].name == name) return static_cast<int64_t>(i) + 1;
  }
  return std::nullopt;
}

const plan::Export* declaredName(Sema& s, std::string_view name) {
  if (s.layout_exports == nullptr) return nullptr;
  for (const plan::Export& e : *s.layout_exports) {
    if (e.name == name) return &e;
  }
  return nullptr;
}

bool checkFunctionType(Sema& s, const plan::Export& e, TypeId fn, Span span) {
  const types::FnInfo info = s.pool.fnInfo(fn);
  bool same = e.is_function && e.inputs.size() == info.params.size() && e.type == s.typeName(info.result);
  for (size_t i = 0; same && i < info.params.size(); ++i) same = e.inputs[i].type == s.typeName(info.params[i]);
  if (same) return true;
  std::string expected = e.type;
  if (e.is_function) {
    expected = "fn(";
    for (size_t i = 0; i < e.inputs.size(); ++i) expected += (i == 0 ? "" : ", ") + e.inputs[i].type;
    expected += ") " + e.type;
  }
  s.error(Code::E0512, span, "exported symbol type mismatch. Expected type: '{}', got '{}'", expected, s.typeName(fn))
      .emit();
  return false;
}

// The last name of `x` or `lib.x`.
std::string_view lastName(Sema& s, const ast::Expr& e) {
  if (const auto* id = ast::dynAs<ast::Identifier>(&e)) return s.text(id->name);
  if (const auto* f = ast::dynAs<ast::FieldExpr>(&e)) return s.text(f->field.symbol);
  return {};
}

}  // namespace

Operand Sema::builtinExportSymbol(const ast::BuiltinCall& call, TypeId) {
  if (!requireTopComptime(*this, call)) return Operand::poison();
  const ast::Expr& sym = *call.args[0];
  DeviceState::HostSymbol out;
  out.span = sym.span;
  out.name = std::string(lastName(*this, sym));
  if (call.args.size() > 1) {
    const auto name = comptimeExpr(*call.args[1], types::kString, "name");
    if (!name) return Operand::poison();
    out.name = std::string(text(name->asString()));
  }
  for (const DeviceState::HostSymbol& h : device.host_symbols) {
    if (h.name != out.name) continue;
    error(Code::E0511, call.span, "name '{}' has already been exported", out.name)
        .label(h.span, "exported here before")
        .emit();
    return Operand::poison();
  }
  const plan::Export* declared = declaredName(*this, out.name);
  if (layout_exports != nullptr && declared == nullptr) {
    error(Code::E0511, call.span, "name '{}' was not declared during layout evaluation", out.name)
        .note(fmt::format("use @export_name to declare '{}' during layout evaluation", out.name))
        .emit();
    return Operand::poison();
  }
  const auto id = declNamed(*this, sym);
  if (!id) return Operand::poison();
  DeclInfo& info = decl(*id);
  // A function, or a const/param that holds one.
  const bool holds_function = pool.is(info.type, Kind::Fn);
  if (info.decl->kind == ast::NodeKind::FnDecl || holds_function) {
    const auto fn =
        declOfFunction(info.decl->kind == ast::NodeKind::FnDecl ? expr(sym) : Operand::comptime(info.value));
    if (!fn || !evalSignature(*fn, sym.span)) return Operand::poison();
    const TypeId type = pool.fn(decl(*fn).param_types, decl(*fn).result);
    if (declared != nullptr && !checkFunctionType(*this, *declared, type, sym.span)) return Operand::poison();
    const auto function = functionOf(*fn, sym.span);
    if (!function) return Operand::poison();
    out.is_function = true;
    out.decl = *fn;
    out.function = *function;
    device.host_symbols.push_back(std::move(out));
    return voidOperand();
  }
  const auto* var = ast::dynAs<ast::VarDecl>(info.decl);
  if (var == nullptr && info.decl->kind != ast::NodeKind::ParamDecl) {
    error(Code::E0511, sym.span, "expected global variable or function symbol").emit();
    return Operand::poison();
  }
  TypeId type = info.type;
  const bool is_mutable = var != nullptr && !var->is_const;
  if (declared != nullptr) {
    if (declared->is_function || declared->type != typeName(type)) {
      error(Code::E0512, sym.span, "exported symbol type mismatch. Expected type: '{}', got '{}'", declared->type,
            typeName(type))
          .emit();
      return Operand::poison();
    }
    if (declared->is_mutable != is_mutable) {
      error(Code::E0512, sym.span, "exported symbol mutability mismatch")
          .note(declared->is_mutable ? "expected name to be mutable" : "expected name to be immutable")
          .emit();
      return Operand::poison();
    }
  }
  if (!pool.isRuntime(type)) {
    error(Code::E0512, sym.span, "cannot export symbol with type '{}'", typeName(type)).emit();
    return Operand::poison();
  }
  out.decl = *id;
  out.object = objectOf(*id);
  out.is_pointer = pool.is(type, Kind::Pointer);
  requireObject(out.object);
  device.host_symbols.push_back(std::move(out));
  return voidOperand();
}

// `export` with a computed name.
Operand Sema::builtinExport(const ast::BuiltinCall& call, TypeId) {
  if (!requireTopComptime(*this, call)) return Operand::poison();
  const auto* address = ast::dynAs<ast::UnaryExpr>(call.args[0]);
  if (address == nullptr || address->op != ast::UnaryOp::AddressOf) {
    error(Code::E0511, call.args[0]->span, "expected the address of a global symbol").emit();
    return Operand::poison();
  }
  const auto id = declNamed(*this, *address->operand);
  if (!id) return Operand::poison();
  const Operand config = expr(*call.args[1]);
  ConfigReader r(*this, config, call.args[1]->span, "export configuration");
  const auto name = r.take("name");
  if (!r.finish() || !name) return Operand::poison();
  const auto text_name = stringOf(*name, call.args[1]->span, "name");
  if (!text_name) return Operand::poison();
  const Symbol symbol = intern(*text_name);
  if (!registerExport(symbol, *id, call.span)) return Operand::poison();
  if (decl(*id).decl->kind == ast::NodeKind::FnDecl) {
    const auto fn = functionOf(*id, call.args[0]->span);
    if (!fn) return Operand::poison();
    tir::HostSymbol host;
    host.name = *text_name;
    host.is_function = true;
    host.is_pointer = false;
    host.function = *fn;
    program_->host_symbols.push_back(std::move(host));
    return voidOperand();
  }
  if (decl(*id).decl->kind != ast::NodeKind::VarDecl) {
    error(Code::E0511, call.args[0]->span, "expected the address of a global symbol").emit();
    return Operand::poison();
  }
  if (!pool.isRuntime(decl(*id).type)) {
    error(Code::E0512, call.args[0]->span, "cannot export symbol with type '{}'", typeName(decl(*id).type)).emit();
    return Operand::poison();
  }
  const ObjectId o = objectOf(*id);
  object(o).name = *text_name;
  object(o).exported = true;
  requireObject(o);
  return voidOperand();
}

// Ids count the exported names of the layout from 1.
Operand Sema::builtinGetSymbolId(const ast::BuiltinCall& call, TypeId) {
  std::string name(lastName(*this, *call.args[0]));
  // The symbol may be exported under another name than its own.
  if (const auto id = declNamed(*this, *call.args[0])) {
    for (const DeviceState::HostSymbol& h : device.host_symbols)
      if (h.decl == *id) name = h.name;
  } else {
    return Operand::poison();
  }
  if (const auto number = exportNumber(*this, name)) return Operand::comptime(Value::integer(types::kU16, *number));
  error(Code::E0511, call.span, "name '{}' was not declared during layout evaluation", name).emit();
  return Operand::poison();
}

// The number arrives at run time: one comparison per symbol that fits.
Operand Sema::symbolByNumber(const ast::BuiltinCall& call, uint32_t id_argument, TypeId type, bool pointers) {
  const Operand id = exprAs(*call.args[id_argument], types::kU16);
  if (id.stops()) return id;
  const tir::Type t = lowerType(type);
  const tir::Operand number = builder_->emit(Op::Copy, tir::Type::I16, lower(id, call.span));
  const uint32_t result = builder_->addLocal(t);
  builder_->emitTo(result, Op::Copy, t, builder_->constant(0));
  const uint32_t join = builder_->newBlock();
  for (const DeviceState::HostSymbol& h : device.host_symbols) {
    if (h.is_function) continue;
    const TypeId held = decl(h.decl).type;
    if (pointers ? !h.is_pointer : held != type) continue;
    const auto wanted = exportNumber(*this, h.name);
    if (!wanted) continue;
    const uint32_t hit = builder_->newBlock(), next = builder_->newBlock();
    builder_->branch(builder_->emit(Op::Eq, tir::Type::I16, number, builder_->constant(static_cast<uint64_t>(*wanted))),
                     hit, next);
    builder_->setBlock(hit);
    Address at;
    at.kind = Address::Kind::Object;
    at.object = h.object;
    const Operand value =
        decl(h.decl).decl->kind == ast::NodeKind::VarDecl ? loadFrom(at, held) : Operand::comptime(decl(h.decl).value);
    builder_->emitTo(result, Op::Copy, t, lower(value, call.span));
    builder_->jump(join);
    builder_->setBlock(next);
  }
  builder_->jump(join);
  builder_->setBlock(join);
  return Operand::runtime(type, tir::Operand::local(result));
}

Operand Sema::builtinGetSymbolValue(const ast::BuiltinCall& call, TypeId) {
  if (!requireRuntime(*this, call)) return Operand::poison();
  const TypeId type = typeExpr(*call.args[0]);
  if (type == types::kPoison) return Operand::poison();
  if (!pool.isRuntime(type) || isAggregate(type) || lowerType(type) == tir::Type::Void) {
    error(Code::E0411, call.args[0]->span, "`@get_symbol_value` reads a scalar or a pointer, not '{}'", typeName(type))
        .emit();
    return Operand::poison();
  }
  return symbolByNumber(call, 1, type, false);
}
Operand Sema::builtinGetTensorPtr(const ast::BuiltinCall& call, TypeId) {
  if (!requireRuntime(*this, call)) return Operand::poison();
  return symbolByNumber(call, 0, pool.pointer(types::kU16, false, true), true);
}
Operand Sema::builtinHasExportedTensors(const ast::BuiltinCall&, TypeId) {
  for (const DeviceState::HostSymbol& h : device.host_symbols) {
    if (!h.is_function) return Operand::comptime(Value::boolean(true));
  }
  return Operand::comptime(Value::boolean(false));
}

// ---- the end of an analysis ----

void Sema::finishDevice() {
  tir::Program& p = program();
  checkDevice();
  for (const DeviceState::BoundTask& t : device.tasks) {
    p.tasks.push_back({t.kind, t.id, t.function, siteOf(t.span)});
    const auto& handlers = device.teardown_handlers.empty() ? device.empty_queue_handlers : device.teardown_handlers;
    if (t.id != target::kTeardownTaskId || t.kind == tir::TaskKind::Control || handlers.empty()) continue;
    error(Code::E0519, t.span, "task id 29 belongs to the teardown and empty-queue handlers of this program")
        .label(handlers[0].span, "handler set here")
        .emit();
  }
  p.rotating = device.rotating;
  p.initially_active = device.active;
  p.initially_blocked = device.blocked;
  p.high_priority = device.high_priority;
  uint64_t data_ids = 0;
  for (const DeviceState::BoundTask& t : device.tasks) {
    if (t.kind != tir::TaskKind::Control) data_ids |= 1ull << t.id;
  }
  p.initially_unblocked = device.unblocked & ~data_ids;
  p.blocked_microthreads = device.blocked_microthreads;
  p.separate_control_table = device.separate_control_table;
  p.control_stride = device.control_stride;
  for (size_t q = 0; q < 8; ++q) {
    const DeviceState::QueueInit& in = device.input_queues[q];
    const int color = in.set ? in.color : device.implied_input_color[q];
    if (color >= 0) {
      p.input_queues.push_back({static_cast<uint8_t>(q), static_cast<uint8_t>(color), in.priority,
                                static_cast<uint8_t>(in.control_table), in.set ? siteOf(in.span) : tir::SiteId{}});
    }
    const DeviceState::QueueInit& out = device.output_queues[q];
    const int out_color = out.set ? out.color : isWse3() ? device.implied_output_color[q] : -1;
    if (out.set || out_color >= 0) {
      p.output_queues.push_back({static_cast<uint8_t>(q),
                                 out_color < 0 ? tir::kNoColor : static_cast<uint8_t>(out_color),
                                 out.set ? siteOf(out.span) : tir::SiteId{}});
    }
  }
  for (const DeviceState::PendingTaskId& pending : device.pending_ids) {
    const auto id = boundTaskId(*this, pending.decl);
    if (!id) {
      taskNotBound(pending.span);
      continue;
    }
    device.dsr_configs[pending.config].*pending.member = static_cast<int16_t>(*id);
  }
  p.dsr_configs = device.dsr_configs;
  p.shapes = device.shapes;
  for (const DeviceState::DsrInit& d : device.dsr_inits) {
    p.dsr_inits.push_back({d.dsr, lower(Operand::comptime(d.dsd), d.span), d.config});
  }
  for (const DeviceState::Handler& h : device.teardown_handlers) p.teardown_handlers.push_back({h.id, h.function});
  for (const DeviceState::Handler& h : device.empty_queue_handlers)
    p.empty_queue_handlers.push_back({h.id, h.function});
  p.config_writes = device.config_writes;
  for (const DeviceState::FifoInit& f : device.fifos) requireObject(f.buffer);
}

void Sema::placeDevice() {
  tir::Program& p = program();
  for (const DeviceState::FifoInit& f : device.fifos) {
    tir::Fifo fifo = f.fifo;
    fifo.buffer = static_cast<uint16_t>(object(f.buffer).address + f.offset);
    if (f.pop_task.valid()) fifo.activate_pop = static_cast<int16_t>(boundTaskId(*this, f.pop_task).value_or(-1));
    if (f.push_task.valid()) fifo.activate_push = static_cast<int16_t>(boundTaskId(*this, f.push_task).value_or(-1));
    p.fifos.push_back(fifo);
  }
  for (const DeviceState::HostSymbol& h : device.host_symbols) {
    tir::HostSymbol out;
    out.name = h.name;
    out.is_function = h.is_function;
    if (h.is_function) {
      out.function = h.function;
    } else {
      const Object& o = object(h.object);
      out.address = static_cast<uint16_t>(o.address);
      out.bytes = pool.size(o.type);
      out.is_pointer = h.is_pointer;
    }
    p.host_symbols.push_back(std::move(out));
  }
}

}  // namespace weft::sema
