// Emits the float meaning of frontend/numeric as LLVM IR, on scalars or fixed vectors. Read by the arithmetic lowering
// and by the burst kernels. Private to jit/orc.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/tir/program.h"

#include <llvm/IR/IRBuilder.h>

namespace weft::jit::orc {

/// Operations on 16-bit floats (and rare ones on f32) that compiled code asks the host for; see host_calls.cpp.
enum class SoftOp : uint32_t {
  Add,
  Sub,
  Mul,
  Div,
  Sqrt,
  Floor,
  Ceil,
  Fma,
  Max,
  Scale,
  Norm,
  Eq,
  Ne,
  Lt,
  Le,
  FromInt,
  FromUint,
  ToF32,
  FromF32,
  ScaleS,
  NormS,
};

/// 16-bit floats are i16 everywhere, 32-bit floats are `float`. A value may be a vector of those where hard() holds.
/// Every arithmetic result that is a NaN is the one canonical NaN; no fast-math flag is ever set.
class FloatEmitter {
 public:
  FloatEmitter(llvm::IRBuilder<>& builder, target::Fp16Format fp16, bool native_fp16)
      : b_(builder), fp16_(fp16), native_fp16_(native_fp16) {}

  /// Whether the program's 16-bit format is computed inline (IEEE half). Otherwise only scalars, by host calls.
  [[nodiscard]] bool hard() const { return fp16_ == target::Fp16Format::F16; }

  /// While set, results keep their NaNs as they are: the caller looks for them (bothNumbers) and mends them. For loops
  /// whose results depend on each other: it takes the test out of the chain.
  void deferNans(bool on) { deferred_ = on; }
  /// Lanes where neither a result nor the other one (may be null) is a NaN; values as deferred results are.
  llvm::Value* bothNumbers(tir::Type t, llvm::Value* a, llvm::Value* b);

  // `t` is F16 or F32.
  llvm::Value* add(tir::Type t, llvm::Value* a, llvm::Value* b);
  llvm::Value* sub(tir::Type t, llvm::Value* a, llvm::Value* b);
  llvm::Value* mul(tir::Type t, llvm::Value* a, llvm::Value* b);
  llvm::Value* div(tir::Type t, llvm::Value* a, llvm::Value* b);
  /// The canonical NaN in place of any NaN.
  llvm::Value* mend(tir::Type t, llvm::Value* value);
  /// x * y + z with one rounding.
  llvm::Value* fma(tir::Type t, llvm::Value* x, llvm::Value* y, llvm::Value* z);
  llvm::Value* max(tir::Type t, llvm::Value* a, llvm::Value* b);
  llvm::Value* sqrt(tir::Type t, llvm::Value* a);
  llvm::Value* floor(tir::Type t, llvm::Value* a);
  llvm::Value* ceil(tir::Type t, llvm::Value* a);
  llvm::Value* negate(tir::Type t, llvm::Value* a);
  llvm::Value* abs(tir::Type t, llvm::Value* a);
  llvm::Value* scale(tir::Type t, llvm::Value* a, llvm::Value* exponent);
  llvm::Value* norm(tir::Type t, llvm::Value* a);
  /// `op` is FEq, FNe, FLt or FLe; the result is i1.
  llvm::Value* compare(tir::Op op, tir::Type t, llvm::Value* a, llvm::Value* b);
  /// x != 0; a NaN is true.
  llvm::Value* nonZero(tir::Type t, llvm::Value* a);
  llvm::Value* extend(llvm::Value* half_bits);
  llvm::Value* truncate(llvm::Value* single);
  llvm::Value* fromInt(tir::Type t, llvm::Value* value, bool is_signed);
  /// Toward zero, saturating to `result` (an integer type or vector of it); NaN gives 0.
  llvm::Value* toInt(tir::Type t, llvm::Value* value, llvm::Type* result, bool is_signed);

 private:
  llvm::Type* like(llvm::Value* shape, llvm::Type* element);
  llvm::Value* half(llvm::Value* bits);
  /// Canonical NaN, then bits for a half.
  llvm::Value* canonical(llvm::Value* value);
  llvm::Value* halfFma(llvm::Value* x, llvm::Value* y, llvm::Value* z);
  llvm::Value* soft(SoftOp op, llvm::Value* a, llvm::Value* b = nullptr, llvm::Value* c = nullptr);
  llvm::Value* softF16(SoftOp op, llvm::Value* a, llvm::Value* b = nullptr, llvm::Value* c = nullptr);

  llvm::IRBuilder<>& b_;
  target::Fp16Format fp16_;
  bool native_fp16_;
  bool deferred_ = false;
};

}  // namespace weft::jit::orc
