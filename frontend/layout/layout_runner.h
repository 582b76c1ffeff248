// Takes the decisions of a layout block down, in tables made for millions of calls. Internal to frontend/layout.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/comptime/symbolic.h"
#include "frontend/layout/layout.h"

#include <array>
#include <unordered_map>
#include <vector>

namespace weft::layout {

class LayoutRunner : public sema::LayoutHooks {
 public:
  LayoutRunner(sema::Context& context, const Options& options, Stats& stats);

  // sema::LayoutHooks
  sema::LayoutVerdict setRectangle(Extent2 extent, source::Span span) override;
  [[nodiscard]] std::optional<Extent2> rectangle() const override { return extent_; }
  [[nodiscard]] Extent2 fabric() const override { return plan_->fabric; }
  [[nodiscard]] FabricCoord offset() const override { return plan_->offset; }
  sema::LayoutVerdict setTileCode(int64_t x, int64_t y, const sema::SourceFile& file, const comptime::Value& params,
                                  source::Span span) override;
  sema::LayoutVerdict setColorConfig(int64_t x, int64_t y, int color, const plan::ColorConfig& config,
                                     source::Span span) override;
  sema::LayoutVerdict exportName(plan::Export name, source::Span span) override;
  void memcpyConfig(const std::array<int, 4>& h2d, const std::array<int, 4>& d2h) override;

  /// After the layout block: analyse every distinct program, merge local configurations, check, hand out the plan.
  Result<std::shared_ptr<const plan::FabricPlan>> finish(bool has_layout, bool every_tile);

 private:
  struct Tile {
    comptime::Group* group = nullptr;
    uint32_t file = 0;
    /// First of this PE's leaves in leaves_.
    uint32_t leaves = 0;
    uint32_t leaf_count = 0;
  };
  // One analysed program and what belongs to it on each PE.
  struct Leaf {
    uint32_t program = plan::kNoProgram;
    std::vector<comptime::SymId> slots;
    std::vector<sema::LocalColorConfig> configs;
    std::vector<uint32_t> config_indices;
    std::vector<sema::FabricUse> uses;
    bool changes_routes = false;
    bool failed = false;
  };
  uint32_t analyse(const Tile& tile, std::span<const comptime::Int128> leaves, bool has_layout);
  bool analyseAll(bool has_layout);
  void fillSlots();
  bool chooseFabric();
  bool mergeLocalConfigs();
  bool checkRoutes();
  void checkNeighbours();
  void checkFabricUses();
  [[nodiscard]] uint32_t servedByHost() const;
  void foldUniformSlots();
  uint32_t internConfig(const plan::ColorConfig& config);
  uint32_t internProgram(std::shared_ptr<tir::Program> program);

  sema::Context& context_;
  const Options& options_;
  Stats& stats_;
  std::shared_ptr<plan::FabricPlan> plan_;
  std::optional<Extent2> extent_;
  source::Span rectangle_span_;
  std::vector<Tile> tiles_;
  std::vector<int64_t> leaves_;
  comptime::Sharing sharing_;
  std::vector<const sema::SourceFile*> files_;
  std::unordered_map<const sema::SourceFile*, uint32_t> file_index_;
  std::vector<Leaf> program_leaves_;
  std::vector<uint32_t> leaf_of_;
  std::unordered_multimap<uint64_t, uint32_t> program_index_;
  std::vector<std::shared_ptr<tir::Program>> programs_;
  std::vector<bool> file_failed_;
  std::unordered_multimap<uint64_t, uint32_t> config_hash_;
  std::unordered_map<const plan::ColorConfig*, uint32_t> config_index_;
  std::vector<source::Span> config_spans_{{}};
  std::vector<source::Span> export_spans_;
  std::vector<comptime::Int128> scratch_;
};

}  // namespace weft::layout
