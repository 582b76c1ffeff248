// One plan on one mesh with one engine, with the settings of the environment. Used by Runtime, the driver and the REPL.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/plan/fabric_plan.h"
#include "jit/engine.h"
#include "sdk/mesh/mesh.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace weft::host {

struct SimulationOptions {
  /// "jit", "interp", or "" to choose.
  std::string engine;
  /// 0, 2, or -1: cheap tier first.
  int opt_level = -1;
  /// Folder of the object cache; empty = none.
  std::string cache_dir;
  /// The CPU the JIT makes code for (jit::EngineOptions::cpu); empty = this machine.
  std::string cpu;
  mesh::MeshOptions mesh;
  std::optional<mesh::Cycles> max_cycles;

  /// WEFT_ENGINE, WEFT_OPT, WEFT_THREADS, WEFT_MAX_CYCLES, WEFT_BLOCK_EDGE, WEFT_SCHEDULE_SEED, WEFT_STRICT_MEMORY,
  /// WEFT_HEARTBEAT, WEFT_CPU, WEFT_CACHE_DIR (else $XDG_CACHE_HOME/weft). A malformed value is an error.
  static Result<SimulationOptions> fromEnvironment(diag::Sink& sink);
};

class Simulation {
 public:
  /// Compiles the programs and makes the mesh at cycle 0.
  static Result<std::unique_ptr<Simulation>> create(std::shared_ptr<const plan::FabricPlan> plan,
                                                    const SimulationOptions& options, diag::Sink& sink);
  /// The same over a mesh made elsewhere (tests).
  static std::unique_ptr<Simulation> over(std::unique_ptr<mesh::Mesh> mesh, const SimulationOptions& options);
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;

  [[nodiscard]] mesh::Mesh& mesh() { return *mesh_; }
  [[nodiscard]] const mesh::Mesh& mesh() const { return *mesh_; }
  [[nodiscard]] const SimulationOptions& options() const { return options_; }
  [[nodiscard]] std::string engineName() const { return engine_ ? engine_->name() : "none"; }

 private:
  Simulation() = default;
  SimulationOptions options_;
  // The engine owns code that the mesh runs: it must die last.
  std::unique_ptr<jit::Engine> engine_;
  std::unique_ptr<mesh::Mesh> mesh_;
};

/// Reads a PE's symbol by name, also `module.symbol`; none if the PE or the symbol does not exist.
std::optional<std::vector<uint8_t>> readSymbol(const mesh::Mesh& mesh, FabricCoord at, const std::string& symbol);

}  // namespace weft::host
