// simfab_traces/: the wavelets of a run as a CTF trace (TSDL metadata and one binary stream), and its reader.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/result.h"
#include "frontend/diag/diag.h"
#include "sdk/mesh/mesh.h"

#include <cstdint>
#include <string>
#include <vector>

namespace weft::host {

/// One arrival of a wavelet at a router.
struct TraceEntry {
  uint64_t cycle = 0;
  /// y * fabric width + x.
  uint32_t tile = 0;
  uint64_t ident = 0;
  uint32_t payload = 0;
  uint8_t color = 0;
  bool control = false;
  /// target::Port, or 5 for the host's end of a stream.
  uint8_t port = 0;
};

struct Trace {
  uint32_t fabric_width = 1;
  uint32_t fabric_height = 1;
  /// The run went on after the last entry was written.
  bool truncated = false;
  std::vector<TraceEntry> entries;
};

/// Keeps the first entries of a run (WEFT_TRACE_EVENTS, by default 100,000) and writes them at its end.
class TraceFile {
 public:
  /// Makes the folder `simfab_traces` in the current directory if it is not there.
  explicit TraceFile(const plan::FabricPlan& plan);
  /// False when no more entries are wanted.
  bool add(const mesh::WaveletEvent& event, uint64_t ident);
  void write();

 private:
  const plan::FabricPlan& plan_;
  std::string folder_;
  size_t most_;
  bool truncated_ = false;
  std::vector<TraceEntry> entries_;
};

/// Reads DIR/simfab_traces, or DIR itself.
Result<Trace> readTrace(const std::string& directory, diag::Sink& sink);

/// Letters of the ports, W E S N R, as logs have them. What the host streams in comes from the west, where a wafer has
/// the columns that feed the program.
char portLetter(uint8_t port);
/// Number of a PE's tile on the fabric, row by row.
uint32_t tileNumber(const plan::FabricPlan& plan, PeCoord pe);

}  // namespace weft::host
