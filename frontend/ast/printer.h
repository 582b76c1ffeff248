// The S-expression writer behind ast::dump. Only the dump_*.cpp files of this folder include it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/ast/nodes.h"

#include <fmt/format.h>

namespace weft::ast {

/// Writes nodes as indented S-expressions: atoms stay on the line of their node, each child starts a line.
class Printer {
 public:
  explicit Printer(const base::Interner& interner) : interner_(interner) {}
  [[nodiscard]] std::string take() { return std::move(out_); }

  void node(const Node& n);
  void decl(const Decl& n);
  void stmt(const Stmt& n);
  void expr(const Expr& n);

 private:
  void open(std::string_view head);
  void close() {
    --depth_;
    out_ += ')';
  }
  void atom(std::string_view text) {
    out_ += ' ';
    out_ += text;
  }
  void name(Name n) { atom(n.valid() ? interner_.text(n.symbol) : "-"); }
  void flag(bool on, std::string_view text) {
    if (on) atom(text);
  }
  void label(Name n) {
    if (n.valid()) atom(fmt::format("{}:", interner_.text(n.symbol)));
  }
  void child(const Node* n) {
    if (n != nullptr) node(*n);
  }
  void tagged(std::string_view tag, const Node* n) {
    if (n == nullptr) return;
    open(tag);
    node(*n);
    close();
  }
  template <class T>
  void children(List<const T*> nodes) {
    for (const T* n : nodes) node(*n);
  }
  void block(const Block& b) { children(b.stmts); }
  void attributes(const Attributes& a);
  void fnDecl(const FnDecl& n);
  void typeExpr(const Expr& n);
  void controlExpr(const Expr& n);

  const base::Interner& interner_;
  std::string out_;
  int depth_ = 0;
};

}  // namespace weft::ast
