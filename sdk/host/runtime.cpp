// The life of a Runtime: open, load, run, wait, stop.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "sdk/host/artifact.h"
#include "sdk/host/core_file.h"
#include "sdk/host/runtime_impl.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace weft::host {

namespace {
// is_task_done() moves time by this much, so that a polling script advances and stays deterministic.
constexpr mesh::Cycles kPollCycles = 1000;
constexpr int kMostIdlePolls = 10000;
// How long stop() lets the device come to rest.
constexpr mesh::Cycles kSettleCycles = 1000;

/// Adds its own lifetime, in seconds of wall time.
class Stopwatch {
 public:
  explicit Stopwatch(double& seconds) : seconds_(seconds) {}
  ~Stopwatch() { seconds_ += std::chrono::duration<double>(Clock::now() - start_).count(); }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  using Clock = std::chrono::steady_clock;
  double& seconds_;
  Clock::time_point start_ = Clock::now();
};
}  // namespace

std::vector<Problem> toProblems(const std::vector<diag::Diagnostic>& diagnostics,
                                const source::SourceManager& sources) {
  std::vector<Problem> problems;
  for (const diag::Diagnostic& d : diagnostics)
    problems.push_back({diag::codeName(d.code), d.severity == diag::Severity::Error, d.message,
                        diag::renderText(d, sources), diag::renderJson(d, sources)});
  return problems;
}

std::vector<std::string> describeActivity(const mesh::Mesh& mesh) {
  constexpr size_t kMost = 4;
  // A snapshot costs: on a wafer the first rows tell enough.
  constexpr uint64_t kLook = 4096;
  const plan::FabricPlan& plan = mesh.plan();
  std::vector<std::string> running;
  std::vector<std::string> waiting;
  for (uint64_t i = 0; i < std::min(plan.extent.area(), kLook) && running.size() < kMost; ++i) {
    const PeCoord at{static_cast<uint32_t>(i % plan.extent.width), static_cast<uint32_t>(i / plan.extent.width)};
    if (!plan.programAt(at)) continue;
    const std::string what = mesh.snapshot(at).main_thread;
    const std::string text = fmt::format("PE ({}, {}): {}", at.x, at.y, what);
    if (what.starts_with("running"))
      running.push_back(text);
    else if (what != "idle" && waiting.size() < kMost)
      waiting.push_back(text);
  }
  for (auto& text : waiting)
    if (running.size() < kMost) running.push_back(std::move(text));
  return running;
}

std::unique_ptr<Runtime> makeRuntime(std::shared_ptr<const plan::FabricPlan> plan, std::string directory,
                                     const RuntimeOptions& options, SimulationFactory factory) {
  return std::make_unique<RuntimeImpl>(std::move(plan), std::move(directory), options, std::move(factory));
}

RuntimeImpl::RuntimeImpl(std::shared_ptr<const plan::FabricPlan> plan, std::string directory,
                         const RuntimeOptions& options, SimulationFactory factory)
    : plan_(std::move(plan)), directory_(std::move(directory)), options_(options), factory_(std::move(factory)) {}

RuntimeImpl::~RuntimeImpl() {
  if (log_) log_->finish();
}

Runtime::Geometry RuntimeImpl::geometry() const {
  return {plan_->extent.width,  plan_->extent.height, plan_->fabric.width,
          plan_->fabric.height, plan_->offset.x,      plan_->offset.y};
}

std::vector<ExportInfo> RuntimeImpl::exports() const {
  std::vector<ExportInfo> all;
  for (const plan::Export& e : plan_->exports) {
    ExportInfo info{static_cast<int>(all.size() + 1), e.name, e.is_function, e.type, {}};
    for (const plan::Param& p : e.inputs) info.inputs.emplace_back(p.name, p.type);
    all.push_back(std::move(info));
  }
  return all;
}

std::optional<int> RuntimeImpl::idOf(std::string_view name) const {
  for (size_t i = 0; i < plan_->exports.size(); ++i)
    if (plan_->exports[i].name == name) return static_cast<int>(i + 1);
  return std::nullopt;
}

Status RuntimeImpl::otherThread() const {
  const source::SourceManager none;
  diag::Sink sink;
  sink.error(diag::Code::E0610, {}, "another thread is inside a call of this runtime")
      .help("keep one runtime in one thread")
      .emit();
  return Status(toProblems(sink.drain(), none));
}

Status RuntimeImpl::takeStatus(bool interrupted) {
  std::vector<Problem> problems = toProblems(sink_.drain(), sources_);
  if (options_.message_level == "ERROR") std::erase_if(problems, [](const Problem& p) { return !p.is_error; });
  return Status(std::move(problems), interrupted);
}

void RuntimeImpl::say(const std::string& text) const {
  if (options_.message_level == "INFO" || options_.message_level == "DEBUG") fmt::print(stderr, "INFO: {}\n", text);
}

Status RuntimeImpl::load() {
  return call_([&]() -> Result<void> {
    if (state_ != State::Created) {
      sink_.error(diag::Code::E0602, {}, "Cannot call load() multiple times").emit();
      return Reported{};
    }
    {
      const Stopwatch watch(report_.load_seconds);
      WEFT_TRY(simulation_, factory_(plan_, sink_));
    }
    if (options_.write_logs)
      log_ = std::make_unique<SimLog>(simulation_->mesh(), directory_, options_.suppress_trace, report_.load_seconds);
    state_ = State::Loaded;
    say(fmt::format("{}: {} x {} PEs loaded, engine {}", directory_, plan_->extent.width, plan_->extent.height,
                    simulation_->engineName()));
    return {};
  });
}

Status RuntimeImpl::run() {
  return call_([&]() -> Result<void> {
    if (state_ != State::Loaded) {
      sink_
          .error(diag::Code::E0602, {}, "Cannot call run() multiple times, or call run() if load() has not been called")
          .emit();
      return Reported{};
    }
    state_ = State::Running;
    return {};
  });
}

Status RuntimeImpl::stop() {
  return call_([&]() -> Result<void> {
    if (state_ != State::Running) {
      sink_
          .error(diag::Code::E0602, {},
                 "Cannot call stop() multiple times, or call stop() if run() has not been called")
          .emit();
      return Reported{};
    }
    Result<void> done;
    // After a failure the state is frozen where it failed.
    if (!failed_) {
      // A host that only looked on, or that streams, waits until nothing moves.
      done = runUntil(last_command_);
    }
    if (interrupted_) return done;
    writeReport();
    if (done && !failed_ && last_command_) done = settle();
    if (interrupted_) return done;
    state_ = State::Stopped;
    pending_.clear();
    receives_.clear();
    const Result<void> written = writeKept();
    if (done && !written) done = written;
    if (log_) log_->finish();
    say(fmt::format("stopped at cycle {}", simulation_->mesh().cycle()));
    if (!options_.core_at_end.empty()) {
      const Result<void> core = writeCore(simulation_->mesh(), directory_, options_.core_at_end, sink_);
      if (!core) return core;
    }
    return done;
  });
}

/// Words that are still on their way when the last command is done arrive, and what they start runs; a program that
/// never comes to rest is cut off.
Result<void> RuntimeImpl::settle() {
  mesh::Mesh& mesh = simulation_->mesh();
  const mesh::RunEnd end = mesh.run({std::nullopt, mesh.cycle() + kSettleCycles, poll_});
  if (end == mesh::RunEnd::Interrupted) interrupted_ = true;
  if (end != mesh::RunEnd::Trap) return {};
  failed_ = true;
  return Reported{};
}

Status RuntimeImpl::wait(Task task) {
  return call_([&]() -> Result<void> {
    WEFT_TRY_VOID(checkRunning());
    return runUntil(task);
  });
}

Status RuntimeImpl::isDone(Task task, bool& done) {
  done = false;
  return call_([&]() -> Result<void> {
    if (state_ == State::Stopped) {
      done = true;
      return {};
    }
    WEFT_TRY_VOID(checkRunning());
    mesh::Mesh& mesh = simulation_->mesh();
    if (!mesh.isComplete(task)) {
      const mesh::RunEnd end = mesh.run({task, mesh.cycle() + kPollCycles, poll_});
      if (end == mesh::RunEnd::Trap) failed_ = true;
      if (end == mesh::RunEnd::Interrupted) interrupted_ = true;
      // The host may send later what a stream waits for, but not if it only ever asks.
      const bool may_come = mesh.openTransfers() != 0;
      if (end == mesh::RunEnd::Quiescent && !mesh.isComplete(task) && (!may_come || ++idle_polls_ > kMostIdlePolls)) {
        failed_ = true;
        mesh.reportHang(task);
        return Reported{};
      }
    }
    settleCopies();
    done = mesh.isComplete(task);
    return {};
  });
}

Result<void> RuntimeImpl::checkRunning() {
  if (state_ != State::Running) {
    sink_.error(diag::Code::E0602, {}, "SdkRuntime must be running to accept memcpy commands.")
        .help(state_ == State::Stopped ? "the run has ended: no command may follow stop()"
                                       : "call load() and run() first")
        .emit();
    return Reported{};
  }
  if (failed_) {
    sink_.error(diag::Code::E0602, {}, "the run has already failed: no command may follow").emit();
    return Reported{};
  }
  return {};
}

Result<void> RuntimeImpl::checkHostLink() {
  WEFT_TRY_VOID(checkRunning());
  if (plan_->host.memcpy) return {};
  sink_.error(diag::Code::E0612, {}, "the program was compiled without `--memcpy`: it takes no commands")
      .help("add `--memcpy --channels=1` to its cslc line")
      .emit();
  return Reported{};
}

Result<void> RuntimeImpl::runUntil(std::optional<mesh::CommandId> id) {
  mesh::Mesh& mesh = simulation_->mesh();
  mesh::Mesh::RunRequest request;
  request.until = id;
  request.poll = poll_;
  if (simulation_->options().max_cycles) request.cycle_limit = *simulation_->options().max_cycles;
  const mesh::RunEnd end = [&] {
    const Stopwatch watch(report_.run_seconds);
    return mesh.run(request);
  }();
  settleCopies();
  switch (end) {
    case mesh::RunEnd::Complete: return {};
    case mesh::RunEnd::Quiescent:
      if (id ? mesh.isComplete(*id) : mesh.openTransfers() == 0) return {};
      failed_ = true;
      mesh.reportHang(id);
      return Reported{};
    case mesh::RunEnd::Trap:
      failed_ = true;
      WEFT_CHECK(sink_.hasErrors(), "a trap without a diagnostic ended the run");
      return Reported{};
    case mesh::RunEnd::CycleLimit: {
      failed_ = true;
      auto error = sink_.error(diag::Code::E0609, {}, "the run reached its limit of {} cycles", request.cycle_limit);
      for (std::string& text : describeActivity(mesh)) error.note(std::move(text));
      error.emit();
      return Reported{};
    }
    case mesh::RunEnd::Interrupted: {
      interrupted_ = true;
      auto error = sink_.error(diag::Code::E0608, {}, "the run was interrupted at cycle {}", mesh.cycle());
      for (std::string& text : describeActivity(mesh)) error.note(std::move(text));
      error.emit();
      return Reported{};
    }
  }
  return {};
}

void RuntimeImpl::writeReport() const {
  // A line for each run of a script: `weft run DIR --report` prints them, `weft suite` adds them up.
  const char* path = std::getenv("WEFT_REPORT_FILE");
  if (path == nullptr || *path == '\0') return;
  profile::RunReport report = report_;
  report.engine = simulation_->engineName();
  report.threads = simulation_->options().mesh.threads;
  report.takeFrom(simulation_->mesh());
  std::ofstream(path, std::ios::app) << profile::toJson(report) << "\n";
}

Status RuntimeImpl::readSymbol(int64_t x, int64_t y, const std::string& symbol, std::vector<uint8_t>& bytes) {
  return call_([&]() -> Result<void> {
    if (!simulation_) {
      sink_.error(diag::Code::E0602, {}, "Cannot read a symbol if load() has not been called").emit();
      return Reported{};
    }
    std::optional<std::vector<uint8_t>> found;
    if (x >= 0 && y >= 0)
      found = host::readSymbol(simulation_->mesh(), {static_cast<uint32_t>(x), static_cast<uint32_t>(y)}, symbol);
    if (!found) {
      sink_.error(diag::Code::E0603, {}, "there is no symbol `{}` on PE P{}.{}", symbol, x, y)
          .note(fmt::format("coordinates are those of the fabric: PE (0, 0) of the program is P{}.{}", plan_->offset.x,
                            plan_->offset.y))
          .emit();
      return Reported{};
    }
    bytes = *std::move(found);
    return {};
  });
}

Status RuntimeImpl::dumpCore(const std::string& path) {
  return call_([&]() -> Result<void> {
    if (!simulation_) {
      sink_.error(diag::Code::E0613, {}, "Cannot call dump_core() if load() has not been called").emit();
      return Reported{};
    }
    return writeCore(simulation_->mesh(), directory_, path, sink_);
  });
}

RunFigures RuntimeImpl::figures() const {
  RunFigures figures;
  if (!simulation_) return figures;
  const mesh::MeshStats stats = simulation_->mesh().stats();
  figures.cycles = simulation_->mesh().cycle();
  figures.wavelet_hops = stats.wavelet_hops;
  figures.tasks_started = stats.tasks_started;
  figures.dsd_elements = stats.dsd_elements;
  figures.engine = simulation_->engineName();
  return figures;
}

}  // namespace weft::host

namespace weft {

std::unique_ptr<Runtime> Runtime::open(const std::string& directory, const RuntimeOptions& options, Status& status) {
  const source::SourceManager sources;
  diag::Sink sink;
  std::error_code ignored;
  // Scripts change the folder between construction and load().
  std::filesystem::path absolute = std::filesystem::absolute(directory, ignored);
  auto plan = host::readArtifact(absolute.string(), sink);
  std::unique_ptr<Runtime> runtime;
  if (plan) {
    runtime =
        host::makeRuntime(*plan, absolute.lexically_normal().string(), options,
                          [options](std::shared_ptr<const plan::FabricPlan> p,
                                    diag::Sink& s) -> Result<std::unique_ptr<host::Simulation>> {
                            WEFT_TRY(host::SimulationOptions settings, host::SimulationOptions::fromEnvironment(s));
                            settings.mesh.most_threads = options.max_threads;
                            return host::Simulation::create(std::move(p), settings, s);
                          });
  }
  status = Status(host::toProblems(sink.drain(), sources));
  return runtime;
}

}  // namespace weft
