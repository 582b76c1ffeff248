// Types of the tree. In expressions they arrive as prefixes and atoms, elsewhere as `typeExpr`.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/parse/ast_builder.h"

#include "CslLexer.h"

namespace weft::parse {

using csl::CslLexer;

const ast::Expr* AstBuilder::type(P::TypeExprContext* c) {
  const ast::Span whole = span(c);
  const ast::Expr* e = nullptr;
  if (c->fn != nullptr) {
    e = fnType(c->fn);
  } else if (c->cond != nullptr) {
    auto* i = make<ast::IfExpr>(whole);
    i->condition = expr(c->cond);
    i->then_expr = c->yes != nullptr ? type(c->yes) : error(whole);
    i->else_expr = c->no != nullptr ? type(c->no) : error(whole);
    e = i;
  } else if (c->core != nullptr) {
    ast::Span at = span(c->core);
    e = typeAtom(c->core);
    for (P::TypeSuffixContext* s : c->suffixes) {
      at = join(at, span(s));
      if (s->field != nullptr && s->field->token != nullptr) {
        auto* f = make<ast::FieldExpr>(at);
        f->base = e;
        f->field = fieldName(s->field);
        e = f;
      } else if (s->indices != nullptr) {
        auto* x = make<ast::IndexExpr>(at);
        x->base = e;
        x->indices = exprs(s->indices);
        e = x;
      } else if (s->call != nullptr) {
        auto* x = make<ast::CallExpr>(at);
        x->callee = e;
        x->args = exprs(s->args);
        e = x;
      }
    }
  } else {
    e = error(whole);
  }
  for (size_t i = c->prefixes.size(); i-- > 0;) {
    ast::Span at = span(c->prefixes[i]);
    at.end = whole.end;
    e = typePrefix(c->prefixes[i], e, at);
  }
  return e;
}

const ast::Expr* AstBuilder::typePrefix(P::TypePrefixContext* c, const ast::Expr* element, ast::Span at) {
  if (c->star != nullptr || c->many != nullptr) {
    auto* e = make<ast::PointerType>(at);
    e->is_many = c->many != nullptr;
    e->is_const = c->isConst != nullptr;
    e->element = element;
    return e;
  }
  if (c->extents.empty()) return error(at);
  auto* e = make<ast::ArrayType>(at);
  e->extents = exprs(c->extents);
  e->element = element;
  return e;
}

const ast::Expr* AstBuilder::typeAtom(P::TypeAtomContext* c) {
  if (c->ident != nullptr) return identifier(c->ident);
  if (c->builtin != nullptr) return builtinCall(c->builtin, c->args, span(c));
  if (c->paren != nullptr) return expr(c->paren);
  if (c->record != nullptr) return structType(c->record);
  if (c->enumeration != nullptr) return enumType(c->enumeration);
  if (c->any != nullptr) return make<ast::AnyType>(span(c));
  return error(span(c));
}

const ast::Expr* AstBuilder::fnType(P::FnTypeContext* c) {
  auto* e = make<ast::FnType>(span(c));
  e->is_task = c->kind != nullptr && c->kind->getType() == CslLexer::TASK;
  std::vector<ast::FnTypeParam> params;
  for (P::FnTypeParamContext* p : c->items)
    params.push_back({name(p->id), p->type != nullptr ? type(p->type) : error(span(p))});
  e->params = list(params);
  e->return_type = c->result != nullptr ? type(c->result) : error(span(c));
  return e;
}

const ast::Expr* AstBuilder::structType(P::StructTypeContext* c) {
  auto* e = make<ast::StructType>(span(c));
  if (c->modifier != nullptr) {
    e->layout = c->modifier->getType() == CslLexer::EXTERN ? ast::Layout::Extern : ast::Layout::Packed;
  }
  e->is_union = c->kind != nullptr && c->kind->getType() == CslLexer::UNION;
  std::vector<ast::Field> fields;
  for (P::StructFieldContext* f : c->items) {
    const ast::Name id = fieldName(f->id);
    if (id.valid()) fields.push_back({id, f->type != nullptr ? type(f->type) : error(id.span)});
  }
  e->fields = list(fields);
  return e;
}

const ast::Expr* AstBuilder::enumType(P::EnumTypeContext* c) {
  auto* e = make<ast::EnumType>(span(c));
  if (c->tag != nullptr) e->tag_type = type(c->tag);
  std::vector<ast::Enumerator> items;
  for (P::EnumeratorContext* i : c->items) {
    const ast::Name id = fieldName(i->id);
    if (id.valid()) items.push_back({id, i->value != nullptr ? expr(i->value) : nullptr});
  }
  e->enumerators = list(items);
  return e;
}

}  // namespace weft::parse
