// Which names of a body have their address taken: only those need memory when they are scalars.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/sema.h"

namespace weft::sema {

namespace {

using ast::NodeKind;

// Marks a name addressed through a subscript or field (`&a[i]`): that does not concern pointer variables.
constexpr uint32_t kThroughPart = 0x80000000u;

class Scan {
 public:
  std::unordered_set<Symbol> names;

  void block(const ast::Block& b) {
    for (const ast::Stmt* s : b.stmts) stmt(s);
  }

 private:
  void list(ast::ExprList l) {
    for (const ast::Expr* e : l) expr(e);
  }
  void addressed(const ast::Expr* e) {
    bool through = false;
    for (;;) {
      if (const auto* i = ast::dynAs<ast::IndexExpr>(e)) {
        e = i->base;
        through = true;
      } else if (const auto* f = ast::dynAs<ast::FieldExpr>(e)) {
        e = f->base;
        through = true;
      } else {
        break;
      }
    }
    if (const auto* id = ast::dynAs<ast::Identifier>(e))
      names.insert(through ? Symbol(id->name.value | kThroughPart) : id->name);
  }
  void expr(const ast::Expr* e) {
    if (e == nullptr) return;
    switch (e->kind) {
      case NodeKind::UnaryExpr: {
        const auto* u = ast::as<ast::UnaryExpr>(e);
        if (u->op == ast::UnaryOp::AddressOf) addressed(u->operand);
        return expr(u->operand);
      }
      case NodeKind::BinaryExpr: expr(ast::as<ast::BinaryExpr>(e)->lhs); return expr(ast::as<ast::BinaryExpr>(e)->rhs);
      case NodeKind::ComptimeExpr: return expr(ast::as<ast::ComptimeExpr>(e)->operand);
      case NodeKind::CallExpr: expr(ast::as<ast::CallExpr>(e)->callee); return list(ast::as<ast::CallExpr>(e)->args);
      case NodeKind::BuiltinCall: return list(ast::as<ast::BuiltinCall>(e)->args);
      case NodeKind::IndexExpr:
        expr(ast::as<ast::IndexExpr>(e)->base);
        return list(ast::as<ast::IndexExpr>(e)->indices);
      case NodeKind::FieldExpr: return expr(ast::as<ast::FieldExpr>(e)->base);
      case NodeKind::DerefExpr: return expr(ast::as<ast::DerefExpr>(e)->base);
      case NodeKind::StructInit:
        for (const ast::FieldInit& f : ast::as<ast::StructInit>(e)->fields) expr(f.value);
        return;
      case NodeKind::ListInit: return list(ast::as<ast::ListInit>(e)->elements);
      case NodeKind::IfExpr: {
        const auto* i = ast::as<ast::IfExpr>(e);
        expr(i->condition);
        expr(i->then_expr);
        return expr(i->else_expr);
      }
      case NodeKind::SwitchExpr: {
        const auto* s = ast::as<ast::SwitchExpr>(e);
        expr(s->operand);
        for (const ast::SwitchProng& p : s->prongs) stmt(p.body);
        return;
      }
      case NodeKind::BlockExpr: return block(ast::as<ast::BlockExpr>(e)->block);
      default: return;
    }
  }
  void stmt(const ast::Stmt* s) {
    if (s == nullptr) return;
    switch (s->kind) {
      case NodeKind::DeclStmt: return expr(ast::as<ast::DeclStmt>(s)->decl->init);
      case NodeKind::ExprStmt: return expr(ast::as<ast::ExprStmt>(s)->expr);
      case NodeKind::AssignStmt:
        expr(ast::as<ast::AssignStmt>(s)->target);
        return expr(ast::as<ast::AssignStmt>(s)->value);
      case NodeKind::BlockStmt: return block(ast::as<ast::BlockStmt>(s)->block);
      case NodeKind::ComptimeStmt: return block(ast::as<ast::ComptimeStmt>(s)->block);
      case NodeKind::IfStmt: {
        const auto* i = ast::as<ast::IfStmt>(s);
        expr(i->condition);
        stmt(i->then_stmt);
        return stmt(i->else_stmt);
      }
      case NodeKind::ForStmt: expr(ast::as<ast::ForStmt>(s)->iterable); return stmt(ast::as<ast::ForStmt>(s)->body);
      case NodeKind::WhileStmt: {
        const auto* w = ast::as<ast::WhileStmt>(s);
        expr(w->condition);
        stmt(w->step);
        return stmt(w->body);
      }
      case NodeKind::ReturnStmt: return expr(ast::as<ast::ReturnStmt>(s)->value);
      case NodeKind::BreakStmt: return expr(ast::as<ast::BreakStmt>(s)->value);
      default: return;
    }
  }
};

}  // namespace

const std::unordered_set<Symbol>* Sema::addressTaken(FileInfo& file, const ast::Decl& d, const ast::Block& body) {
  const auto it = file.address_taken.find(&d);
  if (it != file.address_taken.end()) return &it->second;
  Scan scan;
  scan.block(body);
  return &file.address_taken.emplace(&d, std::move(scan.names)).first->second;
}

bool Sema::isAddressTaken(Symbol name, TypeId type) const {
  if (frame_->address_taken == nullptr || frame_->address_taken->empty()) return false;
  if (frame_->address_taken->contains(name)) return true;
  return !pool.is(type, types::Kind::Pointer) && frame_->address_taken->contains(Symbol(name.value | kThroughPart));
}

}  // namespace weft::sema
