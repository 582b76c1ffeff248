// The calls of a layout block: placement, routes, exported names.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/layout/layout_runner.h"

namespace weft::layout {

using diag::Code;
using sema::LayoutError;
using sema::LayoutVerdict;

LayoutRunner::LayoutRunner(sema::Context& context, const Options& options, Stats& stats)
    : context_(context),
      options_(options),
      stats_(stats),
      plan_(std::make_shared<plan::FabricPlan>()),
      sharing_(options.sharing) {
  plan_->arch = context.options.arch;
  plan_->fp16 = context.options.fp16;
  plan_->host.memcpy = options.memcpy;
  plan_->host.channels = options.channels;
  plan_->params = options.params;
  plan_->colors = options.colors;
}

LayoutVerdict LayoutRunner::setRectangle(Extent2 extent, source::Span span) {
  ++stats_.layout_calls;
  if (extent_)
    return LayoutError{Code::E0501, "`@set_rectangle` may be called only once", rectangle_span_, "first call"};
  if (extent.area() > (1u << 28)) return LayoutError{Code::E0504, "the program rectangle is too large", {}, {}};
  extent_ = extent;
  rectangle_span_ = span;
  plan_->extent = extent;
  tiles_.resize(extent.area());
  if (!chooseFabric()) {
    const uint32_t wb = options_.west_buffer;
    const uint32_t eb = options_.east_buffer;
    if (options_.memcpy && options_.offset && (options_.offset->x < 4 + wb || options_.offset->y < 1)) {
      return LayoutError{
          Code::E0510,
          fmt::format("The core must have --fabric-offsets=4+width_west_buf,1, i.e. at least {},1", 4 + wb),
          {},
          {}};
    }
    const uint32_t w = options_.memcpy ? extent.width + 7 + wb + eb : plan_->offset.x + extent.width;
    const uint32_t h = options_.memcpy ? extent.height + 2 : plan_->offset.y + extent.height;
    return LayoutError{Code::E0510, fmt::format("Fabric dimension must be at least {}-by-{}", w, h), {}, {}};
  }
  return std::nullopt;
}

// Fabric size and offset from the options, or the smallest that fit; false if they do not fit.
bool LayoutRunner::chooseFabric() {
  const Extent2 e = plan_->extent;
  const uint32_t wb = options_.west_buffer;
  const uint32_t eb = options_.east_buffer;
  const bool linked = options_.memcpy || !options_.fabric;
  plan_->offset = options_.offset ? *options_.offset : linked ? FabricCoord{4 + wb, 1} : FabricCoord{0, 0};
  plan_->fabric =
      options_.fabric ? *options_.fabric : Extent2{plan_->offset.x + e.width + 3 + eb, plan_->offset.y + e.height + 1};
  if (options_.memcpy) {
    return plan_->offset.x >= 4 + wb && plan_->offset.y >= 1 &&
           plan_->fabric.width >= plan_->offset.x + e.width + 3 + eb &&
           plan_->fabric.height >= plan_->offset.y + e.height + 1;
  }
  return plan_->fabric.width >= plan_->offset.x + e.width && plan_->fabric.height >= plan_->offset.y + e.height;
}

LayoutVerdict LayoutRunner::setTileCode(int64_t x, int64_t y, const sema::SourceFile& file,
                                        const comptime::Value& params, source::Span) {
  ++stats_.layout_calls;
  if (!extent_) return LayoutError{Code::E0502, "`@set_rectangle` must come before `@set_tile_code`", {}, {}};
  if (x < 0 || y < 0 || x >= extent_->width || y >= extent_->height) {
    return LayoutError{
        Code::E0504,
        fmt::format("PE ({}, {}) lies outside the {}-by-{} rectangle", x, y, extent_->width, extent_->height),
        rectangle_span_, "rectangle set here"};
  }
  Tile& tile = tiles_[extent_->index({static_cast<uint32_t>(x), static_cast<uint32_t>(y)})];
  if (tile.group != nullptr) {
    return LayoutError{Code::E0503, fmt::format("tile code for PE ({}, {}) has already been set", x, y), {}, {}};
  }
  const auto [it, is_new] = file_index_.try_emplace(&file, static_cast<uint32_t>(files_.size()));
  if (is_new) files_.push_back(&file);
  tile.file = it->second;
  tile.group = &sharing_.groupOf(tile.file, params, context_.pool, scratch_);
  tile.leaves = static_cast<uint32_t>(leaves_.size());
  tile.leaf_count = static_cast<uint32_t>(scratch_.size());
  for (const comptime::Int128 v : scratch_) leaves_.push_back(static_cast<int64_t>(v));
  return std::nullopt;
}

uint32_t LayoutRunner::internConfig(const plan::ColorConfig& c) {
  uint64_t h = c.rx + 64u * c.tx;
  const auto mix = [&](uint64_t v) { h = (h ^ v) * 0x9e3779b97f4a7c15ull; };
  for (const plan::SwitchPosition& p : c.positions)
    mix((p.valid ? 1u : 0u) + (p.rx ? 2u + *p.rx : 0u) * 64u + (p.tx ? 2u + *p.tx : 0u) * 4096u);
  mix(c.initial_position + 8u * static_cast<unsigned>(c.pop) + (c.ring ? 64u : 0u));
  mix(c.filter.init_counter + 65536ull * c.filter.limit1 + (static_cast<uint64_t>(c.filter.min_index) << 32));
  mix(c.where.line);
  mix(c.where.column);
  const auto [begin, end] = config_hash_.equal_range(h);
  for (auto it = begin; it != end; ++it) {
    if (plan_->color_configs[it->second] == c) return it->second;
  }
  const auto index = static_cast<uint32_t>(plan_->color_configs.size());
  plan_->color_configs.push_back(c);
  config_spans_.emplace_back();
  config_hash_.emplace(h, index);
  return index;
}

LayoutVerdict LayoutRunner::setColorConfig(int64_t x, int64_t y, int color, const plan::ColorConfig& config,
                                           source::Span span) {
  ++stats_.layout_calls;
  if (!extent_) return LayoutError{Code::E0502, "`@set_rectangle` must come before `@set_color_config`", {}, {}};
  if (x < 0 || y < 0 || x >= extent_->width || y >= extent_->height) {
    return LayoutError{
        Code::E0504,
        fmt::format("PE ({}, {}) lies outside the {}-by-{} rectangle", x, y, extent_->width, extent_->height),
        rectangle_span_, "rectangle set here"};
  }
  const auto [it, is_new] = config_index_.try_emplace(&config, 0);
  if (is_new) {
    it->second = internConfig(config);
    if (!config_spans_[it->second].valid()) config_spans_[it->second] = span;
  }
  auto& plane = plan_->config_of[static_cast<size_t>(color)];
  if (plane.empty()) plane.resize(extent_->area());
  uint32_t& cell = plane[extent_->index({static_cast<uint32_t>(x), static_cast<uint32_t>(y)})];
  if (cell != 0) {
    return LayoutError{Code::E0507,
                       fmt::format("config for this color has already been set: color {} on PE ({}, {})", color, x, y),
                       config_spans_[cell], "set here before"};
  }
  cell = it->second;
  return std::nullopt;
}

LayoutVerdict LayoutRunner::exportName(plan::Export name, source::Span span) {
  ++stats_.layout_calls;
  for (size_t i = 0; i < plan_->exports.size(); ++i) {
    if (plan_->exports[i].name == name.name) {
      return LayoutError{Code::E0511, fmt::format("name '{}' has already been exported", name.name), export_spans_[i],
                         "exported here before"};
    }
  }
  plan_->exports.push_back(std::move(name));
  export_spans_.push_back(span);
  return std::nullopt;
}

void LayoutRunner::memcpyConfig(const std::array<int, 4>& h2d, const std::array<int, 4>& d2h) {
  for (size_t i = 0; i < 4; ++i) {
    if (h2d[i] >= 0) plan_->host.h2d[i] = h2d[i];
    if (d2h[i] >= 0) plan_->host.d2h[i] = d2h[i];
  }
}

}  // namespace weft::layout
