// Statements of the tree.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/parse/ast_builder.h"

#include "CslLexer.h"

namespace weft::parse {

using csl::CslLexer;

ast::Block AstBuilder::block(P::BlockContext* c) {
  if (c == nullptr) return {};
  ast::Block out;
  out.span = span(c);
  std::vector<const ast::Stmt*> stmts;
  stmts.reserve(c->stmts.size());
  for (P::StmtContext* s : c->stmts) {
    if (const ast::Stmt* built = stmt(s)) stmts.push_back(built);
  }
  out.stmts = list(stmts);
  return out;
}

const ast::Stmt* AstBuilder::stmt(P::StmtContext* c) {
  if (c == nullptr || c->empty != nullptr) return nullptr;
  if (c->variable != nullptr) {
    const ast::VarDecl* d = varDecl(c->variable, false, c->isComptime != nullptr, nullptr);
    if (d == nullptr) return nullptr;
    auto* s = make<ast::DeclStmt>(span(c));
    s->decl = d;
    return s;
  }
  if (c->isComptime != nullptr) {
    auto* s = make<ast::ComptimeStmt>(span(c));
    s->block = block(c->body);
    return s;
  }
  return c->plain != nullptr ? body(c->plain) : nullptr;
}

const ast::Stmt* AstBuilder::emptyBlock(ast::Span at) {
  auto* s = make<ast::BlockStmt>(at);
  s->block.span = at;
  return s;
}

const ast::Stmt* AstBuilder::bodyOrEmpty(P::StmtBodyContext* c) {
  const ast::Stmt* s = c != nullptr ? body(c) : nullptr;
  return s != nullptr ? s : emptyBlock(c != nullptr ? span(c) : ast::Span{file_.source, 0, 0});
}
const ast::Stmt* AstBuilder::bodyOrEmpty(P::OpenStmtContext* c) {
  const ast::Stmt* s = c != nullptr ? body(c) : nullptr;
  return s != nullptr ? s : emptyBlock(c != nullptr ? span(c) : ast::Span{file_.source, 0, 0});
}

/// StmtBodyContext and OpenStmtContext have the same labels.
template <class Context>
const ast::Stmt* AstBuilder::body(Context* c) {
  if (c->cond != nullptr) {
    auto* s = make<ast::IfStmt>(span(c));
    s->condition = expr(c->cond);
    if (c->then != nullptr) {
      s->then_stmt = bodyOrEmpty(c->then);
      s->else_stmt = bodyOrEmpty(c->body);
    } else {
      s->then_stmt = bodyOrEmpty(c->body);
    }
    return s;
  }
  if (c->loop != nullptr) return loop(c->loop, c->tag, bodyOrEmpty(c->body), span(c));
  if (c->nested != nullptr) {
    auto* s = make<ast::BlockStmt>(span(c));
    s->label = name(c->tag);
    s->block = block(c->nested);
    return s;
  }
  if (c->leaf != nullptr) return simple(c->leaf);
  if (c->select != nullptr) {
    auto* s = make<ast::ExprStmt>(span(c));
    s->expr = switchExpr(c->select);
    return s;
  }
  return nullptr;
}

const ast::Stmt* AstBuilder::loop(P::LoopHeadContext* head, antlr4::Token* label, const ast::Stmt* body,
                                  ast::Span span) {
  if (head->kind != nullptr && head->kind->getType() == CslLexer::WHILE) {
    auto* s = make<ast::WhileStmt>(span);
    s->label = name(label);
    s->condition = expr(head->operand);
    if (head->step != nullptr) s->step = assignment(head->step, nullptr);
    s->body = body;
    return s;
  }
  auto* s = make<ast::ForStmt>(span);
  s->label = name(label);
  s->is_inline = head->isInline != nullptr;
  s->iterable = expr(head->operand);
  s->capture = name(head->capture);
  if (!s->capture.valid()) s->capture = {interner_.intern("_"), span};
  s->index = name(head->index);
  s->body = body;
  return s;
}

const ast::Stmt* AstBuilder::simple(P::SimpleContext* c) {
  if (c->assign != nullptr) return assignment(c->assign, c->isComptime);
  if (c->open != nullptr || c->select != nullptr) {
    auto* s = make<ast::ExprStmt>(span(c));
    auto* e = make<ast::ComptimeExpr>(span(c));
    e->operand = c->open != nullptr ? openExpr(c->open) : switchExpr(c->select);
    s->expr = e;
    return s;
  }
  if (c->kind == nullptr) return nullptr;
  switch (c->kind->getType()) {
    case CslLexer::RETURN: {
      auto* s = make<ast::ReturnStmt>(span(c));
      if (c->value != nullptr) s->value = expr(c->value);
      return s;
    }
    case CslLexer::BREAK: {
      auto* s = make<ast::BreakStmt>(span(c));
      s->label = name(c->target);
      if (c->value != nullptr) s->value = expr(c->value);
      return s;
    }
    default: {
      auto* s = make<ast::ContinueStmt>(span(c));
      s->label = name(c->target);
      return s;
    }
  }
}

namespace {
bool compoundOp(size_t type, ast::BinaryOp& op) {
  switch (type) {
    case CslLexer::PLUS_ASSIGN: op = ast::BinaryOp::Add; return true;
    case CslLexer::MINUS_ASSIGN: op = ast::BinaryOp::Sub; return true;
    case CslLexer::STAR_ASSIGN: op = ast::BinaryOp::Mul; return true;
    case CslLexer::SLASH_ASSIGN: op = ast::BinaryOp::Div; return true;
    case CslLexer::PERCENT_ASSIGN: op = ast::BinaryOp::Mod; return true;
    case CslLexer::SHL_ASSIGN: op = ast::BinaryOp::ShiftLeft; return true;
    case CslLexer::SHR_ASSIGN: op = ast::BinaryOp::ShiftRight; return true;
    case CslLexer::AMP_ASSIGN: op = ast::BinaryOp::BitAnd; return true;
    case CslLexer::PIPE_ASSIGN: op = ast::BinaryOp::BitOr; return true;
    case CslLexer::CARET_ASSIGN: op = ast::BinaryOp::BitXor; return true;
    default: return false;
  }
}
}  // namespace

const ast::Stmt* AstBuilder::assignment(P::AssignmentContext* c, antlr4::Token* comptime) {
  ast::Span whole = span(c);
  if (comptime != nullptr) whole.begin = span(comptime).begin;
  const ast::Expr* target = c->target != nullptr ? startExpr(c->target, comptime) : error(whole);
  if (c->op == nullptr) {
    auto* s = make<ast::ExprStmt>(whole);
    s->expr = target;
    return s;
  }
  auto* s = make<ast::AssignStmt>(whole);
  s->is_compound = compoundOp(c->op->getType(), s->op);
  s->op_span = span(c->op);
  s->target = target;
  s->value = c->value != nullptr ? expr(c->value) : error(s->op_span);
  return s;
}

/// A statement that is nothing but a value, as an expression; otherwise null.
const ast::Expr* AstBuilder::valueOf(const ast::Stmt* stmt) {
  if (const auto* s = ast::dynAs<ast::ExprStmt>(stmt)) return s->expr;
  if (const auto* s = ast::dynAs<ast::BlockStmt>(stmt)) {
    if (s->block.stmts.empty() && !s->label.valid()) return make<ast::VoidLiteral>(s->span);
    auto* e = make<ast::BlockExpr>(s->span);
    e->label = s->label;
    e->block = s->block;
    return e;
  }
  if (const auto* s = ast::dynAs<ast::IfStmt>(stmt)) {
    const ast::Expr* then_expr = valueOf(s->then_stmt);
    const ast::Expr* else_expr = s->else_stmt != nullptr ? valueOf(s->else_stmt) : nullptr;
    if (then_expr == nullptr || (s->else_stmt != nullptr && else_expr == nullptr)) return nullptr;
    auto* e = make<ast::IfExpr>(s->span);
    e->condition = s->condition;
    e->then_expr = then_expr;
    e->else_expr = else_expr;
    return e;
  }
  return nullptr;
}

/// After `=>` an `if` may be the prong's value: it is one when all its branches are.
const ast::Stmt* AstBuilder::prongBody(P::OpenStmtContext* c) {
  const ast::Stmt* s = bodyOrEmpty(c);
  if (s->kind != ast::NodeKind::IfStmt &&
      (s->kind != ast::NodeKind::BlockStmt || !ast::as<ast::BlockStmt>(s)->label.valid())) {
    return s;
  }
  const ast::Expr* value = valueOf(s);
  if (value == nullptr) return s;
  auto* e = make<ast::ExprStmt>(s->span);
  e->expr = value;
  return e;
}

}  // namespace weft::parse
