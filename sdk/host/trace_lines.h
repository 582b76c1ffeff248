// The lines of sim.log about single wavelets, switches and instructions, in the form that scripts look for.
// Used by SimLog.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/plan/fabric_plan.h"
#include "sdk/mesh/mesh.h"

#include <functional>
#include <string>
#include <vector>

namespace weft::host {

class TraceLines {
 public:
  using Write = std::function<void(mesh::Cycles, const std::string&)>;
  /// `plan` must outlive it.
  TraceLines(const plan::FabricPlan& plan, Write write);
  /// Says once what the lines mean with this emulator.
  void explainInstructions() const;
  void explainRouters() const;
  /// How the switches of all routers begin.
  void initialSwitches() const;
  void landing(const mesh::WaveletEvent& event, uint64_t ident) const;
  /// The way a wavelet takes through a router.
  void passing(const mesh::WaveletEvent& event, uint64_t ident) const;
  void switched(const mesh::SwitchEvent& event) const;
  void instruction(const mesh::InstructionEvent& event);

 private:
  const plan::FabricPlan& plan_;
  Write write_;
  /// Addresses stand for places in the source: those of a program begin here.
  std::vector<uint32_t> first_address_;
  std::vector<bool> said_;

  [[nodiscard]] std::string tile(PeCoord pe) const;
  [[nodiscard]] std::string word(bool control, uint32_t payload) const;
  [[nodiscard]] uint32_t addressOf(const mesh::InstructionEvent& event);
};

}  // namespace weft::host
