// while and for: run at comptime, unrolled (`inline for`), or lowered to blocks.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/sema.h"

namespace weft::sema {

using diag::Code;
using tir::Op;
using types::Kind;

namespace {

// Of one comptime `while`: an endless loop is found long before the fuel of the whole analysis is used up.
constexpr uint64_t kMaxWhileIterations = 10'000'000;

// Whether a comptime loop goes on after a body; otherwise *out is what becomes of it.
bool goesOn(Flow f, uint32_t flow_target, uint32_t index, Flow* out) {
  if (f == Flow::Normal) return true;
  if (f == Flow::Continue && flow_target == index) return true;
  *out = f == Flow::Break && flow_target == index ? Flow::Normal : f;
  return false;
}

}  // namespace

Flow Sema::whileStmt(const ast::WhileStmt& s) {
  if (!pushTarget(s.label, true, atRuntime(), s.label.valid() ? s.label.span : s.span)) return failed();
  const auto index = static_cast<uint32_t>(targets_.size() - 1);
  if (!atRuntime()) {
    Flow out = Flow::Normal;
    for (uint64_t n = 0;; ++n) {
      if (!burn(s.span)) {
        out = Flow::Abort;
        break;
      }
      if (n == kMaxWhileIterations) {
        error(Code::E0406, s.span, "comptime loop went around {} times", n).help("does the loop end?").emit();
        out = Flow::Abort;
        break;
      }
      const Operand c = expr(*s.condition);
      bool is_runtime = false;
      const auto known = condition(c, s.condition->span, &is_runtime);
      if (!known || is_runtime) {
        out = c.kind == Operand::Kind::NoReturn ? takePending() : Flow::Abort;
        break;
      }
      if (!*known) break;
      const Flow f = scoped(*s.body);
      if (!goesOn(f, frame_->flow_target, index, &out)) break;
      if (s.step != nullptr) {
        const Flow g = stmt(*s.step);
        if (g != Flow::Normal) {
          out = g;
          break;
        }
      }
    }
    targets_.resize(index);
    return out;
  }

  const uint32_t head = builder_->newBlock();
  builder_->jump(head);
  builder_->setBlock(head);
  ++control_depth_;
  const Operand c = expr(*s.condition);
  bool is_runtime = false;
  const auto known = condition(c, s.condition->span, &is_runtime);
  if (!known || (!is_runtime && !*known)) {
    // Wrong, or never entered.
    --control_depth_;
    targets_.resize(index);
    return Flow::Normal;
  }
  const uint32_t body = builder_->newBlock();
  if (is_runtime)
    builder_->branch(lower(c, s.condition->span), body, targetBlock(targets_[index].break_block));
  else
    builder_->jump(body);
  builder_->setBlock(body);
  const Flow f = scoped(*s.body);
  if (s.step != nullptr || targets_[index].continue_block != Target::kNone) {
    const bool reachable = f == Flow::Normal || targets_[index].continue_block != Target::kNone;
    if (reachable) {
      const uint32_t latch = targetBlock(targets_[index].continue_block);
      if (f == Flow::Normal) builder_->jump(latch);
      builder_->setBlock(latch);
      Flow g = Flow::Normal;
      if (s.step != nullptr) g = stmt(*s.step);
      if (g == Flow::Normal) builder_->jump(head);
    }
  } else if (f == Flow::Normal) {
    builder_->jump(head);
  }
  --control_depth_;
  const uint32_t exit = targets_[index].break_block;
  targets_.resize(index);
  if (exit == Target::kNone) {
    builder_->setBlock(builder_->newBlock());
    return Flow::Dead;
  }
  builder_->setBlock(exit);
  return Flow::Normal;
}

Flow Sema::forStmt(const ast::ForStmt& s) {
  if (s.index.valid() && s.index.symbol == s.capture.symbol && text(s.index.symbol) != "_") {
    error(Code::E0202, s.index.span, "'{}' declared twice", text(s.index.symbol))
        .label(s.capture.span, "first declared here")
        .emit();
  }
  Operand iterable = expr(*s.iterable);
  if (iterable.kind == Operand::Kind::NoReturn) return atRuntime() ? Flow::Dead : takePending();
  if (iterable.stops()) return failed();
  const Kind k = pool.kind(iterable.type);
  if (k != Kind::Range && k != Kind::Array) {
    auto d = error(Code::E0301, s.iterable->span, "expected an array or a range, got: '{}'", typeName(iterable.type));
    if (k == Kind::Pointer) d.help("dereference the pointer: `for (p.*) |v|`");
    if (pool.isAnyInteger(iterable.type)) d.help("write `for (@range(u16, n)) |i|`");
    d.emit();
    return failed();
  }
  if (!pushTarget(s.label, true, atRuntime(), s.label.valid() ? s.label.span : s.span)) return failed();
  const auto index = static_cast<uint32_t>(targets_.size() - 1);
  const auto locals = static_cast<uint32_t>(locals_.size());
  const auto operands = operands_.size();
  const uint32_t saved_scope = scope_begin_;
  scope_begin_ = locals;
  Flow f = Flow::Normal;
  if (!atRuntime())
    f = forComptime(s, iterable);
  else if (s.is_inline)
    f = forInline(s, iterable);
  else if (k == Kind::Range)
    f = forRuntimeRange(s, iterable);
  else
    f = forRuntimeArray(s, iterable);
  scope_begin_ = saved_scope;
  targets_.resize(index);
  locals_.resize(locals);
  operands_.resize(operands);
  return f;
}

namespace {

// `a`, `a.b`, `p.*`: evaluating it again costs nothing and changes nothing.
bool namesVariable(const ast::Expr& e) {
  if (const auto* field = ast::dynAs<ast::FieldExpr>(&e)) return namesVariable(*field->base);
  if (const auto* deref = ast::dynAs<ast::DerefExpr>(&e)) return namesVariable(*deref->base);
  return e.kind == ast::NodeKind::Identifier;
}

}  // namespace

// Declares capture and index as comptime constants.
void Sema::bindCaptures(const ast::ForStmt& s, const Value& element, uint64_t n) {
  const auto bind = [&](const ast::Name& name, const Value& v) {
    LocalVar var;
    var.type = v.type();
    var.is_comptime = true;
    var.const_reason = "loop capture";
    if (isAddressTaken(name.symbol, var.type) && !atRuntime()) {
      var.storage = LocalVar::Storage::Cell;
      var.index = static_cast<uint32_t>(cells_.size());
      cells_.push_back(v);
    } else {
      var.storage = LocalVar::Storage::Comptime;
      var.value = v;
    }
    declare(name, std::move(var));
  };
  bind(s.capture, element);
  if (s.index.valid()) bind(s.index, Value::integer(types::kU16, static_cast<comptime::Int128>(n)));
}

Flow Sema::forComptime(const ast::ForStmt& s, const Operand& iterable) {
  if (!iterable.isComptime()) {
    notComptime(s.iterable->span, "what the loop runs over");
    return Flow::Abort;
  }
  const auto index = static_cast<uint32_t>(targets_.size() - 1);
  const auto locals = static_cast<uint32_t>(locals_.size());
  Flow out = Flow::Normal;
  const auto once = [&](const Value& element, uint64_t n) {
    if (!burn(s.span)) {
      out = Flow::Abort;
      return false;
    }
    bindCaptures(s, element, n);
    const Flow f = scoped(*s.body);
    locals_.resize(locals);
    return goesOn(f, frame_->flow_target, index, &out);
  };
  if (pool.is(iterable.type, Kind::Array)) {
    // As at run time, an element is read when its turn comes: the body may have changed the variable.
    const uint64_t count = iterable.value.elementCount();
    const bool is_variable = namesVariable(*s.iterable);
    for (uint64_t n = 0; n < count; ++n) {
      const Value element = is_variable && n > 0 ? expr(*s.iterable).value.element(n) : iterable.value.element(n);
      if (!once(element, n)) break;
    }
    return out;
  }
  const TypeId element = pool.rangeElement(iterable.type);
  const comptime::Int128 stop = knownInt(iterable.value.element(1)), step = knownInt(iterable.value.element(2));
  uint64_t n = 0;
  for (comptime::Int128 i = knownInt(iterable.value.element(0)); step > 0 ? i < stop : i > stop; i += step)
    if (!once(Value::integer(element, i), n++)) break;
  return out;
}

Flow Sema::forInline(const ast::ForStmt& s, const Operand& iterable) {
  const auto index = static_cast<uint32_t>(targets_.size() - 1);
  const auto locals = static_cast<uint32_t>(locals_.size());
  bool reachable = true;
  bool aborted = false;
  uint64_t count = 0;
  const auto once = [&](const Operand& element, uint64_t n) {
    if (++count > ctx.options.max_inlined_iterations) {
      error(Code::E0408, s.span, "exceeded the maximum of {} inlined iterations", ctx.options.max_inlined_iterations)
          .help("raise --max-inlined-iterations, or use a loop without `inline`")
          .emit();
      aborted = true;
      return false;
    }
    if (!burn(s.span)) {
      aborted = true;
      return false;
    }
    if (element.isComptime()) {
      bindCaptures(s, element.value, n);
    } else {
      LocalVar var;
      var.type = element.type;
      var.const_reason = "loop capture";
      declareRuntime(s.capture, std::move(var), element, s.capture.span);
      if (s.index.valid()) {
        LocalVar i;
        i.type = types::kU16;
        i.const_reason = "loop capture";
        i.storage = LocalVar::Storage::Comptime;
        i.value = Value::integer(types::kU16, static_cast<comptime::Int128>(n));
        declare(s.index, std::move(i));
      }
    }
    const size_t errors = ctx.sink.errorCount();
    const Flow f = scoped(*s.body);
    locals_.resize(locals);
    // One mistake in the body is one error, not one per iteration.
    if (ctx.sink.errorCount() != errors) aborted = true;
    Target& t = targets_[index];
    if (t.continue_block != Target::kNone) {
      if (f == Flow::Normal) builder_->jump(t.continue_block);
      builder_->setBlock(t.continue_block);
      t.continue_block = Target::kNone;
    } else if (f != Flow::Normal) {
      reachable = false;
    }
    return reachable && !aborted;
  };
  if (pool.is(iterable.type, Kind::Array)) {
    const auto n = pool.arrayInfo(iterable.type).count;
    for (uint64_t i = 0; i < n; ++i)
      if (!once(part(iterable, static_cast<uint32_t>(i)), i)) break;
  } else {
    if (!iterable.isComptime()) {
      notComptime(s.iterable->span, "range of an inline loop");
      return Flow::Normal;
    }
    const TypeId element = pool.rangeElement(iterable.type);
    const comptime::Int128 stop = knownInt(iterable.value.element(1)), step = knownInt(iterable.value.element(2));
    uint64_t n = 0;
    for (comptime::Int128 i = knownInt(iterable.value.element(0)); step > 0 ? i < stop : i > stop; i += step)
      if (!once(Operand::comptime(Value::integer(element, i)), n++)) break;
  }
  const uint32_t exit = targets_[index].break_block;
  if (exit == Target::kNone) return reachable ? Flow::Normal : Flow::Dead;
  if (reachable) builder_->jump(exit);
  builder_->setBlock(exit);
  return Flow::Normal;
}

Flow Sema::forRuntimeRange(const ast::ForStmt& s, const Operand& iterable) {
  const auto index = static_cast<uint32_t>(targets_.size() - 1);
  const TypeId type = pool.rangeElement(iterable.type);
  const tir::Type t = lowerType(type);
  if (t == tir::Type::Void) {
    error(Code::E0313, s.iterable->span, "loop variable of type '{}' must be comptime-known", typeName(type))
        .help("name a fixed-width type in @range")
        .emit();
    return Flow::Normal;
  }
  const bool is_signed = pool.intInfo(type).is_signed;
  const Operand start = part(iterable, 0), stop_part = part(iterable, 1), step_part = part(iterable, 2);
  const auto fixed = [&](const Operand& v) {
    tir::Operand op = lower(v, s.iterable->span);
    if (op.kind() == tir::Operand::Kind::Local && isVariable(op.index())) op = builder_->emit(Op::Copy, t, op);
    return op;
  };
  const tir::Operand stop = fixed(stop_part);
  const tir::Operand step = fixed(step_part);
  const bool step_known = step_part.isComptime() && !step_part.value.symbolic();
  const comptime::Int128 step_value = step_known ? step_part.value.asInt() : 1;
  if (step_known && step_value == 0) {
    error(Code::E0411, s.iterable->span, "step of a range cannot be 0").emit();
    return Flow::Normal;
  }
  const uint32_t i = builder_->addLocal(t, std::string(text(s.capture.symbol)));
  builder_->emitTo(i, Op::Copy, t, lower(start, s.iterable->span));
  uint32_t counter = Target::kNone;
  if (s.index.valid()) {
    counter = builder_->addLocal(tir::Type::I16, std::string(text(s.index.symbol)));
    builder_->emitTo(counter, Op::Copy, tir::Type::I16, builder_->constant(0));
  }
  const tir::Operand iv = tir::Operand::local(i);
  const Op less = is_signed ? Op::SLt : Op::ULt;
  const uint32_t head = builder_->newBlock();
  const uint32_t body = builder_->newBlock();
  const uint32_t exit = builder_->newBlock();
  targets_[index].break_block = exit;
  builder_->jump(head);
  builder_->setBlock(head);
  if (step_known || !is_signed) {
    builder_->branch(step_value > 0 ? builder_->emit(less, t, iv, stop) : builder_->emit(less, t, stop, iv), body,
                     exit);
  } else {
    const uint32_t up = builder_->newBlock(), down = builder_->newBlock();
    builder_->branch(builder_->emit(Op::SLt, t, builder_->constant(0), step), up, down);
    builder_->setBlock(up);
    builder_->branch(builder_->emit(less, t, iv, stop), body, exit);
    builder_->setBlock(down);
    builder_->branch(builder_->emit(less, t, stop, iv), body, exit);
  }
  builder_->setBlock(body);
  ++control_depth_;
  bindRuntimeCapture(s.capture, type, i, s.span);
  if (s.index.valid()) bindRuntimeCapture(s.index, types::kU16, counter, s.span);
  const Flow f = scoped(*s.body);
  --control_depth_;
  if (f != Flow::Normal && targets_[index].continue_block == Target::kNone) {
    builder_->setBlock(exit);
    return Flow::Normal;
  }
  const uint32_t latch = targetBlock(targets_[index].continue_block);
  if (f == Flow::Normal) builder_->jump(latch);
  builder_->setBlock(latch);
  if (counter != Target::kNone)
    builder_->emitTo(counter, Op::Add, tir::Type::I16, tir::Operand::local(counter), builder_->constant(1));
  // The last step must not wrap around: test the distance first where it could.
  bool may_wrap = !step_known || (step_value != 1 && step_value != -1);
  if (may_wrap && step_known && stop_part.isComptime() && !stop_part.value.symbolic()) {
    const comptime::Int128 end = stop_part.value.asInt();
    may_wrap = !pool.fits(step_value > 0 ? end + step_value - 1 : end + step_value + 1, type);
  }
  if (may_wrap) {
    const uint32_t next = builder_->newBlock();
    tir::Operand distance, size;
    if (step_known || !is_signed) {
      distance = step_value > 0 ? builder_->emit(Op::Sub, t, stop, iv) : builder_->emit(Op::Sub, t, iv, stop);
      size = step_value > 0 ? step : builder_->emit(Op::Neg, t, step);
    } else {
      // |stop - i| and |step| by sign of the step: x ^ s - s with s = step >> (width - 1).
      const tir::Operand sign = builder_->emit(Op::AShr, t, step, builder_->constant(tir::sizeOf(t) * 8 - 1));
      const tir::Operand d = builder_->emit(Op::Sub, t, stop, iv);
      distance = builder_->emit(Op::Sub, t, builder_->emit(Op::Xor, t, d, sign), sign);
      size = builder_->emit(Op::Sub, t, builder_->emit(Op::Xor, t, step, sign), sign);
    }
    builder_->branch(builder_->emit(Op::ULe, t, distance, size), exit, next);
    builder_->setBlock(next);
  }
  const Operand stepped = wrapOdd(type, builder_->emit(Op::Add, t, iv, step));
  builder_->emitTo(i, Op::Copy, t, stepped.op);
  builder_->jump(head);
  builder_->setBlock(exit);
  return Flow::Normal;
}

void Sema::bindRuntimeCapture(const ast::Name& name, TypeId type, uint32_t local, Span span) {
  LocalVar var;
  var.type = type;
  var.const_reason = "loop capture";
  if (isAddressTaken(name.symbol, type)) {
    declareRuntime(name, std::move(var), Operand::runtime(type, tir::Operand::local(local)), span);
    return;
  }
  var.storage = LocalVar::Storage::Local;
  var.index = local;
  declare(name, std::move(var));
}

Flow Sema::forRuntimeArray(const ast::ForStmt& s, const Operand& iterable) {
  const auto index = static_cast<uint32_t>(targets_.size() - 1);
  const auto array = pool.arrayInfo(iterable.type);
  if (array.count == 0) return Flow::Normal;
  if (!pool.isRuntime(iterable.type)) {
    error(Code::E0313, s.iterable->span, "elements of type '{}' exist at comptime only", typeName(array.element))
        .help("use `inline for`")
        .emit();
    return Flow::Normal;
  }
  const Address base = materialize(iterable, s.iterable->span);
  const TypeId index_type = array.count > 0xffff ? types::kU32 : types::kU16;
  const tir::Type t = lowerType(index_type);
  const uint32_t i = builder_->addLocal(t, s.index.valid() ? std::string(text(s.index.symbol)) : std::string("index"));
  builder_->emitTo(i, Op::Copy, t, builder_->constant(0));
  const uint32_t head = builder_->newBlock();
  const uint32_t body = builder_->newBlock();
  const uint32_t exit = builder_->newBlock();
  targets_[index].break_block = exit;
  builder_->jump(head);
  builder_->setBlock(head);
  builder_->branch(builder_->emit(Op::ULt, t, tir::Operand::local(i), builder_->constant(array.count)), body, exit);
  builder_->setBlock(body);
  ++control_depth_;
  Place element;
  element.kind = Place::Kind::Memory;
  element.type = array.element;
  element.address = base;
  element = addIndex(element, Operand::runtime(index_type, tir::Operand::local(i)), pool.size(array.element), s.span);
  LocalVar var;
  var.type = array.element;
  var.const_reason = "loop capture";
  declareRuntime(s.capture, std::move(var), loadFrom(element.address, array.element), s.span);
  if (s.index.valid()) bindRuntimeCapture(s.index, index_type, i, s.span);
  const Flow f = scoped(*s.body);
  --control_depth_;
  if (f == Flow::Normal || targets_[index].continue_block != Target::kNone) {
    const uint32_t latch = targetBlock(targets_[index].continue_block);
    if (f == Flow::Normal) builder_->jump(latch);
    builder_->setBlock(latch);
    builder_->emitTo(i, Op::Add, t, tir::Operand::local(i), builder_->constant(1));
    builder_->jump(head);
  }
  builder_->setBlock(exit);
  return Flow::Normal;
}

}  // namespace weft::sema
