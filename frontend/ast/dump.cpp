// ast::dump for declarations and statements.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/ast/printer.h"

namespace weft::ast {

void Printer::open(std::string_view head) {
  if (!out_.empty()) {
    out_ += '\n';
    out_.append(static_cast<size_t>(depth_) * 2, ' ');
  }
  out_ += '(';
  out_ += head;
  ++depth_;
}

void Printer::node(const Node& n) {
  switch (n.kind) {
#define WEFT_AST_EXPR(name) case NodeKind::name:
#include "frontend/ast/nodes.def"
    expr(static_cast<const Expr&>(n));
    return;
#define WEFT_AST_STMT(name) case NodeKind::name:
#include "frontend/ast/nodes.def"
    stmt(static_cast<const Stmt&>(n));
    return;
#define WEFT_AST_DECL(name) case NodeKind::name:
#include "frontend/ast/nodes.def"
    decl(static_cast<const Decl&>(n));
    return;
  }
}

void Printer::attributes(const Attributes& a) {
  tagged("align", a.align);
  tagged("linksection", a.linksection);
  tagged("linkname", a.linkname);
}

void Printer::fnDecl(const FnDecl& n) {
  open(n.is_task ? "task" : "fn");
  name(n.name);
  flag(n.linkage == Linkage::Export, "export");
  flag(n.linkage == Linkage::Extern, "extern");
  flag(n.inlining == Inlining::Inline, "inline");
  flag(n.inlining == Inlining::NoInline, "noinline");
  for (const FnParam& p : n.params) {
    open("arg");
    name(p.name);
    flag(p.is_comptime, "comptime");
    child(p.type);
    close();
  }
  attributes(n.attributes);
  tagged("returns", n.return_type);
  if (n.has_body) {
    open("body");
    block(n.body);
    close();
  }
  close();
}

void Printer::decl(const Decl& n) {
  switch (n.kind) {
    case NodeKind::VarDecl: {
      const auto& v = as<VarDecl>(n);
      open(v.is_const ? "const" : "var");
      name(v.name);
      flag(v.is_comptime, "comptime");
      flag(v.linkage == Linkage::Export, "export");
      flag(v.linkage == Linkage::Extern, "extern");
      attributes(v.attributes);
      tagged("type", v.type);
      tagged("init", v.init);
      close();
      return;
    }
    case NodeKind::ParamDecl: {
      const auto& p = as<ParamDecl>(n);
      open("param");
      name(p.name);
      flag(p.is_legacy_color, "legacy-color");
      tagged("type", p.type);
      tagged("init", p.init);
      close();
      return;
    }
    case NodeKind::ComptimeDecl:
      open("comptime");
      block(as<ComptimeDecl>(n).body);
      close();
      return;
    case NodeKind::LayoutDecl:
      open("layout");
      block(as<LayoutDecl>(n).body);
      close();
      return;
    default: fnDecl(as<FnDecl>(n)); return;
  }
}

void Printer::stmt(const Stmt& n) {
  if (const auto* s = dynAs<DeclStmt>(&n)) return decl(*s->decl);
  if (const auto* s = dynAs<ExprStmt>(&n)) return expr(*s->expr);
  switch (n.kind) {
    case NodeKind::AssignStmt: {
      const auto& s = as<AssignStmt>(n);
      open(s.is_compound ? fmt::format("{}=", spelling(s.op)) : "=");
      child(s.target);
      child(s.value);
      break;
    }
    case NodeKind::BlockStmt: {
      const auto& s = as<BlockStmt>(n);
      open("block");
      label(s.label);
      block(s.block);
      break;
    }
    case NodeKind::ComptimeStmt:
      open("comptime");
      block(as<ComptimeStmt>(n).block);
      break;
    case NodeKind::IfStmt: {
      const auto& s = as<IfStmt>(n);
      open("if");
      child(s.condition);
      child(s.then_stmt);
      tagged("else", s.else_stmt);
      break;
    }
    case NodeKind::ForStmt: {
      const auto& s = as<ForStmt>(n);
      open("for");
      label(s.label);
      flag(s.is_inline, "inline");
      name(s.capture);
      if (s.index.valid()) name(s.index);
      child(s.iterable);
      child(s.body);
      break;
    }
    case NodeKind::WhileStmt: {
      const auto& s = as<WhileStmt>(n);
      open("while");
      label(s.label);
      child(s.condition);
      tagged("step", s.step);
      child(s.body);
      break;
    }
    case NodeKind::ReturnStmt:
      open("return");
      child(as<ReturnStmt>(n).value);
      break;
    case NodeKind::BreakStmt: {
      const auto& s = as<BreakStmt>(n);
      open("break");
      label(s.label);
      child(s.value);
      break;
    }
    default:
      open("continue");
      label(as<ContinueStmt>(n).label);
      break;
  }
  close();
}

std::string dump(const Node& node, const base::Interner& interner) {
  Printer printer(interner);
  printer.node(node);
  return printer.take() + "\n";
}

std::string dump(const File& file, const base::Interner& interner) {
  std::string out;
  for (const Decl* decl : file.decls) out += dump(*decl, interner);
  return out;
}

}  // namespace weft::ast
