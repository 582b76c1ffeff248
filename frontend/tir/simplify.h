// The working form finalize() simplifies: one function as blocks of instructions. Private to frontend/tir.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/tir/program.h"

#include <vector>

namespace weft::tir {

struct WorkFunction {
  std::vector<std::vector<Inst>> blocks;
  std::vector<Operand> args;
  uint32_t param_count = 0;
  std::vector<Type> local_types;
};

/// Decides the branches the producer itself made on a constant.
void decideConstantBranches(const Program& program, WorkFunction& fn);

/// Simplifies until nothing changes. Treats constants and per-PE slots alike, so that the cost of a program does not
/// depend on whether a parameter became the one or the other: copies of both are propagated, nothing is computed with
/// either, and no branch is decided here.
void simplify(WorkFunction& fn);

/// Removes unreachable blocks and numbers the others in reverse postorder.
void orderBlocks(WorkFunction& fn);

/// Sets Inst::back on every jump that closes a loop; a branch that does gets a block of its own for the jump.
/// Leaves the blocks in reverse postorder. Whether there was one.
bool markBackEdges(WorkFunction& fn);

}  // namespace weft::tir
