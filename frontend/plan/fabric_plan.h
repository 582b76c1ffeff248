// What the layout decided: who runs what, routes, exports. Data only; read by the mesh, the host and the artifact.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/target/coord.h"
#include "frontend/tir/program.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weft::plan {

enum class PopMode : uint8_t { NoPop, AlwaysPop, PopOnAdvance, PopOnAdvanceNop };

/// One further switch position: which side it changes (a side it does not mention keeps the previous position's value).
struct SwitchPosition {
  bool valid = false;
  std::optional<target::PortMask> rx;
  std::optional<target::PortMask> tx;
  bool operator==(const SwitchPosition&) const = default;
};

enum class FilterKind : uint8_t { None, Range, Counter, SparseCounter };
struct Filter {
  FilterKind kind = FilterKind::None;
  bool count_data = false;
  bool count_control = false;
  bool filter_control = false;
  uint16_t init_counter = 0;
  uint16_t limit1 = 0;
  std::optional<uint16_t> limit2;
  uint16_t max_counter = 0;
  uint16_t min_index = 0;
  uint16_t max_index = 0;
  bool operator==(const Filter&) const = default;
};

/// Where a configuration was written, for diagnostics.
struct SourceRef {
  std::string path;
  uint32_t line = 0;
  uint32_t column = 0;
  bool operator==(const SourceRef&) const = default;
};

/// Router configuration of one color on one PE. Shared by all PEs that have the same.
struct ColorConfig {
  target::PortMask rx = 0;
  target::PortMask tx = 0;
  std::array<SwitchPosition, 3> positions{};
  uint8_t initial_position = 0;
  bool ring = false;
  PopMode pop = PopMode::NoPop;
  Filter filter;
  bool teardown = false;
  bool swap_x = false;
  bool swap_y = false;
  SourceRef where;
  bool operator==(const ColorConfig&) const = default;
};

struct Param {
  std::string name;
  std::string type;
};

/// One @export_name, in order of the calls; id = position + 1.
struct Export {
  std::string name;
  bool is_function = false;
  bool is_mutable = false;
  /// Type text: "[*]f32", or the return type of a function.
  std::string type;
  std::vector<Param> inputs;
};

/// Streaming colors the host link serves (memcpy); -1 where not given.
struct HostLink {
  bool memcpy = false;
  int channels = 0;
  std::array<int, 4> h2d{-1, -1, -1, -1};
  std::array<int, 4> d2h{-1, -1, -1, -1};
  /// Any of the two lists, as a bit mask of colors.
  [[nodiscard]] uint32_t h2dMask() const {
    uint32_t m = 0;
    for (int c : h2d)
      if (c >= 0) m |= 1u << c;
    return m;
  }
  [[nodiscard]] uint32_t d2hMask() const {
    uint32_t m = 0;
    for (int c : d2h)
      if (c >= 0) m |= 1u << c;
    return m;
  }
};

/// A stream between the host and one color of one PE: what a host-side layout has instead of memcpy.
struct PortStream {
  std::string name;
  bool input = false;
  PeCoord at;
  uint8_t color = 0;
  /// Words that wait between host and PE without holding either up.
  uint32_t buffer_words = 0;
  bool operator==(const PortStream&) const = default;
};

/// What a PE's memory holds at an address when the run begins, in place of its program's image.
struct Preset {
  PeCoord at;
  uint32_t address = 0;
  std::string bytes;
  bool operator==(const Preset&) const = default;
};

/// Bit of the host's end of a stream in a port mask, behind the five of the fabric.
inline constexpr target::PortMask kHostPortBit = 1u << target::kPortCount;

inline constexpr uint32_t kNoProgram = 0xffffffffu;

/// Immutable once made, so any thread may read it.
struct FabricPlan {
  target::Arch arch{};
  target::Fp16Format fp16{};
  /// Program rectangle, in PEs; both at least 1.
  Extent2 extent;
  /// Size of the fabric and place of PE (0,0) on it.
  Extent2 fabric;
  FabricCoord offset;
  HostLink host;
  std::vector<PortStream> streams;
  std::vector<Preset> presets;

  std::vector<std::shared_ptr<const tir::Program>> programs;
  /// Row-major, extent.area() entries: index into programs or kNoProgram.
  std::vector<uint32_t> program_of;
  /// Per PE: start of its slot values in slot_values (as many as its program has slots). Empty if no program has slots.
  std::vector<uint32_t> slots_of;
  std::vector<uint64_t> slot_values;

  /// Entry 0 is "not configured".
  std::vector<ColorConfig> color_configs{1};
  /// Per color: row-major indices into color_configs; empty for a color nobody configures.
  std::array<std::vector<uint32_t>, target::kColorCount> config_of;

  std::vector<Export> exports;
  /// Resolved --params and --colors in command-line order.
  std::vector<std::pair<std::string, std::string>> params;
  std::vector<std::pair<std::string, std::string>> colors;
  /// Top-level source, for people.
  std::string source_path;

  [[nodiscard]] std::optional<uint32_t> programAt(PeCoord at) const {
    const uint32_t p = program_of[extent.index(at)];
    return p == kNoProgram ? std::nullopt : std::optional<uint32_t>(p);
  }
  [[nodiscard]] const ColorConfig* colorConfig(PeCoord at, int color) const {
    const auto& plane = config_of[static_cast<size_t>(color)];
    if (plane.empty()) return nullptr;
    const uint32_t i = plane[extent.index(at)];
    return i == 0 ? nullptr : &color_configs[i];
  }
};

}  // namespace weft::plan
