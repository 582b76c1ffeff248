// Layout: "weft-core 1\n", a JSON line, then per PE of the rectangle in row order: u32 length, bytes (little-endian).
// SPDX-License-Identifier: Apache-2.0
#include "sdk/host/core_file.h"

#include "sdk/host/artifact.h"

#include <nlohmann/json.hpp>

namespace weft::host {

Result<void> writeCore(const mesh::Mesh& mesh, const std::string& directory, const std::string& path,
                       diag::Sink& sink) {
  const plan::FabricPlan& plan = mesh.plan();
  const nlohmann::ordered_json head{{"artifact", directory},
                                    {"cycle", mesh.cycle()},
                                    {"arch", target::archName(plan.arch)},
                                    {"width", plan.extent.width},
                                    {"height", plan.extent.height},
                                    {"fabric_width", plan.fabric.width},
                                    {"fabric_height", plan.fabric.height},
                                    {"offset_x", plan.offset.x},
                                    {"offset_y", plan.offset.y}};
  std::string bytes = "weft-core 1\n" + head.dump() + "\n";
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
