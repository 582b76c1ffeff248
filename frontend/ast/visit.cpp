// The child tables of every node kind.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/ast/visit.h"

namespace weft::ast {
namespace {

class Children {
 public:
  explicit Children(const NodeFunction& fn) : fn_(fn) {}

  void operator()(const Node* n) const {
    if (n != nullptr) fn_(*n);
  }
  template <class T>
  void operator()(List<const T*> nodes) const {
    for (const T* n : nodes) (*this)(n);
  }
  void operator()(const Block& b) const { (*this)(b.stmts); }
  void operator()(const Attributes& a) const {
    (*this)(a.align);
    (*this)(a.linksection);
    (*this)(a.linkname);
  }

 private:
  const NodeFunction& fn_;
};

void visitDecl(const Decl& node, const Children& child) {
  if (const auto* v = dynAs<VarDecl>(&node)) {
    child(v->attributes);
    child(v->type);
    child(v->init);
  } else if (const auto* p = dynAs<ParamDecl>(&node)) {
    child(p->type);
    child(p->init);
  } else if (const auto* f = dynAs<FnDecl>(&node)) {
    for (const FnParam& param : f->params) child(param.type);
    child(f->attributes);
    child(f->return_type);
    child(f->body);
  } else if (const auto* c = dynAs<ComptimeDecl>(&node)) {
    child(c->body);
  } else if (const auto* l = dynAs<LayoutDecl>(&node)) {
    child(l->body);
  }
}

void visitStmt(const Stmt& node, const Children& child) {
  switch (node.kind) {
    case NodeKind::DeclStmt: child(as<DeclStmt>(node).decl); return;
    case NodeKind::ExprStmt: child(as<ExprStmt>(node).expr); return;
    case NodeKind::AssignStmt:
      child(as<AssignStmt>(node).target);
      child(as<AssignStmt>(node).value);
      return;
    case NodeKind::BlockStmt: child(as<BlockStmt>(node).block); return;
    case NodeKind::ComptimeStmt: child(as<ComptimeStmt>(node).block); return;
    case NodeKind::IfStmt:
      child(as<IfStmt>(node).condition);
      child(as<IfStmt>(node).then_stmt);
      child(as<IfStmt>(node).else_stmt);
      return;
    case NodeKind::ForStmt:
      child(as<ForStmt>(node).iterable);
      child(as<ForStmt>(node).body);
      return;
    case NodeKind::WhileStmt:
      child(as<WhileStmt>(node).condition);
      child(as<WhileStmt>(node).step);
      child(as<WhileStmt>(node).body);
      return;
    case NodeKind::ReturnStmt: child(as<ReturnStmt>(node).value); return;
    case NodeKind::BreakStmt: child(as<BreakStmt>(node).value); return;
    default: return;
  }
}

void visitTypeExpr(const Expr& node, const Children& child) {
  if (const auto* p = dynAs<PointerType>(&node)) {
    child(p->element);
  } else if (const auto* a = dynAs<ArrayType>(&node)) {
    child(a->extents);
    child(a->element);
  } else if (const auto* f = dynAs<FnType>(&node)) {
    for (const FnTypeParam& param : f->params) child(param.type);
    child(f->return_type);
  } else if (const auto* s = dynAs<StructType>(&node)) {
    for (const Field& field : s->fields) child(field.type);
  } else if (const auto* e = dynAs<EnumType>(&node)) {
    child(e->tag_type);
    for (const Enumerator& item : e->enumerators) child(item.value);
  }
}

void visitExpr(const Expr& node, const Children& child) {
  switch (node.kind) {
    case NodeKind::UnaryExpr: child(as<UnaryExpr>(node).operand); return;
    case NodeKind::BinaryExpr:
      child(as<BinaryExpr>(node).lhs);
      child(as<BinaryExpr>(node).rhs);
      return;
    case NodeKind::ComptimeExpr: child(as<ComptimeExpr>(node).operand); return;
    case NodeKind::CallExpr:
      child(as<CallExpr>(node).callee);
      child(as<CallExpr>(node).args);
      return;
    case NodeKind::BuiltinCall: child(as<BuiltinCall>(node).args); return;
    case NodeKind::IndexExpr:
      child(as<IndexExpr>(node).base);
      child(as<IndexExpr>(node).indices);
      return;
    case NodeKind::FieldExpr: child(as<FieldExpr>(node).base); return;
    case NodeKind::DerefExpr: child(as<DerefExpr>(node).base); return;
    case NodeKind::StructInit:
      child(as<StructInit>(node).type);
      for (const FieldInit& f : as<StructInit>(node).fields) child(f.value);
      return;
    case NodeKind::ListInit:
      child(as<ListInit>(node).type);
      child(as<ListInit>(node).elements);
      return;
    case NodeKind::IfExpr:
      child(as<IfExpr>(node).condition);
      child(as<IfExpr>(node).then_expr);
      child(as<IfExpr>(node).else_expr);
      return;
    case NodeKind::SwitchExpr:
      child(as<SwitchExpr>(node).operand);
      for (const SwitchProng& p : as<SwitchExpr>(node).prongs) {
        child(p.values);
        child(p.body);
      }
      return;
    case NodeKind::BlockExpr: child(as<BlockExpr>(node).block); return;
    case NodeKind::TensorAccess:
      child(as<TensorAccess>(node).extents);
      child(as<TensorAccess>(node).body);
      return;
    case NodeKind::AsmExpr: child(as<AsmExpr>(node).text); return;
    default: visitTypeExpr(node, child); return;
  }
}

}  // namespace

void forEachChild(const Node& node, const NodeFunction& fn) {
  const Children child(fn);
  switch (node.kind) {
#define WEFT_AST_EXPR(name) case NodeKind::name:
#include "frontend/ast/nodes.def"
    visitExpr(static_cast<const Expr&>(node), child);
    return;
#define WEFT_AST_STMT(name) case NodeKind::name:
#include "frontend/ast/nodes.def"
    visitStmt(static_cast<const Stmt&>(node), child);
    return;
#define WEFT_AST_DECL(name) case NodeKind::name:
#include "frontend/ast/nodes.def"
    visitDecl(static_cast<const Decl&>(node), child);
    return;
  }
}

void forEachBlock(const File& file, const BlockFunction& fn) {
  NodeFunction visit = [&](const Node& n) {
    switch (n.kind) {
      case NodeKind::FnDecl:
        if (as<FnDecl>(n).has_body) fn(as<FnDecl>(n).body);
        break;
      case NodeKind::ComptimeDecl: fn(as<ComptimeDecl>(n).body); break;
      case NodeKind::LayoutDecl: fn(as<LayoutDecl>(n).body); break;
      case NodeKind::BlockStmt: fn(as<BlockStmt>(n).block); break;
      case NodeKind::ComptimeStmt: fn(as<ComptimeStmt>(n).block); break;
      case NodeKind::BlockExpr: fn(as<BlockExpr>(n).block); break;
      default: break;
    }
    forEachChild(n, visit);
  };
  for (const Decl* d : file.decls) visit(*d);
}

}  // namespace weft::ast
