// Names of node kinds and operators.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/ast/nodes.h"

namespace weft::ast {

const char* kindName(NodeKind kind) {
  switch (kind) {
#define WEFT_AST_EXPR(name) \
  case NodeKind::name: return #name;
#define WEFT_AST_STMT(name) \
  case NodeKind::name: return #name;
#define WEFT_AST_DECL(name) \
  case NodeKind::name: return #name;
#include "frontend/ast/nodes.def"
  }
  return "";
}

const char* spelling(UnaryOp op) {
  switch (op) {
    case UnaryOp::Negate: return "-";
    case UnaryOp::LogicalNot: return "!";
    case UnaryOp::BitNot: return "~";
    case UnaryOp::AddressOf: return "&";
  }
  return "";
}

const char* spelling(BinaryOp op) {
  switch (op) {
    case BinaryOp::Add: return "+";
    case BinaryOp::Sub: return "-";
    case BinaryOp::Mul: return "*";
    case BinaryOp::Div: return "/";
    case BinaryOp::Mod: return "%";
    case BinaryOp::ShiftLeft: return "<<";
    case BinaryOp::ShiftRight: return ">>";
    case BinaryOp::BitAnd: return "&";
    case BinaryOp::BitOr: return "|";
    case BinaryOp::BitXor: return "^";
    case BinaryOp::Equal: return "==";
    case BinaryOp::NotEqual: return "!=";
    case BinaryOp::Less: return "<";
    case BinaryOp::LessEqual: return "<=";
    case BinaryOp::Greater: return ">";
    case BinaryOp::GreaterEqual: return ">=";
    case BinaryOp::LogicalAnd: return "and";
    case BinaryOp::LogicalOr: return "or";
  }
  return "";
}

int precedence(BinaryOp op) {
  switch (op) {
    case BinaryOp::Mul:
    case BinaryOp::Div:
    case BinaryOp::Mod: return 9;
    case BinaryOp::Add:
    case BinaryOp::Sub: return 8;
    case BinaryOp::ShiftLeft:
    case BinaryOp::ShiftRight: return 7;
    case BinaryOp::BitAnd: return 6;
    case BinaryOp::BitXor: return 5;
    case BinaryOp::BitOr: return 4;
    case BinaryOp::Equal:
    case BinaryOp::NotEqual:
    case BinaryOp::Less:
    case BinaryOp::LessEqual:
    case BinaryOp::Greater:
    case BinaryOp::GreaterEqual: return 3;
    case BinaryOp::LogicalAnd: return 2;
    case BinaryOp::LogicalOr: return 1;
  }
  return 0;
}

bool isComparison(BinaryOp op) { return precedence(op) == 3; }

}  // namespace weft::ast
