// The engine and its code images: starting, resuming and discarding tasks, tier changes, compiling in parallel. Where
// no level is asked for, a program starts in the interpreter, which needs no compiling, and earns its code by running.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "jit/orc/session.h"

#include <algorithm>
#include <chrono>

namespace weft::jit::orc {

namespace {

using Clock = std::chrono::steady_clock;

// What compiling costs for each instruction of a program, in nanoseconds of a common machine. A program is worth it
// once it has run as long: then the time to any result is at most twice that of the best choice.
constexpr int64_t kCheapCost = 25'000;
constexpr int64_t kFullCost = 150'000;
// Longer stays are those of a thread that was off its core.
constexpr int64_t kLongestStay = 2'000'000;

class OrcImage final : public CodeImage {
 public:
  OrcImage(std::shared_ptr<Session> session, std::shared_ptr<ProgramCode> code, const tir::Program& program,
           const CostTable& costs)
      : session_(std::move(session)), code_(std::move(code)), program_(program), costs_(costs) {
    const bool has_code = code_->entries.load(std::memory_order_relaxed) != nullptr;
    if (session_->options().opt_level >= 0 || (has_code && code_->effort == Effort::Full)) return;
    watched_ = true;
    const auto size = static_cast<int64_t>(program.insts.size());
    wanted_ = has_code ? Effort::Full : Effort::Cheap;
    enough_ = size * (has_code ? kFullCost : kCheapCost);
    if (!has_code) cold_ = session_->interpreted(program, costs);
  }
  ~OrcImage() override { session_->abandon(*code_); }

  int32_t start(WeftPe& pe, tir::FunctionId fn, std::span<const uint64_t> args) override {
    if (!watched_.load(std::memory_order_relaxed)) [[likely]] {
      if (const Entry* entries = code_->entries.load(std::memory_order_acquire)) [[likely]]
        return enter(entries, pe, fn, args);
    }
    return startCold(pe, fn, args);
  }

  int32_t resume(WeftPe& pe) override {
    return run([&](const Entry* entries) {
      if (entries == nullptr) return cold_->resume(pe);
      while (pe.frames != nullptr) {
        WeftFrame* frame = pe.frames;
        pe.frames = frame->next;
        pe.cursor = &pe.frames;
        const int32_t status = entries[frame->function](&pe, nullptr, frame, tir::SiteId().value);
        if (status == WEFT_DONE) continue;
        if (status == WEFT_TRAP) discard(pe);
        return status;
      }
      return static_cast<int32_t>(WEFT_DONE);
    });
  }

  void discard(WeftPe& pe) override {
    std::call_once(frames_known_, [&] { measureFrames(); });
    while (pe.frames != nullptr) {
      WeftFrame* frame = pe.frames;
      pe.frames = frame->next;
      pe.device->frame_free(&pe, frame, frame_bytes_[frame->function][frame->point]);
    }
  }

  // Compiled code knows no exceptions: whoever wants them pays with the interpreter.
  CodeImage& checked() override {
    std::call_once(checked_made_, [&] { checked_ = session_->interpreted(program_, costs_); });
    return *checked_;
  }

 private:
  static int32_t enter(const Entry* entries, WeftPe& pe, tir::FunctionId fn, std::span<const uint64_t> args) {
    pe.frames = nullptr;
    pe.cursor = &pe.frames;
    return entries[fn.index()](&pe, args.data(), nullptr, tir::SiteId().value);
  }

  [[gnu::noinline]] int32_t startCold(WeftPe& pe, tir::FunctionId fn, std::span<const uint64_t> args) {
    return run([&](const Entry* entries) {
      return entries == nullptr ? cold_->start(pe, fn, args) : enter(entries, pe, fn, args);
    });
  }

  template <class F>
  int32_t run(F&& code) {
    if (!watched_.load(std::memory_order_relaxed)) return code(code_->entries.load(std::memory_order_acquire));
    const Clock::time_point begin = Clock::now();
    const int32_t status = code(code_->entries.load(std::memory_order_acquire));
    const int64_t wall = std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count();
    const int64_t took = std::min(wall, kLongestStay);
    if (spent_.fetch_add(took, std::memory_order_relaxed) + took >= enough_.load(std::memory_order_relaxed)) improve();
    return status;
  }

  void improve() {
    const std::lock_guard lock(improving_);
    if (!watched_ || spent_ < enough_) return;
    session_->improve(code_, program_, costs_, wanted_);
    watched_ = wanted_ != Effort::Full;
    wanted_ = Effort::Full;
    enough_ = static_cast<int64_t>(program_.insts.size()) * kFullCost;
  }

  void measureFrames() {
    frame_bytes_.resize(program_.functions.size());
    for (uint32_t f = 0; f < program_.functions.size(); ++f) {
      for (const tir::SuspendPoint& point : tir::suspendPoints(program_, tir::FunctionId(f))) {
        frame_bytes_[f].push_back(point.frame_bytes);
      }
    }
  }

  std::shared_ptr<Session> session_;
  std::shared_ptr<ProgramCode> code_;
  const tir::Program& program_;
  const CostTable costs_;
  // Runs it for PEs that have unmasked exceptions.
  std::unique_ptr<CodeImage> checked_;
  std::once_flag checked_made_;
  // Runs the program while there is no code.
  std::unique_ptr<CodeImage> cold_;
  // Whether better code may be wanted: the next kind, and nanoseconds spent in the program of those that call for it.
  std::atomic<bool> watched_{false};
  Effort wanted_ = Effort::Full;
  std::atomic<int64_t> enough_{0};
  std::atomic<int64_t> spent_{0};
  std::mutex improving_;
  std::once_flag frames_known_;
  std::vector<std::vector<uint32_t>> frame_bytes_;
};

class OrcEngine final : public Engine {
 public:
  explicit OrcEngine(std::shared_ptr<Session> session) : session_(std::move(session)) {}
  const char* name() const override { return "jit"; }
  const WeftKernel* kernels(target::Fp16Format fp16) override { return session_->kernels(fp16); }

  Result<std::vector<std::unique_ptr<CodeImage>>> compile(std::span<const tir::Program* const> programs,
                                                          std::span<const CostTable> costs, diag::Sink& sink) override {
    WEFT_CHECK(programs.size() == costs.size(), "{} programs, {} cost tables", programs.size(), costs.size());
    std::vector<std::unique_ptr<CodeImage>> images(programs.size());
    std::vector<std::string> problems(programs.size());
    std::atomic<size_t> next{0};
    auto work = [&] {
      for (size_t k = next++; k < programs.size(); k = next++) {
        auto code = session_->compile(*programs[k], costs[k], problems[k]);
        if (code != nullptr) images[k] = std::make_unique<OrcImage>(session_, std::move(code), *programs[k], costs[k]);
      }
    };
    size_t workers = session_->options().compile_threads > 0 ? static_cast<size_t>(session_->options().compile_threads)
                                                             : std::max(1u, std::thread::hardware_concurrency());
    workers = std::min(workers, programs.size());
    std::vector<std::thread> threads;
    for (size_t k = 1; k < workers; ++k) threads.emplace_back(work);
    work();
    for (std::thread& t : threads) t.join();
    for (size_t k = 0; k < programs.size(); ++k) {
      if (images[k] != nullptr) continue;
      sink.error(diag::Code::E0810, {}, "program `{}` cannot be compiled for this machine", programs[k]->name)
          .note(problems[k])
          .emit();
      return Reported{};
    }
    return images;
  }

 private:
  std::shared_ptr<Session> session_;
};

}  // namespace

}  // namespace weft::jit::orc

namespace weft::jit {

Result<std::unique_ptr<Engine>> makeOrc(const EngineOptions& options, diag::Sink& sink) {
  std::string problem;
  auto session = orc::Session::create(options, problem);
  if (session == nullptr) {
    if (options.cpu.empty()) {
      sink.error(diag::Code::E0810, {}, "the JIT cannot run on this machine").note(problem).emit();
    } else {
      sink.error(diag::Code::E0810, {}, "code for the CPU `{}` cannot run on this machine", options.cpu)
          .note(problem)
          .emit();
    }
    return Reported{};
  }
  return std::unique_ptr<Engine>(std::make_unique<orc::OrcEngine>(std::move(session)));
}

}  // namespace weft::jit
