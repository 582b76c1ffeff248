// ast::dump for expressions and types.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/ast/printer.h"

namespace weft::ast {
namespace {

std::string quoted(std::string_view bytes) {
  std::string out = "\"";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

}  // namespace

void Printer::expr(const Expr& n) {
  switch (n.kind) {
    case NodeKind::IntLiteral:
      open(as<IntLiteral>(n).is_char ? "char" : "int");
      atom(as<IntLiteral>(n).text);
      break;
    case NodeKind::FloatLiteral:
      open("float");
      atom(as<FloatLiteral>(n).text);
      break;
    case NodeKind::StringLiteral:
      open("string");
      atom(quoted(as<StringLiteral>(n).bytes));
      break;
    case NodeKind::BoolLiteral: open(as<BoolLiteral>(n).value ? "true" : "false"); break;
    case NodeKind::VoidLiteral: open("{}"); break;
    case NodeKind::Identifier:
      open("name");
      atom(interner_.text(as<Identifier>(n).name));
      break;
    case NodeKind::ErrorExpr: open("error"); break;
    case NodeKind::UnaryExpr:
      open(spelling(as<UnaryExpr>(n).op));
      child(as<UnaryExpr>(n).operand);
      break;
    case NodeKind::BinaryExpr:
      open(spelling(as<BinaryExpr>(n).op));
      child(as<BinaryExpr>(n).lhs);
      child(as<BinaryExpr>(n).rhs);
      break;
    case NodeKind::ComptimeExpr:
      open("comptime");
      child(as<ComptimeExpr>(n).operand);
      break;
    case NodeKind::CallExpr:
      open("call");
      child(as<CallExpr>(n).callee);
      children(as<CallExpr>(n).args);
      break;
    case NodeKind::BuiltinCall:
      open(fmt::format("@{}", interner_.text(as<BuiltinCall>(n).name.symbol)));
      children(as<BuiltinCall>(n).args);
      break;
    case NodeKind::IndexExpr:
      open("index");
      child(as<IndexExpr>(n).base);
      children(as<IndexExpr>(n).indices);
      break;
    case NodeKind::FieldExpr:
      open("field");
      name(as<FieldExpr>(n).field);
      child(as<FieldExpr>(n).base);
      break;
    case NodeKind::DerefExpr:
      open("deref");
      child(as<DerefExpr>(n).base);
      break;
    case NodeKind::StructInit: {
      const auto& s = as<StructInit>(n);
      open("struct-init");
      tagged("type", s.type);
      for (const FieldInit& f : s.fields) {
        open("set");
        name(f.name);
        child(f.value);
        close();
      }
      break;
    }
    case NodeKind::ListInit:
      open("list-init");
      tagged("type", as<ListInit>(n).type);
      children(as<ListInit>(n).elements);
      break;
    case NodeKind::IfExpr:
    case NodeKind::SwitchExpr:
    case NodeKind::BlockExpr:
    case NodeKind::TensorAccess:
    case NodeKind::AsmExpr: controlExpr(n); break;
    default: typeExpr(n); break;
  }
  close();
}

void Printer::controlExpr(const Expr& n) {
  if (const auto* i = dynAs<IfExpr>(&n)) {
    open("if-expr");
    child(i->condition);
    child(i->then_expr);
    tagged("else", i->else_expr);
  } else if (const auto* s = dynAs<SwitchExpr>(&n)) {
    open("switch");
    child(s->operand);
    for (const SwitchProng& prong : s->prongs) {
      open(prong.is_else ? "else" : "case");
      children(prong.values);
      open("=>");
      child(prong.body);
      close();
      close();
    }
  } else if (const auto* b = dynAs<BlockExpr>(&n)) {
    open("block-expr");
    label(b->label);
    block(b->block);
  } else if (const auto* t = dynAs<TensorAccess>(&n)) {
    open("tensor");
    for (const Name& var : t->vars) name(var);
    open("extents");
    children(t->extents);
    close();
    child(t->body);
  } else {
    open("asm");
    flag(as<AsmExpr>(n).is_volatile, "volatile");
    child(as<AsmExpr>(n).text);
  }
}

void Printer::typeExpr(const Expr& n) {
  if (const auto* p = dynAs<PointerType>(&n)) {
    open(p->is_many ? "many-pointer" : "pointer");
    flag(p->is_const, "const");
    child(p->element);
  } else if (const auto* a = dynAs<ArrayType>(&n)) {
    open("array");
    open("extents");
    children(a->extents);
    close();
    child(a->element);
  } else if (const auto* f = dynAs<FnType>(&n)) {
    open(f->is_task ? "task-type" : "fn-type");
    for (const FnTypeParam& param : f->params) {
      open("arg");
      name(param.name);
      child(param.type);
      close();
    }
    child(f->return_type);
  } else if (const auto* s = dynAs<StructType>(&n)) {
    open(s->is_union ? "union" : "struct");
    flag(s->layout == Layout::Extern, "extern");
    flag(s->layout == Layout::Packed, "packed");
    for (const Field& field : s->fields) {
      open("field");
      name(field.name);
      child(field.type);
      close();
    }
  } else if (const auto* e = dynAs<EnumType>(&n)) {
    open("enum");
    tagged("tag", e->tag_type);
    for (const Enumerator& enumerator : e->enumerators) {
      open("value");
      name(enumerator.name);
      child(enumerator.value);
      close();
    }
  } else {
    open("anytype");
  }
}

}  // namespace weft::ast
