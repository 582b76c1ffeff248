// Words of the text form that print.cpp writes and parse.cpp reads. Private to frontend/tir.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/tir/program.h"

namespace weft::tir::text {

inline constexpr const char* kTypes[] = {"void", "bool", "i8", "i16", "i32", "i64", "f16", "f32"};
inline constexpr const char* kFp16Formats[] = {"f16", "bf16", "cb16"};
inline constexpr const char* kArchs[] = {"wse2", "wse3"};
inline constexpr const char* kFunctionKinds[] = {"function", "task"};
inline constexpr const char* kTaskKinds[] = {"data", "local", "control"};
inline constexpr const char* kPriorities[] = {"default", "low", "medium", "high"};
inline constexpr const char* kFifoActions[] = {"test_or_suspend", "terminate", "suspend", "fault"};
inline constexpr const char* kOnControls[] = {"none", "terminate", "activate", "unblock"};
inline constexpr const char* kDsrFiles[] = {"dest", "src0", "src1"};

template <class E>
constexpr const char* word(const char* const* table, E value) {
  return table[static_cast<size_t>(value)];
}

/// How the type of an instruction is written behind its mnemonic.
enum class Shape : uint8_t {
  Untyped,
  Typed,
  Converted,
  Memory,
  Bytes,
  Frame,
  Call,
  CallIndirect,
  DsdOp,
  Device,
  Segment,
  Jump,
  Branch,
  Ret,
  Unreachable,
  Element
};
constexpr Shape shapeOf(Op op) {
  switch (op) {
    case Op::Trunc:
    case Op::ZExt:
    case Op::SExt:
    case Op::SIToFP:
    case Op::UIToFP:
    case Op::FPToSI:
    case Op::FPToUI:
    case Op::FPExt:
    case Op::FPTrunc:
    case Op::Bitcast:
    case Op::ToBool: return Shape::Converted;
    case Op::LNot:
    case Op::DsdSetBase:
    case Op::DsdAddBase:
    case Op::DsdSetLength:
    case Op::DsdSetStride:
    case Op::DsdSetColor:
    case Op::DsdLength: return Shape::Untyped;
    case Op::DsdElement: return Shape::Element;
    case Op::Load:
    case Op::Store: return Shape::Memory;
    case Op::MemCopy:
    case Op::MemZero: return Shape::Bytes;
    case Op::FrameAddr: return Shape::Frame;
    case Op::Call: return Shape::Call;
    case Op::CallIndirect: return Shape::CallIndirect;
    case Op::DsdOp: return Shape::DsdOp;
    case Op::Device: return Shape::Device;
    case Op::Segment: return Shape::Segment;
    case Op::Jump: return Shape::Jump;
    case Op::Branch: return Shape::Branch;
    case Op::Ret: return Shape::Ret;
    case Op::Unreachable: return Shape::Unreachable;
    default: return Shape::Typed;
  }
}

/// Types of the operands a, b, c of an instruction whose type and from are known.
struct OperandTypes {
  Type a = Type::Void, b = Type::Void, c = Type::Void;
};
constexpr OperandTypes operandTypes(Op op, Type type, Type from) {
  switch (op) {
    case Op::Load:
    case Op::MemZero:
    case Op::CallIndirect: return {Type::I16};
    case Op::Store: return {Type::I16, type};
    case Op::MemCopy: return {Type::I16, Type::I16};
    case Op::LNot:
    case Op::FromBool:
    case Op::Branch: return {Type::Bool};
    case Op::DsdSetBase:
    case Op::DsdAddBase:
    case Op::DsdSetLength:
    case Op::DsdSetStride:
    case Op::DsdSetColor:
    case Op::DsdElement: return {Type::I64, Type::I16};
    case Op::DsdLength: return {Type::I64};
    default: break;
  }
  if (shapeOf(op) == Shape::Converted) return {from};
  return {type, type, type};
}

}  // namespace weft::tir::text
