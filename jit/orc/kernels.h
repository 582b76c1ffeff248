// Vector operations as IR: one element, a unit-stride vector loop, and whole burst kernels. Private to jit/orc; read by
// the lowering of inlined short cuts and by session.cpp.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/tir/tir.h"
#include "jit/orc/float_emit.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weft::jit::orc {

/// Emits the arithmetic of one opcode over operands in host memory.
class BurstEmitter {
 public:
  /// A source: memory at `pointer`, elements `stride` bytes (i64) apart or, with no stride, one behind the other; or
  /// (pointer null) the typed value `value`.
  struct Source {
    llvm::Value* pointer = nullptr;
    llvm::Value* value = nullptr;
    llvm::Value* stride = nullptr;
  };

  BurstEmitter(llvm::IRBuilder<>& builder, FloatEmitter& floats, tir::DsdOpcode op, unsigned vector_bytes);

  [[nodiscard]] bool hasFirst() const { return info_.sources == 2; }
  /// Whether vector code gives the same bits (with the alias test).
  [[nodiscard]] bool vectorises() const;
  [[nodiscard]] unsigned vectorBytes() const { return vector_bytes_; }
  /// i1: a vector loop from `src` (unit stride) to `dest` keeps the order of elements invisible. `count` is i64.
  llvm::Value* mayVectorise(llvm::Value* dest, llvm::Value* src, unsigned src_width, llvm::Value* count);
  /// i1: [a, a + a_bytes) and [b, b + b_bytes) do not meet.
  llvm::Value* disjoint(llvm::Value* a, llvm::Value* a_bytes, llvm::Value* b, llvm::Value* b_bytes);
  /// For unitLoop() of a multiply-add: one more product is added to each element, of memory and a factor.
  void addProduct(Source source, llvm::Value* factor) { products_.emplace_back(source, factor); }
  /// The destination has unit stride. The builder ends behind the loop. `count` is i64.
  void unitLoop(llvm::Value* dest, Source src0, Source src1, llvm::Value* scalar, llvm::Value* count);
  /// Element by element with any strides (i64 bytes); `carry` (i32, addc16) may be null. Returns the last carry.
  llvm::Value* stridedLoop(llvm::Value* dest, llvm::Value* dest_stride, llvm::Value* src0, llvm::Value* stride0,
                           llvm::Value* src1, llvm::Value* stride1, llvm::Value* scalar, llvm::Value* count,
                           llvm::Value* carry);
  /// dest = dest op element, for a destination that is its own first source: the running value stays in a register.
  void reduceLoop(llvm::Value* dest, llvm::Value* src1, llvm::Value* stride1, llvm::Value* scalar, llvm::Value* count);

  /// unitLoop(), and if `wanted` (i1) the CPU is asked for what lies `bytes` behind the second source, and behind that
  /// of each product. Harmless past their ends.
  void unitLoopAhead(llvm::Value* wanted, uint32_t bytes, llvm::Value* dest, Source src0, Source src1,
                     llvm::Value* scalar, llvm::Value* count);
  /// Type-based alias tag for the loads and stores of elements.
  void setTag(llvm::MDNode* tag) { tag_ = tag; }
  [[nodiscard]] tir::Type destType() const { return dest_; }
  [[nodiscard]] tir::Type firstType() const { return first_; }
  [[nodiscard]] tir::Type secondType() const { return second_; }
  [[nodiscard]] tir::Type scalarType() const { return scalar_; }
  [[nodiscard]] const tir::DsdOpInfo& info() const { return info_; }
  llvm::Type* typeOf(tir::Type t) const;
  /// Typed value from raw bits in an i64.
  llvm::Value* fromRaw(tir::Type t, llvm::Value* raw);

 private:
  llvm::Value* element(llvm::Value* s0, llvm::Value* s1, llvm::Value* scalar);
  llvm::Value* load(tir::Type t, llvm::Value* pointer, unsigned lanes, llvm::Value* mask);
  void store(llvm::Value* v, llvm::Value* pointer, llvm::Value* mask);
  llvm::Value* widen(const Source& source, tir::Type t, llvm::Value* index, unsigned lanes, llvm::Value* mask);
  /// Whether results are floats that may be NaN and are not just moved: their NaNs are mended behind the loop.
  [[nodiscard]] bool mendsNans() const;
  /// Returns the results; those that mendsNans() says may still be any NaN.
  llvm::Value* vectorBody(llvm::Value* dest, const Source& src0, const Source& src1, llvm::Value* scalar,
                          llvm::Value* index, unsigned lanes, llvm::Value* mask);
  void mendLoop(llvm::Value* dest, llvm::Value* count);

  llvm::IRBuilder<>& b_;
  FloatEmitter& f_;
  tir::DsdOpcode op_;
  const tir::DsdOpInfo& info_;
  unsigned vector_bytes_;
  tir::Type dest_, first_, second_, scalar_;
  llvm::MDNode* tag_ = nullptr;
  uint32_t ahead_ = 0;
  std::vector<std::pair<Source, llvm::Value*>> products_;
};

/// "weft_k12": the symbol of the kernel of an opcode.
std::string kernelSymbol(tir::DsdOpcode op);
/// A module with the WeftKernel of one opcode.
std::unique_ptr<llvm::Module> makeKernel(llvm::LLVMContext& context, tir::DsdOpcode op, target::Fp16Format fp16,
                                         bool native_fp16, unsigned vector_bytes);

/// A module whose table `kThunks` has, for each opcode, a WeftKernel that calls kThunkCallee(burst, &kThunkTable,
/// opcode).
std::unique_ptr<llvm::Module> makeKernelThunks(llvm::LLVMContext& context);
inline constexpr const char* kThunks = "weft_thunks";
inline constexpr const char* kThunkCallee = "weft_call_kernel";
inline constexpr const char* kThunkTable = "weft_kernel_table";

}  // namespace weft::jit::orc
