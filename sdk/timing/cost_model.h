// The machine's numbers: parameters per architecture, read from the tables beside this file, and what follows from
// them for programs and vector operations. Read by sdk/mesh and sdk/host.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/result.h"
#include "frontend/diag/diag.h"
#include "jit/dsd_cost.h"
#include "jit/engine.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace weft::timing {

/// Parameters by "section.name"; units in unit.toml.
class CostModel {
 public:
  /// The built-in table of an architecture. A broken table is our own fault.
  static CostModel builtin(target::Arch arch);
  /// From texts in the form of unit.toml and wse2.toml.
  static Result<CostModel> parse(target::Arch arch, std::string_view units, std::string_view values, diag::Sink& sink);

  [[nodiscard]] target::Arch arch() const { return arch_; }
  [[nodiscard]] uint32_t get(std::string_view name) const;
  [[nodiscard]] const std::string& sourceOf(std::string_view name) const;

  /// Cycles of every segment of a finalized program.
  [[nodiscard]] jit::CostTable costTable(const tir::Program& program) const;
  /// Rates and widths of the vector operations.
  [[nodiscard]] WeftDsdCosts dsdCosts() const;
  /// Cycles of one instruction; 0 for segments and copies.
  [[nodiscard]] uint32_t instructionCost(const tir::Program& program, const tir::Inst& inst) const;

 private:
  [[nodiscard]] uint32_t divisionCost(const tir::Program& program, const tir::Inst& inst) const;

  struct Value {
    uint32_t value = 0;
    std::string source;
  };
  target::Arch arch_{};
  std::map<std::string, Value, std::less<>> values_;
};

}  // namespace weft::timing
