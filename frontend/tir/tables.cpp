// The .def tables of TIR as data: operations, device calls, vector operations.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "frontend/tir/tir.h"

#include <array>
#include <cstring>

namespace weft::tir {

namespace {

struct DeviceRow {
  const char* name;
  const char* args;
  const char* result;
  bool syncs;
};

constexpr DeviceRow kDeviceRows[] = {
#define WEFT_DEVICE_CALL(name, mnemonic, args, result, sync) {mnemonic, args, #result, sync},
#include "frontend/tir/device_calls.def"
#undef WEFT_DEVICE_CALL
};

constexpr DsdOpInfo kDsdRows[] = {
#define WEFT_DSD_OP(name, builtin, dw, s0w, s1w, sources, scalar, cls) {builtin, dw, s0w, s1w, sources, scalar},
#include "frontend/tir/dsd_ops.def"
#undef WEFT_DSD_OP
};

constexpr OpInfo kOpRows[] = {
#define WEFT_TIR_OP(name, mnemonic, operands, result, cls) {mnemonic, operands, OpResult::result, OpClass::cls},
#include "frontend/tir/ops.def"
#undef WEFT_TIR_OP
};

Type typeOfLetter(char letter) {
  switch (letter) {
    case 'v': return Type::Void;
    case '?': return Type::Bool;
    case 'b': return Type::I8;
    case 'h': return Type::I16;
    case 'w': return Type::I32;
    case 'q': return Type::I64;
    default: break;
  }
  WEFT_CHECK(false, "reading device_calls.def: type letter '{}'", letter);
  return Type::Void;
}

const DeviceRow& deviceRow(DeviceCall call) {
  WEFT_CHECK(static_cast<size_t>(call) < std::size(kDeviceRows), "device call {}", static_cast<int>(call));
  return kDeviceRows[static_cast<size_t>(call)];
}

}  // namespace

Type deviceResult(DeviceCall call) { return typeOfLetter(deviceRow(call).result[0]); }

std::vector<Type> deviceArgs(DeviceCall call) {
  std::vector<Type> types;
  for (const char* p = deviceRow(call).args; *p != 0; ++p) types.push_back(typeOfLetter(*p));
  return types;
}

bool deviceSyncs(DeviceCall call) { return deviceRow(call).syncs; }
const char* deviceName(DeviceCall call) { return deviceRow(call).name; }
uint32_t deviceCallCount() { return static_cast<uint32_t>(std::size(kDeviceRows)); }

const DsdOpInfo& dsdOpInfo(DsdOpcode op) {
  WEFT_CHECK(static_cast<size_t>(op) < std::size(kDsdRows), "vector operation {}", static_cast<int>(op));
  return kDsdRows[static_cast<size_t>(op)];
}

Type dsdScalarType(DsdOpcode op, int position) {
  enum class Class { Move, Int16, Count16, F16, F32, Mixed, Convert };
  constexpr Class classes[] = {
#define WEFT_DSD_OP(name, builtin, dw, s0w, s1w, sources, scalar, cls) Class::cls,
#include "frontend/tir/dsd_ops.def"
#undef WEFT_DSD_OP
  };
  switch (classes[static_cast<size_t>(op)]) {
    case Class::Move:
      if (op == DsdOpcode::FMovH) return Type::F16;
      if (op == DsdOpcode::FMovS) return Type::F32;
      return op == DsdOpcode::Mov16 ? Type::I16 : Type::I32;
    case Class::Int16:
    case Class::Count16: return Type::I16;
    case Class::F16: return position == 2 && op == DsdOpcode::FScaleH ? Type::I16 : Type::F16;
    case Class::F32: return position == 2 && op == DsdOpcode::FScaleS ? Type::I16 : Type::F32;
    case Class::Mixed: return position == 0 ? Type::F32 : Type::F16;
    case Class::Convert: break;
  }
  switch (op) {
    case DsdOpcode::FH2S:
    case DsdOpcode::FH2XP16: return Type::F16;
    case DsdOpcode::FS2H:
    case DsdOpcode::FS2XP16: return Type::F32;
    default: return Type::I16;
  }
}

Type dsdDestType(DsdOpcode op) {
  switch (op) {
    case DsdOpcode::FAddHS:
    case DsdOpcode::FMacHS:
    case DsdOpcode::FH2S:
    case DsdOpcode::XP162FS: return Type::F32;
    case DsdOpcode::FS2H:
    case DsdOpcode::XP162FH: return Type::F16;
    case DsdOpcode::FH2XP16:
    case DsdOpcode::FS2XP16: return Type::I16;
    case DsdOpcode::DFilt: return Type::Void;
    default: return dsdScalarType(op, 1);
  }
}

const OpInfo& opInfo(Op op) {
  WEFT_CHECK(static_cast<size_t>(op) < std::size(kOpRows), "operation {}", static_cast<int>(op));
  return kOpRows[static_cast<size_t>(op)];
}

std::vector<Type> dsdOpArgs(const DsdOp& op) {
  std::vector<Type> types;
  auto add = [&](const DsdOperand& operand, Type scalar) {
    if (operand.kind == DsdOperand::Kind::Dsd) types.push_back(Type::I64);
    if (operand.kind == DsdOperand::Kind::Scalar) types.push_back(scalar);
    if (operand.kind == DsdOperand::Kind::Pointer) types.push_back(Type::I16);
  };
  add(op.dest, dsdDestType(op.op));
  add(op.src0, dsdScalarType(op.op, 0));
  add(op.src1, dsdScalarType(op.op, 1));
  if (dsdOpInfo(op.op).has_scalar) types.push_back(dsdScalarType(op.op, 2));
  for (bool present : {op.has_index, op.has_activate, op.has_unblock, op.hasControlId()})
    if (present) types.push_back(Type::I16);
  return types;
}

}  // namespace weft::tir
