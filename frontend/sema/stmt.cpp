// Statements: blocks, declarations, assignments, if, return, break, continue.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/sema.h"

namespace weft::sema {

using ast::NodeKind;
using diag::Code;
using tir::Op;
using types::Kind;

// After an error: comptime code stops as a whole, run-time code goes on with the next statement.
Flow Sema::failed() { return atRuntime() ? Flow::Normal : Flow::Abort; }

Flow Sema::block(const ast::Block& b) {
  const auto locals = static_cast<uint32_t>(locals_.size());
  const auto operands = operands_.size();
  const uint32_t saved = scope_begin_;
  scope_begin_ = locals;
  Flow flow = Flow::Normal;
  for (const ast::Stmt* s : b.stmts) {
    flow = stmt(*s);
    if (flow != Flow::Normal) break;
  }
  scope_begin_ = saved;
  locals_.resize(locals);
  operands_.resize(operands);
  return flow;
}

Flow Sema::stmt(const ast::Stmt& s) {
  if (frame_->phase == Phase::Runtime) setSite(s.span);
  switch (s.kind) {
    case NodeKind::DeclStmt: return declStmt(*ast::as<ast::DeclStmt>(s).decl);
    case NodeKind::ExprStmt: return exprStmt(ast::as<ast::ExprStmt>(s));
    case NodeKind::AssignStmt: return assignStmt(ast::as<ast::AssignStmt>(s));
    case NodeKind::BlockStmt: return blockStmt(ast::as<ast::BlockStmt>(s));
    case NodeKind::ComptimeStmt: return comptimeStmt(ast::as<ast::ComptimeStmt>(s));
    case NodeKind::IfStmt: return ifStmt(ast::as<ast::IfStmt>(s));
    case NodeKind::ForStmt: return forStmt(ast::as<ast::ForStmt>(s));
    case NodeKind::WhileStmt: return whileStmt(ast::as<ast::WhileStmt>(s));
    case NodeKind::ReturnStmt: return returnStmt(ast::as<ast::ReturnStmt>(s));
    case NodeKind::BreakStmt: return breakStmt(ast::as<ast::BreakStmt>(s));
    case NodeKind::ContinueStmt: return continueStmt(ast::as<ast::ContinueStmt>(s));
    default: break;
  }
  return Flow::Normal;
}

Flow Sema::exprStmt(const ast::ExprStmt& s) {
  if (const auto* e = ast::dynAs<ast::SwitchExpr>(s.expr)) {
    Flow flow = Flow::Normal;
    switchExpr(*e, {}, true, &flow);
    return flow;
  }
  const Operand v = expr(*s.expr);
  if (v.isPoison()) return failed();
  if (v.kind == Operand::Kind::NoReturn) return atRuntime() ? Flow::Dead : takePending();
  return Flow::Normal;
}

Flow Sema::declStmt(const ast::VarDecl& d) {
  const bool ok = checkRedeclared(d.name, scope_begin_);
  const auto poisoned = [&]() {
    LocalVar var;
    var.type = types::kPoison;
    declare(d.name, std::move(var));
    return failed();
  };
  if (d.linkage != ast::Linkage::None) {
    error(Code::E0213, d.span, "local variables have no storage class").emit();
    return poisoned();
  }
  const bool comptime_var = !atRuntime() || d.is_comptime;
  TypeId type;
  if (d.type != nullptr) {
    type = typeExpr(*d.type);
    if (type == types::kPoison) return poisoned();
  }
  Operand v;
  if (d.init != nullptr) {
    v = d.is_comptime ? exprAtComptime(*d.init, type) : expr(*d.init, type);
    if (v.kind == Operand::Kind::NoReturn) {
      poisoned();
      return atRuntime() ? Flow::Dead : takePending();
    }
    if (!v.stops() && type.valid()) v = coerce(std::move(v), type, d.init->span);
    if (v.stops() || !ok) return poisoned();
    if (!type.valid() || type == types::kAnyType) type = v.type;
    if (v.type == types::kType && v.isComptime()) pool.nameIfUnnamed(v.value.asType(), text(d.name.symbol));
  } else if (d.is_const) {
    error(Code::E0205, d.name.span, "only 'var' and 'extern const' variables may be uninitialized").emit();
    return poisoned();
  } else if (!type.valid()) {
    error(Code::E0205, d.name.span, "a variable without initial value needs a type").emit();
    return poisoned();
  }
  if (!ok) return poisoned();
  LocalVar var;
  var.type = type;
  var.is_const = d.is_const;
  var.const_reason = "constant";
  var.is_comptime = comptime_var;

  if (comptime_var || (d.is_const && v.isComptime())) {
    if (d.init != nullptr && !v.isComptime()) {
      if (type_only_ == 0) {
        notComptime(d.init->span, "initial value");
        return poisoned();
      }
    }
    if (d.init == nullptr) {
      auto zero =
          type == types::kAnyStruct ? std::optional<Value>(Value::aggregate(types::kEmptyTuple, {})) : zeroValue(type);
      if (!zero) {
        error(Code::E0205, d.name.span, "a variable of type '{}' needs an initial value", typeName(type)).emit();
        return poisoned();
      }
      v = Operand::comptime(std::move(*zero));
    }
    if (isAddressTaken(d.name.symbol, type) && !(atRuntime() && d.is_const)) {
      var.storage = LocalVar::Storage::Cell;
      var.index = static_cast<uint32_t>(cells_.size());
      cells_.push_back(v.value);
    } else {
      var.storage = LocalVar::Storage::Comptime;
      var.value = std::move(v.value);
    }
    declare(d.name, std::move(var));
    return Flow::Normal;
  }

  if (d.is_const && v.kind == Operand::Kind::Fields && !isAddressTaken(d.name.symbol, type)) {
    var.storage = LocalVar::Storage::Operand;
    var.index = static_cast<uint32_t>(operands_.size());
    operands_.push_back(std::move(v));
    declare(d.name, std::move(var));
    return Flow::Normal;
  }
  if (!pool.isRuntime(type)) {
    if (pool.is(type, Kind::Range) && d.is_const) {
      var.storage = LocalVar::Storage::Operand;
      var.index = static_cast<uint32_t>(operands_.size());
      operands_.push_back(std::move(v));
      declare(d.name, std::move(var));
      return Flow::Normal;
    }
    if (type == types::kVoid) {
      var.storage = LocalVar::Storage::Comptime;
      var.value = Value::voidValue();
      declare(d.name, std::move(var));
      return Flow::Normal;
    }
    if (pool.is(type, Kind::Int)) {
      (void)wideInteger(type, d.name.span);
      return poisoned();
    }
    auto e = error(Code::E0313, d.name.span, "variable of type '{}' must be comptime-known", typeName(type));
    if (type == types::kComptimeInt || type == types::kComptimeFloat)
      e.help("declare the variable with a type, for example `: i16` or `: f32`");
    e.emit();
    return poisoned();
  }
  declareRuntime(d.name, std::move(var), v, d.init != nullptr ? d.init->span : d.span);
  return Flow::Normal;
}

// A run-time variable with initial value (poison: zero).
void Sema::declareRuntime(const ast::Name& name, LocalVar var, const Operand& v, Span span) {
  const TypeId type = var.type;
  if (isAggregate(type) || isAddressTaken(name.symbol, type)) {
    var.storage = LocalVar::Storage::Memory;
    var.address = temporary(type);
    const uint32_t bytes = pool.size(type);
    if (!v.stops()) {
      copyTo(var.address, v, span);
    } else if (bytes != 0) {
      builder_->emitTo(tir::kNoLocal, Op::MemZero, tir::Type::Void, addressValue(var.address), {}, {}, bytes);
    }
    declare(name, std::move(var));
    return;
  }
  const tir::Type t = lowerType(type);
  if (t == tir::Type::Void) {
    wideInteger(type, name.span);
    var.storage = LocalVar::Storage::Poison;
    declare(name, std::move(var));
    return;
  }
  var.storage = LocalVar::Storage::Local;
  const tir::Operand value = v.stops() ? builder_->constant(0) : lower(v, span);
  var.index = builder_->addLocal(t, std::string(text(name.symbol)));
  builder_->emitTo(var.index, Op::Copy, t, value);
  declare(name, std::move(var));
}

Flow Sema::assignStmt(const ast::AssignStmt& s) {
  // `_ = e` drops the value.
  if (const auto* id = ast::dynAs<ast::Identifier>(s.target);
      id != nullptr && !s.is_compound && text(id->name) == "_" && lookup(*id).kind == Lookup::Kind::None) {
    const Operand v = expr(*s.value);
    if (v.isPoison()) return failed();
    if (v.stops()) return atRuntime() ? Flow::Dead : takePending();
    return Flow::Normal;
  }
  const Place target = place(*s.target);
  if (target.kind == Place::Kind::Poison) {
    if (atRuntime()) expr(*s.value);
    return failed();
  }
  if (target.is_const || target.kind == Place::Kind::Rvalue) {
    store(target, Operand::comptime(Value::comptimeInt(0)), s.target->span);
    return failed();
  }
  Operand v;
  if (s.is_compound) {
    Operand old = load(target, s.target->span);
    if (old.stops()) return failed();
    const bool is_shift = s.op == ast::BinaryOp::ShiftLeft || s.op == ast::BinaryOp::ShiftRight;
    v = expr(*s.value, is_shift ? TypeId{} : target.type);
    if (v.stops()) return v.isPoison() ? failed() : atRuntime() ? Flow::Dead : takePending();
    // The right side is converted to the left type.
    if (!is_shift && old.type != v.type) {
      v = coerce(std::move(v), old.type, s.value->span);
      if (v.stops()) return failed();
    }
    v = binary(s.op, std::move(old), std::move(v), s.span, s.target->span, s.value->span);
  } else {
    const bool dynamic = target.kind == Place::Kind::Comptime && target.type == types::kAnyStruct;
    v = expr(*s.value, dynamic ? TypeId{} : target.type);
  }
  if (v.kind == Operand::Kind::NoReturn) return atRuntime() ? Flow::Dead : takePending();
  if (v.stops()) return failed();
  return store(target, std::move(v), s.value->span) ? Flow::Normal : failed();
}

Flow Sema::ifStmt(const ast::IfStmt& s) {
  const Operand c = expr(*s.condition);
  bool is_runtime = false;
  const auto known = condition(c, s.condition->span, &is_runtime);
  if (!known) return failed();
  if (!is_runtime) {
    if (*known) return scoped(*s.then_stmt);
    return s.else_stmt != nullptr ? scoped(*s.else_stmt) : Flow::Normal;
  }
  const uint32_t then_block = builder_->newBlock();
  const uint32_t join = builder_->newBlock();
  const uint32_t else_block = s.else_stmt != nullptr ? builder_->newBlock() : join;
  builder_->branch(lower(c, s.condition->span), then_block, else_block);
  ++control_depth_;
  builder_->setBlock(then_block);
  const Flow a = scoped(*s.then_stmt);
  if (a == Flow::Normal) builder_->jump(join);
  Flow b = Flow::Normal;
  if (s.else_stmt != nullptr) {
    builder_->setBlock(else_block);
    b = scoped(*s.else_stmt);
    if (b == Flow::Normal) builder_->jump(join);
  }
  --control_depth_;
  builder_->setBlock(join);
  return a != Flow::Normal && b != Flow::Normal ? Flow::Dead : Flow::Normal;
}

Flow Sema::scoped(const ast::Stmt& s) {
  if (s.kind == NodeKind::BlockStmt) return stmt(s);
  const auto locals = static_cast<uint32_t>(locals_.size());
  const Flow f = stmt(s);
  locals_.resize(locals);
  return f;
}

Flow Sema::comptimeStmt(const ast::ComptimeStmt& s) {
  if (frame_->phase != Phase::Runtime) return block(s.block);
  frame_->phase = Phase::Comptime;
  tir::Builder* saved = builder_;
  builder_ = scratch_builder_.get();
  const Flow f = block(s.block);
  builder_ = saved;
  frame_->phase = Phase::Runtime;
  if (f == Flow::Return || f == Flow::Break || f == Flow::Continue) {
    error(Code::E0401, s.span, "a comptime block cannot leave the run-time code around it").emit();
    return Flow::Normal;
  }
  return Flow::Normal;
}

Flow Sema::returnStmt(const ast::ReturnStmt& s) {
  Frame& f = *frame_;
  const TypeId type = f.return_type;
  Operand v = Operand::comptime(Value::voidValue());
  if (s.value != nullptr) {
    v = expr(*s.value, type);
    if (v.kind == Operand::Kind::NoReturn) return atRuntime() ? Flow::Dead : takePending();
    if (!v.stops()) v = coerce(std::move(v), type, s.value->span);
  } else if (type.valid() && type != types::kVoid && type != types::kPoison) {
    error(Code::E0301, s.span, "expected type '{}', got: 'void'", typeName(type))
        .note("the function returns a value")
        .emit();
    v = Operand::poison();
  }
  if (!atRuntime()) {
    if (v.stops()) return Flow::Abort;
    if (!v.isComptime() && type_only_ == 0) {
      notComptime(s.value->span, "returned value");
      return Flow::Abort;
    }
    f.result = std::move(v);
    return Flow::Return;
  }
  if (v.stops()) {
    if (f.is_inline) f.result = Operand::poison(), f.return_count += 2;
    builder_->unreachable();
    return Flow::Dead;
  }
  const Span span = s.value != nullptr ? s.value->span : s.span;
  if (f.is_inline) {
    // A value that is certain to be returned keeps being comptime-known.
    ++f.return_count;
    if (f.return_count == 1 && control_depth_ == f.base_depth) {
      if (v.kind == Operand::Kind::Runtime && v.op.kind() == tir::Operand::Kind::Local && isVariable(v.op.index()))
        v.op = builder_->emit(Op::Copy, lowerType(v.type), v.op);
      f.result = std::move(v);
      return Flow::Dead;
    }
    if (f.return_block == Target::kNone) f.return_block = builder_->newBlock();
    inlineReturn(v, span);
    builder_->jump(f.return_block);
    return Flow::Dead;
  }
  if (type == types::kVoid) {
    builder_->ret();
  } else if (isAggregate(type)) {
    copyTo(f.return_memory, v, span);
    builder_->ret();
  } else {
    builder_->ret(lower(v, span));
  }
  return Flow::Dead;
}

// Puts a returned value where the end of the inlined body finds it.
void Sema::inlineReturn(const Operand& v, Span span) {
  Frame& f = *frame_;
  const TypeId type = f.return_type;
  if (type == types::kVoid) return;
  if (!pool.isRuntime(type)) {
    error(Code::E0313, span, "value of type '{}' must be comptime-known", typeName(type))
        .note("which `return` of the inlined function is taken is known only at run time")
        .emit();
    return;
  }
  if (isAggregate(type)) {
    copyTo(f.return_memory, v, span);
    return;
  }
  if (f.return_local == Target::kNone) f.return_local = builder_->addLocal(lowerType(type));
  builder_->emitTo(f.return_local, Op::Copy, lowerType(type), lower(v, span));
}

bool Sema::pushTarget(const ast::Name& label, bool is_loop, bool is_runtime, Span span) {
  if (label.valid()) {
    for (auto i = targets_.size(); i > frame_->targets_base; --i) {
      if (targets_[i - 1].label != label.symbol) continue;
      error(Code::E0207, label.span, "redefinition of label '{}'", text(label.symbol))
          .label(targets_[i - 1].span, "first defined here")
          .emit();
      return false;
    }
  }
  Target t;
  t.label = label.symbol;
  t.is_loop = is_loop;
  t.is_runtime = is_runtime;
  t.control_depth = control_depth_;
  t.span = span;
  targets_.push_back(std::move(t));
  return true;
}

int Sema::findTarget(const ast::Name& label, bool loops_only, Span span, const char* what) {
  for (auto i = targets_.size(); i > frame_->targets_base; --i) {
    const Target& t = targets_[i - 1];
    if (label.valid() ? t.label == label.symbol : t.is_loop) {
      if (loops_only && !t.is_loop) break;
      return static_cast<int>(i - 1);
    }
  }
  if (label.valid())
    error(Code::E0206, label.span, "no label '{}' around this {}", text(label.symbol), what).emit();
  else
    error(Code::E0206, span, "{} outside of a loop", what).emit();
  return -1;
}

uint32_t& Sema::targetBlock(uint32_t& block) {
  if (block == Target::kNone) block = builder_->newBlock();
  return block;
}

Flow Sema::breakStmt(const ast::BreakStmt& s) {
  const int index = findTarget(s.label, false, s.span, "break");
  if (index < 0) return failed();
  const auto i = static_cast<size_t>(index);
  Operand v = Operand::comptime(Value::voidValue());
  if (s.value != nullptr) {
    v = expr(*s.value, targets_[i].want);
    if (v.kind == Operand::Kind::NoReturn) return atRuntime() ? Flow::Dead : takePending();
    if (targets_[i].is_loop && !v.stops() && v.type != types::kVoid) v = typeMismatch(s.value->span, "void", v.type);
  }
  if (!atRuntime()) {
    if (v.stops()) return Flow::Abort;
    if (targets_[i].is_runtime) {
      error(Code::E0401, s.span, "a comptime block cannot leave the run-time code around it").emit();
      return Flow::Abort;
    }
    targets_[i].result = std::move(v);
    frame_->flow_target = static_cast<uint32_t>(i);
    return Flow::Break;
  }
  if (targets_[i].is_loop) {
    builder_->jump(targetBlock(targets_[i].break_block));
    return Flow::Dead;
  }
  targets_[i].exits.push_back(
      {std::move(v), s.value != nullptr ? s.value->span : s.span, builder_->currentBlock(), control_depth_});
  // What follows is unreachable; the block stays open for the value.
  builder_->setBlock(builder_->newBlock());
  return Flow::Dead;
}

Flow Sema::continueStmt(const ast::ContinueStmt& s) {
  const int index = findTarget(s.label, true, s.span, "continue");
  if (index < 0) return failed();
  const auto i = static_cast<size_t>(index);
  if (!atRuntime()) {
    if (targets_[i].is_runtime) {
      error(Code::E0401, s.span, "a comptime block cannot leave the run-time code around it").emit();
      return Flow::Abort;
    }
    frame_->flow_target = static_cast<uint32_t>(i);
    return Flow::Continue;
  }
  builder_->jump(targetBlock(targets_[i].continue_block));
  return Flow::Dead;
}

Flow Sema::blockStmt(const ast::BlockStmt& s) {
  if (!s.label.valid()) return block(s.block);
  if (!pushTarget(s.label, false, atRuntime(), s.label.span)) return failed();
  const auto index = static_cast<uint32_t>(targets_.size() - 1);
  const Flow f = block(s.block);
  Target target = std::move(targets_[index]);
  targets_.pop_back();
  if (!atRuntime()) return f == Flow::Break && frame_->flow_target == index ? Flow::Normal : f;
  if (target.exits.empty()) return f;
  const uint32_t end = builder_->currentBlock();
  const uint32_t join = builder_->newBlock();
  for (const BlockExit& x : target.exits) {
    builder_->setBlock(x.block);
    builder_->jump(join);
  }
  if (f == Flow::Normal) {
    builder_->setBlock(end);
    builder_->jump(join);
  }
  builder_->setBlock(join);
  return Flow::Normal;
}

}  // namespace weft::sema
