// Declarations of the tree.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/parse/ast_builder.h"

#include "CslLexer.h"

namespace weft::parse {

using csl::CslLexer;
using diag::Code;

void AstBuilder::addDecls(P::FileContext* tree) {
  for (P::TopDeclContext* c : tree->decls) {
    if (const ast::Decl* d = decl(c)) decls_.push_back(d);
  }
}

void AstBuilder::finish() { file_.decls = list(decls_); }

ast::Span AstBuilder::span(antlr4::ParserRuleContext* c) {
  const ast::Span first = span(c->start);
  if (c->stop == nullptr || c->stop->getTokenIndex() < c->start->getTokenIndex())
    return {first.file, first.begin, first.begin};
  return join(first, span(c->stop));
}

ast::Name AstBuilder::name(antlr4::Token* token) {
  if (token == nullptr) return {};
  return {interner_.intern(tokens_.textOf(*token)), span(token)};
}
ast::Name AstBuilder::name(P::NameContext* c) { return c == nullptr ? ast::Name{} : name(c->token); }
ast::Name AstBuilder::fieldName(P::FieldNameContext* c) { return c == nullptr ? ast::Name{} : name(c->token); }

const ast::Decl* AstBuilder::decl(P::TopDeclContext* c) {
  if (c == nullptr) return nullptr;
  if (c->variable != nullptr) return varDecl(c->variable, true, false, c->linkage);
  if (c->function != nullptr) return fnDecl(c->function, c->linkage);
  if (c->task != nullptr) return taskDecl(c->task);
  if (c->param != nullptr) return paramDecl(c->param);
  if (c->color != nullptr) return legacyColor(c->color);
  if (c->comptime != nullptr) {
    auto* d = make<ast::ComptimeDecl>(span(c));
    d->body = block(c->comptime->body);
    return d;
  }
  if (c->layout != nullptr) {
    auto* d = make<ast::LayoutDecl>(span(c));
    d->body = block(c->layout->body);
    return d;
  }
  return nullptr;
}

void AstBuilder::attributes(const std::vector<P::AttrContext*>& items, ast::Attributes& out) {
  for (P::AttrContext* a : items) {
    if (a == nullptr || a->kind == nullptr) continue;
    const size_t kind = a->kind->getType();
    const ast::Expr*& slot = kind == CslLexer::ALIGN         ? out.align
                             : kind == CslLexer::LINKSECTION ? out.linksection
                                                             : out.linkname;
    if (slot != nullptr) {
      fail(Code::E0109, span(a->kind), fmt::format("`{}` is given twice", tokens_.textOf(*a->kind)))
          .label(slot->span, "first value")
          .emit();
    }
    slot = expr(a->value);
  }
}

namespace {
ast::Linkage linkageOf(antlr4::Token* token) {
  if (token == nullptr) return ast::Linkage::None;
  return token->getType() == CslLexer::EXPORT ? ast::Linkage::Export : ast::Linkage::Extern;
}
}  // namespace

const ast::VarDecl* AstBuilder::varDecl(P::VarDeclContext* c, bool is_global, bool is_comptime,
                                        antlr4::Token* linkage) {
  const ast::Name id = name(c->id);
  if (!id.valid()) return nullptr;
  ast::Span whole = span(c);
  if (linkage != nullptr) whole.begin = span(linkage).begin;
  auto* d = make<ast::VarDecl>(whole);
  d->name = id;
  d->is_const = c->kind != nullptr && c->kind->getType() == CslLexer::CONST;
  d->is_comptime = is_comptime;
  d->is_global = is_global;
  d->linkage = linkageOf(linkage);
  attributes(c->before, d->attributes);
  attributes(c->after, d->attributes);
  if (c->type != nullptr) d->type = type(c->type);
  if (c->init != nullptr) d->init = expr(c->init);
  if (c->exception != nullptr) return d;
  if (d->init == nullptr && d->linkage != ast::Linkage::Extern) {
    if (d->is_const) fail(Code::E0109, id.span, "a `const` needs an initializer").emit();
    if (!d->is_const && d->type == nullptr) fail(Code::E0109, id.span, "a `var` needs a type or an initializer").emit();
  }
  return d;
}

const ast::Decl* AstBuilder::paramDecl(P::ParamDeclContext* c) {
  const ast::Name id = name(c->id);
  if (!id.valid()) return nullptr;
  auto* d = make<ast::ParamDecl>(span(c));
  d->name = id;
  if (c->type != nullptr) d->type = type(c->type);
  if (c->init != nullptr) d->init = expr(c->init);
  return d;
}

const ast::Decl* AstBuilder::legacyColor(P::LegacyColorContext* c) {
  const ast::Name id = name(c->id);
  if (!id.valid()) return nullptr;
  auto* d = make<ast::ParamDecl>(span(c));
  d->name = id;
  d->is_legacy_color = true;
  if (c->init != nullptr) d->init = expr(c->init);
  return d;
}

ast::List<ast::FnParam> AstBuilder::fnParams(P::FnParamsContext* c) {
  if (c == nullptr) return {};
  std::vector<ast::FnParam> out;
  for (P::FnParamContext* p : c->items) {
    ast::FnParam param;
    param.span = span(p);
    param.name = name(p->id);
    param.is_comptime = p->isComptime != nullptr;
    P::TypeExprContext* t = p->bare != nullptr ? p->bare : p->type;
    param.type = t != nullptr ? type(t) : error(param.span);
    out.push_back(param);
  }
  return list(out);
}

const ast::Decl* AstBuilder::fnDecl(P::FnDeclContext* c, antlr4::Token* linkage) {
  const ast::Name id = name(c->id);
  if (!id.valid()) return nullptr;
  ast::Span whole = span(c);
  if (linkage != nullptr) whole.begin = span(linkage).begin;
  auto* d = make<ast::FnDecl>(whole);
  d->name = id;
  d->linkage = linkageOf(linkage);
  if (c->inlining != nullptr) {
    d->inlining = c->inlining->getType() == CslLexer::INLINE ? ast::Inlining::Inline : ast::Inlining::NoInline;
  }
  attributes(c->before, d->attributes);
  attributes(c->after, d->attributes);
  d->params = fnParams(c->params);
  if (c->result != nullptr) d->return_type = type(c->result);
  d->has_body = c->body != nullptr;
  if (c->body != nullptr) d->body = block(c->body);
  d->signature_span = join(whole, c->body != nullptr && c->body->start != nullptr
                                      ? tokens_.spanOf(*tokens_.list[c->body->start->getTokenIndex() - 1])
                                      : whole);
  if (c->exception != nullptr) return d;
  if (!d->has_body && d->linkage != ast::Linkage::Extern) {
    fail(Code::E0109, id.span, "a function without a body must be `extern`").emit();
  }
  return d;
}

const ast::Decl* AstBuilder::taskDecl(P::TaskDeclContext* c) {
  const ast::Name id = name(c->id);
  if (!id.valid()) return nullptr;
  auto* d = make<ast::FnDecl>(span(c));
  d->name = id;
  d->is_task = true;
  attributes(c->before, d->attributes);
  attributes(c->after, d->attributes);
  d->params = fnParams(c->params);
  if (c->result != nullptr) d->return_type = type(c->result);
  d->has_body = true;
  d->body = block(c->body);
  d->signature_span = c->body != nullptr && c->body->start != nullptr
                          ? join(span(c), tokens_.spanOf(*tokens_.list[c->body->start->getTokenIndex() - 1]))
                          : span(c);
  return d;
}

}  // namespace weft::parse
