// Tensor access expressions `|i, j|{n, m} -> a[i, 2 * j + 1]`: affine subscripts become base, offset, stride and
// extent.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/device_support.h"

namespace weft::sema {

using comptime::Int128;
using diag::Code;
using types::Kind;

namespace {

struct Affine {
  bool ok = false;
  Int128 constant = 0;
  Int128 coef[4] = {0, 0, 0, 0};
  [[nodiscard]] bool isConstant() const { return coef[0] == 0 && coef[1] == 0 && coef[2] == 0 && coef[3] == 0; }
};

class AffineReader {
 public:
  AffineReader(Sema& s, const ast::TensorAccess& access) : s_(s), access_(access) {}

  Affine read(const ast::Expr& e) {
    Affine out;
    if (const auto* id = ast::dynAs<ast::Identifier>(&e)) {
      for (size_t i = 0; i < access_.vars.size() && i < 4; ++i) {
        if (access_.vars[i].symbol == id->name) {
          out.ok = true;
          out.coef[i] = 1;
          return out;
        }
      }
    }
    if (!mentions(e)) return constant(e);
    if (const auto* u = ast::dynAs<ast::UnaryExpr>(&e)) {
      if (u->op == ast::UnaryOp::Negate) return scale(read(*u->operand), -1);
    }
    if (const auto* b = ast::dynAs<ast::BinaryExpr>(&e)) {
      const bool sum = b->op == ast::BinaryOp::Add || b->op == ast::BinaryOp::Sub;
      if (sum || b->op == ast::BinaryOp::Mul) {
        const Affine l = read(*b->lhs);
        const Affine r = read(*b->rhs);
        if (!l.ok || !r.ok) return out;
        if (sum) return add(l, scale(r, b->op == ast::BinaryOp::Add ? 1 : -1));
        if (l.isConstant()) return scale(r, l.constant);
        if (r.isConstant()) return scale(l, r.constant);
      }
    }
    if (const auto* c = ast::dynAs<ast::BuiltinCall>(&e)) {
      if (s_.text(c->name.symbol) == "as" && c->args.size() == 2) return read(*c->args[1]);
    }
    s_.error(Code::E0342, e.span, "subscript is not an affine expression of the loop variables")
        .note("allowed are sums and differences of constants, variables, and variables times constants")
        .emit();
    return out;
  }

 private:
  static Affine add(const Affine& a, const Affine& b) {
    Affine out = a;
    out.constant += b.constant;
    for (int i = 0; i < 4; ++i) out.coef[i] += b.coef[i];
    return out;
  }
  static Affine scale(const Affine& a, Int128 f) {
    Affine out = a;
    out.constant *= f;
    for (Int128& c : out.coef) c *= f;
    return out;
  }

  bool mentions(const ast::Expr& e) {
    if (const auto* id = ast::dynAs<ast::Identifier>(&e)) {
      for (const ast::Name& v : access_.vars) {
        if (v.symbol == id->name) return true;
      }
      return false;
    }
    if (const auto* u = ast::dynAs<ast::UnaryExpr>(&e)) return mentions(*u->operand);
    if (const auto* b = ast::dynAs<ast::BinaryExpr>(&e)) return mentions(*b->lhs) || mentions(*b->rhs);
    if (const auto* c = ast::dynAs<ast::ComptimeExpr>(&e)) return mentions(*c->operand);
    if (const auto* c = ast::dynAs<ast::BuiltinCall>(&e)) return any(c->args);
    if (const auto* c = ast::dynAs<ast::CallExpr>(&e)) return any(c->args);
    if (const auto* x = ast::dynAs<ast::IndexExpr>(&e)) return mentions(*x->base) || any(x->indices);
    if (const auto* i = ast::dynAs<ast::IfExpr>(&e)) {
      return mentions(*i->condition) || mentions(*i->then_expr) || (i->else_expr != nullptr && mentions(*i->else_expr));
    }
    return false;
  }
  bool any(ast::ExprList list) {
    for (const ast::Expr* e : list) {
      if (mentions(*e)) return true;
    }
    return false;
  }

  /// A part of `e` that names a run-time value; null if there is none, or none that plainly is.
  const ast::Expr* runTimePart(const ast::Expr& e) {
    if (const auto* u = ast::dynAs<ast::UnaryExpr>(&e)) return runTimePart(*u->operand);
    if (const auto* b = ast::dynAs<ast::BinaryExpr>(&e)) {
      const ast::Expr* left = runTimePart(*b->lhs);
      return left != nullptr ? left : runTimePart(*b->rhs);
    }
    if (e.kind != ast::NodeKind::Identifier && e.kind != ast::NodeKind::IndexExpr &&
        e.kind != ast::NodeKind::FieldExpr && e.kind != ast::NodeKind::DerefExpr)
      return nullptr;
    const Operand v = s_.typeOnly(e);
    return v.stops() || v.isComptime() ? nullptr : &e;
  }

  Affine constant(const ast::Expr& e) {
    Affine out;
    if (const ast::Expr* part = runTimePart(e)) {
      s_.error(Code::E0342, part->span, "invalid use of non-loop variable in affine expression")
          .note("start, strides and extents of a descriptor are fixed when the program is compiled")
          .help(
              "use a `const` or `param` here, or move the descriptor at run time: @increment_dsd_offset, "
              "@set_dsd_base_addr, @set_dsd_length")
          .emit();
      return out;
    }
    const Operand v = s_.exprAtComptime(e);
    if (v.stops()) return out;
    if (!v.isComptime()) {
      (void)s_.notComptime(e.span, "constant of a subscript");
      return out;
    }
    if (!s_.pool.isAnyInteger(v.type)) {
      (void)s_.typeMismatch(e.span, "integer", v.type);
      return out;
    }
    out.ok = true;
    out.constant = s_.knownInt(v.value);
    return out;
  }

  Sema& s_;
  const ast::TensorAccess& access_;
};

Value number(Int128 v) { return Value::comptimeInt(v); }

Value numbers(Sema& s, const std::vector<Int128>& list) {
  if (list.size() == 1) return number(list[0]);
  std::vector<Value> parts;
  const std::vector<TypeId> kinds(list.size(), types::kComptimeInt);
  for (const Int128 v : list) parts.push_back(number(v));
  return Value::aggregate(s.pool.tuple(kinds), std::move(parts));
}

}  // namespace

Operand Sema::tensorAccess(const ast::TensorAccess& e) {
  const size_t n = e.vars.size();
  if (n != e.extents.size() || n > 4) {
    error(Code::E0342, e.span, "a tensor access needs 1 to 4 variables and as many extents, got {} and {}", n,
          e.extents.size())
        .emit();
    return Operand::poison();
  }
  const auto* index = ast::dynAs<ast::IndexExpr>(e.body);
  if (index == nullptr) {
    noFixedAddress(*this, e.body->span);
    return Operand::poison();
  }
  std::vector<Int128> extents;
  for (const ast::Expr* x : e.extents) {
    const auto len = comptimeInt(*x, "extent", 0, 0xffff);
    if (!len) return Operand::poison();
    extents.push_back(*len);
  }
  // The array: a variable, or what a comptime-known pointer points to.
  Place base = place(*index->base);
  if (base.kind == Place::Kind::Poison) return Operand::poison();
  Operand address;
  if (pool.is(base.type, Kind::Pointer)) {
    address = load(base, index->base->span);
  } else if (pool.is(base.type, Kind::Array)) {
    address = addressOf(base, index->base->span);
  } else {
    return typeMismatch(index->base->span, "array", base.type);
  }
  if (address.stops()) return Operand::poison();
  const TypeId array = pool.is(address.type, Kind::Pointer) ? pool.pointerInfo(address.type).element : types::kPoison;
  const bool global = address.isComptime() && address.value.rep() == Value::Rep::Pointer &&
                      address.value.asPointer().kind == comptime::PointerTarget::Kind::Global;
  const bool many = pool.is(address.type, Kind::Pointer) && pool.pointerInfo(address.type).is_many;
  if (!global || (!many && !pool.is(array, Kind::Array))) {
    noFixedAddress(*this, index->base->span);
    return Operand::poison();
  }
  const size_t rank = many ? 1 : pool.arrayInfo(array).dims.size();
  if (rank != index->indices.size()) {
    error(Code::E0342, e.body->span, "array of rank {} needs {} subscripts, got {}", rank, rank, index->indices.size())
        .emit();
    return Operand::poison();
  }
  Int128 offset = 0;
  Int128 coef[4] = {0, 0, 0, 0};
  AffineReader reader(*this, e);
  for (size_t d = 0; d < rank; ++d) {
    const Affine a = reader.read(*index->indices[d]);
    if (!a.ok) return Operand::poison();
    Int128 pitch = 1;
    for (size_t k = d + 1; k < rank; ++k) pitch *= pool.arrayInfo(array).dims[k];
    offset += a.constant * pitch;
    for (size_t v = 0; v < n; ++v) coef[v] += a.coef[v] * pitch;
  }
  // Innermost first: the address delta when a dimension steps, all inner ones standing at their last position.
  std::vector<Int128> strides;
  for (size_t k = n; k-- > 0;) {
    Int128 delta = coef[k];
    for (size_t j = k + 1; j < n; ++j) delta -= (extents[j] - 1) * coef[j];
    strides.push_back(delta);
  }
  const Symbol names[] = {intern("base_address"), intern("offset"), intern("stride"), intern("extent")};
  std::vector<Value> parts{address.value, number(offset), numbers(*this, strides), numbers(*this, extents)};
  const TypeId kinds[] = {parts[0].type(), parts[1].type(), parts[2].type(), parts[3].type()};
  return Operand::comptime(Value::aggregate(pool.anonStruct(names, kinds), std::move(parts)));
}

}  // namespace weft::sema
