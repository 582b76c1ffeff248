// A mesh without time: commands complete when run() reaches them, arrays live in a table. For tests of the runtime.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "sdk/mesh/mesh.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace weft::testing {

class FakeMesh final : public mesh::Mesh {
 public:
  explicit FakeMesh(std::shared_ptr<const plan::FabricPlan> plan, diag::Sink& sink)
      : plan_(std::move(plan)), sink_(sink) {}

  /// Words of a symbol (or color, as its number) on a PE.
  std::vector<uint32_t>& words(const std::string& name, uint32_t x, uint32_t y) { return data_[{name, {x, y}}]; }
  /// Commands from this number on never complete.
  uint64_t stuck_from = ~0ull;
  std::vector<std::pair<std::string, std::vector<uint32_t>>> launches;
  int hangs_reported = 0;

  [[nodiscard]] mesh::Cycles cycle() const override { return cycle_; }
  [[nodiscard]] const plan::FabricPlan& plan() const override { return *plan_; }
  mesh::CommandId copyIn(const std::string& symbol, mesh::Region r, uint32_t n, int,
                         std::vector<uint32_t> data) override {
    return add([=, this, data = std::move(data)] {
      size_t at = 0;
      for (uint32_t y = r.y; y < r.y + r.height; ++y)
        for (uint32_t x = r.x; x < r.x + r.width; ++x, at += n)
          words(symbol, x, y)
              .assign(data.begin() + static_cast<ptrdiff_t>(at), data.begin() + static_cast<ptrdiff_t>(at + n));
    });
  }
  mesh::CommandId copyOut(const std::string& symbol, mesh::Region r, uint32_t n, int, uint32_t* data) override {
    return add([=, this] {
      size_t at = 0;
      for (uint32_t y = r.y; y < r.y + r.height; ++y)
        for (uint32_t x = r.x; x < r.x + r.width; ++x)
          for (uint32_t e = 0; e < n; ++e) data[at++] = e < words(symbol, x, y).size() ? words(symbol, x, y)[e] : 0;
    });
  }
  mesh::CommandId streamIn(int color, mesh::Region r, uint32_t n, std::vector<uint32_t> data) override {
    return copyIn(std::to_string(color), r, n, 4, std::move(data));
  }
  mesh::CommandId streamOut(int color, mesh::Region r, uint32_t n, uint32_t* data) override {
    return copyOut(std::to_string(color), r, n, 4, data);
  }
  mesh::CommandId launch(const std::string& function, std::vector<uint32_t> args) override {
    return add([=, this] { launches.emplace_back(function, args); });
  }
  [[nodiscard]] bool isComplete(mesh::CommandId id) const override { return id < done_; }
  mesh::CommandId send(size_t, std::vector<uint32_t>) override { return 0; }
  mesh::CommandId receive(size_t, uint32_t*, size_t) override { return 0; }
  void keepAll(size_t) override {}
  std::vector<uint32_t> takeKept(size_t) override { return {}; }
  [[nodiscard]] size_t openTransfers() const override { return 0; }

  mesh::RunEnd run(const RunRequest& request) override {
    while (done_ < commands_.size() && (!request.until || done_ <= *request.until)) {
      if (done_ >= stuck_from) return mesh::RunEnd::Quiescent;
      if (cycle_ + 100 > request.cycle_limit) return mesh::RunEnd::CycleLimit;
      commands_[done_++]();
      cycle_ += 100;
    }
    return request.until ? mesh::RunEnd::Complete : mesh::RunEnd::Quiescent;
  }
  void reportHang(std::optional<mesh::CommandId>) override {
    ++hangs_reported;
    sink_.error(diag::Code::E0608, {}, "the fake mesh stands still").emit();
  }

  std::vector<uint8_t> readMemory(PeCoord, uint32_t, uint32_t bytes) const override {
    return std::vector<uint8_t>(bytes);
  }
  void writeMemory(PeCoord, uint32_t, std::span<const uint8_t>) override {}
  std::optional<std::vector<uint8_t>> readSymbol(PeCoord at, const std::string& symbol) const override {
    const auto found = data_.find({symbol, {at.x, at.y}});
    if (found == data_.end()) return std::nullopt;
    std::vector<uint8_t> bytes;
    for (const uint32_t word : found->second)
      for (int shift = 0; shift < 32; shift += 8) bytes.push_back(static_cast<uint8_t>(word >> shift));
    return bytes;
  }
  mesh::PeSnapshot snapshot(PeCoord at) const override { return {at, "fake", "idle", {}, {}, {}, {}}; }
  mesh::MeshStats stats() const override { return {}; }
  uint64_t memoryHash() const override { return 0; }
  uint64_t traceHash() const override { return 0; }
  void setWaveletListener(std::function<void(const mesh::WaveletEvent&)>) override {}
  std::vector<mesh::RegisterState> registers(PeCoord) const override { return {}; }
  void setInstructionListener(std::function<void(const mesh::InstructionEvent&)>) override {}
  void setSwitchListener(std::function<void(const mesh::SwitchEvent&)>) override {}
  void setLogListener(std::function<void(mesh::Cycles, PeCoord, const std::string&)>) override {}
  void inject(PeCoord, int, uint32_t, bool) override {}
  void activate(PeCoord, int) override {}

 private:
  std::shared_ptr<const plan::FabricPlan> plan_;
  diag::Sink& sink_;
  std::vector<std::function<void()>> commands_;
  size_t done_ = 0;
  mesh::Cycles cycle_ = 0;
  std::map<std::pair<std::string, std::pair<uint32_t, uint32_t>>, std::vector<uint32_t>> data_;

  mesh::CommandId add(std::function<void()> command) {
    commands_.push_back(std::move(command));
    return commands_.size() - 1;
  }
};

}  // namespace weft::testing
