// The state of a mesh in a file: one line of JSON about the run, then each PE's private memory. Written by Runtime and
// the driver, read by csdb.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/result.h"
#include "sdk/mesh/mesh.h"

#include <string>

namespace weft::host {

/// `directory` is the compiled program's, for symbol names.
Result<void> writeCore(const mesh::Mesh& mesh, const std::string& directory, const std::string& path, diag::Sink& sink);

}  // namespace weft::host
