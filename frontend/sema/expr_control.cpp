// if, switch and block expressions, and how their branches meet again.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/sema.h"

#include <algorithm>

namespace weft::sema {

using diag::Code;
using tir::Op;
using types::Kind;

std::optional<bool> Sema::condition(const Operand& c, Span span, bool* is_runtime) {
  *is_runtime = false;
  if (c.stops()) return std::nullopt;
  if (c.type != types::kBool) {
    auto d = error(Code::E0301, span, "expected type 'bool', got: '{}'", typeName(c.type));
    if (pool.isNumeric(c.type)) d.help("compare with zero: `!= 0`");
    d.emit();
    return std::nullopt;
  }
  if (c.isComptime()) return knownBool(c.value);
  if (!atRuntime() && type_only_ == 0) {
    notComptime(span, "condition");
    return std::nullopt;
  }
  *is_runtime = true;
  return false;
}

Operand Sema::branches(const ast::Expr& e, TypeId want, Branches how) {
  if (!checkDepth(e.span)) return Operand::poison();
  Operand v;
  if (const auto* choice = ast::dynAs<ast::IfExpr>(&e))
    v = ifExpr(*choice, want, how);
  else if (const auto* prongs = ast::dynAs<ast::SwitchExpr>(&e))
    v = switchExpr(*prongs, want, false, nullptr, how);
  else if (const auto* block = ast::dynAs<ast::BlockExpr>(&e))
    v = blockExpr(*block, want, Branches::Literals);
  else
    v = expr(e, how == Branches::Converted ? TypeId{} : want);
  if (v.stops() || how != Branches::Converted) return v;
  return convert(std::move(v), want, e.span);
}

Operand Sema::ifExpr(const ast::IfExpr& e, TypeId want, Branches how) {
  const auto value = [&](const ast::Expr& body) {
    return how == Branches::Coerced ? expr(body, want) : branches(body, want, how);
  };
  const Operand c = expr(*e.condition);
  bool is_runtime = false;
  const auto known = condition(c, e.condition->span, &is_runtime);
  if (!known) return Operand::poison();
  if (!is_runtime) {
    if (*known) return value(*e.then_expr);
    if (e.else_expr == nullptr) return Operand::comptime(Value::voidValue());
    return value(*e.else_expr);
  }
  const uint32_t then_block = builder_->newBlock();
  const uint32_t else_block = builder_->newBlock();
  const uint32_t join = builder_->newBlock();
  builder_->branch(lower(c, e.condition->span), then_block, else_block);
  std::vector<BlockExit> exits;
  bool poisoned = false;
  const auto arm = [&](uint32_t block, const ast::Expr* body) {
    builder_->setBlock(block);
    ++control_depth_;
    Operand v = body == nullptr ? Operand::comptime(Value::voidValue()) : value(*body);
    --control_depth_;
    if (v.isPoison()) poisoned = true;
    if (v.stops()) return;
    exits.push_back({std::move(v), body == nullptr ? e.span : body->span, builder_->currentBlock(), 0});
  };
  arm(then_block, e.then_expr);
  arm(else_block, e.else_expr);
  if (poisoned) {
    builder_->setBlock(join);
    return Operand::poison();
  }
  return merge(exits, want, how, join, e.span);
}

TypeId Sema::commonType(const std::vector<BlockExit>& exits, bool report) {
  TypeId type = exits[0].value.type;
  Operand common = exits[0].value;
  for (size_t i = 1; i < exits.size(); ++i) {
    common.type = type;
    type = peerType(common, exits[i].value);
    if (type.valid()) continue;
    if (report) {
      error(Code::E0301, exits[i].span, "expected type '{}', got: '{}'", typeName(common.type),
            typeName(exits[i].value.type))
          .label(exits[0].span, fmt::format("this branch is '{}'", typeName(exits[0].value.type)))
          .note("all branches must give one type")
          .emit();
    }
    return {};
  }
  return type;
}

// Gives all exits one type, stores their values in one place and joins them.
Operand Sema::merge(std::vector<BlockExit>& exits, TypeId want, Branches how, uint32_t join, Span span) {
  if (exits.empty()) {
    builder_->setBlock(join);
    return Operand::noReturn();
  }
  TypeId type = want;
  const bool open = !type.valid() || type == types::kAnyType || type == types::kAnyStruct;
  if (open || how == Branches::Literals) {
    type = commonType(exits, open);
    if (!open && (!type.valid() || !pool.isRuntime(type))) type = want;
    if (!type.valid()) {
      builder_->setBlock(join);
      return Operand::poison();
    }
  }
  if (type == types::kVoid) {
    bool ok = true;
    for (BlockExit& x : exits) {
      builder_->setBlock(x.block);
      if (x.value.type != types::kVoid) {
        typeMismatch(x.span, "void", x.value.type);
        ok = false;
      }
      builder_->jump(join);
    }
    builder_->setBlock(join);
    return ok ? Operand::comptime(Value::voidValue()) : Operand::poison();
  }
  // One exit, or the same comptime value on every way.
  bool same = true;
  for (const BlockExit& x : exits)
    same = same && x.value.isComptime() && x.value.type == exits[0].value.type &&
           x.value.value.identical(exits[0].value.value);
  if (same) {
    for (const BlockExit& x : exits) {
      builder_->setBlock(x.block);
      builder_->jump(join);
    }
    builder_->setBlock(join);
    return coerce(exits[0].value, type, exits[0].span);
  }
  if (!pool.isRuntime(type) && type_only_ == 0) {
    error(Code::E0313, span, "value of type '{}' must be comptime-known", typeName(type))
        .note("which branch gives the value is known only at run time")
        .help(pool.isNumeric(type) ? "give the values a type, for example with @as"
                                   : "make the condition comptime-known")
        .emit();
    builder_->setBlock(join);
    return Operand::poison();
  }
  bool ok = true;
  if (isAggregate(type)) {
    // No block of the exits comes before the others: each computes the address of the one place.
    const uint32_t place = temporaryPlace(type);
    for (BlockExit& x : exits) {
      builder_->setBlock(x.block);
      const Operand v = coerce(x.value, type, x.span);
      if (v.isPoison()) ok = false;
      copyTo(temporaryAt(place), v, x.span);
      builder_->jump(join);
    }
    builder_->setBlock(join);
    return ok ? Operand::memory(type, temporaryAt(place)) : Operand::poison();
  }
  const tir::Type t = lowerType(type);
  const uint32_t local = t == tir::Type::Void ? tir::kNoLocal : builder_->addLocal(t);
  for (BlockExit& x : exits) {
    builder_->setBlock(x.block);
    const Operand v = coerce(x.value, type, x.span);
    if (v.isPoison()) ok = false;
    if (ok && local != tir::kNoLocal) builder_->emitTo(local, Op::Copy, t, lower(v, x.span));
    builder_->jump(join);
  }
  builder_->setBlock(join);
  if (!ok) return Operand::poison();
  return Operand::runtime(type, local == tir::kNoLocal ? builder_->constant(0) : tir::Operand::local(local));
}

Operand Sema::switchExpr(const ast::SwitchExpr& e, TypeId want, bool is_statement, Flow* flow, Branches how) {
  if (flow != nullptr) *flow = Flow::Normal;
  const auto fail = [&]() {
    if (flow != nullptr) *flow = failed();
    return Operand::poison();
  };
  const Operand v = expr(*e.operand);
  if (v.isPoison()) return fail();
  if (v.stops()) {
    if (flow != nullptr) *flow = atRuntime() ? Flow::Dead : takePending();
    return v;
  }
  const Kind k = pool.kind(v.type);
  if (!pool.isAnyInteger(v.type) && k != Kind::Enum && k != Kind::Bool && k != Kind::Direction && !pool.isId(v.type) &&
      k != Kind::Type && k != Kind::String) {
    error(Code::E0309, e.operand->span, "expected an integer or enum operand, got: '{}'", typeName(v.type)).emit();
    return fail();
  }
  // All case values, checked for type and uniqueness.
  struct Case {
    Value value;
    size_t prong;
    Span span;
  };
  std::vector<Case> cases;
  const ast::SwitchProng* otherwise = nullptr;
  size_t otherwise_index = 0;
  bool ok = true;
  for (size_t p = 0; p < e.prongs.size(); ++p) {
    const ast::SwitchProng& prong = e.prongs[p];
    if (prong.is_else) {
      if (otherwise != nullptr) {
        error(Code::E0309, prong.span, "a second `else` prong").label(otherwise->span, "first here").emit();
        ok = false;
      }
      otherwise = &prong;
      otherwise_index = p;
      continue;
    }
    for (const ast::Expr* x : prong.values) {
      const auto c = comptimeExpr(*x, v.type, "switch case");
      if (!c) {
        ok = false;
        continue;
      }
      const Value known = know(*c);
      for (const Case& other : cases) {
        if (!other.value.identical(known)) continue;
        error(Code::E0309, x->span, "duplicate switch case").label(other.span, "first here").emit();
        ok = false;
        break;
      }
      cases.push_back({known, p, x->span});
    }
  }
  if (!ok) return fail();
  bool exhaustive = otherwise != nullptr;
  if (!exhaustive && k == Kind::Enum) exhaustive = cases.size() == pool.enumInfo(v.type).members.size();
  if (!exhaustive && k == Kind::Bool) exhaustive = cases.size() == 2;
  if (!exhaustive && k == Kind::Direction) exhaustive = cases.size() == 5;
  if (!exhaustive && k == Kind::Int && pool.intInfo(v.type).bits <= 16)
    exhaustive = cases.size() == (size_t{1} << pool.intInfo(v.type).bits);
  if (!exhaustive) {
    auto d = error(Code::E0309, e.operand->span, "switch does not handle every value of type '{}'", typeName(v.type));
    if (k == Kind::Enum)
      for (const auto& m : pool.enumInfo(v.type).members) {
        const bool has =
            std::any_of(cases.begin(), cases.end(), [&](const Case& c) { return c.value.rawInt() == m.value; });
        if (!has) d.note(fmt::format("`{}` is missing", text(m.name)));
      }
    d.help("add an `else` prong").emit();
    return fail();
  }

  // The value and the flow of one prong's body.
  const auto body = [&](const ast::SwitchProng& prong, Flow* out) -> Operand {
    *out = Flow::Normal;
    if (prong.body == nullptr) return Operand::comptime(Value::voidValue());
    if (const auto* x = ast::dynAs<ast::ExprStmt>(prong.body); x != nullptr && !is_statement) {
      Operand r = how == Branches::Coerced ? expr(*x->expr, want) : branches(*x->expr, want, how);
      if (r.stops()) *out = r.isPoison() ? failed() : atRuntime() ? Flow::Dead : takePending();
      return r;
    }
    *out = stmt(*prong.body);
    return *out == Flow::Normal  ? Operand::comptime(Value::voidValue())
           : *out == Flow::Abort ? Operand::poison()
                                 : Operand::noReturn();
  };

  if (v.isComptime()) {
    const Value operand = know(v.value);
    const ast::SwitchProng* chosen = otherwise;
    for (const Case& c : cases)
      if (c.value.identical(operand)) chosen = &e.prongs[c.prong];
    if (chosen == nullptr) return fail();
    Flow f = Flow::Normal;
    Operand r = body(*chosen, &f);
    if (flow != nullptr)
      *flow = f;
    else if (f != Flow::Normal && !atRuntime())
      frame_->pending = f;
    return r;
  }
  if (!atRuntime() && type_only_ == 0) {
    notComptime(e.operand->span, "operand of the switch");
    return fail();
  }

  const tir::Type t = lowerType(v.type);
  tir::Operand subject = lower(v, e.operand->span);
  if (subject.kind() == tir::Operand::Kind::Local && isVariable(subject.index()))
    subject = builder_->emit(Op::Copy, t, subject);
  const uint32_t join = builder_->newBlock();
  std::vector<uint32_t> blocks(e.prongs.size());
  for (uint32_t& b : blocks) b = builder_->newBlock();
  size_t last = cases.size();
  // Without `else` the last case needs no test.
  if (otherwise == nullptr && !cases.empty()) last = cases.size() - 1;
  for (size_t i = 0; i < last; ++i) {
    const uint32_t next = builder_->newBlock();
    const tir::Operand hit = builder_->emit(Op::Eq, t, subject, builder_->constant(arith.rawBits(cases[i].value)));
    builder_->branch(hit, blocks[cases[i].prong], next);
    builder_->setBlock(next);
  }
  builder_->jump(otherwise != nullptr ? blocks[otherwise_index] : blocks[cases.back().prong]);
  std::vector<BlockExit> exits;
  bool poisoned = false;
  for (size_t p = 0; p < e.prongs.size(); ++p) {
    builder_->setBlock(blocks[p]);
    ++control_depth_;
    Flow f = Flow::Normal;
    Operand r = body(e.prongs[p], &f);
    --control_depth_;
    if (r.isPoison()) poisoned = true;
    if (r.stops()) {
      if (r.isPoison()) builder_->jump(join);
      continue;
    }
    exits.push_back({std::move(r), e.prongs[p].body != nullptr ? e.prongs[p].body->span : e.prongs[p].span,
                     builder_->currentBlock(), 0});
  }
  if (poisoned) {
    builder_->setBlock(join);
    if (flow != nullptr) *flow = Flow::Normal;
    return Operand::poison();
  }
  if (is_statement) {
    for (const BlockExit& x : exits) {
      builder_->setBlock(x.block);
      builder_->jump(join);
    }
    builder_->setBlock(join);
    if (flow != nullptr) *flow = exits.empty() ? Flow::Dead : Flow::Normal;
    return exits.empty() ? Operand::noReturn() : Operand::comptime(Value::voidValue());
  }
  Operand r = merge(exits, want, how, join, e.span);
  if (flow != nullptr && r.kind == Operand::Kind::NoReturn) *flow = Flow::Dead;
  return r;
}

Flow Sema::takePending() {
  const Flow f = frame_->pending;
  frame_->pending = Flow::Normal;
  return f == Flow::Normal ? Flow::Abort : f;
}

Operand Sema::blockExpr(const ast::BlockExpr& e, TypeId want, Branches how) {
  if (!e.label.valid()) {
    const Flow f = block(e.block);
    if (f == Flow::Normal) return Operand::comptime(Value::voidValue());
    if (f == Flow::Abort) return Operand::poison();
    if (!atRuntime()) frame_->pending = f;
    return Operand::noReturn();
  }
  if (!pushTarget(e.label, false, atRuntime(), e.label.span)) return Operand::poison();
  const auto index = static_cast<uint32_t>(targets_.size() - 1);
  // Only the type of literals: merge() gives it to them when all breaks are known.
  targets_[index].want = how == Branches::Literals ? TypeId{} : want;
  const Flow f = block(e.block);
  Target target = std::move(targets_[index]);
  targets_.pop_back();
  if (f == Flow::Abort) return Operand::poison();
  if (!atRuntime()) {
    if (f == Flow::Break && frame_->flow_target == index)
      return target.result.isPoison() ? Operand::comptime(Value::voidValue()) : target.result;
    if (f == Flow::Normal) return Operand::comptime(Value::voidValue());
    frame_->pending = f;
    return Operand::noReturn();
  }
  if (f == Flow::Normal) {
    // The end is reachable: the block is void.
    for (const BlockExit& x : target.exits) {
      if (x.value.stops() || x.value.type == types::kVoid) continue;
      error(Code::E0301, x.span, "expected type 'void', got: '{}'", typeName(x.value.type))
          .note("block that is broken has type 'void' because control flow may reach the end without a break")
          .label(e.label.span, "this block")
          .emit();
      return Operand::poison();
    }
    const uint32_t end = builder_->currentBlock();
    const uint32_t join = builder_->newBlock();
    for (const BlockExit& x : target.exits) {
      builder_->setBlock(x.block);
      builder_->jump(join);
    }
    builder_->setBlock(end);
    builder_->jump(join);
    builder_->setBlock(join);
    return Operand::comptime(Value::voidValue());
  }
  for (const BlockExit& x : target.exits)
    if (x.value.isPoison()) return Operand::poison();
  if (target.exits.empty()) return Operand::noReturn();
  // A lone break that is certain to be executed: its value as it is.
  if (target.exits.size() == 1 && target.exits[0].control_depth == target.control_depth) {
    builder_->setBlock(target.exits[0].block);
    Operand v = target.exits[0].value;
    if (v.kind == Operand::Kind::Runtime && v.op.kind() == tir::Operand::Kind::Local && isVariable(v.op.index()))
      v.op = builder_->emit(Op::Copy, lowerType(v.type), v.op);
    return v;
  }
  const uint32_t join = builder_->newBlock();
  return merge(target.exits, want, how, join, e.span);
}

}  // namespace weft::sema
