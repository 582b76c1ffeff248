// From ANTLR rule contexts to ast nodes. Only this folder includes it. Missing parts of a partial parse become
// ErrorExpr or are left out; the caller has reported them.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/ast/nodes.h"
#include "frontend/diag/diag.h"
#include "frontend/parse/lex.h"

#include "CslParser.h"

namespace weft::parse {

class AstBuilder {
 public:
  using P = csl::CslParser;

  AstBuilder(ast::File& file, const Tokens& tokens, base::Interner& interner, diag::Sink& sink)
      : file_(file), tokens_(tokens), interner_(interner), sink_(sink) {}

  void addDecls(P::FileContext* tree);
  void markPartial() { file_.has_errors = true; }
  /// Hands the collected declarations to the file.
  void finish();

 private:
  /// Operands and operators of one `expr` chain, before precedence groups them.
  struct Chain {
    std::vector<const ast::Expr*> operands;
    /// Start and end with enclosing parentheses, for the spans of the operators' results.
    std::vector<ast::Span> extents;
    std::vector<ast::BinaryOp> ops;
    std::vector<ast::Span> op_spans;
  };
  struct Prefix {
    /// Null for a type prefix.
    antlr4::Token* op = nullptr;
    P::TypePrefixContext* type = nullptr;
  };

  // ast_builder_decl.cpp
  const ast::Decl* decl(P::TopDeclContext* c);
  const ast::VarDecl* varDecl(P::VarDeclContext* c, bool is_global, bool is_comptime, antlr4::Token* linkage);
  const ast::Decl* paramDecl(P::ParamDeclContext* c);
  const ast::Decl* legacyColor(P::LegacyColorContext* c);
  const ast::Decl* fnDecl(P::FnDeclContext* c, antlr4::Token* linkage);
  const ast::Decl* taskDecl(P::TaskDeclContext* c);
  ast::List<ast::FnParam> fnParams(P::FnParamsContext* c);
  void attributes(const std::vector<P::AttrContext*>& list, ast::Attributes& out);
  ast::Name name(P::NameContext* c);
  ast::Name fieldName(P::FieldNameContext* c);
  ast::Name name(antlr4::Token* token);

  // ast_builder_stmt.cpp
  ast::Block block(P::BlockContext* c);
  const ast::Stmt* stmt(P::StmtContext* c);
  template <class Context>
  const ast::Stmt* body(Context* c);
  const ast::Stmt* bodyOrEmpty(P::StmtBodyContext* c);
  const ast::Stmt* bodyOrEmpty(P::OpenStmtContext* c);
  const ast::Stmt* loop(P::LoopHeadContext* head, antlr4::Token* label, const ast::Stmt* body, ast::Span span);
  const ast::Stmt* simple(P::SimpleContext* c);
  const ast::Stmt* assignment(P::AssignmentContext* c, antlr4::Token* comptime);
  const ast::Stmt* prongBody(P::OpenStmtContext* c);
  const ast::Expr* valueOf(const ast::Stmt* stmt);
  const ast::Stmt* emptyBlock(ast::Span span);

  // ast_builder_expr.cpp
  const ast::Expr* expr(P::ExprContext* c);
  const ast::Expr* startExpr(P::StartExprContext* c, antlr4::Token* comptime);
  void operands(P::ExprContext* c, std::vector<Prefix> outer, Chain& chain);
  void operand(const std::vector<Prefix>& prefixes, const ast::Expr* core, ast::Span extent,
               const std::vector<P::SuffixContext*>& suffixes, Chain& chain);
  void addOp(P::BinaryOpContext* op, Chain& chain);
  const ast::Expr* group(Chain& chain);
  const ast::Expr* atom(P::AtomContext* c);
  const ast::Expr* suffix(P::SuffixContext* c, const ast::Expr* base, ast::Span span);
  const ast::Expr* prefix(const Prefix& p, const ast::Expr* operand, uint32_t end);
  const ast::Expr* init(P::InitListContext* c, const ast::Expr* type, ast::Span span);
  const ast::Expr* openExpr(P::OpenExprContext* c);
  const ast::Expr* blockExpr(P::LabeledBlockContext* c);
  const ast::Expr* switchExpr(P::SwitchExprContext* c);
  const ast::Expr* asmExpr(P::AsmExprContext* c);
  ast::ExprList exprs(const std::vector<P::ExprContext*>& list);
  ast::ExprList exprs(P::ExprListContext* c);
  const ast::Expr* builtinCall(antlr4::Token* token, P::ExprListContext* args, ast::Span span);
  const ast::Expr* error(ast::Span span);

  // ast_builder_literal.cpp
  const ast::Expr* literal(antlr4::Token* token);
  const ast::Expr* intLiteral(antlr4::Token* token);
  const ast::Expr* floatLiteral(antlr4::Token* token);
  std::string decodeEscapes(std::string_view body, uint32_t offset);
  const ast::Expr* identifier(antlr4::Token* token);

  // ast_builder_type.cpp
  const ast::Expr* type(P::TypeExprContext* c);
  const ast::Expr* typePrefix(P::TypePrefixContext* c, const ast::Expr* element, ast::Span span);
  const ast::Expr* typeAtom(P::TypeAtomContext* c);
  const ast::Expr* fnType(P::FnTypeContext* c);
  const ast::Expr* structType(P::StructTypeContext* c);
  const ast::Expr* enumType(P::EnumTypeContext* c);

  ast::Span span(antlr4::ParserRuleContext* c);
  ast::Span span(antlr4::Token* token) { return tokens_.spanOf(*token); }
  ast::Span join(ast::Span a, ast::Span b) { return {a.file, a.begin, b.end}; }
  template <class T>
  T* make(ast::Span span) {
    return file_.make<T>(span);
  }
  template <class T>
  ast::List<T> list(const std::vector<T>& items) {
    return file_.arena.copy(items);
  }
  diag::Builder fail(diag::Code code, ast::Span span, std::string_view text) {
    markPartial();
    return sink_.error(code, span, "{}", text);
  }

  ast::File& file_;
  const Tokens& tokens_;
  base::Interner& interner_;
  diag::Sink& sink_;
  std::vector<const ast::Decl*> decls_;
};

}  // namespace weft::parse
