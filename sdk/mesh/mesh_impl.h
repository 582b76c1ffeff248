// The mesh: blocks, the clock, the host's command queue. Private to this folder.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "sdk/mesh/block.h"
#include "sdk/mesh/host_streams.h"
#include "sdk/mesh/mesh.h"
#include "sdk/mesh/threads.h"

#include <deque>
#include <mutex>
#include <set>

namespace weft::mesh {

enum class CommandKind : uint8_t { CopyIn, CopyOut, StreamIn, StreamOut, Launch };

struct Command {
  CommandKind kind{};
  CommandId id = 0;
  std::string name;
  Region region;
  int color = 0;
  uint32_t elements = 0;
  int element_bytes = 4;
  std::vector<uint32_t> data;  // also arguments
  uint32_t* out = nullptr;
  // Once started.
  bool started = false;
  Cycles start = 0;
  /// When it reaches PE (0, 0).
  Cycles base = 0;
  uint64_t expected = 0;
  uint64_t done = 0;
  Cycles last = 0;
  Cycles complete = kNever;
  /// Per program: host symbol (kNone: none).
  std::vector<uint32_t> symbol;
  [[nodiscard]] Cycles arrival(PeCoord at, uint32_t hop) const { return base + static_cast<Cycles>(at.x + at.y) * hop; }
};

/// What a router does with a color, for reports: never makes state.
struct RouteView {
  bool configured = false;
  uint8_t rx = 0;
  uint8_t tx = 0;
  bool teardown = false;
};

class MeshImpl final : public Mesh {
 public:
  MeshImpl(std::shared_ptr<const plan::FabricPlan> plan, MeshOptions options, diag::Sink& sink);
  ~MeshImpl() override;
  bool load(jit::Engine& engine);

  [[nodiscard]] Cycles cycle() const override { return time_; }
  [[nodiscard]] const plan::FabricPlan& plan() const override { return *plan_; }
  CommandId copyIn(const std::string& symbol, Region region, uint32_t elements_per_pe, int element_bytes,
                   std::vector<uint32_t> data) override;
  CommandId copyOut(const std::string& symbol, Region region, uint32_t elements_per_pe, int element_bytes,
                    uint32_t* data) override;
  CommandId streamIn(int color, Region region, uint32_t elements_per_pe, std::vector<uint32_t> data) override;
  CommandId streamOut(int color, Region region, uint32_t elements_per_pe, uint32_t* data) override;
  CommandId launch(const std::string& function, std::vector<uint32_t> args) override;
  [[nodiscard]] bool isComplete(CommandId id) const override {
    return (id & kTransferBit) != 0 ? !open_transfers_.contains(id) : id <= completed_;
  }
  CommandId send(size_t stream, std::vector<uint32_t> words) override;
  CommandId receive(size_t stream, uint32_t* words, size_t count) override;
  void keepAll(size_t stream) override;
  std::vector<uint32_t> takeKept(size_t stream) override;
  [[nodiscard]] size_t openTransfers() const override { return open_transfers_.size(); }
  RunEnd run(const RunRequest& request) override;
  void reportHang(std::optional<CommandId> awaited) override;
  std::vector<uint8_t> readMemory(PeCoord at, uint32_t address, uint32_t bytes) const override;
  void writeMemory(PeCoord at, uint32_t address, std::span<const uint8_t> bytes) override;
  std::optional<std::vector<uint8_t>> readSymbol(PeCoord at, const std::string& symbol) const override;
  PeSnapshot snapshot(PeCoord at) const override;
  std::vector<RegisterState> registers(PeCoord at) const override;
  MeshStats stats() const override;
  uint64_t memoryHash() const override;
  uint64_t traceHash() const override;
  void setWaveletListener(std::function<void(const WaveletEvent&)> listener) override;
  void setLogListener(std::function<void(Cycles, PeCoord, const std::string&)> listener) override;
  void setInstructionListener(std::function<void(const InstructionEvent&)> listener) override;
  void setSwitchListener(std::function<void(const SwitchEvent&)> listener) override;
  void inject(PeCoord at, int color, uint32_t payload, bool control) override;
  void activate(PeCoord at, int task_id) override;

  // For the blocks.
  [[nodiscard]] const Params& params() const { return params_; }
  [[nodiscard]] const MeshOptions& options() const { return options_; }
  [[nodiscard]] const std::vector<ProgramInfo>& programs() const { return programs_; }
  [[nodiscard]] const WeftKernel* kernels() const { return kernels_; }
  [[nodiscard]] bool listening() const { return static_cast<bool>(wavelet_listener_); }
  /// The command being executed, or nullptr. Constant within a window.
  [[nodiscard]] const Command* current() const {
    return !commands_.empty() && commands_.front().started ? &commands_.front() : nullptr;
  }
  Block& blockAt(PeCoord at) const;
  /// Block beside `block` in direction 0..3, or nullptr off the mesh.
  Block* neighbour(const Block& block, int direction) const;
  /// Whether this is the first warning of its kind.
  bool firstWarning(uint64_t key);
  std::string commandText(const Command& command) const;
  RouteView routeView(PeCoord at, int color) const;
  [[nodiscard]] const Core* coreAt(PeCoord at) const;
  /// Why the words of `color` that PE `at` waits for do not come, and which PE should have sent them.
  std::string whyNothingComes(PeCoord at, int color, std::optional<PeCoord>* sender, bool to_host = false) const;
  /// Why the words of `color` that PE `at` sends do not get away.
  std::string whyStuck(PeCoord at, int color, int from = kRampPort) const;

 private:
  friend class Block;
  CommandId submit(Command command);
  void startCommand(Command& command, Cycles at);
  /// Host side of a window: starts and completes commands. Returns the host's next event.
  Cycles hostStep(Cycles now);
  void makeStreams();
  /// `transfer.end` is its number of words.
  CommandId addTransfer(size_t stream, Transfer transfer);
  /// Completes transfers of streams. Returns when the next one will be complete.
  Cycles streamStep(Cycles now);
  /// What open transfers wait for, for reports.
  void collectStreams(std::vector<Block::Stuck>& out) const;
  void collect(Cycles window_end);
  /// Gives listeners what the blocks have noted before `window_end`.
  void tell(Cycles window_end);
  RunEnd runLoop(const RunRequest& request);
  void runBlocks(const std::vector<uint32_t>& ready, Cycles end);
  void heartbeat();
  void settle() const {
    for (const auto& b : blocks_) b->settle();
  }

  std::shared_ptr<const plan::FabricPlan> plan_;
  MeshOptions options_;
  diag::Sink& sink_;
  timing::CostModel model_;
  Params params_;
  std::vector<jit::CostTable> cost_tables_;
  std::vector<const tir::Program*> program_pointers_;
  std::vector<std::unique_ptr<jit::CodeImage>> images_;
  std::vector<ProgramInfo> programs_;
  const WeftKernel* kernels_ = nullptr;
  uint32_t block_edge_ = 0, blocks_x_ = 0, blocks_y_ = 0;
  std::vector<std::unique_ptr<Block>> blocks_;
  std::vector<std::vector<Message>> inboxes_;
  std::unique_ptr<ThreadPool> pool_;
  Pace pace_;
  Cycles time_ = 0;
  bool trapped_ = false;
  bool loaded_ = false;
  std::deque<Command> commands_;
  CommandId next_command_ = 1;
  CommandId completed_ = 0;
  Cycles last_completion_ = 0;
  /// One per stream of the plan; the blocks point at them.
  std::vector<std::unique_ptr<PortStream>> streams_;
  std::set<CommandId> open_transfers_;
  CommandId next_transfer_ = kTransferBit + 1;
  std::function<void(const WaveletEvent&)> wavelet_listener_;
  std::function<void(Cycles, PeCoord, const std::string&)> log_listener_;
  std::function<void(const InstructionEvent&)> instruction_listener_;
  std::function<void(const SwitchEvent&)> switch_listener_;
  /// Of tasks that ran ahead of the window.
  std::vector<InstructionEvent> held_;
  std::mutex warnings_mutex_;
  std::vector<uint64_t> warnings_;
};

}  // namespace weft::mesh
