// The Runtime behind weft/runtime.h. Split over runtime.cpp (life), runtime_copy.cpp, runtime_launch.cpp,
// runtime_stream.cpp.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/diag/diag.h"
#include "frontend/plan/fabric_plan.h"
#include "sdk/host/sim_log.h"
#include "sdk/host/simulation.h"
#include "sdk/profile/run_report.h"
#include "weft/runtime.h"

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace weft::host {

/// Makes the simulation of a plan when load() is called. Tests put a mesh of their own here.
using SimulationFactory =
    std::function<Result<std::unique_ptr<Simulation>>(std::shared_ptr<const plan::FabricPlan>, diag::Sink&)>;

/// A runtime over a plan in memory. `directory` may be empty.
std::unique_ptr<Runtime> makeRuntime(std::shared_ptr<const plan::FabricPlan> plan, std::string directory,
                                     const RuntimeOptions& options, SimulationFactory factory);

/// Diagnostics as the public API shows them.
std::vector<Problem> toProblems(const std::vector<diag::Diagnostic>& diagnostics, const source::SourceManager& sources);

/// What the busiest PEs are doing, a line each: for a run that was cut short.
std::vector<std::string> describeActivity(const mesh::Mesh& mesh);

class RuntimeImpl final : public Runtime {
 public:
  RuntimeImpl(std::shared_ptr<const plan::FabricPlan> plan, std::string directory, const RuntimeOptions& options,
              SimulationFactory factory);
  ~RuntimeImpl() override;

  void setPoll(std::function<bool()> poll) override { poll_ = std::move(poll); }
  [[nodiscard]] std::string directory() const override { return directory_; }
  [[nodiscard]] std::string arch() const override { return std::string(target::archName(plan_->arch)); }
  [[nodiscard]] bool usesMemcpy() const override { return plan_->host.memcpy; }
  [[nodiscard]] Geometry geometry() const override;
  [[nodiscard]] std::vector<ExportInfo> exports() const override;
  [[nodiscard]] std::optional<int> idOf(std::string_view name) const override;
  Status load() override;
  Status run() override;
  Status stop() override;
  Status copyIn(const Transfer& transfer, const uint32_t* words, size_t count, Task& task) override;
  Status copyOut(const Transfer& transfer, uint32_t* words, size_t count, std::function<void()> on_complete,
                 Task& task) override;
  Status launch(const std::string& name, const std::vector<LaunchArgument>& arguments, bool nonblock,
                Task& task) override;
  Status call(const std::string& name, const std::vector<uint32_t>& words, bool nonblock, Task& task) override;
  [[nodiscard]] std::vector<StreamInfo> streams() const override;
  Status send(size_t stream, const uint32_t* words, size_t count, bool nonblock, Task& task) override;
  Status receive(size_t stream, uint32_t* words, size_t count, std::function<void()> on_complete, bool nonblock,
                 Task& task) override;
  Status receiveToFile(size_t stream, const std::string& path, bool nonblock) override;
  Status wait(Task task) override;
  Status isDone(Task task, bool& done) override;
  Status readSymbol(int64_t fabric_x, int64_t fabric_y, const std::string& symbol,
                    std::vector<uint8_t>& bytes) override;
  Status dumpCore(const std::string& path) override;
  [[nodiscard]] RunFigures figures() const override;
  [[nodiscard]] bool isLoaded() const override { return state_ != State::Created; }
  [[nodiscard]] bool isRunning() const override { return state_ == State::Running; }
  [[nodiscard]] bool isStopped() const override { return state_ == State::Stopped; }

 private:
  enum class State : uint8_t { Created, Loaded, Running, Stopped };
  /// A copyOut whose words still have to be put in host order.
  struct PendingOut {
    mesh::CommandId id = 0;
    Transfer transfer;
    std::vector<uint32_t> staging;
    // Owned by the caller of copyOut; lives until on_complete has run.
    uint32_t* words = nullptr;
    std::function<void()> on_complete;
  };
  struct PendingReceive {
    mesh::CommandId id = 0;
    std::function<void()> on_complete;
  };
  /// Marks a call as under way; a second one from another thread is an error.
  class Entry {
   public:
    explicit Entry(RuntimeImpl& runtime) : runtime_(runtime), entered_(!runtime.busy_.test_and_set()) {}
    ~Entry() {
      if (entered_) runtime_.busy_.clear();
    }
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    [[nodiscard]] bool entered() const { return entered_; }

   private:
    RuntimeImpl& runtime_;
    bool entered_;
  };

  // Runs `body` as one call of the API: checks threads, drains the sink into a Status.
  template <class Body>
  Status call_(Body body);
  Status takeStatus(bool interrupted = false);
  Status otherThread() const;

  Result<void> checkRunning();
  // The same, and the program takes commands.
  Result<void> checkHostLink();
  Result<void> checkRegion(const Transfer& t, bool in);
  Result<std::string> checkTarget(const Transfer& t, bool in);
  Result<void> checkArray(const Transfer& t, size_t count);
  void warnOfOverrun(const Transfer& t, const std::string& name);
  Result<void> checkEveryPeExports(const Transfer& t, const std::string& name);
  Result<const plan::Export*> checkFunction(const std::string& name);
  Result<uint32_t> argumentWord(const plan::Export& function, size_t position, const LaunchArgument& argument);
  Result<void> finish(mesh::CommandId id, bool nonblock, Task& task);
  Result<void> runUntil(std::optional<mesh::CommandId> id);
  Result<void> settle();
  Result<void> checkStream(size_t stream, bool input);
  Result<void> finishTransfer(mesh::CommandId id, bool nonblock, Task& task);
  Result<void> writeKept();
  void settleCopies();
  void writeReport() const;
  // To standard error at the levels INFO and DEBUG.
  void say(const std::string& text) const;

  std::shared_ptr<const plan::FabricPlan> plan_;
  std::string directory_;
  RuntimeOptions options_;
  SimulationFactory factory_;
  std::function<bool()> poll_;
  source::SourceManager sources_;
  diag::Sink sink_;
  std::unique_ptr<Simulation> simulation_;
  // After simulation_: it listens to the mesh.
  std::unique_ptr<SimLog> log_;
  std::deque<PendingOut> pending_;
  // Wall times so far; the rest is filled in when it is written.
  profile::RunReport report_;
  std::vector<PendingReceive> receives_;
  // Stream, file.
  std::vector<std::pair<size_t, std::string>> kept_;
  /// Exports whose copies were found to run past their array.
  std::set<std::string> overrun_;
  std::optional<mesh::CommandId> last_command_;
  // Polls since the last transfer in which nothing moved.
  int idle_polls_ = 0;
  State state_ = State::Created;
  // A trap, hang or cycle limit ended the run: nothing moves any more.
  bool failed_ = false;
  bool interrupted_ = false;
  std::atomic_flag busy_;
};

template <class Body>
Status RuntimeImpl::call_(Body body) {
  const Entry entry(*this);
  if (!entry.entered()) return otherThread();
  interrupted_ = false;
  // A failure is in the sink.
  const Result<void> done = body();
  (void)done;
  return takeStatus(interrupted_);
}

}  // namespace weft::host
