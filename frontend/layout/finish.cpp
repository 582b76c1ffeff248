// After the layout block: one analysis per distinct program, slots, local color configurations, checks of the whole.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "frontend/layout/layout_runner.h"
#include "frontend/tir/tir.h"

#include <chrono>

namespace weft::layout {

using comptime::Int128;
using diag::Code;

namespace {

double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

uint32_t LayoutRunner::internProgram(std::shared_ptr<tir::Program> program) {
  const tir::Hash hash = tir::contentHash(*program);
  const auto [begin, end] = program_index_.equal_range(hash.low);
  for (auto it = begin; it != end && options_.sharing; ++it) {
    if (tir::contentHash(*programs_[it->second]) == hash) return it->second;
  }
  const auto index = static_cast<uint32_t>(programs_.size());
  programs_.push_back(std::move(program));
  program_index_.emplace(hash.low, index);
  return index;
}

// Analyses the program of one PE; returns its leaf.
uint32_t LayoutRunner::analyse(const Tile& tile, std::span<const Int128> leaves, bool has_layout) {
  ++stats_.analyses;
  comptime::Recorder recorder(*tile.group, leaves);
  const comptime::Value params = comptime::Sharing::symbolicParams(context_.pool, *tile.group, leaves);
  const auto index = static_cast<uint32_t>(program_leaves_.size());
  program_leaves_.emplace_back();
  auto result =
      sema::analyzeProgram(context_, *files_[tile.file], params, has_layout ? &plan_->exports : nullptr, &recorder);
  Leaf& leaf = program_leaves_[index];
  if (result) {
    WEFT_CHECK(result->slots.size() == result->program->slots.size(), "slots of {}", result->program->name);
    // Bytes that slots fill say nothing about the program.
    for (const tir::ImagePatch& patch : result->program->patches) {
      for (uint32_t b = 0; b < patch.bytes && patch.address + b < result->program->image.size(); ++b) {
        result->program->image[patch.address + b] = 0;
      }
    }
    leaf.slots = std::move(result->slots);
    leaf.configs = std::move(result->color_configs);
    leaf.uses = std::move(result->fabric_uses);
    leaf.changes_routes = result->changes_routes;
    leaf.program = internProgram(std::move(result->program));
  } else {
    leaf.failed = true;
    file_failed_[tile.file] = true;
  }
  recorder.finish(index);
  return index;
}

bool LayoutRunner::analyseAll(bool has_layout) {
  bool ok = true;
  file_failed_.assign(files_.size(), false);
  leaf_of_.assign(tiles_.size(), comptime::Group::kNoLeaf);
  plan_->program_of.assign(tiles_.size(), plan::kNoProgram);
  std::vector<Int128> leaves;
  for (size_t i = 0; i < tiles_.size(); ++i) {
    const Tile& tile = tiles_[i];
    if (tile.group == nullptr) continue;
    leaves.assign(leaves_.begin() + tile.leaves, leaves_.begin() + tile.leaves + tile.leaf_count);
    uint32_t leaf = tile.group->find(leaves);
    if (leaf == comptime::Group::kNoLeaf) {
      // The same mistake would be found again for other params.
      if (file_failed_[tile.file]) continue;
      leaf = analyse(tile, leaves, has_layout);
    }
    ok = ok && !program_leaves_[leaf].failed;
    leaf_of_[i] = leaf;
    plan_->program_of[i] = program_leaves_[leaf].program;
  }
  return ok && std::find(file_failed_.begin(), file_failed_.end(), true) == file_failed_.end();
}

void LayoutRunner::fillSlots() {
  bool any = false;
  for (const auto& p : programs_) any = any || !p->slots.empty();
  if (!any) return;
  plan_->slots_of.assign(tiles_.size(), 0);
  std::vector<Int128> leaves;
  for (size_t i = 0; i < tiles_.size(); ++i) {
    if (leaf_of_[i] == comptime::Group::kNoLeaf) continue;
    const Leaf& leaf = program_leaves_[leaf_of_[i]];
    const size_t at = plan_->slot_values.size();
    plan_->slots_of[i] = static_cast<uint32_t>(at);
    if (leaf.slots.empty()) continue;
    const Tile& tile = tiles_[i];
    leaves.assign(leaves_.begin() + tile.leaves, leaves_.begin() + tile.leaves + tile.leaf_count);
    plan_->slot_values.resize(at + leaf.slots.size());
    tile.group->evaluate(leaves, leaf.slots, plan_->slot_values.data() + at);
    const tir::Program& p = *programs_[leaf.program];
    for (size_t k = 0; k < leaf.slots.size(); ++k) {
      const uint32_t bytes = tir::sizeOf(p.slots[k]);
      if (bytes < 8) plan_->slot_values[at + k] &= (1ull << (bytes * 8)) - 1;
    }
  }
}

// A slot that has one value on all PEs of its program becomes a constant. The program was simplified with the slot in
// place, so its cycles do not change; engines see more constants.
void LayoutRunner::foldUniformSlots() {
  if (plan_->slots_of.empty()) return;
  const size_t count = programs_.size();
  std::vector<std::vector<uint64_t>> value(count);
  std::vector<std::vector<bool>> uniform(count);
  std::vector<bool> seen(count);
  for (size_t i = 0; i < tiles_.size(); ++i) {
    const uint32_t p = plan_->program_of[i];
    if (p == plan::kNoProgram) continue;
    const size_t n = programs_[p]->slots.size();
    const uint64_t* v = plan_->slot_values.data() + plan_->slots_of[i];
    if (!seen[p]) {
      seen[p] = true;
      value[p].assign(v, v + n);
      uniform[p].assign(n, true);
      continue;
    }
    for (size_t k = 0; k < n; ++k) {
      if (v[k] != value[p][k]) uniform[p][k] = false;
    }
  }
  std::vector<std::vector<uint32_t>> new_index(count);
  for (size_t p = 0; p < count; ++p) {
    tir::Program& prog = *programs_[p];
    const size_t n = prog.slots.size();
    if (n == 0) continue;
    std::vector<tir::Type> kept;
    std::vector<tir::Operand> operand(n);
    new_index[p].assign(n, UINT32_MAX);
    for (size_t k = 0; k < n; ++k) {
      if (!uniform[p][k]) {
        new_index[p][k] = static_cast<uint32_t>(kept.size());
        operand[k] = tir::Operand::slot(new_index[p][k]);
        kept.push_back(prog.slots[k]);
        continue;
      }
      auto it = std::find(prog.constants.begin(), prog.constants.end(), value[p][k]);
      const auto index = static_cast<uint32_t>(it - prog.constants.begin());
      if (it == prog.constants.end()) prog.constants.push_back(value[p][k]);
      operand[k] = tir::Operand::constant(index);
    }
    const auto fix = [&](tir::Operand& o) {
      if (o.kind() == tir::Operand::Kind::Slot) o = operand[o.index()];
    };
    for (tir::Inst& inst : prog.insts) fix(inst.a), fix(inst.b), fix(inst.c);
    for (tir::Operand& o : prog.args) fix(o);
    for (tir::DsrInit& d : prog.dsr_inits) fix(d.value);
    std::vector<tir::ImagePatch> patches;
    for (tir::ImagePatch patch : prog.patches) {
      if (new_index[p][patch.slot] != UINT32_MAX) {
        patch.slot = new_index[p][patch.slot];
        patches.push_back(patch);
        continue;
      }
      if (prog.image.size() < patch.address + patch.bytes) prog.image.resize(patch.address + patch.bytes);
      for (uint32_t b = 0; b < patch.bytes; ++b) {
        prog.image[patch.address + b] = static_cast<uint8_t>(value[p][patch.slot] >> (8 * b));
      }
    }
    prog.patches = std::move(patches);
    prog.slots = std::move(kept);
  }
  // Slot values again, without the folded ones.
  std::vector<uint64_t> packed;
  for (size_t i = 0; i < tiles_.size(); ++i) {
    const uint32_t p = plan_->program_of[i];
    if (p == plan::kNoProgram) continue;
    const uint64_t* v = plan_->slot_values.data() + plan_->slots_of[i];
    plan_->slots_of[i] = static_cast<uint32_t>(packed.size());
    for (size_t k = 0; k < new_index[p].size(); ++k) {
      if (new_index[p][k] != UINT32_MAX) packed.push_back(v[k]);
    }
  }
  plan_->slot_values = std::move(packed);
  if (plan_->slot_values.empty()) plan_->slots_of.clear();
}

bool LayoutRunner::mergeLocalConfigs() {
  for (Leaf& leaf : program_leaves_) {
    for (const sema::LocalColorConfig& c : leaf.configs) {
      const uint32_t index = internConfig(c.config);
      if (!config_spans_[index].valid()) config_spans_[index] = c.span;
      leaf.config_indices.push_back(index);
    }
  }
  for (size_t i = 0; i < tiles_.size(); ++i) {
    if (leaf_of_[i] == comptime::Group::kNoLeaf) continue;
    const Leaf& leaf = program_leaves_[leaf_of_[i]];
    for (size_t k = 0; k < leaf.configs.size(); ++k) {
      auto& plane = plan_->config_of[leaf.configs[k].color];
      if (plane.empty()) plane.resize(tiles_.size());
      if (plane[i] != 0) {
        context_.sink
            .error(Code::E0507, leaf.configs[k].span,
                   "config for this color has already been set: color {} on PE ({}, {})", leaf.configs[k].color,
                   i % extent_->width, i / extent_->width)
            .label(config_spans_[plane[i]], "set here before")
            .emit();
        return false;
      }
      plane[i] = leaf.config_indices[k];
    }
  }
  return true;
}

Result<std::shared_ptr<const plan::FabricPlan>> LayoutRunner::finish(bool has_layout, bool every_tile) {
  if (!extent_) {
    context_.sink.error(Code::E0502, {}, "the layout block does not call `@set_rectangle`").emit();
    return Reported{};
  }
  if (every_tile) {
    size_t missing = 0;
    size_t first = 0;
    for (size_t i = 0; i < tiles_.size(); ++i) {
      if (tiles_[i].group == nullptr && missing++ == 0) first = i;
    }
    if (missing > 0) {
      context_.sink
          .error(Code::E0503, rectangle_span_, "no tile code was set for PE ({}, {})", first % extent_->width,
                 first / extent_->width)
          .note(fmt::format("{} of {} PEs have none", missing, tiles_.size()))
          .emit();
      return Reported{};
    }
  }
  context_.options.rectangle = plan_->extent;
  context_.options.fabric = plan_->fabric;
  context_.options.offset = plan_->offset;
  const auto start = std::chrono::steady_clock::now();
  const bool analysed = analyseAll(has_layout);
  stats_.analysis_seconds = secondsSince(start);
  if (options_.explain_sharing) {
    std::vector<comptime::Group*> done;
    for (const Tile& t : tiles_) {
      if (t.group == nullptr || std::find(done.begin(), done.end(), t.group) != done.end()) continue;
      done.push_back(t.group);
      for (const std::string& q : t.group->questions()) stats_.questions.push_back(files_[t.file]->path + ": " + q);
    }
  }
  if (!analysed || !mergeLocalConfigs() || !checkRoutes()) return Reported{};
  if (has_layout) {
    checkNeighbours();
    checkFabricUses();
  }
  fillSlots();
  foldUniformSlots();
  for (auto& p : programs_) plan_->programs.push_back(std::move(p));
  return std::shared_ptr<const plan::FabricPlan>(plan_);
}

Result<std::shared_ptr<const plan::FabricPlan>> run(sema::Context& context, const sema::SourceFile& root,
                                                    const std::vector<sema::CliParam>& cli, const Options& options,
                                                    Stats& stats) {
  LayoutRunner runner(context, options, stats);
  const auto start = std::chrono::steady_clock::now();
  auto done = sema::analyzeLayout(context, root, cli, runner);
  stats.layout_seconds = secondsSince(start);
  if (!done) return Reported{};
  return runner.finish(true, true);
}

Result<std::shared_ptr<const plan::FabricPlan>> place(sema::Context& context, Extent2 extent,
                                                      const std::vector<Tile>& tiles, const Options& options,
                                                      Stats& stats) {
  LayoutRunner runner(context, options, stats);
  const auto refuse = [&](const sema::LayoutVerdict& v) {
    if (v) context.sink.error(v->code, {}, "{}", v->message).emit();
    return v.has_value();
  };
  if (refuse(runner.setRectangle(extent, {}))) return Reported{};
  for (const Tile& t : tiles) {
    for (const PeCoord at : t.at) {
      if (refuse(runner.setTileCode(at.x, at.y, *t.file, t.params, {}))) return Reported{};
    }
  }
  return runner.finish(false, false);
}

}  // namespace weft::layout
