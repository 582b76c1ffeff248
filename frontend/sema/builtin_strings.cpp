// Builtins on comptime strings.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/sema.h"

namespace weft::sema {

using diag::Code;

Operand Sema::builtinStrcat(const ast::BuiltinCall& call, TypeId) {
  std::string out;
  for (const ast::Expr* a : call.args) {
    const auto s = stringOf(exprAtComptime(*a), a->span, "string");
    if (!s) return Operand::poison();
    out += *s;
    if (out.size() > (1u << 24)) {
      error(Code::E0411, call.span, "string is too long").emit();
      return Operand::poison();
    }
  }
  return Operand::comptime(Value::string(intern(out)));
}

Operand Sema::builtinStrlen(const ast::BuiltinCall& call, TypeId) {
  const auto s = stringOf(exprAtComptime(*call.args[0]), call.args[0]->span, "string");
  if (!s) return Operand::poison();
  return Operand::comptime(Value::comptimeInt(static_cast<int64_t>(s->size())));
}

Operand Sema::builtinGetArray(const ast::BuiltinCall& call, TypeId) {
  const auto s = stringOf(exprAtComptime(*call.args[0]), call.args[0]->span, "string");
  if (!s) return Operand::poison();
  std::vector<Value> bytes;
  bytes.reserve(s->size());
  for (const char c : *s) bytes.push_back(Value::integer(types::kU8, static_cast<unsigned char>(c)));
  const auto n = static_cast<uint32_t>(bytes.size());
  return Operand::comptime(Value::aggregate(pool.array(types::kU8, n), std::move(bytes)));
}

Operand Sema::builtinGetStringFromByte(const ast::BuiltinCall& call, TypeId) {
  const auto n = comptimeInt(*call.args[0], "byte", 0, 255);
  if (!n) return Operand::poison();
  return Operand::comptime(Value::string(intern(std::string(1, static_cast<char>(*n)))));
}

}  // namespace weft::sema
