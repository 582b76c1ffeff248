// Layout: "weft-core 2\n", a JSON line, then per PE of the rectangle in row order: u32 length, bytes (little-endian).
// SPDX-License-Identifier: Apache-2.0
#include "sdk/host/core_file.h"

#include "sdk/host/artifact.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <utility>

namespace weft::host {

namespace {

constexpr std::string_view kMagic = "weft-core 2\n";
// On larger meshes the state beside memory would be most of the file.
constexpr uint64_t kMostStates = 4096;

nlohmann::ordered_json stateOf(const mesh::Mesh& mesh, PeCoord at) {
  const mesh::PeSnapshot s = mesh.snapshot(at);
  std::vector<std::string> tasks;
  for (const mesh::TaskState& t : s.tasks)
    tasks.push_back(fmt::format("{} {}{}{}", t.id, t.name, t.active ? ", active" : "", t.blocked ? ", blocked" : ""));
  auto registers = nlohmann::ordered_json::array();
  for (const mesh::RegisterState& r : mesh.registers(at)) registers.push_back({r.name, r.value, r.meaning});
  return {{"main", s.main_thread}, {"tasks", tasks},     {"queues", s.queues},
          {"threads", s.threads},  {"routes", s.routes}, {"registers", registers}};
}

}  // namespace

const Core::Pe* Core::at(int64_t fabric_x, int64_t fabric_y) const {
  const int64_t x = fabric_x - offset_x, y = fabric_y - offset_y;
  if (x < 0 || y < 0 || x >= width || y >= height) return nullptr;
  return &pes[static_cast<size_t>(y) * width + static_cast<size_t>(x)];
}

Result<Core> readCore(const std::string& path, diag::Sink& sink) {
  WEFT_TRY(const std::string bytes, readWholeFile(path, sink));
  const auto damaged = [&] {
    sink.error(diag::Code::E0803, {}, "`{}` is no core of this version, or is damaged", path).emit();
    return Reported{};
  };
  const size_t line_end = bytes.find('\n', kMagic.size());
  if (!bytes.starts_with(kMagic) || line_end == std::string::npos) return damaged();
  const auto head = nlohmann::json::parse(bytes.begin() + kMagic.size(),
                                          bytes.begin() + static_cast<ptrdiff_t>(line_end), nullptr, false);
  if (!head.is_object()) return damaged();
  Core core;
  core.artifact = head.value("artifact", "");
  core.arch = head.value("arch", "");
  core.cycle = head.value("cycle", uint64_t{0});
  const std::pair<uint32_t*, const char*> fields[] = {{&core.width, "width"},
                                                      {&core.height, "height"},
                                                      {&core.fabric_width, "fabric_width"},
                                                      {&core.fabric_height, "fabric_height"},
                                                      {&core.offset_x, "offset_x"},
                                                      {&core.offset_y, "offset_y"}};
  for (const auto& [field, key] : fields) *field = head.value(key, 0u);
  const auto states = head.value("states", nlohmann::json::array());
  size_t at = line_end + 1;
  const uint64_t area = static_cast<uint64_t>(core.width) * core.height;
  for (uint64_t i = 0; i < area; ++i) {
    if (bytes.size() - at < 4) return damaged();
    uint32_t length = 0;
    for (unsigned k = 0; k < 4; ++k) length |= static_cast<uint32_t>(static_cast<uint8_t>(bytes[at++])) << (8 * k);
    if (bytes.size() - at < length) return damaged();
    Core::Pe pe;
    pe.memory.assign(bytes.begin() + static_cast<ptrdiff_t>(at), bytes.begin() + static_cast<ptrdiff_t>(at + length));
    at += length;
    if (i < states.size() && states[i].is_object()) {
      const auto& s = states[i];
      const std::vector<std::string> none;
      pe.main_thread = s.value("main", "");
      pe.tasks = s.value("tasks", none);
      pe.queues = s.value("queues", none);
      pe.threads = s.value("threads", none);
      pe.routes = s.value("routes", none);
      for (const auto& r : s.value("registers", nlohmann::json::array())) {
        if (!r.is_array() || r.size() != 3 || !r[0].is_string() || !r[1].is_string() || !r[2].is_string())
          return damaged();
        pe.registers.push_back({r[0], r[1], r[2]});
      }
    }
    core.pes.push_back(std::move(pe));
  }
  return core;
}

Result<void> writeCore(const mesh::Mesh& mesh, const std::string& directory, const std::string& path,
                       diag::Sink& sink) {
  const plan::FabricPlan& plan = mesh.plan();
  nlohmann::ordered_json head{{"artifact", directory},
                              {"cycle", mesh.cycle()},
                              {"arch", target::archName(plan.arch)},
                              {"width", plan.extent.width},
                              {"height", plan.extent.height},
                              {"fabric_width", plan.fabric.width},
                              {"fabric_height", plan.fabric.height},
                              {"offset_x", plan.offset.x},
                              {"offset_y", plan.offset.y}};
  if (plan.extent.area() <= kMostStates) {
    auto states = nlohmann::ordered_json::array();
    for (uint32_t y = 0; y < plan.extent.height; ++y)
      for (uint32_t x = 0; x < plan.extent.width; ++x) states.push_back(stateOf(mesh, {x, y}));
    head["states"] = std::move(states);
  }
  std::string bytes = std::string(kMagic) + head.dump() + "\n";
  for (uint32_t y = 0; y < plan.extent.height; ++y) {
    for (uint32_t x = 0; x < plan.extent.width; ++x) {
      const auto program = plan.programAt({x, y});
      const uint32_t length = program ? plan.programs[*program]->private_bytes : 0;
      const std::vector<uint8_t> memory = length != 0 ? mesh.readMemory({x, y}, 0, length) : std::vector<uint8_t>();
      for (int shift = 0; shift < 32; shift += 8)
        bytes += static_cast<char>((static_cast<uint32_t>(memory.size()) >> shift) & 0xff);
      bytes.append(reinterpret_cast<const char*>(memory.data()), memory.size());
    }
  }
  return writeWholeFile(path, bytes, sink);
}

}  // namespace weft::host
