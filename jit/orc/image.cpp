// The engine and its code images: starting, resuming and discarding tasks, tier changes, compiling in parallel.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "jit/orc/session.h"

#include <algorithm>

namespace weft::jit::orc {

namespace {

// Entries into a program before it is worth optimising.
constexpr uint32_t kHotStarts = 400;

class OrcImage final : public CodeImage {
 public:
  OrcImage(std::shared_ptr<Session> session, std::shared_ptr<ProgramCode> code, const tir::Program& program,
           const CostTable& costs, bool may_improve)
      : session_(std::move(session)), code_(std::move(code)), program_(program), may_improve_(may_improve) {
    if (may_improve) costs_ = costs;
  }
  ~OrcImage() override { session_->abandon(*code_); }

  int32_t start(WeftPe& pe, tir::FunctionId fn, std::span<const uint64_t> args) override {
    if (may_improve_.load(std::memory_order_relaxed)) countEntry();
    pe.frames = nullptr;
    pe.cursor = &pe.frames;
    return code_->entries.load(std::memory_order_acquire)[fn.index()](&pe, args.data(), nullptr, tir::SiteId().value);
  }

  int32_t resume(WeftPe& pe) override {
    if (may_improve_.load(std::memory_order_relaxed)) countEntry();
    const Entry* entries = code_->entries.load(std::memory_order_acquire);
    while (pe.frames != nullptr) {
      WeftFrame* frame = pe.frames;
      pe.frames = frame->next;
      pe.cursor = &pe.frames;
      const int32_t status = entries[frame->function](&pe, nullptr, frame, tir::SiteId().value);
      if (status == WEFT_DONE) continue;
      if (status == WEFT_TRAP) discard(pe);
      return status;
    }
    return WEFT_DONE;
  }

  void discard(WeftPe& pe) override {
    std::call_once(frames_known_, [&] { measureFrames(); });
    while (pe.frames != nullptr) {
      WeftFrame* frame = pe.frames;
      pe.frames = frame->next;
      pe.device->frame_free(&pe, frame, frame_bytes_[frame->function][frame->point]);
    }
  }

 private:
  void countEntry() {
    if (heat_.fetch_add(1, std::memory_order_relaxed) + 1 != kHotStarts) return;
    may_improve_.store(false, std::memory_order_relaxed);
    session_->improve(code_, program_, costs_);
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
  // Kept only while the program may still be optimised.
  CostTable costs_;
  std::atomic<bool> may_improve_;
  std::atomic<uint32_t> heat_{0};
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
        bool may_improve = false;
        auto code = session_->compile(*programs[k], costs[k], may_improve, problems[k]);
        if (code != nullptr) {
          images[k] = std::make_unique<OrcImage>(session_, std::move(code), *programs[k], costs[k], may_improve);
        }
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
    sink.error(diag::Code::E0810, {}, "the JIT cannot run on this machine").note(problem).emit();
    return Reported{};
  }
  return std::unique_ptr<Engine>(std::make_unique<orc::OrcEngine>(std::move(session)));
}

}  // namespace weft::jit
