// Line formats follow what log readers match: dimX/dimY, tile lines, cycles=, CTF Stats.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/host/sim_log.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
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

/// A half-precision value as logs show it: sign, 1.xxx with three hex digits, exponent.
std::string halfText(uint16_t bits) {
  const char sign = (bits & 0x8000u) != 0 ? '-' : '+';
  const unsigned mantissa = (bits & 0x3ffu) << 2;
  const int raw = (bits >> 10) & 0x1f;
  const int exponent = raw == 0 ? (mantissa == 0 ? -15 : -14) : raw - 15;
  return fmt::format("({}{}.{:03x}({}{:02}))", sign, raw == 0 ? 0 : 1, mantissa, exponent < 0 ? '-' : '+',
                     std::abs(exponent));
}

}  // namespace

SimLog::SimLog(mesh::Mesh& mesh, const std::string& key) : mesh_(mesh) {
  file_.reset(std::fopen("sim.log", "w"));
  std::error_code ignored;
  stats_path_ = std::filesystem::absolute("sim_stats.json", ignored).string();
  header(key);
  mesh_.setLogListener([this](mesh::Cycles cycle, PeCoord, const std::string& text) { line(cycle, text); });
  if (has(debugTokens(), "landing")) mesh_.setWaveletListener([this](const mesh::WaveletEvent& e) { landing(e); });
  const plan::FabricPlan& plan = mesh_.plan();
  std::ofstream("simconfig.json") << nlohmann::json{{"debug", debugTokens()},
                                                    {"outdir", "."},
                                                    {"simtile", "hwtile"},
                                                    {"randSeed", 0},
                                                    {"sunsetCount", 50},
                                                    {"fabric", {plan.fabric.width, plan.fabric.height}}}
                                         .dump(2)
                                  << "\n";
}

SimLog::~SimLog() {
  mesh_.setLogListener({});
  mesh_.setWaveletListener({});
}

void SimLog::line(mesh::Cycles cycle, const std::string& text) {
  if (file_) std::fputs(fmt::format("@{} {}\n", cycle, text).c_str(), file_.get());
}

void SimLog::header(const std::string& key) {
  const plan::FabricPlan& plan = mesh_.plan();
  const uint64_t width = plan.fabric.width;
  const uint64_t height = plan.fabric.height;
  const size_t hash = std::hash<std::string>{}(key);
  line(0, "GITREV=0, GITCLEAN=1");
  line(0, fmt::format("Create from size nx={} ny={}", width, height));
  line(0, fmt::format("dimX={}, dimY={}", width, height));
  line(0, fmt::format("Invocation key is: sim{:032x}", hash));
  line(0, fmt::format("Plan key is: plan{:032x}", hash));
  const auto tokens = debugTokens();
  if (!tokens.empty()) line(0, fmt::format("Global debug flag: {}", fmt::join(tokens, ",")));
  for (const char* word : {"inst_trace", "router"})
    if (has(tokens, word)) line(0, fmt::format("Weft does not write `{}` lines yet", word));
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
}

void SimLog::landing(const mesh::WaveletEvent& e) {
  const plan::FabricPlan& plan = mesh_.plan();
  constexpr const char kLink[] = {'W', 'E', 'S', 'N', 'R'};
  const uint64_t tile = static_cast<uint64_t>(e.pe.y + plan.offset.y) * plan.fabric.width + e.pe.x + plan.offset.x;
  const auto data = static_cast<uint16_t>(e.payload);
  line(e.cycle, fmt::format("P{}.{} (hwtile) landing C{} from link {}, ctrl={}, idx={:04X}, data={:04X} {}, "
                            "{}ident={:06X}{:02X}{:08X}, lf=0",
                            e.pe.x + plan.offset.x, e.pe.y + plan.offset.y, e.color, kLink[std::min<size_t>(e.port, 4)],
                            e.control ? 1 : 0, e.payload >> 16, data, halfText(data),
                            plan.arch == target::Arch::Wse3 ? "half=0, " : "", tile, e.color, landings_));
  ++landings_;
  last_landing_ = e.cycle;
}

void SimLog::finish() {
  if (finished_) return;
  finished_ = true;
  const mesh::MeshStats stats = mesh_.stats();
  const plan::FabricPlan& plan = mesh_.plan();
  const mesh::Cycles cycles = mesh_.cycle();
  const double seconds =
      std::max(1e-9, std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count());
  const double rate = static_cast<double>(cycles) / seconds;
  const double tile_rate = rate * static_cast<double>(plan.extent.area());
  line(cycles, "Stopping due to user request");
  line(cycles, fmt::format("{} cycles since an instruction was executed, {} cycles since a wavelet landed", 0,
                           landings_ != 0 ? cycles - std::min(cycles, last_landing_) : 0));
  line(cycles,
       fmt::format("Simulation used {:.2f} seconds, init-time=0.00, total-time={:.2f}, cycles={}, cyc/sec={:.2f}, "
                   "tile-cyc/sec={:.2f}, tile-cyc/sec-thread={:.2f}",
                   seconds, seconds, cycles, rate, tile_rate, tile_rate));
  line(cycles, fmt::format("CTF Stats: num_stalls_       = {:12}", 0));
  line(cycles, fmt::format("CTF Stats: num_wavelets      = {:12}", stats.wavelet_hops));
  line(cycles, fmt::format("CTF Stats: num_inst_dispatch = {:12}", stats.instructions));
  line(cycles, fmt::format("CTF Stats: num_inst_pipe     = {:12}", stats.dsd_elements));
  line(cycles, fmt::format("CTF Stats: num_switch_pos    = {:12}", 0));
  if (file_) std::fflush(file_.get());
  std::ofstream(stats_path_) << nlohmann::ordered_json{{"cycle_count", cycles},
                                                       {"cycles_per_second", rate},
                                                       {"fabric_x", plan.fabric.width},
                                                       {"fabric_y", plan.fabric.height},
                                                       {"hwtile_count", plan.fabric.area()},
                                                       {"idle_ce_cycles", 0},
                                                       {"idle_wavelet_cycles", 0},
                                                       {"init_time", 0.0},
                                                       {"iotile_count", 0},
                                                       {"nodes", 1},
                                                       {"nultile_count", 2 * (plan.fabric.width + plan.fabric.height)},
                                                       {"sim_stop_cause", "Stop due to user request"},
                                                       {"sim_time", seconds},
                                                       {"simulated_tile_count", plan.extent.area()},
                                                       {"sunset_count", 50},
                                                       {"threads", 1},
                                                       {"tile_count", plan.fabric.area() +
                                                                          2 * (plan.fabric.width + plan.fabric.height)},
                                                       {"tile_cycles_per_second", tile_rate},
                                                       {"tile_cycles_per_second_per_thread", tile_rate},
                                                       {"total_time", seconds}}
                                    .dump(2)
                             << "\n";
}

}  // namespace weft::host
