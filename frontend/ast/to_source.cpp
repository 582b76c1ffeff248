// Expressions back to text on one line, for messages.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/ast/nodes.h"

#include <fmt/format.h>

namespace weft::ast {
namespace {

// Operands that bind looser than their surroundings need parentheses; a rank per kind settles it.
constexpr int kPostfix = 11;
constexpr int kUnary = 10;

int rankOf(const Expr& e) {
  switch (e.kind) {
    case NodeKind::BinaryExpr: return precedence(as<BinaryExpr>(e).op);
    case NodeKind::UnaryExpr:
    case NodeKind::ComptimeExpr: return kUnary;
    case NodeKind::IfExpr:
    case NodeKind::TensorAccess: return 0;
    default: return kPostfix + 1;
  }
}

class Writer {
 public:
  explicit Writer(const base::Interner& interner) : interner_(interner) {}

  std::string at(const Expr& e, int needed) {
    const std::string text = write(e);
    return rankOf(e) < needed ? "(" + text + ")" : text;
  }

 private:
  std::string_view text(Name n) { return n.valid() ? interner_.text(n.symbol) : "_"; }

  std::string list(ExprList items) {
    std::string out;
    for (const Expr* e : items) out += (out.empty() ? "" : ", ") + at(*e, 0);
    return out;
  }

  std::string init(const Expr* type, const std::string& body) {
    const std::string head = type == nullptr ? "." : at(*type, kPostfix);
    return body.empty() ? head + "{}" : head + "{ " + body + " }";
  }

  std::string write(const Expr& e) {
    switch (e.kind) {
      case NodeKind::IntLiteral: return std::string(as<IntLiteral>(e).text);
      case NodeKind::FloatLiteral: return std::string(as<FloatLiteral>(e).text);
      case NodeKind::StringLiteral: return fmt::format("\"{}\"", as<StringLiteral>(e).bytes);
      case NodeKind::BoolLiteral: return as<BoolLiteral>(e).value ? "true" : "false";
      case NodeKind::VoidLiteral: return "{}";
      case NodeKind::Identifier: return std::string(interner_.text(as<Identifier>(e).name));
      case NodeKind::ErrorExpr: return "<error>";
      case NodeKind::UnaryExpr: return spelling(as<UnaryExpr>(e).op) + at(*as<UnaryExpr>(e).operand, kUnary);
      case NodeKind::ComptimeExpr: return "comptime " + at(*as<ComptimeExpr>(e).operand, kUnary);
      case NodeKind::BinaryExpr: {
        const auto& b = as<BinaryExpr>(e);
        const int r = precedence(b.op);
        return fmt::format("{} {} {}", at(*b.lhs, isComparison(b.op) ? r + 1 : r), spelling(b.op), at(*b.rhs, r + 1));
      }
      case NodeKind::CallExpr:
        return fmt::format("{}({})", at(*as<CallExpr>(e).callee, kPostfix), list(as<CallExpr>(e).args));
      case NodeKind::BuiltinCall:
        return fmt::format("@{}({})", text(as<BuiltinCall>(e).name), list(as<BuiltinCall>(e).args));
      case NodeKind::IndexExpr:
        return fmt::format("{}[{}]", at(*as<IndexExpr>(e).base, kPostfix), list(as<IndexExpr>(e).indices));
      case NodeKind::FieldExpr:
        return fmt::format("{}.{}", at(*as<FieldExpr>(e).base, kPostfix), text(as<FieldExpr>(e).field));
      case NodeKind::DerefExpr: return at(*as<DerefExpr>(e).base, kPostfix) + ".*";
      case NodeKind::StructInit: {
        std::string body;
        for (const FieldInit& f : as<StructInit>(e).fields) {
          body += fmt::format("{}.{} = {}", body.empty() ? "" : ", ", text(f.name), at(*f.value, 0));
        }
        return init(as<StructInit>(e).type, body);
      }
      case NodeKind::ListInit: return init(as<ListInit>(e).type, list(as<ListInit>(e).elements));
      case NodeKind::IfExpr: {
        const auto& i = as<IfExpr>(e);
        std::string out = fmt::format("if ({}) {}", at(*i.condition, 0), at(*i.then_expr, 0));
        if (i.else_expr != nullptr) out += " else " + at(*i.else_expr, 0);
        return out;
      }
      case NodeKind::SwitchExpr: return fmt::format("switch ({}) {{ ... }}", at(*as<SwitchExpr>(e).operand, 0));
      case NodeKind::BlockExpr: return "{ ... }";
      case NodeKind::TensorAccess: {
        const auto& t = as<TensorAccess>(e);
        std::string vars;
        for (const Name& v : t.vars) vars += fmt::format("{}{}", vars.empty() ? "" : ", ", text(v));
        return fmt::format("|{}|{{{}}} -> {}", vars, list(t.extents), at(*t.body, 0));
      }
      case NodeKind::AsmExpr: return "asm(...)";
      default: return type(e);
    }
  }

  std::string type(const Expr& e) {
    if (const auto* p = dynAs<PointerType>(&e)) {
      return fmt::format("{}{}{}", p->is_many ? "[*]" : "*", p->is_const ? "const " : "", at(*p->element, kPostfix));
    }
    if (const auto* a = dynAs<ArrayType>(&e)) {
      return fmt::format("[{}]{}", list(a->extents), at(*a->element, kPostfix));
    }
    if (const auto* f = dynAs<FnType>(&e)) {
      std::string params;
      for (const FnTypeParam& p : f->params) {
        params += params.empty() ? "" : ", ";
        if (p.name.valid()) params += fmt::format("{}: ", text(p.name));
        params += at(*p.type, 0);
      }
      return fmt::format("{}({}) {}", f->is_task ? "task" : "fn", params, at(*f->return_type, 0));
    }
    if (const auto* s = dynAs<StructType>(&e)) {
      std::string fields;
      for (const Field& f : s->fields) {
        fields += fmt::format("{}{}: {}", fields.empty() ? "" : ", ", text(f.name), at(*f.type, 0));
      }
      const char* layout = s->layout == Layout::Extern ? "extern " : s->layout == Layout::Packed ? "packed " : "";
      return fmt::format("{}{} {{ {} }}", layout, s->is_union ? "union" : "struct", fields);
    }
    if (const auto* n = dynAs<EnumType>(&e)) {
      std::string values;
      for (const Enumerator& v : n->enumerators)
        values += fmt::format("{}{}", values.empty() ? "" : ", ", text(v.name));
      return fmt::format("enum {{ {} }}", values);
    }
    return "anytype";
  }

  const base::Interner& interner_;
};

}  // namespace

std::string toSource(const Expr& expr, const base::Interner& interner) { return Writer(interner).at(expr, 0); }

}  // namespace weft::ast
