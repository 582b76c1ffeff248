// Line formats follow what log readers match: dimX/dimY, tile lines, cycles=, CTF Stats.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/host/sim_log.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

namespace weft::host {

namespace {

std::vector<std::string> debugTokens() {
  std::vector<std::string> tokens;
  const char* text = std::getenv("SIMFABRIC_DEBUG");
  if (text == nullptr) return tokens;
  std::string word;
  for (const char* c = text;; ++c) {
    if (*c == ',' || *c == '\0') {
      if (!word.empty()) tokens.push_back(word);
      word.clear();
      if (*c == '\0') break;
    } else if (*c != ' ') {
      word += *c;
    }
  }
  return tokens;
}

bool has(const std::vector<std::string>& tokens, const char* word) {
  return std::find(tokens.begin(), tokens.end(), word) != tokens.end();
}

}  // namespace

SimLog::SimLog(mesh::Mesh& mesh, const std::string& key, bool suppress_trace, double init_seconds)
    : mesh_(mesh),
      init_seconds_(init_seconds),
      lines_(mesh.plan(), [this](mesh::Cycles cycle, const std::string& text) { line(cycle, text); }) {
  file_.reset(std::fopen("sim.log", "w"));
  std::error_code ignored;
  stats_path_ = std::filesystem::absolute("sim_stats.json", ignored).string();
  const plan::FabricPlan& plan = mesh_.plan();
  const char* suppress = std::getenv("CSL_SUPPRESS_SIMFAB_TRACE");
  if (!suppress_trace && (suppress == nullptr || *suppress == '\0' || *suppress == '0'))
    trace_ = std::make_unique<TraceFile>(plan);
  const auto tokens = debugTokens();
  log_landings_ = has(tokens, "landing");
  log_routers_ = has(tokens, "router");
  log_instructions_ = has(tokens, "inst_trace");
  header(key);
  mesh_.setLogListener([this](mesh::Cycles cycle, PeCoord, const std::string& text) { line(cycle, text); });
  if (logsWavelets() || trace_ != nullptr)
    mesh_.setWaveletListener([this](const mesh::WaveletEvent& e) { arrived(e); });
  if (log_routers_) mesh_.setSwitchListener([this](const mesh::SwitchEvent& e) { lines_.switched(e); });
  if (log_instructions_)
    mesh_.setInstructionListener([this](const mesh::InstructionEvent& e) { lines_.instruction(e); });
  std::ofstream("simconfig.json") << nlohmann::json{{"debug", debugTokens()},
                                                    {"outdir", "."},
                                                    {"simtile", "hwtile"},
                                                    {"trace", trace_ != nullptr},
                                                    {"traceFormat", "ctf"},
                                                    {"threading", {{"numThreads", mesh_.stats().threads}}},
                                                    {"fabric", {plan.fabric.width, plan.fabric.height}}}
                                         .dump(2)
                                  << "\n";
}

SimLog::~SimLog() {
  mesh_.setLogListener({});
  mesh_.setWaveletListener({});
  if (log_routers_) mesh_.setSwitchListener({});
  if (log_instructions_) mesh_.setInstructionListener({});
}

void SimLog::line(mesh::Cycles cycle, const std::string& text) {
  if (file_) std::fputs(fmt::format("@{} {}\n", cycle, text).c_str(), file_.get());
}

void SimLog::header(const std::string& key) {
  const plan::FabricPlan& plan = mesh_.plan();
  const uint64_t width = plan.fabric.width;
  const uint64_t height = plan.fabric.height;
  const size_t hash = std::hash<std::string>{}(key);
  line(0, "Simulator: Weft");
  line(0, fmt::format("Create from size nx={} ny={}", width, height));
  line(0, fmt::format("dimX={}, dimY={}", width, height));
  line(0, fmt::format("Invocation key is: sim{:032x}", hash));
  line(0, fmt::format("Plan key is: plan{:032x}", hash));
  const auto tokens = debugTokens();
  if (!tokens.empty()) line(0, fmt::format("Global debug flag: {}", fmt::join(tokens, ",")));
  line(0, fmt::format("SimTraceCtf, flags:  wavelets={} landing={} inst=0 switch_positions=0 stalls=0",
                      trace_ != nullptr ? 1 : 0, log_landings_ ? 1 : 0));
  // A line per tile would be most of the file on a wafer; nobody reads them there.
  if (width * height <= 4096) {
    for (uint64_t y = 0; y < height; ++y)
      for (uint64_t x = 0; x < width; ++x)
        line(0, fmt::format("P{}.{} (hwtile) tile trace flag: {}", x, y,
                            tokens.empty() ? "none" : fmt::format("{}", fmt::join(tokens, ","))));
  }
  line(0, plan.arch == target::Arch::Wse2 ? "Architecture is: FYN" : "Architecture is: SDR");
  line(0, "Simtile is: hwtile");
  line(0, fmt::format("Sim stats: tiles={}, simulated_tiles={}, hwtile={}, iotile=0, nultile={}",
                      width * height + 2 * (width + height), plan.extent.area(), width * height, 2 * (width + height)));
  if (log_instructions_) lines_.explainInstructions();
  if (log_routers_) {
    lines_.explainRouters();
    lines_.initialSwitches();
  }
}

uint64_t SimLog::nameOf(const mesh::WaveletEvent& e) {
  const plan::FabricPlan& plan = mesh_.plan();
  const auto place = [&](PeCoord at, unsigned color, unsigned port) {
    return static_cast<uint64_t>(plan.extent.index(at)) << 16 | color << 8 | port;
  };
  // On a link the wavelets of a color keep their order. A color swap exchanges the colors of a pair on the way.
  auto from = under_way_.find(place(e.pe, e.color, e.port));
  if (from == under_way_.end() || from->second.empty()) from = under_way_.find(place(e.pe, e.color ^ 1u, e.port));
  uint64_t name = 0;
  if (from != under_way_.end() && !from->second.empty()) {
    name = from->second.front();
    from->second.pop_front();
  } else {
    name = uint64_t{tileNumber(plan, e.pe)} << 40 | static_cast<uint64_t>(e.color) << 32 | (named_++ & 0xffffffffu);
  }
  constexpr int kStep[4][2] = {{-1, 0}, {1, 0}, {0, 1}, {0, -1}};  // by target::Port
  for (unsigned port = 0; port < 4; ++port) {
    if ((e.ways >> port & 1) == 0) continue;
    const int64_t x = int64_t{e.pe.x} + kStep[port][0], y = int64_t{e.pe.y} + kStep[port][1];
    if (x < 0 || y < 0 || x >= plan.extent.width || y >= plan.extent.height) continue;
    const PeCoord next{static_cast<uint32_t>(x), static_cast<uint32_t>(y)};
    const auto arrives = static_cast<unsigned>(target::opposite(static_cast<target::Port>(port)));
    under_way_[place(next, e.color, arrives)].push_back(name);
  }
  return name;
}

void SimLog::arrived(const mesh::WaveletEvent& e) {
  const uint64_t ident = nameOf(e);
  if (log_landings_) lines_.landing(e, ident);
  if (log_routers_) lines_.passing(e, ident);
  if (trace_ != nullptr && !trace_->add(e, ident) && !logsWavelets()) mesh_.setWaveletListener({});
}

void SimLog::finish() {
  if (finished_) return;
  finished_ = true;
  if (trace_ != nullptr) trace_->write();
  const mesh::MeshStats stats = mesh_.stats();
  const plan::FabricPlan& plan = mesh_.plan();
  const mesh::Cycles cycles = mesh_.cycle();
  const double seconds =
      std::max(1e-9, std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count());
  const double rate = static_cast<double>(cycles) / seconds;
  const double tile_rate = rate * static_cast<double>(plan.extent.area());
  const double thread_rate = tile_rate / stats.threads;
  const mesh::Cycles idle = cycles - std::min(cycles, stats.last_busy);
  const mesh::Cycles quiet = cycles - std::min(cycles, stats.last_move);
  line(cycles, "Stopping due to user request");
  line(cycles,
       fmt::format("{} cycles since an instruction was executed, {} cycles since a wavelet landed", idle, quiet));
  line(cycles,
       fmt::format("Simulation used {:.2f} seconds, init-time={:.2f}, total-time={:.2f}, cycles={}, cyc/sec={:.2f}, "
                   "tile-cyc/sec={:.2f}, tile-cyc/sec-thread={:.2f}",
                   seconds, init_seconds_, seconds + init_seconds_, cycles, rate, tile_rate, thread_rate));
  // Stalls and switch positions are not counted, so their lines are missing.
  line(cycles, fmt::format("CTF Stats: num_wavelets      = {:12}", stats.wavelet_hops));
  line(cycles, fmt::format("CTF Stats: num_inst_dispatch = {:12}", stats.instructions));
  line(cycles, fmt::format("CTF Stats: num_inst_pipe     = {:12}", stats.instructions + stats.dsd_elements));
  if (file_) std::fflush(file_.get());
  const uint64_t edge = 2 * (plan.fabric.width + plan.fabric.height);
  std::ofstream(stats_path_) << nlohmann::ordered_json{{"cycle_count", cycles},
                                                       {"cycles_per_second", rate},
                                                       {"fabric_x", plan.fabric.width},
                                                       {"fabric_y", plan.fabric.height},
                                                       {"hwtile_count", plan.fabric.area()},
                                                       {"idle_ce_cycles", idle},
                                                       {"idle_wavelet_cycles", quiet},
                                                       {"init_time", init_seconds_},
                                                       {"iotile_count", 0},
                                                       {"nodes", 1},
                                                       {"nultile_count", edge},
                                                       {"sim_stop_cause", "Stop due to user request"},
                                                       {"sim_time", seconds},
                                                       {"simulated_tile_count", plan.extent.area()},
                                                       {"threads", stats.threads},
                                                       {"tile_count", plan.fabric.area() + edge},
                                                       {"tile_cycles_per_second", tile_rate},
                                                       {"tile_cycles_per_second_per_thread", thread_rate},
                                                       {"total_time", seconds + init_seconds_}}
                                    .dump(2)
                             << "\n";
}

}  // namespace weft::host
