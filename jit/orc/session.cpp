// LLJIT set up by hand: objects come from our own code generation or the cache, LLJIT links them. A kernel is compiled
// at its first call or, where no level is asked for, once it has run long.
// SPDX-License-Identifier: Apache-2.0
#include "jit/orc/session.h"

#include "frontend/base/check.h"
#include "jit/orc/host_calls.h"
#include "jit/orc/kernels.h"
#include "jit/orc/lower.h"

#include <llvm/ExecutionEngine/Orc/ExecutionUtils.h>
#include <llvm/Support/Error.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace weft::jit::orc {

namespace lo = llvm::orc;

namespace {

// Elements after which an operation is worth a kernel, and what a call counts besides its elements.
constexpr uint64_t kHotElements = 1'000'000;
constexpr uint64_t kCallElements = 4;

/// Cores that nothing used in the last minute.
size_t idleCores() {
  double load = 0;
  if (getloadavg(&load, 1) != 1) return 0;
  const double idle = std::floor(static_cast<double>(std::thread::hardware_concurrency()) - load);
  return idle > 0 ? static_cast<size_t>(idle) : 0;
}

std::string textOf(llvm::Error error) { return llvm::toString(std::move(error)); }

}  // namespace

Session::Session(const EngineOptions& options, HostTarget host)
    : options_(options), host_(std::move(host)), cache_(options.cache_dir, host_) {}

std::shared_ptr<Session> Session::create(const EngineOptions& options, std::string& problem) {
  HostTarget host = hostTarget(options.cpu, problem);
  if (!problem.empty()) return nullptr;
  std::shared_ptr<Session> session(new Session(options, std::move(host)));
  return session->open(problem) ? session : nullptr;
}

bool Session::open(std::string& problem) {
  lo::JITTargetMachineBuilder machine{llvm::Triple(host_.triple)};
  machine.setCPU(host_.cpu);
  machine.setRelocationModel(llvm::Reloc::PIC_);
  machine.setCodeModel(llvm::CodeModel::Small);
  auto jit = lo::LLJITBuilder()
                 .setJITTargetMachineBuilder(std::move(machine))
                 .setPlatformSetUp(lo::setUpInactivePlatform)
                 .setNumCompileThreads(0)
                 .create();
  if (!jit) {
    problem = textOf(jit.takeError());
    return false;
  }
  jit_ = std::move(*jit);
  lo::ExecutionSession& es = jit_->getExecutionSession();
  host_symbols_ = &es.createBareJITDylib("weft.host");
  lo::SymbolMap symbols;
  for (const HostCall* call = hostCalls(); call->name != nullptr; ++call) {
    symbols[es.intern(call->name)] = {lo::ExecutorAddr::fromPtr(call->address),
                                      llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  }
  if (auto error = host_symbols_->define(lo::absoluteSymbols(std::move(symbols)))) {
    problem = textOf(std::move(error));
    return false;
  }
  return true;
}

Session::~Session() {
  {
    const std::lock_guard lock(queue_mutex_);
    stopping_ = true;
    queue_.clear();
  }
  queue_ready_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

lo::JITDylib* Session::newDylib(const std::string& stem, std::string& problem) {
  auto dylib = jit_->createJITDylib(stem + std::to_string(dylib_serial_++));
  if (!dylib) {
    problem = textOf(dylib.takeError());
    return nullptr;
  }
  dylib->addToLinkOrder(*host_symbols_);
  return &*dylib;
}

std::unique_ptr<llvm::MemoryBuffer> Session::programObject(const tir::Program& program, const CostTable& costs,
                                                           Effort effort, std::string& problem) {
  std::string key;
  if (cache_.enabled()) {
    key = cache_.programKey(program, costs, effort);
    if (auto object = cache_.load(key)) return object;
  }
  llvm::LLVMContext context;
  const LowerOptions lower(host_, effort == Effort::Full);
  const std::unique_ptr<llvm::Module> module = ModuleLowering(context, program, costs, lower).run();
  auto object = emitObject(*module, host_, effort, problem, &stopping_);
  if (object != nullptr) cache_.store(key, *object);
  return object;
}

bool Session::install(ProgramCode& code, std::unique_ptr<llvm::MemoryBuffer> object, Effort effort,
                      std::string& problem) {
  const std::lock_guard lock(code.mutex);
  if (code.abandoned) return true;
  // Another thread had the better code first.
  if (code.entries.load(std::memory_order_relaxed) != nullptr && effort <= code.effort) return true;
  lo::JITDylib* dylib = newDylib("program.", problem);
  if (dylib == nullptr) return false;
  code.tiers.push_back(dylib);
  if (auto error = jit_->addObjectFile(*dylib, std::move(object))) {
    problem = textOf(std::move(error));
    return false;
  }
  auto table = jit_->lookup(*dylib, "weft_entries");
  if (!table) {
    problem = textOf(table.takeError());
    return false;
  }
  code.effort = effort;
  code.entries.store(table->toPtr<const Entry*>(), std::memory_order_release);
  return true;
}

std::shared_ptr<ProgramCode> Session::compile(const tir::Program& program, const CostTable& costs,
                                              std::string& problem) {
  const Doing doing("compiling " + program.name);
  auto code = std::make_shared<ProgramCode>();
  std::unique_ptr<llvm::MemoryBuffer> object;
  if (options_.opt_level >= 0) {
    const Effort effort = options_.opt_level == 2 ? Effort::Full : Effort::Cheap;
    object = programObject(program, costs, effort, problem);
    return object != nullptr && install(*code, std::move(object), effort, problem) ? code : nullptr;
  }
  if (!cache_.enabled()) return code;
  // What was hot before, in this process or another.
  for (const Effort effort : {Effort::Full, Effort::Cheap}) {
    object = cache_.load(cache_.programKey(program, costs, effort));
    if (object != nullptr) return install(*code, std::move(object), effort, problem) ? code : nullptr;
  }
  return code;
}

void Session::improve(std::shared_ptr<ProgramCode> code, const tir::Program& program, const CostTable& costs,
                      Effort effort) {
  struct Work {
    tir::Program program;
    CostTable costs;
  };
  auto work = std::make_shared<const Work>(program, costs);
  enqueue(effort == Effort::Full ? Urgency::Full : Urgency::Cheap, [this, code = std::move(code), work, effort] {
    {
      const std::lock_guard lock(code->mutex);
      if (code->abandoned) return;
    }
    std::string problem;
    auto object = programObject(work->program, work->costs, effort, problem);
    if (object == nullptr && stopping_) return;
    WEFT_CHECK(object != nullptr && install(*code, std::move(object), effort, problem), "compiling {}: {}",
               work->program.name, problem);
  });
}

void Session::enqueue(Urgency urgency, std::function<void()> run) {
  {
    const std::lock_guard lock(queue_mutex_);
    if (stopping_) return;
    const auto later = [&](const Job& j) { return j.urgency > urgency; };
    queue_.insert(std::find_if(queue_.begin(), queue_.end(), later), {urgency, std::move(run)});
    const auto most = options_.compile_threads > 0 ? static_cast<size_t>(options_.compile_threads) : idleCores();
    if (workers_.empty() || (queue_.size() > 1 && workers_.size() < most))
      workers_.emplace_back([this] { background(); });
  }
  queue_ready_.notify_one();
}

void Session::background() {
  for (;;) {
    Job job;
    {
      std::unique_lock lock(queue_mutex_);
      queue_ready_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
      if (stopping_) return;
      job = std::move(queue_.front());
      queue_.pop_front();
    }
    job.run();
  }
}

void Session::abandon(ProgramCode& code) {
  const std::lock_guard lock(code.mutex);
  code.abandoned = true;
  for (lo::JITDylib* dylib : code.tiers) {
    if (auto error = jit_->getExecutionSession().removeJITDylib(*dylib)) llvm::consumeError(std::move(error));
  }
  code.tiers.clear();
}

std::unique_ptr<CodeImage> Session::interpreted(const tir::Program& program, const CostTable& costs) {
  diag::Sink sink;
  const tir::Program* const programs[] = {&program};
  auto images = interpreter_->compile(programs, {&costs, 1}, sink);
  WEFT_CHECK(images, "the interpreter does not take {}", program.name);
  return std::move(images->front());
}

std::unique_ptr<llvm::MemoryBuffer> Session::kernelObject(tir::DsdOpcode op, target::Fp16Format fp16,
                                                          std::string& problem) {
  std::string key;
  if (cache_.enabled()) {
    key = cache_.kernelKey(op, fp16);
    if (auto object = cache_.load(key)) return object;
  }
  llvm::LLVMContext context;
  const auto module = makeKernel(context, op, fp16, host_.native_fp16, host_.vector_bytes);
  auto object = emitObject(*module, host_, Effort::Kernel, problem, &stopping_);
  if (object != nullptr) cache_.store(key, *object);
  return object;
}

const WeftKernel* Session::kernels(target::Fp16Format fp16) {
  KernelTable& table = kernel_tables_[static_cast<size_t>(fp16)];
  std::call_once(table.once, [&] { makeThunks(table, fp16); });
  return table.entries.data();
}

void Session::makeThunks(KernelTable& table, target::Fp16Format fp16) {
  const Doing doing("making burst kernels");
  std::string problem;
  table.session = this;
  table.fp16 = fp16;
  table.bodies = newDylib("kernels.", problem);
  WEFT_CHECK(table.bodies != nullptr, "making kernels: {}", problem);
  std::string key;
  std::unique_ptr<llvm::MemoryBuffer> object;
  if (cache_.enabled()) object = cache_.load(key = cache_.thunksKey());
  if (object == nullptr) {
    llvm::LLVMContext context;
    object = emitObject(*makeKernelThunks(context), host_, Effort::Cheap, problem);
    WEFT_CHECK(object != nullptr, "making kernels: {}", problem);
    cache_.store(key, *object);
  }
  lo::ExecutionSession& es = jit_->getExecutionSession();
  const auto flags = llvm::JITSymbolFlags::Exported;
  lo::SymbolMap symbols;
  symbols[es.intern(kThunkCallee)] = {lo::ExecutorAddr::fromPtr(&callKernel), flags | llvm::JITSymbolFlags::Callable};
  symbols[es.intern(kThunkTable)] = {lo::ExecutorAddr::fromPtr(&table), flags};
  auto error = table.bodies->define(lo::absoluteSymbols(std::move(symbols)));
  if (!error) error = jit_->addObjectFile(*table.bodies, std::move(object));
  WEFT_CHECK(!error, "making kernels: {}", textOf(std::move(error)));
  auto thunks = jit_->lookup(*table.bodies, kThunks);
  WEFT_CHECK(static_cast<bool>(thunks), "making kernels: {}", textOf(thunks.takeError()));
  std::memcpy(table.entries.data(), thunks->toPtr<const WeftKernel*>(), tir::kDsdOpcodeCount * sizeof(WeftKernel));
}

void Session::callKernel(WeftBurst* burst, KernelTable* table, uint32_t op) {
  table->session->kernelOf(*table, static_cast<tir::DsdOpcode>(op), burst->count)(burst);
}

WeftKernel Session::kernelOf(KernelTable& table, tir::DsdOpcode op, uint32_t count) {
  const auto k = static_cast<size_t>(op);
  std::call_once(table.first_call[k], [&] {
    if (options_.opt_level >= 0) {
      compileKernel(table, op);
    } else if (cache_.enabled()) {
      if (auto object = cache_.load(cache_.kernelKey(op, table.fp16))) linkKernel(table, op, std::move(object));
    }
  });
  if (table.compiled[k].load(std::memory_order_acquire)) return table.entries[k];
  const uint64_t units = uint64_t{count} + kCallElements;
  const uint64_t before = table.elements[k].fetch_add(units, std::memory_order_relaxed);
  if (before < kHotElements && before + units >= kHotElements)
    enqueue(Urgency::Kernel, [this, &table, op] { compileKernel(table, op); });
  return interpreter_->kernels(table.fp16)[k];
}

void Session::compileKernel(KernelTable& table, tir::DsdOpcode op) {
  std::string problem;
  auto object = kernelObject(op, table.fp16, problem);
  if (object == nullptr && stopping_) return;
  WEFT_CHECK(object != nullptr, "compiling a kernel: {}", problem);
  linkKernel(table, op, std::move(object));
}

void Session::linkKernel(KernelTable& table, tir::DsdOpcode op, std::unique_ptr<llvm::MemoryBuffer> object) {
  auto error = jit_->addObjectFile(*table.bodies, std::move(object));
  WEFT_CHECK(!error, "compiling a kernel: {}", textOf(std::move(error)));
  auto body = jit_->lookup(*table.bodies, kernelSymbol(op));
  WEFT_CHECK(static_cast<bool>(body), "compiling a kernel: {}", textOf(body.takeError()));
  const auto k = static_cast<size_t>(op);
  // Others read the entry at any time, and may call either.
  std::atomic_ref(table.entries[k]).store(body->toPtr<WeftKernel>(), std::memory_order_release);
  table.compiled[k].store(true, std::memory_order_release);
}

}  // namespace weft::jit::orc
