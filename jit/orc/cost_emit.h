// Cycle cost of a memory-only vector operation, in IR: what jit/dsd_cost.h computes.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <llvm/IR/IRBuilder.h>

#include <cstdint>

namespace weft::jit::orc {

/// As weftDsdCycles computes it. Kept beside the header's rule: change both or neither.
class CostEmitter {
 public:
  struct Side {
    bool memory = false;
    llvm::Value* stride = nullptr;   // i32, in elements
    llvm::Value* address = nullptr;  // i32, in bytes
  };

  /// `entry`: where the table is read, so that no loop reads it. `op` is a tir::DsdOpcode.
  CostEmitter(llvm::IRBuilder<>& b, llvm::IRBuilder<>& entry, llvm::Value* costs, uint32_t op)
      : b_(b), entry_(entry), costs_(costs), op_(op) {}

  /// i64. `count` is i32, `reduce` i1.
  llvm::Value* cycles(llvm::Value* count, llvm::Value* reduce, const Side& src0, const Side& src1, const Side& dest,
                      uint32_t dsr_loads);

 private:
  llvm::Value* field(size_t offset);
  llvm::Value* strideRate(llvm::Value* stride, llvm::Value* lanes);
  /// 16 / max(lanes, 1), without a division.
  llvm::Value* fullRate(llvm::Value* lanes);

  llvm::Value* full_ = nullptr;
  llvm::IRBuilder<>& b_;
  llvm::IRBuilder<>& entry_;
  llvm::Value* costs_;
  uint32_t op_;
};

}  // namespace weft::jit::orc
