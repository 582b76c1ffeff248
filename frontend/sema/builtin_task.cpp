// Tasks: ids, bindings, activation and blocking, at comptime (initial state) and at run time.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/device_support.h"

namespace weft::sema {

using diag::Code;
using types::Kind;

Operand Sema::builtinGetDataTaskId(const ast::BuiltinCall& call, TypeId) {
  const Operand v = expr(*call.args[0]);
  if (v.stops()) return v;
  const TypeId want = isWse3() ? types::kInputQueue : types::kColor;
  if (v.type != want) return typeMismatch(call.args[0]->span, isWse3() ? "input_queue" : "color", v.type);
  if (v.isComptime()) return Operand::comptime(Value::integer(types::kDataTaskId, knownInt(v.value)));
  return Operand::runtime(types::kDataTaskId, lower(v, call.span));
}

Operand Sema::builtinGetLocalTaskId(const ast::BuiltinCall& call, TypeId) {
  return makeId(*this, call, types::kLocalTaskId, "local task id", target::firstLocalTaskId(arch()),
                target::kLastLocalTaskId, true);
}

Operand Sema::builtinGetControlTaskId(const ast::BuiltinCall& call, TypeId) {
  return makeId(*this, call, types::kControlTaskId, "control task id", 0, target::kTaskTableSize - 1, true);
}

namespace {

const char* kindName(tir::TaskKind k) {
  return k == tir::TaskKind::Data ? "data" : k == tir::TaskKind::Local ? "local" : "control";
}

const char* whatStarts(tir::TaskKind k) {
  switch (k) {
    case tir::TaskKind::Data:
      return "one wavelet starts it: its 32 bits are one parameter of 16 or 32 bits, or two of 16";
    case tir::TaskKind::Local:
      return "@activate or the end of an operation starts it, and neither carries data; pass it in a global variable";
    default: return "a control wavelet starts it: beside the task's id it has 16 bits of data";
  }
}

// Parameter rules of csl-language.md 6.2. False after an error.
bool checkTaskSignature(Sema& s, DeclId task, tir::TaskKind kind, Span span) {
  if (!s.evalSignature(task, span)) return false;
  const std::vector<TypeId>& params = s.decl(task).param_types;
  const auto bad = [&](const std::string& why) {
    s.error(Code::E0518, span, "{} task {}", kindName(kind), why).note(whatStarts(kind)).emit();
    return false;
  };
  if (const TypeId result = s.decl(task).result; result != types::kVoid)
    return bad(
        fmt::format("returns '{}'; nobody takes the result of a task, so it must be 'void'", s.typeName(result)));
  if (kind == tir::TaskKind::Local) return params.empty() || bad("must have no parameters");
  if (kind == tir::TaskKind::Data && params.empty()) return bad("must have one or two parameters, got none");
  if (params.size() > 2) return bad(fmt::format("must have at most two parameters, got {}", params.size()));
  for (const TypeId t : params) {
    const uint32_t bytes = s.pool.size(t);
    const bool scalar = s.pool.isScalar(t) && (bytes == 2 || bytes == 4);
    if (!scalar) return bad(fmt::format("cannot have a parameter of type '{}'", s.typeName(t)));
    if (params.size() == 2 && bytes != 2) return bad("with two parameters needs 16-bit parameters");
  }
  return true;
}

Operand bindTask(Sema& s, const ast::BuiltinCall& call, tir::TaskKind kind, const Operand& task, int id) {
  const Span task_span = call.args[0]->span;
  const auto decl = s.declOfFunction(task);
  if (!decl || !s.pool.is(task.type, Kind::Task)) {
    if (!task.isPoison()) {
      auto d = s.error(Code::E0518, task_span, "expected a task, got: '{}'", s.typeName(task.type));
      if (s.pool.is(task.type, Kind::Fn)) d.help("declare it with `task` instead of `fn`");
      d.emit();
    }
    return Operand::poison();
  }
  if (!checkTaskSignature(s, *decl, kind, task_span)) return Operand::poison();
  for (const DeviceState::BoundTask& t : s.device.tasks) {
    // Control tasks against the others: checkTaskTable(), once the whole file has been seen.
    const bool one_table = (t.kind == tir::TaskKind::Control) == (kind == tir::TaskKind::Control);
    if ((t.id == id && one_table) || (t.decl == *decl && t.kind != kind)) {
      alreadyBound(s, call.span, t.span, fmt::format("{} task id {}", kindName(t.kind), t.id));
      return Operand::poison();
    }
  }
  const auto function = s.functionOf(*decl, task_span);
  if (!function) return Operand::poison();
  s.device.tasks.push_back({kind, static_cast<uint8_t>(id), *decl, *function, call.span});
  return voidOperand();
}

Operand bindTyped(Sema& s, const ast::BuiltinCall& call, tir::TaskKind kind, TypeId id_type) {
  if (!requireTopComptime(s, call)) return Operand::poison();
  OperandList args;
  if (!s.evalArgs(call, args)) return Operand::poison();
  if (args[1].type != id_type) return s.typeMismatch(call.args[1]->span, s.typeName(id_type), args[1].type);
  if (!args[1].isComptime()) return s.notComptime(call.args[1]->span, "task id");
  return bindTask(s, call, kind, args[0], static_cast<int>(args[1].value.asInt()));
}

}  // namespace

Operand Sema::builtinBindDataTask(const ast::BuiltinCall& call, TypeId) {
  return bindTyped(*this, call, tir::TaskKind::Data, types::kDataTaskId);
}
Operand Sema::builtinBindLocalTask(const ast::BuiltinCall& call, TypeId) {
  return bindTyped(*this, call, tir::TaskKind::Local, types::kLocalTaskId);
}
Operand Sema::builtinBindControlTask(const ast::BuiltinCall& call, TypeId) {
  return bindTyped(*this, call, tir::TaskKind::Control, types::kControlTaskId);
}

// Before release 1.1: a data task if it has parameters, else a local task.
Operand Sema::builtinBindTask(const ast::BuiltinCall& call, TypeId) {
  if (!requireTopComptime(*this, call)) return Operand::poison();
  OperandList args;
  if (!evalArgs(call, args)) return Operand::poison();
  const auto decl = declOfFunction(args[0]);
  if (!decl || !evalSignature(*decl, call.args[0]->span)) return Operand::poison();
  if (!args[1].isComptime() || !pool.isId(args[1].type)) return typeMismatch(call.args[1]->span, "color", args[1].type);
  const tir::TaskKind kind = this->decl(*decl).param_types.empty() ? tir::TaskKind::Local : tir::TaskKind::Data;
  return bindTask(*this, call, kind, args[0], static_cast<int>(args[1].value.asInt()));
}

Operand Sema::builtinBindRotatingTasks(const ast::BuiltinCall& call, TypeId) {
  if (!requireTopComptime(*this, call)) return Operand::poison();
  if (!isWse3()) {
    error(Code::E0519, call.span, "`@bind_rotating_tasks` is not supported on 'wse2'").emit();
    return Operand::poison();
  }
  OperandList args;
  if (!evalArgs(call, args)) return Operand::poison();
  if (device.rotating.size() >= 2) {
    error(Code::E0517, call.span, "at most two rotating tasks per program")
        .note("the PE has two counters for them")
        .emit();
    return Operand::poison();
  }
  if (args[2].type != types::kDataTaskId) return typeMismatch(call.args[2]->span, "data_task_id", args[2].type);
  const int id = static_cast<int>(knownInt(args[2].value));
  ConfigReader r(*this, args[3], call.args[3]->span, "rotating task configuration");
  const auto limit = r.takeInt("limit", 0, 0xffff);
  const auto init = r.takeInt("init", 0, 0xffff);
  if (!r.finish()) return Operand::poison();
  const auto alt = declOfFunction(args[1]);
  if (!alt || !limit) {
    error(Code::E0518, call.span, "`@bind_rotating_tasks` needs two tasks and a `.limit`").emit();
    return Operand::poison();
  }
  const Operand bound = bindTask(*this, call, tir::TaskKind::Data, args[0], id);
  if (bound.stops()) return bound;
  const auto function = functionOf(*alt, call.args[1]->span);
  if (!function) return Operand::poison();
  device.rotating.push_back(
      {static_cast<uint8_t>(id), *function, static_cast<uint16_t>(*limit), static_cast<uint16_t>(init.value_or(0))});
  device.rotating_spans.push_back(call.span);
  return voidOperand();
}

Operand Sema::builtinSetControlTaskTable(const ast::BuiltinCall& call, TypeId) {
  if (!requireTopComptime(*this, call)) return Operand::poison();
  if (!isWse3()) {
    error(Code::E0519, call.span, "`@set_control_task_table` is not supported on 'wse2'").emit();
    return Operand::poison();
  }
  OperandList args;
  if (!evalArgs(call, args)) return Operand::poison();
  if (device.separate_control_table) {
    error(Code::E0517, call.span, "control task table has already been set").emit();
    return Operand::poison();
  }
  if (!args.empty()) {
    ConfigReader r(*this, args[0], call.args[0]->span, "control task table configuration");
    const int64_t instructions = r.takeInt("instructions", 2, 8).value_or(4);
    const int64_t stride = r.takeInt("stride", 1, 7).value_or(1);
    if (!r.finish()) return Operand::poison();
    if (instructions != 2 && instructions != 4 && instructions != 8) {
      error(Code::E0517, call.args[0]->span, "`.instructions` of a control task table is 2, 4 or 8, got {}",
            instructions)
          .emit();
      return Operand::poison();
    }
    device.control_stride = static_cast<uint8_t>(stride);
  }
  device.separate_control_table = true;
  return voidOperand();
}

namespace {

// What @activate, @block and @unblock name: a comptime number or a run-time operand, or a microthread.
struct TaskBit {
  bool ok = false;
  bool is_microthread = false;
  std::optional<int> id;
  tir::Operand op;
};

TaskBit taskBit(Sema& s, const ast::BuiltinCall& call, bool activate) {
  TaskBit out;
  const Span span = call.args[0]->span;
  const Operand v = s.expr(*call.args[0]);
  if (v.stops()) return out;
  const Kind k = s.pool.kind(v.type);
  if (k == Kind::Task) {
    const auto decl = s.declOfFunction(v);
    const auto id = decl ? boundTaskId(s, *decl) : std::nullopt;
    if (!id) {
      s.taskNotBound(span);
      return out;
    }
    out.id = id;
  } else {
    bool allowed = k == Kind::LocalTaskId;
    if (activate)
      allowed = allowed || k == Kind::Color || k == Kind::DataTaskId;
    else
      allowed = allowed || k == Kind::DataTaskId ||
                (s.isWse3() ? k == Kind::InputQueue || k == Kind::UtId : k == Kind::Color);
    if (!allowed) {
      auto d = s.error(Code::E0301, span, "expected type 'local_task_id', got: '{}'", s.typeName(v.type));
      if (s.pool.isAnyInteger(v.type))
        d.help("make an id of the number: @get_local_task_id, or name the task");
      else if (k == Kind::Color && s.isWse3())
        d.note("on 'wse3' wavelets wait for their task in an input queue").help("use the color's input queue here");
      else if (k == Kind::InputQueue)
        d.note("on 'wse2' the task of a color is held by the color").help("use the color here");
      else if (k == Kind::ControlTaskId)
        d.note("control wavelets start control tasks; a program cannot");
      d.emit();
      return out;
    }
    out.is_microthread = k == Kind::UtId;
    if (v.isComptime()) out.id = static_cast<int>(v.value.asInt());
  }
  if (s.atRuntime()) {
    out.op = out.id ? s.builder().constant(static_cast<uint64_t>(*out.id), tir::Type::I16) : s.lower(v, span);
  } else if (!out.id) {
    (void)s.notComptime(span, "task id");
    return out;
  }
  out.ok = true;
  return out;
}

}  // namespace

Operand Sema::builtinActivate(const ast::BuiltinCall& call, TypeId) {
  if (!atRuntime() && !requireTopComptime(*this, call)) return Operand::poison();
  const TaskBit bit = taskBit(*this, call, true);
  if (!bit.ok) return Operand::poison();
  if (bit.id) device.activations.push_back({*bit.id, call.span});
  if (atRuntime()) {
    setSite(call.span);
    builder().device(tir::DeviceCall::Activate, {bit.op});
  } else {
    device.active |= 1ull << *bit.id;
  }
  return voidOperand();
}

Operand Sema::builtinBlock(const ast::BuiltinCall& call, TypeId) {
  if (!atRuntime() && !requireTopComptime(*this, call)) return Operand::poison();
  const TaskBit bit = taskBit(*this, call, false);
  if (!bit.ok) return Operand::poison();
  if (atRuntime()) {
    setSite(call.span);
    builder().device(bit.is_microthread ? tir::DeviceCall::BlockMicrothread : tir::DeviceCall::Block, {bit.op});
  } else if (bit.is_microthread) {
    device.blocked_microthreads = static_cast<uint8_t>(device.blocked_microthreads | (1u << *bit.id));
  } else {
    device.blocked |= 1ull << *bit.id;
    device.unblocked &= ~(1ull << *bit.id);
  }
  return voidOperand();
}

Operand Sema::builtinUnblock(const ast::BuiltinCall& call, TypeId) {
  if (!atRuntime() && !requireTopComptime(*this, call)) return Operand::poison();
  const TaskBit bit = taskBit(*this, call, false);
  if (!bit.ok) return Operand::poison();
  if (atRuntime()) {
    setSite(call.span);
    builder().device(bit.is_microthread ? tir::DeviceCall::UnblockMicrothread : tir::DeviceCall::Unblock, {bit.op});
  } else if (bit.is_microthread) {
    device.blocked_microthreads = static_cast<uint8_t>(device.blocked_microthreads & ~(1u << *bit.id));
  } else {
    device.unblocked |= 1ull << *bit.id;
    device.blocked &= ~(1ull << *bit.id);
  }
  return voidOperand();
}

// The server of launches is part of the emulated host link; a program's own one is the same thing.
Operand Sema::builtinRpc(const ast::BuiltinCall& call, TypeId) {
  if (!requireTopComptime(*this, call)) return Operand::poison();
  const Operand v = expr(*call.args[0]);
  if (v.stops()) return v;
  if (device.has_rpc) {
    error(Code::E0517, call.span, "at most one `@rpc` per program").emit();
    return Operand::poison();
  }
  device.has_rpc = true;
  return voidOperand();
}

}  // namespace weft::sema
