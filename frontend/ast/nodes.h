// The typed syntax tree. Built by parse, read by sema, layout and tools; immutable once built
// (except the name-resolution caches of identifiers). All nodes live in the arena of their File.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/arena.h"
#include "frontend/base/interner.h"
#include "frontend/source/source.h"

#include <cassert>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace weft::ast {

using base::Symbol;
using source::Span;

enum class NodeKind : uint8_t {
#define WEFT_AST_EXPR(name) name,
#define WEFT_AST_STMT(name) name,
#define WEFT_AST_DECL(name) name,
#include "frontend/ast/nodes.def"
};

/// The name of the kind, as in nodes.def.
const char* kindName(NodeKind kind);

/// `id` is dense within the File over expressions, statements and declarations: index side tables of
/// size File::node_count by it. `span` covers the node's text without enclosing parentheses.
struct Node {
  NodeKind kind;
  uint32_t id = 0;
  Span span;
};
struct Expr : Node {};
struct Stmt : Node {};
struct Decl : Node {};

template <class T>
using List = std::span<const T>;
using ExprList = List<const Expr*>;
using StmtList = List<const Stmt*>;

/// Static cast by kind; the kind must match.
template <class T>
const T& as(const Node& node) {
  assert(node.kind == T::kKind);
  return static_cast<const T&>(node);
}
template <class T>
const T* as(const Node* node) {
  assert(node->kind == T::kKind);
  return static_cast<const T*>(node);
}
/// The node as T, or nullptr when it is of another kind (or null).
template <class T>
const T* dynAs(const Node* node) {
  return node != nullptr && node->kind == T::kKind ? static_cast<const T*>(node) : nullptr;
}

/// A node class of one kind: what `as`, `dynAs` and the arena ask of it.
template <NodeKind Kind, class Base>
struct NodeOf : Base {
  static constexpr NodeKind kKind = Kind;
};

/// A name that is introduced: `_` is an ordinary symbol with text "_".
struct Name {
  Symbol symbol;
  Span span;
  [[nodiscard]] bool valid() const { return symbol.valid(); }
};

struct Block {
  Span span;
  StmtList stmts;
};

// ---- Leaves ---------------------------------------------------------------------------------------------------

/// Integer and character literals. Values beyond 128 bits have `fits == false`; then only `text` is right.
struct IntLiteral : NodeOf<NodeKind::IntLiteral, Expr> {
  uint64_t low = 0;
  uint64_t high = 0;
  bool fits = true;
  bool is_char = false;
  /// The literal as written.
  std::string_view text;
  [[nodiscard]] unsigned __int128 value() const { return (static_cast<unsigned __int128>(high) << 64) | low; }
};

struct FloatLiteral : NodeOf<NodeKind::FloatLiteral, Expr> {
  double value = 0;
  std::string_view text;
};

struct StringLiteral : NodeOf<NodeKind::StringLiteral, Expr> {
  /// Decoded bytes; may contain NUL.
  std::string_view bytes;
};

struct BoolLiteral : NodeOf<NodeKind::BoolLiteral, Expr> {
  bool value = false;
};

/// `{}`, the only value of type void.
struct VoidLiteral : NodeOf<NodeKind::VoidLiteral, Expr> {};

/// A name in use, builtin type names (`u16`, `color`, `void`) and directions included.
struct Identifier : NodeOf<NodeKind::Identifier, Expr> {
  Symbol name;
  /// For name resolution; starts as all ones. Meaning belongs to sema.
  mutable uint32_t cache[2] = {0xffffffffu, 0xffffffffu};
};

/// Stands where the source has a syntax error (partial trees only); already reported, treat as poison.
struct ErrorExpr : NodeOf<NodeKind::ErrorExpr, Expr> {};

// ---- Operators ------------------------------------------------------------------------------------------------

enum class UnaryOp : uint8_t { Negate, LogicalNot, BitNot, AddressOf };
/// Also the operator of a compound assignment.
enum class BinaryOp : uint8_t {
  Add,
  Sub,
  Mul,
  Div,
  Mod,
  ShiftLeft,
  ShiftRight,
  BitAnd,
  BitOr,
  BitXor,
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual,
  LogicalAnd,
  LogicalOr,
};
/// As written: "-", "<<", "and".
const char* spelling(UnaryOp op);
const char* spelling(BinaryOp op);
/// How tightly an operator binds: 1 (`or`) to 9 (`*`). All are left-associative but comparisons, which do not
/// associate.
int precedence(BinaryOp op);
bool isComparison(BinaryOp op);

struct UnaryExpr : NodeOf<NodeKind::UnaryExpr, Expr> {
  UnaryOp op{};
  const Expr* operand = nullptr;
};

struct BinaryExpr : NodeOf<NodeKind::BinaryExpr, Expr> {
  BinaryOp op{};
  const Expr* lhs = nullptr;
  const Expr* rhs = nullptr;
  Span op_span;
};

/// `comptime e`.
struct ComptimeExpr : NodeOf<NodeKind::ComptimeExpr, Expr> {
  const Expr* operand = nullptr;
};

struct CallExpr : NodeOf<NodeKind::CallExpr, Expr> {
  const Expr* callee = nullptr;
  ExprList args;
};

/// `@name(args)`; `name.symbol` has no `@`.
struct BuiltinCall : NodeOf<NodeKind::BuiltinCall, Expr> {
  Name name;
  ExprList args;
  mutable uint32_t cache = 0xffffffffu;
};

struct IndexExpr : NodeOf<NodeKind::IndexExpr, Expr> {
  const Expr* base = nullptr;
  ExprList indices;
};

struct FieldExpr : NodeOf<NodeKind::FieldExpr, Expr> {
  const Expr* base = nullptr;
  Name field;
  mutable uint32_t cache[2] = {0xffffffffu, 0xffffffffu};
};

/// `p.*`
struct DerefExpr : NodeOf<NodeKind::DerefExpr, Expr> {
  const Expr* base = nullptr;
};

// ---- Aggregates -----------------------------------------------------------------------------------------------

struct FieldInit {
  Name name;
  const Expr* value = nullptr;
};

/// `.{ .a = 1 }` (type is null) or `T{ .a = 1 }`. Also `.{}` and `T{}`, with no fields.
struct StructInit : NodeOf<NodeKind::StructInit, Expr> {
  const Expr* type = nullptr;
  List<FieldInit> fields;
};

/// `.{ a, b }` (a tuple, type is null) or `[2]u16{ a, b }`; at least one element.
struct ListInit : NodeOf<NodeKind::ListInit, Expr> {
  const Expr* type = nullptr;
  ExprList elements;
};

// ---- Control in expressions -----------------------------------------------------------------------------------

/// Branches that are blocks appear as BlockExpr.
struct IfExpr : NodeOf<NodeKind::IfExpr, Expr> {
  const Expr* condition = nullptr;
  const Expr* then_expr = nullptr;
  /// Null when missing: the value is then void.
  const Expr* else_expr = nullptr;
};

/// `a, b => body` or `else => body` (is_else, no values). An ExprStmt body gives the prong's value.
struct SwitchProng {
  Span span;
  bool is_else = false;
  ExprList values;
  const Stmt* body = nullptr;
};

/// Also the switch statement, as an ExprStmt of this.
struct SwitchExpr : NodeOf<NodeKind::SwitchExpr, Expr> {
  const Expr* operand = nullptr;
  List<SwitchProng> prongs;
};

/// `{ ... }` or `label: { ... }` where a value is expected.
struct BlockExpr : NodeOf<NodeKind::BlockExpr, Expr> {
  Name label;
  Block block;
};

/// `|i, j|{2, 4} -> a[i, j]`
struct TensorAccess : NodeOf<NodeKind::TensorAccess, Expr> {
  List<Name> vars;
  ExprList extents;
  const Expr* body = nullptr;
};

/// Parsed only to be rejected: operands are not kept.
struct AsmExpr : NodeOf<NodeKind::AsmExpr, Expr> {
  bool is_volatile = false;
  const Expr* text = nullptr;
};

// ---- Types ----------------------------------------------------------------------------------------------------

/// `*T`, `*const T`, `[*]T`, `[*]const T`
struct PointerType : NodeOf<NodeKind::PointerType, Expr> {
  bool is_many = false;
  bool is_const = false;
  const Expr* element = nullptr;
};

/// `[a, b]T`; rank = number of extents, at least 1. `[_]T` has an Identifier `_` there.
struct ArrayType : NodeOf<NodeKind::ArrayType, Expr> {
  ExprList extents;
  const Expr* element = nullptr;
};

struct FnTypeParam {
  /// Invalid when unnamed.
  Name name;
  const Expr* type = nullptr;
};

/// `fn(A, B) R` and `task(A) R`
struct FnType : NodeOf<NodeKind::FnType, Expr> {
  bool is_task = false;
  List<FnTypeParam> params;
  const Expr* return_type = nullptr;
};

enum class Layout : uint8_t { Auto, Extern, Packed };

struct Field {
  Name name;
  const Expr* type = nullptr;
};

struct StructType : NodeOf<NodeKind::StructType, Expr> {
  Layout layout = Layout::Auto;
  bool is_union = false;
  List<Field> fields;
};

struct Enumerator {
  Name name;
  /// May be null.
  const Expr* value = nullptr;
};

struct EnumType : NodeOf<NodeKind::EnumType, Expr> {
  /// May be null.
  const Expr* tag_type = nullptr;
  List<Enumerator> enumerators;
};

/// `anytype`
struct AnyType : NodeOf<NodeKind::AnyType, Expr> {};

// ---- Declarations ---------------------------------------------------------------------------------------------

enum class Linkage : uint8_t { None, Export, Extern };
enum class Inlining : uint8_t { None, Inline, NoInline };

/// Each may be null.
struct Attributes {
  const Expr* align = nullptr;
  const Expr* linksection = nullptr;
  const Expr* linkname = nullptr;
};

/// Global or local `const`/`var`.
struct VarDecl : NodeOf<NodeKind::VarDecl, Decl> {
  Name name;
  bool is_const = false;
  /// `comptime var`, `comptime const` (local only).
  bool is_comptime = false;
  bool is_global = false;
  Linkage linkage = Linkage::None;
  Attributes attributes;
  /// May be null.
  const Expr* type = nullptr;
  /// May be null.
  const Expr* init = nullptr;
};

/// `param p: T = e;` and the legacy `color c = e;` (then `type` is null and `is_legacy_color` set).
struct ParamDecl : NodeOf<NodeKind::ParamDecl, Decl> {
  Name name;
  bool is_legacy_color = false;
  /// May be null.
  const Expr* type = nullptr;
  /// May be null.
  const Expr* init = nullptr;
};

struct FnParam {
  /// Invalid for a bare type (extern only).
  Name name;
  bool is_comptime = false;
  /// AnyType for `anytype`.
  const Expr* type = nullptr;
  Span span;
};

/// `fn` and `task`.
struct FnDecl : NodeOf<NodeKind::FnDecl, Decl> {
  Name name;
  bool is_task = false;
  Linkage linkage = Linkage::None;
  Inlining inlining = Inlining::None;
  Attributes attributes;
  List<FnParam> params;
  /// Null when not written: void.
  const Expr* return_type = nullptr;
  /// False for `extern fn f() void;`
  bool has_body = false;
  Block body;
  /// From `fn` or `task` up to the end of the return type.
  Span signature_span;
};

struct ComptimeDecl : NodeOf<NodeKind::ComptimeDecl, Decl> {
  Block body;
};

struct LayoutDecl : NodeOf<NodeKind::LayoutDecl, Decl> {
  Block body;
};

// ---- Statements -----------------------------------------------------------------------------------------------

struct DeclStmt : NodeOf<NodeKind::DeclStmt, Stmt> {
  const VarDecl* decl = nullptr;
};

struct ExprStmt : NodeOf<NodeKind::ExprStmt, Stmt> {
  const Expr* expr = nullptr;
};

/// `a = b` or, with `is_compound`, `a op= b`.
struct AssignStmt : NodeOf<NodeKind::AssignStmt, Stmt> {
  bool is_compound = false;
  BinaryOp op{};
  const Expr* target = nullptr;
  const Expr* value = nullptr;
  Span op_span;
};

struct BlockStmt : NodeOf<NodeKind::BlockStmt, Stmt> {
  Name label;
  Block block;
};

struct ComptimeStmt : NodeOf<NodeKind::ComptimeStmt, Stmt> {
  Block block;
};

struct IfStmt : NodeOf<NodeKind::IfStmt, Stmt> {
  const Expr* condition = nullptr;
  const Stmt* then_stmt = nullptr;
  /// May be null.
  const Stmt* else_stmt = nullptr;
};

struct ForStmt : NodeOf<NodeKind::ForStmt, Stmt> {
  Name label;
  bool is_inline = false;
  const Expr* iterable = nullptr;
  Name capture;
  /// Invalid when there is no index capture.
  Name index;
  const Stmt* body = nullptr;
};

struct WhileStmt : NodeOf<NodeKind::WhileStmt, Stmt> {
  Name label;
  const Expr* condition = nullptr;
  /// The `: (...)` clause: an ExprStmt or AssignStmt; may be null.
  const Stmt* step = nullptr;
  const Stmt* body = nullptr;
};

struct ReturnStmt : NodeOf<NodeKind::ReturnStmt, Stmt> {
  /// May be null.
  const Expr* value = nullptr;
};

struct BreakStmt : NodeOf<NodeKind::BreakStmt, Stmt> {
  Name label;
  /// May be null.
  const Expr* value = nullptr;
};

struct ContinueStmt : NodeOf<NodeKind::ContinueStmt, Stmt> {
  Name label;
};

// ---- The file -------------------------------------------------------------------------------------------------

/// `//`, `///` or `//!`, without the newline. Kept for the formatter and documentation.
struct Comment {
  Span span;
};

/// One parsed source text; owns every node.
struct File {
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  /// A new node with the next id.
  template <class T>
  T* make(Span span) {
    T* node = arena.make<T>();
    node->kind = T::kKind;
    node->id = node_count++;
    node->span = span;
    return node;
  }

  base::Arena arena;
  source::SourceId source;
  /// In source order.
  List<const Decl*> decls;
  List<Comment> comments;
  /// Ids of nodes are below this.
  uint32_t node_count = 0;
  /// True for a partial tree (syntax errors were reported).
  bool has_errors = false;
};

/// Stable S-expression text of the whole file or one node; no positions.
std::string dump(const File& file, const base::Interner& interner);
std::string dump(const Node& node, const base::Interner& interner);

/// Source text of an expression in canonical spacing, for messages and export lists.
std::string toSource(const Expr& expr, const base::Interner& interner);

}  // namespace weft::ast
