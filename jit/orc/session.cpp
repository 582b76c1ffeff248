// LLJIT set up by hand: objects come from our own code generation or the cache, LLJIT links them. Kernels are compiled
// at their first call through lazy stubs.
// SPDX-License-Identifier: Apache-2.0
#include "jit/orc/session.h"

#include "frontend/base/check.h"
#include "jit/orc/host_calls.h"
#include "jit/orc/kernels.h"
#include "jit/orc/lower.h"

#include <llvm/ExecutionEngine/Orc/ExecutionUtils.h>
#include <llvm/Support/Error.h>

#include <cstring>

namespace weft::jit::orc {

namespace lo = llvm::orc;

namespace {

// Makes one kernel when somebody first looks its symbol up.
class KernelUnit : public lo::MaterializationUnit {
 public:
  KernelUnit(Session& session, lo::SymbolStringPtr symbol, tir::DsdOpcode op, target::Fp16Format fp16)
      : MaterializationUnit(
            Interface({{std::move(symbol), llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable}}, nullptr)),
        session_(session),
        op_(op),
        fp16_(fp16) {}
  llvm::StringRef getName() const override { return "weft kernel"; }
  void materialize(std::unique_ptr<lo::MaterializationResponsibility> r) override {
    std::string problem;
    auto object = session_.kernelObject(op_, fp16_, problem);
    WEFT_CHECK(object != nullptr, "compiling a kernel: {}", problem);
    session_.objects().emit(std::move(r), std::move(object));
  }

 private:
  void discard(const lo::JITDylib&, const lo::SymbolStringPtr&) override {}
  Session& session_;
  tir::DsdOpcode op_;
  target::Fp16Format fp16_;
};

[[noreturn]] void kernelFailed() {
  WEFT_CHECK(false, "a burst kernel could not be compiled");
  std::abort();
}

std::string textOf(llvm::Error error) { return llvm::toString(std::move(error)); }

}  // namespace

Session::Session(const EngineOptions& options, HostTarget host)
    : options_(options), host_(std::move(host)), cache_(options.cache_dir, host_) {}

std::shared_ptr<Session> Session::create(const EngineOptions& options, std::string& problem) {
  std::shared_ptr<Session> session(new Session(options, detectHost(options.cpu_features)));
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
  if (worker_.joinable()) worker_.join();
  // These hold names of the JIT's symbol pool.
  call_through_.reset();
  stubs_.reset();
  jit_.reset();
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
  LowerOptions lower;
  lower.optimize = effort == Effort::Full;
  lower.native_fp16 = host_.native_fp16;
  lower.vector_bytes = host_.vector_bytes;
  const std::unique_ptr<llvm::Module> module = ModuleLowering(context, program, costs, lower).run();
  auto object = emitObject(*module, host_, effort, problem);
  if (object != nullptr) cache_.store(key, *object);
  return object;
}

bool Session::install(ProgramCode& code, std::unique_ptr<llvm::MemoryBuffer> object, std::string& problem) {
  const std::lock_guard lock(code.mutex);
  if (code.abandoned) return true;
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
  code.entries.store(table->toPtr<const Entry*>(), std::memory_order_release);
  return true;
}

std::shared_ptr<ProgramCode> Session::compile(const tir::Program& program, const CostTable& costs, bool& may_improve,
                                              std::string& problem) {
  const Doing doing("compiling " + program.name);
  auto code = std::make_shared<ProgramCode>();
  Effort effort = options_.opt_level == 2 ? Effort::Full : Effort::Cheap;
  std::unique_ptr<llvm::MemoryBuffer> object;
  // Optimised before, by this process or another: no need to start cheaply.
  if (options_.opt_level < 0 && cache_.enabled()) {
    object = cache_.load(cache_.programKey(program, costs, Effort::Full));
    if (object != nullptr) effort = Effort::Full;
  }
  may_improve = options_.opt_level < 0 && effort != Effort::Full;
  if (object == nullptr) object = programObject(program, costs, effort, problem);
  if (object == nullptr) return nullptr;
  return install(*code, std::move(object), problem) ? code : nullptr;
}

void Session::improve(std::shared_ptr<ProgramCode> code, const tir::Program& program, const CostTable& costs) {
  {
    const std::lock_guard lock(queue_mutex_);
    if (stopping_) return;
    queue_.push_back({std::move(code), program, costs});
    if (!worker_.joinable()) worker_ = std::thread([this] { background(); });
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
    {
      const std::lock_guard lock(job.code->mutex);
      if (job.code->abandoned) continue;
    }
    std::string problem;
    auto object = programObject(job.program, job.costs, Effort::Full, problem);
    WEFT_CHECK(object != nullptr && install(*job.code, std::move(object), problem), "optimising {}: {}",
               job.program.name, problem);
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

std::unique_ptr<llvm::MemoryBuffer> Session::kernelObject(tir::DsdOpcode op, target::Fp16Format fp16,
                                                          std::string& problem) {
  std::string key;
  if (cache_.enabled()) {
    key = cache_.kernelKey(op, fp16);
    if (auto object = cache_.load(key)) return object;
  }
  llvm::LLVMContext context;
  const auto module = makeKernel(context, op, fp16, host_.native_fp16, host_.vector_bytes);
  auto object = emitObject(*module, host_, Effort::Kernel, problem);
  if (object != nullptr) cache_.store(key, *object);
  return object;
}

const WeftKernel* Session::kernels(target::Fp16Format fp16) {
  KernelTable& table = kernel_tables_[static_cast<size_t>(fp16)];
  std::call_once(table.once, [&] { makeKernels(table, fp16); });
  return table.entries.data();
}

void Session::makeKernels(KernelTable& table, target::Fp16Format fp16) {
  const Doing doing("making burst kernels");
  lo::ExecutionSession& es = jit_->getExecutionSession();
  std::string problem;
  {
    const std::lock_guard lock(queue_mutex_);
    if (call_through_ == nullptr) {
      auto manager = lo::createLocalLazyCallThroughManager(llvm::Triple(host_.triple), es,
                                                           lo::ExecutorAddr::fromPtr(&kernelFailed));
      WEFT_CHECK(static_cast<bool>(manager), "making stubs");
      call_through_ = std::move(*manager);
      stubs_ = lo::createLocalIndirectStubsManagerBuilder(llvm::Triple(host_.triple))();
    }
  }
  lo::JITDylib* bodies = newDylib("kernels.", problem);
  lo::JITDylib* lazy = newDylib("stubs.", problem);
  WEFT_CHECK(bodies != nullptr && lazy != nullptr, "making kernels: {}", problem);
  lo::SymbolAliasMap aliases;
  lo::SymbolLookupSet wanted;
  std::vector<lo::SymbolStringPtr> names;
  const std::string suffix = "_" + std::to_string(static_cast<int>(fp16));
  for (int k = 0; k < tir::kDsdOpcodeCount; ++k) {
    const auto op = static_cast<tir::DsdOpcode>(k);
    if (op == tir::DsdOpcode::DFilt) continue;
    const lo::SymbolStringPtr body = es.intern(kernelSymbol(op));
    const lo::SymbolStringPtr stub = es.intern(kernelSymbol(op) + suffix);
    if (auto error = bodies->define(std::make_unique<KernelUnit>(*this, body, op, fp16))) {
      WEFT_CHECK(false, "defining a kernel: {}", textOf(std::move(error)));
    }
    aliases[stub] = {body, llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
    wanted.add(stub);
    names.push_back(stub);
  }
  if (auto error = lazy->define(lo::lazyReexports(*call_through_, *stubs_, *bodies, std::move(aliases)))) {
    WEFT_CHECK(false, "defining stubs: {}", textOf(std::move(error)));
  }
  auto found = es.lookup(lo::makeJITDylibSearchOrder(lazy), std::move(wanted));
  WEFT_CHECK(static_cast<bool>(found), "looking stubs up: {}", textOf(found.takeError()));
  // In the order of opcodes; dfilt, the last one, computes nothing and has none.
  for (size_t k = 0; k < names.size(); ++k) table.entries[k] = (*found)[names[k]].getAddress().toPtr<WeftKernel>();
}

}  // namespace weft::jit::orc
