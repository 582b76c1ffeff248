// Expressions of the tree: chains are grouped by precedence here.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/parse/ast_builder.h"

#include "CslLexer.h"

namespace weft::parse {

using csl::CslLexer;
using diag::Code;

const ast::Expr* AstBuilder::error(ast::Span at) { return make<ast::ErrorExpr>(at); }

namespace {

ast::BinaryOp binaryOp(size_t type) {
  switch (type) {
    case CslLexer::OR: return ast::BinaryOp::LogicalOr;
    case CslLexer::AND: return ast::BinaryOp::LogicalAnd;
    case CslLexer::EQUAL: return ast::BinaryOp::Equal;
    case CslLexer::NOT_EQUAL: return ast::BinaryOp::NotEqual;
    case CslLexer::LESS: return ast::BinaryOp::Less;
    case CslLexer::LESS_EQUAL: return ast::BinaryOp::LessEqual;
    case CslLexer::GREATER: return ast::BinaryOp::Greater;
    case CslLexer::GREATER_EQUAL: return ast::BinaryOp::GreaterEqual;
    case CslLexer::PIPE: return ast::BinaryOp::BitOr;
    case CslLexer::CARET: return ast::BinaryOp::BitXor;
    case CslLexer::AMP: return ast::BinaryOp::BitAnd;
    case CslLexer::SHL: return ast::BinaryOp::ShiftLeft;
    case CslLexer::SHR: return ast::BinaryOp::ShiftRight;
    case CslLexer::MINUS: return ast::BinaryOp::Sub;
    case CslLexer::STAR: return ast::BinaryOp::Mul;
    case CslLexer::SLASH: return ast::BinaryOp::Div;
    case CslLexer::PERCENT: return ast::BinaryOp::Mod;
    default: return ast::BinaryOp::Add;
  }
}

}  // namespace

const ast::Expr* AstBuilder::expr(P::ExprContext* c) {
  if (c == nullptr) return error({file_.source, 0, 0});
  // Most expressions are one operand without operators.
  Chain chain;
  operands(c, {}, chain);
  return group(chain);
}

const ast::Expr* AstBuilder::startExpr(P::StartExprContext* c, antlr4::Token* comptime) {
  Chain chain;
  std::vector<Prefix> outer;
  if (comptime != nullptr) outer.push_back({comptime, nullptr});
  if (c->first != nullptr) {
    outer.push_back({c->first->op, c->first->type});
    if (c->rest == nullptr) return error(span(c));
    operands(c->rest, std::move(outer), chain);
    return group(chain);
  }
  const ast::Expr* core = c->core != nullptr ? atom(c->core) : error(span(c));
  operand(outer, core, c->core != nullptr ? span(c->core) : span(c), c->suffixes, chain);
  if (c->op != nullptr) {
    addOp(c->op, chain);
    operands(c->rest, {}, chain);
  }
  return group(chain);
}

void AstBuilder::addOp(P::BinaryOpContext* op, Chain& chain) {
  chain.ops.push_back(op->token != nullptr ? binaryOp(op->token->getType()) : ast::BinaryOp::Add);
  chain.op_spans.push_back(span(op));
}

void AstBuilder::operands(P::ExprContext* c, std::vector<Prefix> outer, Chain& chain) {
  for (; c != nullptr; c = c->rest) {
    for (P::PrefixContext* p : c->prefixes) outer.push_back({p->op, p->type});
    const ast::Expr* core = nullptr;
    ast::Span extent = span(c);
    if (c->open != nullptr) {
      core = openExpr(c->open);
      extent = span(c->open);
    } else if (c->fn != nullptr) {
      core = fnType(c->fn);
      extent = span(c->fn);
      if (c->braces != nullptr) {
        // `[2]*const fn () void{ ... }`: the braces belong to the whole type.
        const uint32_t type_end = extent.end;
        while (!outer.empty() && outer.back().type != nullptr) {
          core = prefix(outer.back(), core, type_end);
          extent.begin = core->span.begin;
          outer.pop_back();
        }
        extent = join(extent, span(c->braces));
        core = init(c->braces, core, extent);
      }
    } else if (c->core != nullptr) {
      core = atom(c->core);
      extent = span(c->core);
    } else if (c->nested != nullptr) {
      core = blockExpr(c->nested);
      extent = span(c->nested);
    } else if (c->select != nullptr) {
      core = switchExpr(c->select);
      extent = span(c->select);
    } else {
      core = error(extent);
    }
    operand(outer, core, extent, c->suffixes, chain);
    outer.clear();
    if (c->op == nullptr) return;
    addOp(c->op, chain);
  }
  // The right operand is missing: a syntax error, already reported.
  const ast::Span at = chain.op_spans.empty() ? ast::Span{file_.source, 0, 0} : chain.op_spans.back();
  chain.operands.push_back(error(at));
  chain.extents.push_back(at);
}

void AstBuilder::operand(const std::vector<Prefix>& prefixes, const ast::Expr* core, ast::Span extent,
                         const std::vector<P::SuffixContext*>& suffixes, Chain& chain) {
  const ast::Expr* e = core;
  size_t left = prefixes.size();
  auto applyPrefix = [&] {
    e = prefix(prefixes[--left], e, extent.end);
    extent.begin = e->span.begin;
  };
  for (P::SuffixContext* s : suffixes) {
    if (s == nullptr) continue;
    // In `*[2]T{ ... }` the braces belong to `[2]T`, or to whatever type prefixes stand right before them.
    if (s->init != nullptr) {
      while (left > 0 && prefixes[left - 1].type != nullptr) applyPrefix();
    }
    extent = join(extent, span(s));
    e = suffix(s, e, extent);
  }
  while (left > 0) applyPrefix();
  chain.operands.push_back(e);
  chain.extents.push_back(extent);
}

const ast::Expr* AstBuilder::prefix(const Prefix& p, const ast::Expr* operand, uint32_t end) {
  if (p.type != nullptr) {
    ast::Span at = span(p.type);
    at.end = end;
    return typePrefix(p.type, operand, at);
  }
  if (p.op == nullptr) return operand;
  ast::Span at = span(p.op);
  at.end = end;
  if (p.op->getType() == CslLexer::COMPTIME || p.op->getType() == CslLexer::COMPTIME_STMT) {
    auto* e = make<ast::ComptimeExpr>(at);
    e->operand = operand;
    return e;
  }
  auto* e = make<ast::UnaryExpr>(at);
  switch (p.op->getType()) {
    case CslLexer::BANG: e->op = ast::UnaryOp::LogicalNot; break;
    case CslLexer::TILDE: e->op = ast::UnaryOp::BitNot; break;
    case CslLexer::AMP: e->op = ast::UnaryOp::AddressOf; break;
    default: e->op = ast::UnaryOp::Negate; break;
  }
  e->operand = operand;
  return e;
}

/// Operator precedence with two stacks; all operators are left-associative, comparisons do not associate.
const ast::Expr* AstBuilder::group(Chain& chain) {
  if (chain.ops.empty()) return chain.operands[0];
  struct Value {
    const ast::Expr* expr;
    ast::Span extent;
  };
  std::vector<Value> values{{chain.operands[0], chain.extents[0]}};
  std::vector<size_t> ops;
  auto reduce = [&] {
    const size_t op = ops.back();
    ops.pop_back();
    const Value rhs = values.back();
    values.pop_back();
    const Value lhs = values.back();
    const ast::Span extent = join(lhs.extent, rhs.extent);
    auto* e = make<ast::BinaryExpr>(extent);
    e->op = chain.ops[op];
    e->op_span = chain.op_spans[op];
    e->lhs = lhs.expr;
    e->rhs = rhs.expr;
    values.back() = {e, extent};
  };
  for (size_t i = 0; i < chain.ops.size(); ++i) {
    const int level = ast::precedence(chain.ops[i]);
    while (!ops.empty() && ast::precedence(chain.ops[ops.back()]) >= level) {
      const size_t earlier = ops.back();
      if (ast::isComparison(chain.ops[i]) && ast::isComparison(chain.ops[earlier])) {
        fail(Code::E0108, chain.op_spans[i], "comparisons cannot be chained")
            .label(chain.op_spans[earlier], "first comparison")
            .help("join two comparisons with `and`, or add parentheses")
            .emit();
      }
      reduce();
    }
    ops.push_back(i);
    values.push_back({chain.operands[i + 1], chain.extents[i + 1]});
  }
  while (!ops.empty()) reduce();
  return values[0].expr;
}

ast::ExprList AstBuilder::exprs(const std::vector<P::ExprContext*>& items) {
  std::vector<const ast::Expr*> out;
  out.reserve(items.size());
  for (P::ExprContext* item : items) out.push_back(expr(item));
  return list(out);
}
ast::ExprList AstBuilder::exprs(P::ExprListContext* c) { return c == nullptr ? ast::ExprList{} : exprs(c->items); }

const ast::Expr* AstBuilder::builtinCall(antlr4::Token* token, P::ExprListContext* args, ast::Span at) {
  auto* e = make<ast::BuiltinCall>(at);
  e->name = {interner_.intern(tokens_.textOf(*token).substr(1)), span(token)};
  e->args = exprs(args);
  return e;
}

const ast::Expr* AstBuilder::atom(P::AtomContext* c) {
  if (c->literal != nullptr) return literal(c->literal);
  if (c->ident != nullptr) return identifier(c->ident);
  if (c->builtin != nullptr) return builtinCall(c->builtin, c->args, span(c));
  if (c->paren != nullptr) return expr(c->paren);
  if (c->init != nullptr) return init(c->init, nullptr, span(c));
  if (c->record != nullptr) return structType(c->record);
  if (c->enumeration != nullptr) return enumType(c->enumeration);
  if (c->any != nullptr) return make<ast::AnyType>(span(c));
  if (c->assembly != nullptr) return asmExpr(c->assembly);
  return error(span(c));
}

const ast::Expr* AstBuilder::suffix(P::SuffixContext* c, const ast::Expr* base, ast::Span at) {
  if (c->call != nullptr) {
    auto* e = make<ast::CallExpr>(at);
    e->callee = base;
    e->args = exprs(c->args);
    return e;
  }
  if (c->indices != nullptr) {
    auto* e = make<ast::IndexExpr>(at);
    e->base = base;
    e->indices = exprs(c->indices);
    return e;
  }
  if (c->deref != nullptr) {
    auto* e = make<ast::DerefExpr>(at);
    e->base = base;
    return e;
  }
  if (c->field != nullptr && c->field->token != nullptr) {
    auto* e = make<ast::FieldExpr>(at);
    e->base = base;
    e->field = fieldName(c->field);
    return e;
  }
  if (c->init != nullptr) return init(c->init, base, at);
  return error(at);
}

const ast::Expr* AstBuilder::init(P::InitListContext* c, const ast::Expr* type, ast::Span at) {
  if (!c->items.empty()) {
    auto* e = make<ast::ListInit>(at);
    e->type = type;
    e->elements = exprs(c->items);
    return e;
  }
  auto* e = make<ast::StructInit>(at);
  e->type = type;
  std::vector<ast::FieldInit> fields;
  fields.reserve(c->named.size());
  for (P::NamedInitContext* n : c->named) {
    const ast::Name field = fieldName(n->field);
    if (!field.valid()) continue;
    fields.push_back({field, n->value != nullptr ? expr(n->value) : error(span(n))});
  }
  e->fields = list(fields);
  return e;
}

const ast::Expr* AstBuilder::openExpr(P::OpenExprContext* c) {
  const ast::Span at = span(c);
  if (c->cond != nullptr) {
    auto* e = make<ast::IfExpr>(at);
    e->condition = expr(c->cond);
    e->then_expr = c->yes != nullptr ? expr(c->yes) : error(at);
    if (c->no != nullptr) e->else_expr = expr(c->no);
    return e;
  }
  if (c->vars.empty() || c->extents == nullptr) return error(at);
  auto* e = make<ast::TensorAccess>(at);
  std::vector<ast::Name> vars;
  for (P::NameContext* v : c->vars) {
    if (const ast::Name n = name(v); n.valid()) vars.push_back(n);
  }
  e->vars = list(vars);
  e->extents = exprs(c->extents);
  e->body = c->tail != nullptr ? expr(c->tail) : error(at);
  return e;
}

const ast::Expr* AstBuilder::blockExpr(P::LabeledBlockContext* c) {
  if (c->body != nullptr && c->tag == nullptr && c->body->stmts.empty()) return make<ast::VoidLiteral>(span(c));
  auto* e = make<ast::BlockExpr>(span(c));
  e->label = name(c->tag);
  e->block = block(c->body);
  return e;
}

const ast::Expr* AstBuilder::switchExpr(P::SwitchExprContext* c) {
  auto* e = make<ast::SwitchExpr>(span(c));
  e->operand = c->operand != nullptr ? expr(c->operand) : error(span(c));
  std::vector<ast::SwitchProng> prongs;
  for (P::ProngContext* p : c->prongs) {
    if (p->body == nullptr) continue;
    ast::SwitchProng prong;
    prong.span = span(p);
    prong.is_else = p->isElse != nullptr;
    prong.values = exprs(p->values);
    prong.body = prongBody(p->body);
    prongs.push_back(prong);
  }
  e->prongs = list(prongs);
  return e;
}

const ast::Expr* AstBuilder::asmExpr(P::AsmExprContext* c) {
  auto* e = make<ast::AsmExpr>(span(c));
  e->is_volatile = c->isVolatile != nullptr;
  e->text = c->text != nullptr ? expr(c->text) : error(span(c));
  return e;
}

}  // namespace weft::parse
