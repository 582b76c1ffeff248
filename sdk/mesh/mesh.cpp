// Making a mesh, the clock, and inspection. The host's commands are in host_commands.cpp.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "sdk/mesh/mesh_impl.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

namespace weft::mesh {

Result<std::unique_ptr<Mesh>> Mesh::create(std::shared_ptr<const plan::FabricPlan> plan, jit::Engine& engine,
                                           MeshOptions options, diag::Sink& sink) {
  auto mesh = std::make_unique<MeshImpl>(std::move(plan), options, sink);
  if (!mesh->load(engine)) return Reported{};
  return Result<std::unique_ptr<Mesh>>(std::move(mesh));
}

MeshImpl::MeshImpl(std::shared_ptr<const plan::FabricPlan> plan, MeshOptions options, diag::Sink& sink)
    : plan_(std::move(plan)),
      options_(options),
      sink_(sink),
      model_(timing::CostModel::builtin(plan_->arch)),
      params_(model_) {}

MeshImpl::~MeshImpl() = default;

namespace {

/// Stores that cross cache lines are dear: the place that most of what vector operations write begins at one.
uint8_t memoryShift(const tir::Program& program) {
  std::array<uint32_t, 64> written{};
  for (const tir::Inst& inst : program.insts) {
    if (inst.op != tir::Op::DsdOp || inst.args_count == 0) continue;
    if (program.dsd_ops[inst.imm].dest.kind != tir::DsdOperand::Kind::Dsd) continue;
    const tir::Operand dest = program.args[inst.args_begin];
    if (dest.kind() != tir::Operand::Kind::Constant) continue;
    const tir::Dsd dsd{program.constants[dest.index()]};
    if (dsd.kind() == tir::DsdKind::Mem1d && dsd.stride() == 1) written[dsd.base() % 64] += dsd.length();
  }
  const auto most = std::max_element(written.begin(), written.end());
  return static_cast<uint8_t>((64 - (most - written.begin())) % 64);
}

ProgramInfo infoOf(const tir::Program& program, jit::CodeImage* image) {
  ProgramInfo info;
  info.program = &program;
  info.image = image;
  info.task_fn.fill(kNone);
  info.control_fn.fill(kNone);
  info.queue_of_color.fill(-1);
  for (const tir::TaskBinding& t : program.tasks) {
    const uint64_t bit = 1ull << (t.id & 63);
    if (t.kind == tir::TaskKind::Control) {
      info.control_fn[t.id & 63] = t.function.index();
      info.control_mask |= bit;
    } else {
      info.task_fn[t.id & 63] = t.function.index();
      (t.kind == tir::TaskKind::Data ? info.data_mask : info.local_mask) |= bit;
    }
  }
  if (!program.separate_control_table) {
    // One task table: the entry point of a control wavelet may also name a data or a local task.
    for (size_t id = 0; id < info.control_fn.size(); ++id) {
      if (info.control_fn[id] != kNone || info.task_fn[id] == kNone) continue;
      info.control_fn[id] = info.task_fn[id];
      info.control_mask |= 1ull << id;
    }
  }
  for (const tir::InputQueueInit& q : program.input_queues) {
    if (q.color < target::kColorCount) info.queue_of_color[q.color] = static_cast<int8_t>(q.queue);
    if (q.queue >= target::kInputQueueCount) continue;
    if (program.arch == target::Arch::Wse2) info.queue_priority[q.queue] = q.priority;
    if (program.separate_control_table)
      info.control_offset[q.queue] = static_cast<uint8_t>(q.control_table * program.control_stride);
  }
  // Channels start blocked unless a data task is bound to them, or (WSE-2, where colors and local tasks share the bit)
  // any task, or the program unblocked them.
  const bool wse2 = program.arch == target::Arch::Wse2;
  const int channels = wse2 ? target::kColorCount : target::kInputQueueCount;
  uint64_t bound = info.data_mask;
  if (wse2) bound |= info.local_mask;
  const uint64_t all = (1ull << channels) - 1;
  info.blocked = (all & ~bound & ~program.initially_unblocked) | program.initially_blocked;
  info.active = program.initially_active;
  info.memory_shift = memoryShift(program);
  info.stack_limit = static_cast<uint32_t>(program.stack_base) + program.stack_bytes;
  return info;
}

}  // namespace

bool MeshImpl::load(jit::Engine& engine) {
  WEFT_CHECK(plan_->extent.area() > 0, "making a mesh of {}x{} PEs", plan_->extent.width, plan_->extent.height);
  for (const auto& program : plan_->programs) {
    program_pointers_.push_back(program.get());
    cost_tables_.push_back(model_.costTable(*program));
  }
  if (!program_pointers_.empty()) {
    auto images = engine.compile(program_pointers_, cost_tables_, sink_);
    if (!images) return false;
    images_ = *std::move(images);
  }
  kernels_ = engine.kernels(plan_->fp16);
  for (size_t i = 0; i < program_pointers_.size(); ++i)
    programs_.push_back(infoOf(*program_pointers_[i], images_[i].get()));

  const uint64_t area = plan_->extent.area();
  int threads = options_.threads;
  if (threads <= 0) {
    const int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    threads = area < 20000 ? 1 : std::min(cores, options_.most_threads > 0 ? std::min(options_.most_threads, 16) : 16);
  }
  uint32_t edge = options_.block_edge > 0 ? static_cast<uint32_t>(options_.block_edge) : 0;
  if (edge == 0) {
    if (threads == 1) {
      edge = std::max(plan_->extent.width, plan_->extent.height);
    } else {
      const double per_block = static_cast<double>(area) / (threads * 6.0);
      edge = std::clamp<uint32_t>(static_cast<uint32_t>(std::sqrt(per_block)), 2, 160);
    }
  }
  block_edge_ = edge;
  blocks_x_ = (plan_->extent.width + edge - 1) / edge;
  blocks_y_ = (plan_->extent.height + edge - 1) / edge;
  for (uint32_t by = 0; by < blocks_y_; ++by) {
    for (uint32_t bx = 0; bx < blocks_x_; ++bx) {
      const uint32_t x0 = bx * edge, y0 = by * edge;
      blocks_.push_back(std::make_unique<Block>(*this, x0, y0, std::min(edge, plan_->extent.width - x0),
                                                std::min(edge, plan_->extent.height - y0)));
    }
  }
  inboxes_.resize(blocks_.size());
  pool_ = std::make_unique<ThreadPool>(std::min<int>(threads, static_cast<int>(blocks_.size())));
  pool_->run(static_cast<uint32_t>(blocks_.size()), [this](uint32_t i) { blocks_[i]->load(); });
  for (const plan::Preset& p : plan_->presets)
    writeMemory(p.at, p.address, {reinterpret_cast<const uint8_t*>(p.bytes.data()), p.bytes.size()});
  makeStreams();
  loaded_ = true;
  return true;
}

Block& MeshImpl::blockAt(PeCoord at) const {
  WEFT_CHECK(plan_->extent.contains(at), "looking at PE ({}, {})", at.x, at.y);
  return *blocks_[(at.y / block_edge_) * blocks_x_ + at.x / block_edge_];
}

Block* MeshImpl::neighbour(const Block& block, int direction) const {
  int bx = static_cast<int>(block.x0() / block_edge_), by = static_cast<int>(block.y0() / block_edge_);
  constexpr int kDx[] = {-1, 1, 0, 0}, kDy[] = {0, 0, 1, -1};
  bx += kDx[direction];
  by += kDy[direction];
  if (bx < 0 || by < 0 || bx >= static_cast<int>(blocks_x_) || by >= static_cast<int>(blocks_y_)) return nullptr;
  return blocks_[static_cast<uint32_t>(by) * blocks_x_ + static_cast<uint32_t>(bx)].get();
}

bool MeshImpl::firstWarning(uint64_t key) {
  const std::lock_guard lock(warnings_mutex_);
  const auto it = std::lower_bound(warnings_.begin(), warnings_.end(), key);
  if (it != warnings_.end() && *it == key) return false;
  warnings_.insert(it, key);
  return true;
}

// ---- the clock ----

RunEnd MeshImpl::run(const RunRequest& request) {
  if (trapped_) return RunEnd::Trap;
  return runLoop(request);
}

RunEnd MeshImpl::runLoop(const RunRequest& request) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  auto last_poll = begin;
  auto last_beat = begin;
  uint32_t countdown = 0;
  const Cycles hop = params_.hop;
  std::vector<uint32_t> ready;
  for (;;) {
    const Cycles host_next = std::min(hostStep(time_), streamStep(time_));
    if (trapped_) return RunEnd::Trap;
    if (request.until && isComplete(*request.until)) return RunEnd::Complete;
    Cycles next = host_next;
    for (const auto& b : blocks_) next = std::min(next, b->nextEvent());
    if (next == kNever) {
      return !request.until && commands_.empty() && open_transfers_.empty() ? RunEnd::Complete : RunEnd::Quiescent;
    }
    if (next >= request.cycle_limit) {
      time_ = std::max(time_, request.cycle_limit);
      return RunEnd::CycleLimit;
    }
    const Cycles start = std::max(next, time_) / hop * hop;
    const Cycles before = time_;
    Cycles end = start + hop;
    ready.clear();
    for (uint32_t i = 0; i < blocks_.size(); ++i) {
      if (blocks_[i]->nextEvent() < end) ready.push_back(i);
    }
    if (blocks_.size() == 1) {
      // The first window runs to its end, as it does with more blocks, whatever the host does within it.
      const Cycles stop = std::max(end, std::min(host_next, request.cycle_limit));
      if (!ready.empty()) end = std::max(end, blocks_[0]->runWindows(stop, 256));
    } else if (ready.size() == 1) {
      blocks_[ready[0]]->runWindow(end);
    } else if (!ready.empty()) {
      runBlocks(ready, end);
    }
    time_ = std::max(time_, end);
    collect(end);
    if (trapped_) return RunEnd::Trap;
    // A loop that runs ahead makes long steps.
    if (++countdown >= 64 || blocks_.size() > 64 || time_ - before > 65536) {
      countdown = 0;
      const auto now = Clock::now();
      if (now - last_poll >= std::chrono::milliseconds(50)) {
        last_poll = now;
        if (request.poll && request.poll()) return RunEnd::Interrupted;
      }
      if (options_.heartbeat_seconds > 0 && now - last_beat >= std::chrono::seconds(options_.heartbeat_seconds)) {
        last_beat = now;
        heartbeat();
      }
    }
  }
}

/// A window of several blocks: on all workers if so many were asked for, else on as many as pay.
void MeshImpl::runBlocks(const std::vector<uint32_t>& ready, Cycles end) {
  using Clock = std::chrono::steady_clock;
  const auto one = [&](uint32_t i) { blocks_[ready[i]]->runWindow(end); };
  const auto count = static_cast<uint32_t>(ready.size());
  if (options_.threads > 0 || pool_->threads() == 1) {
    pool_->run(count, one);
    return;
  }
  const bool measuring = pace_.measuring();
  const auto begin = measuring ? Clock::now() : Clock::time_point();
  if (pace_.parallel()) {
    pool_->run(count, one);
  } else {
    for (uint32_t i = 0; i < count; ++i) one(i);
  }
  pace_.finished(measuring ? static_cast<uint64_t>(
                                 std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - begin).count())
                           : 0);
}

/// Behind the barrier: moves messages, merges reports and log lines, counts what the host waits for.
void MeshImpl::collect(Cycles window_end) {
  if (blocks_.size() > 1) {
    bool any = false;
    for (uint32_t i = 0; i < blocks_.size(); ++i) {
      for (int d = 0; d < 4; ++d) {
        auto& box = blocks_[i]->outbox[d];
        if (box.empty()) continue;
        const Block* target = neighbour(*blocks_[i], d);
        const uint32_t at = (target->y0() / block_edge_) * blocks_x_ + target->x0() / block_edge_;
        inboxes_[at].insert(inboxes_[at].end(), box.begin(), box.end());
        box.clear();
        any = true;
      }
    }
    if (any) {
      for (uint32_t i = 0; i < blocks_.size(); ++i) {
        if (inboxes_[i].empty()) continue;
        blocks_[i]->catchUp(window_end);
        blocks_[i]->drain(inboxes_[i]);
        inboxes_[i].clear();
      }
    }
  }
  std::vector<Report> reports;
  for (const auto& b : blocks_) {
    if (!b->reports.empty()) {
      std::move(b->reports.begin(), b->reports.end(), std::back_inserter(reports));
      b->reports.clear();
    }
    if (b->host_done != 0 && !commands_.empty()) {
      commands_.front().done += b->host_done;
      commands_.front().last = std::max(commands_.front().last, b->host_done_cycle);
      b->host_done = 0;
      b->host_done_cycle = 0;
    }
    b->stream_done = false;
    trapped_ = trapped_ || b->trapped;
  }
  tell(window_end);
  if (!reports.empty()) {
    std::stable_sort(reports.begin(), reports.end(), [](const Report& a, const Report& b) {
      return std::tie(a.cycle, a.at.y, a.at.x) < std::tie(b.cycle, b.at.y, b.at.x);
    });
    // One trap is enough: the first in time ends the run.
    bool error_seen = false;
    for (Report& r : reports) {
      const bool error = r.diagnostic.severity == diag::Severity::Error;
      if (error && error_seen) continue;
      error_seen = error_seen || error;
      if (r.key != 0 && !firstWarning(r.key)) continue;
      sink_.add(std::move(r.diagnostic));
    }
  }
}

void MeshImpl::heartbeat() {
  settle();
  uint32_t busy = kNone;
  const Block* where = nullptr;
  uint64_t most = 0;
  for (const auto& b : blocks_) {
    for (uint32_t i = 0; i < b->pes().size(); ++i) {
      const Core* core = b->pes()[i].core;
      if (core == nullptr || core->main.state == MainState::Idle) continue;
      const uint64_t age = time_ - std::min(time_, core->main.task_start) + 1;
      if (age > most) {
        most = age;
        busy = i;
        where = b.get();
      }
    }
  }
  if (where == nullptr) {
    fmt::print(stderr, "weft: cycle {}, no task is running\n", time_);
    return;
  }
  const PeCoord at = where->coordOf(busy);
  fmt::print(stderr, "weft: cycle {}, busiest PE ({}, {}): {}\n", time_, at.x, at.y, where->mainText(busy));
}

// ---- inspection ----

std::vector<uint8_t> MeshImpl::readMemory(PeCoord at, uint32_t address, uint32_t bytes) const {
  const Block& b = blockAt(at);
  const uint32_t pe = b.indexOf(at);
  std::vector<uint8_t> out(bytes);
  for (uint32_t i = 0; i < bytes; ++i) out[i] = b.peekByte(pe, (address + i) & 0xffff);
  return out;
}

void MeshImpl::writeMemory(PeCoord at, uint32_t address, std::span<const uint8_t> bytes) {
  settle();
  Block& b = blockAt(at);
  b.pokeBytes(b.indexOf(at), address, bytes.data(), static_cast<uint32_t>(bytes.size()));
}

std::optional<std::vector<uint8_t>> MeshImpl::readSymbol(PeCoord at, const std::string& symbol) const {
  const auto program = plan_->programAt(at);
  if (!program) return std::nullopt;
  for (const tir::Symbol& s : plan_->programs[*program]->symbols) {
    if (s.name == symbol) return readMemory(at, s.address, s.bytes);
  }
  return std::nullopt;
}

PeSnapshot MeshImpl::snapshot(PeCoord at) const {
  settle();
  Block& b = blockAt(at);
  return b.snapshot(b.indexOf(at));
}

std::vector<RegisterState> MeshImpl::registers(PeCoord at) const {
  settle();
  Block& b = blockAt(at);
  return b.registersOf(b.indexOf(at));
}

MeshStats MeshImpl::stats() const {
  settle();
  MeshStats s;
  s.cycles = time_;
  for (const auto& b : blocks_) {
    s.wavelet_hops += b->stats.wavelet_hops;
    s.tasks_started += b->stats.tasks_started;
    s.instructions += b->stats.instructions;
    s.dsd_elements += b->stats.dsd_elements;
    s.dropped_off_edge += b->stats.dropped_off_edge;
    s.ahead_cycles += b->stats.ahead_cycles;
    s.state_bytes += b->stateBytes();
    s.memory_bytes += b->memory_bytes_;
    for (const Pe& pe : b->pes()) {
      if (pe.core == nullptr) continue;
      const MainThread& main = pe.core->main;
      s.last_busy = std::max(s.last_busy, main.state == MainState::Idle ? std::min(main.idle_from, time_) : time_);
      for (const ColorState* cs : pe.core->color)
        if (cs != nullptr) s.last_move = std::max(s.last_move, cs->last_served);
    }
  }
  s.threads = pool_->threads();
  return s;
}

namespace {
uint64_t mix(uint64_t h) {
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdull;
  h ^= h >> 33;
  h *= 0xc4ceb9fe1a85ec53ull;
  return h ^ (h >> 33);
}
uint64_t hashBytes(const uint8_t* p, size_t n, uint64_t h) {
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    uint64_t w;
    std::memcpy(&w, p + i, 8);
    h = mix(h ^ w);
  }
  for (; i < n; ++i) h = mix(h ^ p[i]);
  return h;
}
}  // namespace

uint64_t MeshImpl::memoryHash() const {
  uint64_t sum = 0;
  std::vector<uint8_t> bytes;
  for (const auto& b : blocks_) {
    for (uint32_t i = 0; i < b->pes().size(); ++i) {
      const ProgramInfo* info = b->programOf(b->pes()[i]);
      if (info == nullptr) continue;
      const uint64_t seed = plan_->extent.index(b->coordOf(i)) + 1;
      const uint32_t n = info->program->private_bytes;
      if (const uint8_t* memory = b->memoryIfTouched(i)) {
        sum += mix(hashBytes(memory, n, seed));
      } else {
        bytes.resize(n);
        for (uint32_t k = 0; k < n; ++k) bytes[k] = b->peekByte(i, k);
        sum += mix(hashBytes(bytes.data(), n, seed));
      }
    }
  }
  return sum;
}

uint64_t MeshImpl::traceHash() const {
  uint64_t sum = 0;
  for (const auto& b : blocks_) sum += b->trace_hash;
  return sum;
}

void MeshImpl::inject(PeCoord at, int color, uint32_t payload, bool control) {
  settle();
  Block& b = blockAt(at);
  b.catchUp(time_);
  b.injectWord(b.indexOf(at), color, payload, control, time_);
}

void MeshImpl::activate(PeCoord at, int task_id) {
  settle();
  Block& b = blockAt(at);
  const uint32_t pe = b.indexOf(at);
  b.core(pe);
  b.pes()[pe].active |= 1ull << (task_id & 63);
  b.catchUp(time_);
  b.schedule(pe, std::max(time_, b.wheel_.now()));
}

}  // namespace weft::mesh
