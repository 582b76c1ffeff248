// Settings from the environment, and the joining of plan, engine and mesh.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/host/simulation.h"

#include "sdk/host/engine_loader.h"

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace weft::host {

namespace {

const char* setting(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? value : nullptr;
}

template <class T>
Result<void> readNumber(const char* name, T& out, diag::Sink& sink) {
  const char* text = setting(name);
  if (text == nullptr) return {};
  const char* end = text + std::strlen(text);
  T value{};
  const auto [stop, error] = std::from_chars(text, end, value);
  if (error != std::errc() || stop != end) {
    sink.error(diag::Code::E0811, {}, "`{}={}` is not a number", name, text).emit();
    return Reported{};
  }
  out = value;
  return {};
}

std::string cacheFolder() {
  if (const char* own = std::getenv("WEFT_CACHE_DIR")) return own;
  if (const char* cache = setting("XDG_CACHE_HOME")) return std::string(cache) + "/weft";
  if (const char* home = setting("HOME")) return std::string(home) + "/.cache/weft";
  return {};
}

}  // namespace

Result<SimulationOptions> SimulationOptions::fromEnvironment(diag::Sink& sink) {
  SimulationOptions options;
  if (const char* engine = setting("WEFT_ENGINE")) options.engine = engine;
  if (!options.engine.empty() && options.engine != "jit" && options.engine != "interp") {
    sink.error(diag::Code::E0811, {}, "`WEFT_ENGINE={}` names no engine", options.engine)
        .help("choose `jit` or `interp`")
        .emit();
    return Reported{};
  }
  options.cache_dir = cacheFolder();
  if (const char* cpu = setting("WEFT_CPU")) options.cpu = cpu;
  WEFT_TRY_VOID(readNumber("WEFT_OPT", options.opt_level, sink));
  WEFT_TRY_VOID(readNumber("WEFT_THREADS", options.mesh.threads, sink));
  WEFT_TRY_VOID(readNumber("WEFT_BLOCK_EDGE", options.mesh.block_edge, sink));
  WEFT_TRY_VOID(readNumber("WEFT_SCHEDULE_SEED", options.mesh.schedule_seed, sink));
  WEFT_TRY_VOID(readNumber("WEFT_HEARTBEAT", options.mesh.heartbeat_seconds, sink));
  int strict = 0;
  WEFT_TRY_VOID(readNumber("WEFT_STRICT_MEMORY", strict, sink));
  options.mesh.strict_memory = strict != 0;
  uint64_t limit = 0;
  WEFT_TRY_VOID(readNumber("WEFT_MAX_CYCLES", limit, sink));
  if (limit != 0) options.max_cycles = limit;
  if (options.mesh.threads < 0 || options.mesh.threads > 1024) {
    sink.error(diag::Code::E0811, {}, "`WEFT_THREADS={}` is not a number of threads", options.mesh.threads).emit();
    return Reported{};
  }
  return options;
}

Result<std::unique_ptr<Simulation>> Simulation::create(std::shared_ptr<const plan::FabricPlan> plan,
                                                       const SimulationOptions& options, diag::Sink& sink) {
  std::unique_ptr<Simulation> simulation(new Simulation);
  simulation->options_ = options;
  jit::EngineOptions engine;
  engine.opt_level = options.opt_level;
  engine.cache_dir = options.cache_dir;
  engine.cpu = options.cpu;
  WEFT_TRY(simulation->engine_, makeEngine(options.engine, engine, sink));
  WEFT_TRY(simulation->mesh_, mesh::Mesh::create(std::move(plan), *simulation->engine_, options.mesh, sink));
  return simulation;
}

std::unique_ptr<Simulation> Simulation::over(std::unique_ptr<mesh::Mesh> mesh, const SimulationOptions& options) {
  std::unique_ptr<Simulation> simulation(new Simulation);
  simulation->options_ = options;
  simulation->mesh_ = std::move(mesh);
  return simulation;
}

std::optional<std::vector<uint8_t>> readSymbol(const mesh::Mesh& mesh, FabricCoord at, const std::string& symbol) {
  const plan::FabricPlan& plan = mesh.plan();
  if (at.x < plan.offset.x || at.y < plan.offset.y) return std::nullopt;
  const PeCoord pe{at.x - plan.offset.x, at.y - plan.offset.y};
  if (!plan.extent.contains(pe) || !plan.programAt(pe)) return std::nullopt;
  return mesh.readSymbol(pe, symbol);
}

}  // namespace weft::host
