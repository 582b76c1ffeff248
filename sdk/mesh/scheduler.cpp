// The main thread of a PE: which task runs next, starting it in the engine, resuming it when what it asked for is done.
// Ready tasks: high priority first, then round robin from the id behind the last one run. The host's commands take part
// as one more id behind the others.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/mesh/mesh_impl.h"

#include <algorithm>

namespace weft::mesh {
namespace {

constexpr int kControlBase = 64;  // numbers of control tasks with a table of their own
constexpr int kSystemNumber = 128;

jit::CodeImage& imageOf(const ProgramInfo& info, const MainThread& m) {
  return m.unmasked == 0 ? *info.image : info.image->checked();
}

bool alone(const Core& c) { return c.ut_active == 0 && !c.has_callbacks; }

}  // namespace

/// Tells visits when to look at the main thread again.
void Block::settleMain(Core& c) {
  const MainThread& m = c.main;
  c.main_idle = m.state == MainState::Idle;
  c.main_at = c.main_idle ? m.idle_from : m.state == MainState::Request ? m.now : kNever;
}

void Block::endTask(uint32_t pe, Core& c, Cycles t) {
  MainThread& m = c.main;
  // A copy of the host is no task.
  if (listens_ && m.function != kNone) [[unlikely]]
    noteIdle(pe, c, t);
  m.rest(t + params_.task_exit);
  // Events that come in before then find the thread busy.
  if (pe == goes_on_ && again_ == 0) {
    again_ = m.idle_from;
  } else {
    schedule(pe, m.idle_from);
  }
}

inline void Block::afterRun(uint32_t pe, Core& c, int32_t status) {
  MainThread& m = c.main;
  ++stats.instructions;
  m.frames = wpe_.frames;
  m.stack_pointer = wpe_.stack_pointer;
  switch (status) {
    case WEFT_DONE:
      m.frames = nullptr;
      if (alone(c) || wpe_.now <= time_) {
        endTask(pe, c, std::max(wpe_.now, time_));
      } else {
        m.state = MainState::Request;
        m.request = RequestKind::TaskEnd;
        m.now = wpe_.now;
        schedule(pe, m.now);
      }
      return;
    case WEFT_BLOCKED:
      if (m.state == MainState::Request) schedule(pe, std::max(m.now, time_));
      return;
    default:
      m.state = MainState::Trapped;
      m.frames = nullptr;
      return;
  }
}

/// Fills the engine's view of the PE.
inline void Block::prepare(uint32_t pe, Core& c, Cycles now) {
  Pe& p = pes_[pe];
  const ProgramInfo* info = programOf(p);
  wpe_.memory = p.memory != nullptr ? p.memory : memory(pe);
  wpe_.memory_bytes = p.memory_bytes;
  const bool shared = c.ut_active != 0 || c.has_callbacks;
  wpe_.flags = (shared ? WEFT_PE_SHARED : 0u) | (memory_bytes_ > near_bytes_ ? WEFT_PE_FAR : 0u) |
               (listens_ ? WEFT_PE_TRACED : 0u) | static_cast<uint32_t>(c.main.unmasked) << WEFT_PE_EXCEPTIONS;
  wpe_.now = now;
  // Alone, a loop only has to come back for Ctrl-C and the cycle limit.
  wpe_.deadline = now + (shared ? params_.sync_quantum : 65536u);
  wpe_.result = 0;
  if (has_slots_) {
    const plan::FabricPlan& plan = mesh_.plan();
    wpe_.slots = plan.slot_values.data() + plan.slots_of[plan.extent.index(coordOf(pe))];
  }
  wpe_.frames = c.main.frames;
  wpe_.cursor = &wpe_.frames;
  wpe_.stack_pointer = c.main.stack_pointer;
  wpe_.stack_limit = info->stack_limit;
  wpe_.mesh_index = pe;
}

void Block::mainThread(uint32_t pe, Core& c, Cycles t) {
  MainThread& m = c.main;
  switch (m.state) {
    case MainState::Waiting:
    case MainState::Trapped: return;
    case MainState::Request: {
      if (m.now > t) return;
      if (m.request != RequestKind::None && c.slots_taken != m.slots_seen) {
        // Microthreads took issue slots of the segment that led here.
        m.now += c.slots_taken - m.slots_seen;
        m.slots_seen = c.slots_taken;
        if (m.now > t) {
          schedule(pe, m.now);
          return;
        }
      }
      int32_t status = WEFT_DONE;
      uint64_t result = 0;
      switch (m.request) {
        case RequestKind::None:
          result = m.args[0];
          wpe_.now = t;
          break;
        case RequestKind::BackEdge: wpe_.now = t; break;
        case RequestKind::Call:
          wpe_.now = t;
          status = performCall(pe, c, m.call, m.site, m.args, t);
          result = wpe_.result;
          break;
        case RequestKind::Dsd:
          wpe_.now = t;
          status = issueDsd(pe, c, m.call, m.site, m.args, t, true);
          result = wpe_.result;
          break;
        case RequestKind::TaskEnd:
          endTask(pe, c, t);
          pickTask(pe, c, t);
          return;
      }
      if (status == WEFT_BLOCKED) return;
      if (status == WEFT_TRAP) {
        m.state = MainState::Trapped;
        return;
      }
      resumeTask(pe, c, result, wpe_.now);
      return;
    }
    case MainState::Idle: pickTask(pe, c, t); return;
  }
}

namespace {

/// The control task that a control wavelet names; kNoTask names none.
constexpr int kNoTask = 31;
int entryPoint(const Slot& word) { return static_cast<int>(word.payload >> 16 & 63); }

/// The pair of rotating tasks on an input queue.
const tir::RotatingTask* rotatingTask(const tir::Program& program, int queue) {
  for (const tir::RotatingTask& r : program.rotating) {
    if (r.id == queue) return &r;
  }
  return nullptr;
}

}  // namespace

void Block::pickTask(uint32_t pe, Core& c, Cycles t) {
  if (c.main.state != MainState::Idle || t < c.main.idle_from) return;
  Pe& p = pes_[pe];
  const uint64_t ready = p.active & ~p.blocked;
  const bool words = (c.iq_occupied & ~c.iq_owned) != 0 || c.implicit_occupied != 0;
  const bool system = (p.flags & Pe::kSystemPending) != 0;
  if (ready == 0 && !words && !system) return;
  const ProgramInfo* info = programOf(p);
  if (info == nullptr) return;
  // The usual case: local tasks alone, and nothing to decide between kinds.
  if (!words && !system && plain_schedule_ && (ready & ~info->local_mask) == 0 && (ready & c.high_priority) == 0) {
    const int from = c.last_task + 1;
    const uint64_t behind = from < 64 ? ready >> from << from : 0;
    const int number = std::countr_zero(behind != 0 ? behind : ready);
    const uint32_t function = info->task_fn[static_cast<size_t>(number)];
    if (function != kNone) {
      c.last_task = number;
      p.active &= ~(1ull << number);
      startTask(pe, c, function, number, {}, t, false);
      return;
    }
  }
  pickAmong(pe, c, t);
}

/// Tasks of every kind.
void Block::pickAmong(uint32_t pe, Core& c, Cycles t) {
  Pe& p = pes_[pe];
  const uint32_t queues = c.iq_occupied & ~c.iq_owned & 0xffu;
  const ProgramInfo* info = programOf(p);
  const tir::Program& program = *info->program;
  const bool wse2 = params_.arch == target::Arch::Wse2;

  uint64_t ready = p.active & ~p.blocked & info->local_mask;
  if ((info->local_mask >> target::kTeardownTaskId & 1) == 0 &&
      (!program.teardown_handlers.empty() || !program.empty_queue_handlers.empty()))
    ready |= p.active & ~p.blocked & (1ull << target::kTeardownTaskId);
  uint64_t ready_control = 0;
  Queue* by_number[128];
  uint64_t from_queue = 0;
  const auto consider = [&](Queue& q) {
    while (q.count != 0 && q.front().at <= t && q.user == Queue::kFree) {
      if (dataChannelBlocked(p, q)) return;
      const Slot& head = q.front();
      if (!head.control()) {
        const int channel = wse2 ? q.color : q.id;
        const uint64_t bit = 1ull << channel;
        if ((info->data_mask & bit) == 0) return;
        if ((ready & from_queue & bit) == 0) by_number[channel] = &q;
        ready |= bit;
        from_queue |= bit;
        return;
      }
      const int named = entryPoint(head);
      const int entry = named + (q.implicit ? 0 : info->control_offset[static_cast<size_t>(q.id)]);
      const uint64_t bit = entry < 64 ? 1ull << entry : 0;
      if ((info->control_mask & bit) == 0 && !(named == 0 && rotatingTask(program, q.id) != nullptr)) {
        // Names no task: discarded.
        const ColorState* from = c.color[static_cast<size_t>(q.color)];
        const bool message = from != nullptr && from->messages != nullptr;  // its last word has the control bit
        if (named != kNoTask && !message) {
          warn({pe, t, kNone}, diag::Code::W0705,
               fmt::format("a control wavelet of color {} names control task {}, which is not bound", q.color, entry),
               1ull << 40 | static_cast<uint64_t>(p.program & 0xffffff) << 12 |
                   static_cast<uint64_t>(q.color & 31) << 7 | static_cast<uint64_t>(entry & 127));
        }
        popInput(c, q);
        if (q.count == 0) queueDrained(pe, c, q, t);
        continue;
      }
      if (program.separate_control_table) {
        if ((ready_control & bit) == 0) by_number[kControlBase + entry] = &q;
        ready_control |= bit;
      } else {
        if ((p.blocked & bit & ~info->data_mask) != 0 && entry >= target::kColorCount) return;
        if ((from_queue & bit) == 0) by_number[entry] = &q;
        ready |= bit;
        from_queue |= bit;
      }
      return;
    }
  };
  for (uint32_t m = queues; m != 0; m &= m - 1) consider(*c.iq[static_cast<size_t>(std::countr_zero(m))]);
  for (uint32_t m = c.implicit_occupied; m != 0; m &= m - 1) {
    ColorState* cs = c.color[static_cast<size_t>(std::countr_zero(m))];
    if (cs->queue != nullptr && cs->queue->implicit) consider(*cs->queue);
  }
  const bool system = (p.flags & Pe::kSystemPending) != 0 && mesh_.current() != nullptr &&
                      t >= mesh_.current()->arrival(coordOf(pe), params_.hop);
  if (ready == 0 && ready_control == 0 && !system) return;

  int number = -1;
  const auto next = [&](uint64_t low, uint64_t high, bool sys) {
    const int from = c.last_task + 1;
    for (int k = 0; k < 129; ++k) {
      const int n = (from + k) % 129;
      if (n < 64 ? ((low >> n) & 1) != 0 : n < 128 ? ((high >> (n - 64)) & 1) != 0 : sys) return n;
    }
    return -1;
  };
  if (!plain_schedule_) {
    // Some legal choice.
    const PeCoord at = coordOf(pe);
    uint64_t h =
        (mesh_.options().schedule_seed + t * 131 + (static_cast<uint64_t>(at.y) << 20) + at.x) * 0x9e3779b97f4a7c15ull;
    c.last_task = static_cast<int32_t>((h >> 33) % 129) - 1;
  }
  if ((ready & c.high_priority) != 0) {
    number = next(ready & c.high_priority, 0, false);
  } else if (ready_control == 0 && !system) {
    // The usual case: one rotation and one count.
    const int from = c.last_task + 1;
    const uint64_t behind = from < 64 ? ready >> from << from : 0;
    number = std::countr_zero(behind != 0 ? behind : ready);
  } else {
    number = next(ready, ready_control, system);
  }
  c.last_task = number;
  if (number == kSystemNumber) {
    startSystemTask(pe, c, t);
    return;
  }
  const bool queued = number >= kControlBase || ((from_queue >> number) & 1) != 0;
  if (!queued) {
    p.active &= ~(1ull << number);
    uint32_t function = info->task_fn[static_cast<size_t>(number)];
    if (function == kNone) {
      startTeardownHandler(pe, c, t);
      return;
    }
    startTask(pe, c, function, number, {}, t, false);
    return;
  }
  Queue& q = *by_number[number];
  const Slot word = q.front();
  popInput(c, q);
  if (q.count == 0) queueDrained(pe, c, q, t);
  uint32_t function = kNone;
  if (word.control()) {
    function = info->control_fn[static_cast<size_t>(number & 63)];
    // The other one of a rotating pair is control task 0 of its queue.
    if (entryPoint(word) == 0) {
      if (const tir::RotatingTask* r = rotatingTask(program, q.id)) function = r->alt.index();
    }
  } else {
    function = info->task_fn[static_cast<size_t>(number)];
  }
  for (size_t i = 0; i < program.rotating.size(); ++i) {
    const tir::RotatingTask& r = program.rotating[i];
    if (r.id != number || word.control()) continue;
    if (c.rotating[i] == r.limit) {
      c.rotating[i] = 0;
      function = r.alt.index();
    } else {
      ++c.rotating[i];
    }
  }
  const tir::Function& fn = program.functions[function];
  uint64_t args[2] = {word.payload, 0};
  if (fn.param_count >= 1 && tir::sizeOf(fn.locals[0].type) == 2) args[0] = word.payload & 0xffff;
  if (fn.param_count >= 2) args[1] = word.payload >> 16;
  startTask(pe, c, function, number, {args, std::min<size_t>(fn.param_count, 2)}, t, false);
}

/// The generated task 29: one handler per run, as long as events are pending.
bool Block::startTeardownHandler(uint32_t pe, Core& c, Cycles t) {
  const tir::Program& program = *programOf(pes_[pe])->program;
  const auto run = [&](const tir::Handler& h) {
    if (c.teardown_pending != 0 || c.flush_pending != 0) pes_[pe].active |= 1ull << target::kTeardownTaskId;
    startTask(pe, c, h.function.index(), target::kTeardownTaskId, {}, t, false);
    return true;
  };
  for (const tir::Handler& h : program.teardown_handlers) {
    if (((c.teardown_pending >> h.id) & 1) == 0) continue;
    c.teardown_pending &= ~(1u << h.id);
    return run(h);
  }
  c.teardown_pending = 0;
  for (const tir::Handler& h : program.empty_queue_handlers) {
    const uint32_t bit = 1u << ((h.id & 7) + ((h.id & 0x100) != 0 ? 8 : 0));
    if ((c.flush_pending & bit) == 0) continue;
    c.flush_pending &= ~bit;
    return run(h);
  }
  c.flush_pending = 0;
  schedule(pe, t + 1);
  return false;
}

void Block::startTask(uint32_t pe, Core& c, uint32_t function, int task, std::span<const uint64_t> args, Cycles t,
                      bool system) {
  MainThread& m = c.main;
  const ProgramInfo* info = programOf(pes_[pe]);
  m.frames = nullptr;
  m.stack_pointer = info->program->stack_base;
  m.function = function;
  m.task = task;
  m.system = system;
  m.task_start = t;
  m.site = kNone;
  m.slots_seen = c.slots_taken;
  ++stats.tasks_started;
  if (traces_) [[unlikely]]
    traceTask(t, pe, c, function);
  prepare(pe, c, t + params_.task_activate);
  running_ = pe;
  m.state = MainState::Idle;
  const int32_t status = imageOf(*info, m).start(wpe_, tir::FunctionId(function), args);
  running_ = kNone;
  afterRun(pe, c, status);
}

void Block::resumeTask(uint32_t pe, Core& c, uint64_t result, Cycles now) {
  MainThread& m = c.main;
  prepare(pe, c, now);
  wpe_.result = result;
  m.slots_seen = c.slots_taken;
  running_ = pe;
  m.state = MainState::Idle;
  const int32_t status = imageOf(*programOf(pes_[pe]), m).resume(wpe_);
  running_ = kNone;
  afterRun(pe, c, status);
}

/// The last visit of a cycle. While nothing else is entered before the PE's next task, the PE goes on at once: the
/// clock moves as the wheel would have moved it.
void Block::visitOn(uint32_t pe, Cycles t) {
  constexpr int kMost = 256;
  goes_on_ = pe;
  visit(pe, t);
  Core& c = *pes_[pe].core;
  for (int tasks = 0; again_ != 0; ++tasks) {
    const Cycles at = again_;
    again_ = 0;
    if (tasks >= kMost || at >= solo_until_ || wheel_.next() <= at || happened() || trapped) {
      goes_on_ = kNone;
      wheel_.schedule(pe, at);
      return;
    }
    wheel_.moveTo(at);
    time_ = at;
    if (c.wake != 0 || c.stirs()) {
      visit(pe, at);
      continue;
    }
    // A visit would find the main thread alone.
    self_wake_ = 0;
    pickTask(pe, c, at);
    settleMain(c);
    if (self_wake_ != 0 || c.stirs()) finishVisit(pe, c, at);
  }
  goes_on_ = kNone;
}

}  // namespace weft::mesh
