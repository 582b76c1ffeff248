// What the page shows, as JSON in its place in view/page.html.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/cli/fabric_view.h"

#include "frontend/plan/fabric_plan.h"
#include "frontend/tir/tir.h"
#include "sdk/host/artifact.h"
#include "sdk/host/core_file.h"
#include "sdk/host/trace_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

namespace weft::cli {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// A browser draws so many rectangles at once.
constexpr uint64_t kMostPes = 65536;
constexpr size_t kMostArrivals = 50000;
constexpr uint64_t kMostMemory = 8u << 20;

constexpr std::pair<std::string_view, std::string_view> kPages[] = {
#include "sdk/cli/view_pages.inc"
};

/// The compiled directory in `folder`: itself, or its first by name.
std::string compiledDirectory(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder / "plan.weft", error)) return folder.string();
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (fs::exists(entry.path() / "plan.weft", error)) found.push_back(entry.path().string());
  std::sort(found.begin(), found.end());
  return found.empty() ? folder.string() : found.front();
}

std::string sides(target::PortMask mask) {
  std::string out;
  for (int port = 0; port < target::kPortCount; ++port)
    if ((mask >> port & 1) != 0) out += "WESNR"[port];
  return out;
}

std::string switchText(const plan::ColorConfig& c) {
  std::string text;
  for (size_t k = 0; k < c.positions.size(); ++k) {
    const plan::SwitchPosition& s = c.positions[k];
    if (s.valid)
      text += fmt::format("{}{}: {} > {}", text.empty() ? "" : "; ", k + 1, s.rx ? sides(*s.rx) : "=",
                          s.tx ? sides(*s.tx) : "=");
  }
  return c.ring && !text.empty() ? text + "; ring" : text;
}

Json programsOf(const plan::FabricPlan& plan) {
  Json list = Json::array();
  for (const auto& program : plan.programs) {
    Json symbols = Json::array();
    for (const tir::Symbol& s : program->symbols) symbols.push_back({s.name, s.type, s.address, s.bytes});
    list.push_back({{"name", program->name},
                    {"bytes", program->private_bytes + program->shared.size()},
                    {"symbols", std::move(symbols)}});
  }
  return list;
}

template <class Fn>
void eachPe(const plan::FabricPlan& plan, Fn fn) {
  for (uint32_t y = 0; y < plan.extent.height; ++y)
    for (uint32_t x = 0; x < plan.extent.width; ++x) fn(PeCoord{x, y}, y * plan.extent.width + x);
}

Json colorsOf(const plan::FabricPlan& plan) {
  Json list = Json::array();
  for (int color = 0; color < target::kColorCount; ++color) {
    Json routes = Json::array();
    eachPe(plan, [&](PeCoord at, uint32_t index) {
      const plan::ColorConfig* c = plan.colorConfig(at, color);
      if (c != nullptr && (c->rx | c->tx) != 0) routes.push_back({index, sides(c->rx), sides(c->tx), switchText(*c)});
    });
    if (!routes.empty()) list.push_back({{"id", color}, {"routes", std::move(routes)}});
  }
  return list;
}

Json coreOf(const plan::FabricPlan& plan, const host::Core& core) {
  uint64_t bytes = 0;
  for (const auto& pe : core.pes) bytes += pe.memory.size();
  Json pes = Json::array();
  eachPe(plan, [&](PeCoord at, uint32_t) {
    const host::Core::Pe* pe = core.at(at.x + plan.offset.x, at.y + plan.offset.y);
    Json entry{{"state", Json::array()}};
    if (pe != nullptr) {
      if (!pe->main_thread.empty()) entry["state"].push_back("main thread: " + pe->main_thread);
      for (const auto* texts : {&pe->tasks, &pe->threads, &pe->queues, &pe->routes})
        for (const std::string& text : *texts) entry["state"].push_back(text);
      if (bytes <= kMostMemory) {
        std::string hex;
        for (const uint8_t byte : pe->memory) hex += fmt::format("{:02x}", byte);
        entry["memory"] = std::move(hex);
      }
    }
    pes.push_back(std::move(entry));
  });
  return {{"cycle", core.cycle}, {"pes", std::move(pes)}};
}

/// [cycle, PE, color, link, control, payload]
Json arrivalsOf(const plan::FabricPlan& plan, const host::Trace& trace) {
  Json list = Json::array();
  for (const host::TraceEntry& e : trace.entries) {
    if (list.size() == kMostArrivals) break;
    const uint32_t x = e.tile % trace.fabric_width, y = e.tile / trace.fabric_width;
    if (x < plan.offset.x || y < plan.offset.y) continue;
    const PeCoord at{x - plan.offset.x, y - plan.offset.y};
    if (!plan.extent.contains(at)) continue;
    list.push_back({e.cycle, at.y * plan.extent.width + at.x, e.color, std::string(1, host::portLetter(e.port)),
                    e.control ? 1 : 0, e.payload});
  }
  return list;
}

}  // namespace

Result<std::string> fabricPage(const std::string& folder, diag::Sink& sink) {
  std::error_code error;
  std::string directory = compiledDirectory(folder);
  std::optional<host::Core> core;
  for (const char* name : {"corefile.cs1", "out.core"}) {
    const fs::path file = fs::path(folder) / name;
    if (core || !fs::exists(file, error)) continue;
    WEFT_TRY(core, host::readCore(file.string(), sink));
  }
  // The program that has left the core, if there are several.
  if (core && directory != folder && fs::exists(fs::path(core->artifact) / "plan.weft", error))
    directory = core->artifact;
  WEFT_TRY(const std::shared_ptr<const plan::FabricPlan> shared, host::readArtifact(directory, sink));
  const plan::FabricPlan& plan = *shared;
  if (plan.extent.area() > kMostPes) {
    sink.error(diag::Code::E0601, {}, "`{}` has {} PEs; the page draws at most {}", directory, plan.extent.area(),
               kMostPes)
        .emit();
    return Reported{};
  }
  Json data;
  data["name"] = directory;
  data["arch"] = std::string(target::archName(plan.arch));
  data["width"] = plan.extent.width;
  data["height"] = plan.extent.height;
  data["x"] = plan.offset.x;
  data["y"] = plan.offset.y;
  data["fabric"] = {plan.fabric.width, plan.fabric.height};
  data["programs"] = programsOf(plan);
  data["grid"] = Json::array();
  eachPe(plan, [&](PeCoord at, uint32_t) {
    const auto program = plan.programAt(at);
    data["grid"].push_back(program ? static_cast<int64_t>(*program) : -1);
  });
  data["colors"] = colorsOf(plan);
  data["core"] = nullptr;
  // A core of another program is of no use here.
  if (core && core->arch == target::archName(plan.arch) && core->width == plan.extent.width &&
      core->height == plan.extent.height)
    data["core"] = coreOf(plan, *core);
  data["trace"] = Json::array();
  data["truncated"] = false;
  if (fs::exists(fs::path(folder) / "simfab_traces" / "metadata", error)) {
    WEFT_TRY(const host::Trace trace, host::readTrace(folder, sink));
    data["trace"] = arrivalsOf(plan, trace);
    data["truncated"] = trace.truncated || data["trace"].size() == kMostArrivals;
  }
  std::string text = data.dump(-1, ' ', false, Json::error_handler_t::replace);
  // Nothing in it may end the script element.
  for (size_t at = 0; (at = text.find("</", at)) != std::string::npos; at += 3) text.insert(at + 1, "\\");
  std::string page(kPages[0].second);
  constexpr std::string_view kPlace = "/*DATA*/";
  return page.replace(page.find(kPlace), kPlace.size(), text);
}

}  // namespace weft::cli
