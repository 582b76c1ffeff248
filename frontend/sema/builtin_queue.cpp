// Queues: ids, initialisation, flushing; handlers of teardown and empty queues; configuration registers.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/device_support.h"

namespace weft::sema {

using diag::Code;
using types::Kind;

Operand Sema::builtinGetInputQueue(const ast::BuiltinCall& call, TypeId) {
  return makeId(*this, call, types::kInputQueue, "input queue", 0, target::kInputQueueCount - 1, false);
}

Operand Sema::builtinGetOutputQueue(const ast::BuiltinCall& call, TypeId) {
  return makeId(*this, call, types::kOutputQueue, "output queue", 0, target::outputQueueCount(arch()) - 1, false);
}

Operand Sema::builtinGetUtId(const ast::BuiltinCall& call, TypeId) {
  return makeId(*this, call, types::kUtId, "microthread", 0, target::kMicrothreadCount - 1, true);
}

Operand Sema::builtinInitializeQueue(const ast::BuiltinCall& call, TypeId) {
  if (!requireTopComptime(*this, call)) return Operand::poison();
  OperandList args;
  if (!evalArgs(call, args)) return Operand::poison();
  // The first releases: the number of an input queue, and the color alone.
  const bool legacy = pool.isAnyInteger(args[0].type);
  if (legacy) args[0] = queueOf(*this, args[0], true, call.args[0]->span);
  if (args[0].stops()) return args[0];
  const bool input = args[0].type == types::kInputQueue;
  if (!input && args[0].type != types::kOutputQueue) {
    return typeMismatch(call.args[0]->span, "input_queue' or 'output_queue", args[0].type);
  }
  if (!args[0].isComptime()) return notComptime(call.args[0]->span, "queue");
  const auto q = static_cast<size_t>(args[0].value.asInt());
  DeviceState::QueueInit& init = input ? device.input_queues[q] : device.output_queues[q];
  if (init.set) {
    error(Code::E0514, call.args[0]->span, "initialization for this queue has already been set")
        .label(init.span, "set here before")
        .emit();
    return Operand::poison();
  }
  DeviceState::QueueInit next;
  next.set = true;
  next.span = call.args[0]->span;
  if (args.size() > 1 && legacy && args[1].isComptime() && args[1].type == types::kColor) {
    next.color = static_cast<int>(knownInt(args[1].value));
  } else if (args.size() > 1) {
    if (!args[1].isComptime()) return notComptime(call.args[1]->span, "queue configuration");
    const Span span = call.args[1]->span;
    ConfigReader r(*this, args[1], span, "queue configuration");
    if (!r.ok()) return Operand::poison();
    if (auto color = r.take("color")) {
      const Operand c = coerce(*color, types::kColor, span);
      if (c.stops()) return Operand::poison();
      const auto routable = routableColor(*this, c, span);
      if (!routable) return Operand::poison();
      next.color = *routable;
    }
    if (const auto p = takePriority(r)) {
      next.priority = *p;
      if (isWse3()) {
        error(Code::E0515, span, "`.priority` belongs into the DSD on 'wse3', not into the queue").emit();
        return Operand::poison();
      }
    }
    next.control_table = static_cast<int>(r.takeInt("ctrl_table_id", 0, 7).value_or(0));
    if (const auto dense = r.takeBool("dense_mode")) {
      if (!isWse3()) {
        error(Code::E0515, span, "`.dense_mode` exists on 'wse3' only").emit();
        return Operand::poison();
      }
      if (*dense) {
        warning(Code::W0511, span, "`.dense_mode` has no effect: the queue holds what it holds without")
            .note("no public document says how a dense queue packs its half wavelets")
            .emit();
      }
    }
    if (!r.finish()) return Operand::poison();
  }
  if (input && next.color < 0) {
    error(Code::E0515, call.span, "an input queue needs a configuration with `.color`")
        .note("a queue takes the wavelets of one color from the router")
        .help("`@initialize_queue(q, .{ .color = c })`")
        .emit();
    return Operand::poison();
  }
  if (!input && isWse3() && next.color < 0) {
    error(Code::E0515, call.span, "on 'wse3' an output queue needs a configuration with `.color`")
        .note("there a queue sends on one color; on 'wse2' each descriptor names its own")
        .help("`@initialize_queue(q, .{ .color = c })`")
        .emit();
    return Operand::poison();
  }
  if (!input && !isWse3() && next.color >= 0) {
    error(Code::E0515, call.args[1]->span, "on 'wse2' an output queue has no color; the DSD names it")
        .help("leave the configuration out, or guard it with `if (@is_arch(\"wse3\"))`")
        .emit();
    return Operand::poison();
  }
  init = next;
  return voidOperand();
}

namespace {

// Queue number with bit 8 set for an output queue, as the device wants it.
std::optional<tir::Operand> queueOperand(Sema& s, const Operand& v, Span span) {
  if (v.stops()) return std::nullopt;
  const bool output = v.type == types::kOutputQueue;
  if (!output && v.type != types::kInputQueue) {
    (void)s.typeMismatch(span, "input_queue' or 'output_queue", v.type);
    return std::nullopt;
  }
  const tir::Operand id = lowerId(s, v, span);
  if (!output) return id;
  if (v.isComptime()) return s.builder().constant(static_cast<uint64_t>(v.value.asInt()) | 0x100u, tir::Type::I16);
  return s.builder().emit(tir::Op::Or, tir::Type::I16, id, s.builder().constant(0x100, tir::Type::I16));
}

Operand setHandler(Sema& s, const ast::BuiltinCall& call, std::vector<DeviceState::Handler>& list, bool is_teardown) {
  if (!requireTopComptime(s, call)) return Operand::poison();
  OperandList args;
  if (!s.evalArgs(call, args)) return Operand::poison();
  const auto fn = s.declOfFunction(args[0]);
  if (!fn) {
    s.error(Code::E0519, call.args[0]->span, "expected comptime-known function value")
        .note("the handler is called from the PE's task 29, which the compiler writes")
        .emit();
    return Operand::poison();
  }
  if (!args[1].isComptime()) return s.notComptime(call.args[1]->span, "handler target");
  uint16_t id = 0;
  if (is_teardown) {
    const Operand c = s.coerce(args[1], types::kColor, call.args[1]->span);
    if (c.stops()) return c;
    const auto routable = routableColor(s, c, call.args[1]->span);
    if (!routable) return Operand::poison();
    id = static_cast<uint16_t>(*routable);
  } else {
    if (args[1].type != types::kInputQueue && args[1].type != types::kOutputQueue) {
      return s.typeMismatch(call.args[1]->span, "input_queue' or 'output_queue", args[1].type);
    }
    id = static_cast<uint16_t>(args[1].value.asInt() | (args[1].type == types::kOutputQueue ? 0x100 : 0));
  }
  for (const DeviceState::Handler& h : list) {
    if (h.id != id) continue;
    s.error(Code::E0519, call.span, "handler has already been set for this {}", is_teardown ? "color" : "queue")
        .label(h.span, "set here before")
        .help("call both from one function, and set that")
        .emit();
    return Operand::poison();
  }
  const auto function = s.functionOf(*fn, call.args[0]->span);
  if (!function) return Operand::poison();
  list.push_back({id, *function, call.span});
  return voidOperand();
}

}  // namespace

Operand Sema::builtinSetTeardownHandler(const ast::BuiltinCall& call, TypeId) {
  return setHandler(*this, call, device.teardown_handlers, true);
}

Operand Sema::builtinSetEmptyQueueHandler(const ast::BuiltinCall& call, TypeId) {
  if (!isWse3()) {
    error(Code::E0519, call.span, "`@set_empty_queue_handler` is not supported on 'wse2'").emit();
    return Operand::poison();
  }
  return setHandler(*this, call, device.empty_queue_handlers, false);
}

Operand Sema::builtinQueueFlush(const ast::BuiltinCall& call, TypeId) {
  if (!requireRuntime(*this, call)) return Operand::poison();
  if (!isWse3()) {
    error(Code::E0519, call.span, "`@queue_flush` is not supported on 'wse2'").emit();
    return Operand::poison();
  }
  const auto q = queueOperand(*this, expr(*call.args[0]), call.args[0]->span);
  if (!q) return Operand::poison();
  setSite(call.span);
  builder().device(tir::DeviceCall::QueueFlush, {*q});
  return voidOperand();
}

namespace {

Operand readConfigWord(Sema& s, const ast::BuiltinCall& call) {
  const Operand address = s.exprAs(*call.args[0], types::kU16);
  if (address.stops()) return address;
  if (!s.atRuntime()) {
    if (!requireTopComptime(s, call)) return Operand::poison();
    // The word of the load image so far: what was written last.
    const auto word = static_cast<uint16_t>(s.knownInt(address.value));
    uint16_t held = 0;
    for (const tir::ConfigWrite& w : s.device.config_writes) {
      if (w.word_address == word) held = w.value;
    }
    return Operand::comptime(Value::integer(types::kU16, held));
  }
  s.setSite(call.span);
  return Operand::runtime(types::kU16, s.builder().device(tir::DeviceCall::GetConfig, {s.lower(address, call.span)}));
}

Operand writeConfigWord(Sema& s, const ast::BuiltinCall& call) {
  const Operand address = s.exprAs(*call.args[0], types::kU16);
  const Operand value = s.exprAs(*call.args[1], types::kU16);
  if (address.stops() || value.stops()) return Operand::poison();
  if (s.atRuntime()) {
    s.setSite(call.span);
    s.builder().device(tir::DeviceCall::SetConfig, {s.lower(address, call.span), s.lower(value, call.span)});
    return voidOperand();
  }
  if (!requireTopComptime(s, call)) return Operand::poison();
  s.device.config_writes.push_back(
      {static_cast<uint16_t>(s.knownInt(address.value)), static_cast<uint16_t>(s.knownInt(value.value))});
  return voidOperand();
}

}  // namespace

Operand Sema::builtinGetConfig(const ast::BuiltinCall& call, TypeId) { return readConfigWord(*this, call); }
Operand Sema::builtinGetConfigUnchecked(const ast::BuiltinCall& call, TypeId) { return readConfigWord(*this, call); }
Operand Sema::builtinSetConfig(const ast::BuiltinCall& call, TypeId) { return writeConfigWord(*this, call); }
Operand Sema::builtinSetConfigUnchecked(const ast::BuiltinCall& call, TypeId) { return writeConfigWord(*this, call); }

}  // namespace weft::sema
