// CTF 1.8, one stream, one packet: packet header, packet context, then events of 30 bytes, all little-endian.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/host/trace_file.h"

#include "sdk/host/artifact.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace weft::host {

namespace fs = std::filesystem;

namespace {

constexpr uint32_t kMagic = 0xc1fc1fc1;
constexpr uint16_t kWaveletEvent = 6;
constexpr size_t kDefaultEvents = 100000;
constexpr size_t kHeaderBytes = 8;
constexpr size_t kContextBytes = 8 * 5;
constexpr size_t kEventBytes = 2 + 8 + 4 + 8 + 2 + 2 + 4;

constexpr const char* kMetadata = R"(/* CTF 1.8 */
typealias integer { size = 16; align = 8; signed = false; } := uint16_t;
typealias integer { size = 32; align = 8; signed = false; } := uint32_t;
typealias integer { size = 64; align = 8; signed = false; } := uint64_t;

trace {
  major = 1;
  minor = 8;
  byte_order = le;
  packet.header := struct { uint32_t magic; uint32_t stream_id; };
};

env { tracer_name = "weft"; };

clock { name = cycles; freq = 1000000000; description = "emulated cycles"; };

typealias integer { size = 64; align = 8; signed = false; map = clock.cycles.value; } := cycles_t;

stream {
  id = 0;
  packet.context := struct {
    uint64_t packet_size;
    uint64_t content_size;
    cycles_t timestamp_begin;
    cycles_t timestamp_end;
    uint64_t events_discarded;
  };
  event.header := struct { uint16_t id; cycles_t timestamp; };
};

/* fields: bits 0-4 color, 5 control, 7 set, 8-9 link (E0 N1 W2 S3), 10 ramp, 11-15 color, 16 host */
event {
  name = "wavelet_trace_entry";
  id = 6;
  stream_id = 0;
  fields := struct { uint32_t tile_index; uint64_t ident; uint16_t index; uint16_t data; uint32_t fields; };
};
)";

// target::Port (W E S N) to the trace's link number and back.
constexpr uint8_t kLinkOfPort[] = {2, 0, 3, 1};
constexpr uint8_t kPortOfLink[] = {1, 3, 0, 2};

void put(std::string& out, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(static_cast<char>(value >> (8 * i) & 0xff));
}

uint64_t take(const std::string& bytes, size_t& at, int count) {
  uint64_t value = 0;
  for (int i = 0; i < count; ++i) value |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[at++])) << (8 * i);
  return value;
}

uint32_t fieldsOf(const TraceEntry& e) {
  uint32_t fields = e.color | 1u << 7 | static_cast<uint32_t>(e.color) << 11 | (e.control ? 1u << 5 : 0u);
  if (e.port < 4) fields |= static_cast<uint32_t>(kLinkOfPort[e.port]) << 8;
  if (e.port == 4) fields |= 1u << 10;
  if (e.port > 4) fields |= 1u << 16;
  return fields;
}

}  // namespace

uint32_t tileNumber(const plan::FabricPlan& plan, PeCoord pe) {
  return (pe.y + plan.offset.y) * plan.fabric.width + pe.x + plan.offset.x;
}

char portLetter(uint8_t port) { return "WESNRW"[std::min<uint8_t>(port, 5)]; }

TraceFile::TraceFile(const plan::FabricPlan& plan) : plan_(plan), most_(kDefaultEvents) {
  if (const char* most = std::getenv("WEFT_TRACE_EVENTS")) most_ = std::strtoull(most, nullptr, 10);
  std::error_code ignored;
  folder_ = fs::absolute("simfab_traces", ignored).string();
  fs::create_directories(folder_, ignored);
}

bool TraceFile::add(const mesh::WaveletEvent& e, uint64_t ident) {
  if (entries_.size() >= most_) {
    truncated_ = true;
    return false;
  }
  entries_.push_back({e.cycle, tileNumber(plan_, e.pe), ident, e.payload, e.color, e.control, e.port});
  return true;
}

void TraceFile::write() {
  std::string bytes;
  bytes.reserve(kHeaderBytes + kContextBytes + entries_.size() * kEventBytes);
  put(bytes, kMagic, 4);
  put(bytes, 0, 4);
  const uint64_t bits = 8 * (kHeaderBytes + kContextBytes + entries_.size() * kEventBytes);
  for (const uint64_t v : {bits, bits, entries_.empty() ? 0 : entries_.front().cycle,
                           entries_.empty() ? 0 : entries_.back().cycle, uint64_t{truncated_ ? 1u : 0u}})
    put(bytes, v, 8);
  for (const TraceEntry& e : entries_) {
    put(bytes, kWaveletEvent, 2);
    put(bytes, e.cycle, 8);
    put(bytes, e.tile, 4);
    put(bytes, e.ident, 8);
    put(bytes, e.payload >> 16, 2);
    put(bytes, e.payload & 0xffff, 2);
    put(bytes, fieldsOf(e), 4);
  }
  // A folder that cannot be written is not an error of the run.
  diag::Sink ignored;
  const nlohmann::ordered_json about{{"fabric_x", plan_.fabric.width},
                                     {"fabric_y", plan_.fabric.height},
                                     {"tile_index", "y * fabric_x + x"},
                                     {"truncated", truncated_}};
  if (writeWholeFile(folder_ + "/metadata", kMetadata, ignored) &&
      writeWholeFile(folder_ + "/global_simdata.json", about.dump(2) + "\n", ignored)) {
    const Result<void> written = writeWholeFile(folder_ + "/stream0", bytes, ignored);
    (void)written;
  }
}

Result<Trace> readTrace(const std::string& directory, diag::Sink& sink) {
  std::error_code error;
  const std::string folder =
      fs::exists(fs::path(directory) / "simfab_traces", error) ? directory + "/simfab_traces" : directory;
  WEFT_TRY(const std::string about, readWholeFile(folder + "/global_simdata.json", sink));
  WEFT_TRY(const std::string bytes, readWholeFile(folder + "/stream0", sink));
  const auto json = nlohmann::json::parse(about, nullptr, false);
  const size_t head = kHeaderBytes + kContextBytes;
  size_t at = 0;
  if (!json.is_object() || bytes.size() < head || (bytes.size() - head) % kEventBytes != 0 ||
      take(bytes, at, 4) != kMagic) {
    sink.error(diag::Code::E0803, {}, "`{}` holds no trace of this version", folder).emit();
    return Reported{};
  }
  Trace trace;
  trace.fabric_width = std::max(1u, json.value("fabric_x", 1u));
  trace.fabric_height = json.value("fabric_y", 1u);
  trace.truncated = json.value("truncated", false);
  for (at = head; at < bytes.size();) {
    TraceEntry e;
    take(bytes, at, 2);
    e.cycle = take(bytes, at, 8);
    e.tile = static_cast<uint32_t>(take(bytes, at, 4));
    e.ident = take(bytes, at, 8);
    e.payload = static_cast<uint32_t>(take(bytes, at, 2)) << 16;
    e.payload |= static_cast<uint32_t>(take(bytes, at, 2));
    const auto fields = static_cast<uint32_t>(take(bytes, at, 4));
    e.color = fields & 0x1f;
    e.control = (fields >> 5 & 1) != 0;
    e.port = kPortOfLink[fields >> 8 & 3];
    if ((fields >> 10 & 1) != 0) e.port = 4;
    if ((fields >> 16 & 1) != 0) e.port = 5;
    trace.entries.push_back(e);
  }
  return trace;
}

}  // namespace weft::host
