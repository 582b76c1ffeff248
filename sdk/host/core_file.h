// The state of a mesh in a file: one line of JSON about the run, then each PE's private memory. Written by Runtime and
// the driver, read by csdb.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/result.h"
#include "sdk/mesh/mesh.h"

#include <cstdint>
#include <string>
#include <vector>

namespace weft::host {

/// What writeCore() put down, as csdb reads it.
struct Core {
  struct Pe {
    std::vector<uint8_t> memory;
    /// Empty on large meshes.
    std::string main_thread;
    std::vector<std::string> tasks, queues, threads, routes;
    std::vector<mesh::RegisterState> registers;
  };
  /// The compiled program, for symbol names.
  std::string artifact;
  std::string arch;
  uint64_t cycle = 0;
  uint32_t width = 0, height = 0, fabric_width = 0, fabric_height = 0, offset_x = 0, offset_y = 0;
  /// Row-major over the program rectangle.
  std::vector<Pe> pes;
  /// The PE at a coordinate of the fabric, or nullptr.
  [[nodiscard]] const Pe* at(int64_t fabric_x, int64_t fabric_y) const;
};

Result<Core> readCore(const std::string& path, diag::Sink& sink);
/// `directory` is the compiled program's, for symbol names.
Result<void> writeCore(const mesh::Mesh& mesh, const std::string& directory, const std::string& path, diag::Sink& sink);

}  // namespace weft::host
