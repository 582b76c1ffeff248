// What tile code asks of the device. A call is performed at once if nothing else on the PE could tell the difference;
// otherwise the task is suspended until simulated time has come up to it.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "frontend/numeric/f16.h"
#include "frontend/tir/dsd_element.h"
#include "sdk/mesh/mesh_impl.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>

namespace weft::mesh {

using tir::DeviceCall;

struct Block::DeviceEntry {
  static Block& of(WeftPe* pe) { return *static_cast<Block*>(pe->mesh); }
  static int32_t call(WeftPe* pe, uint32_t call, uint32_t site, const uint64_t* args) {
    Block& block = of(pe);
    if (call == static_cast<uint32_t>(DeviceCall::Activate) &&
        ((pe->flags & WEFT_PE_SHARED) == 0 || pe->now <= block.time_)) {
      // By far the most frequent.
      block.pes_[pe->mesh_index].active |= 1ull << (args[0] & 63);
      pe->result = 0;
      return WEFT_DONE;
    }
    return block.deviceCall(*pe, call, site, args);
  }
  static int32_t heardCall(WeftPe* pe, uint32_t call, uint32_t site, const uint64_t* args) {
    return of(pe).deviceCall(*pe, call, site, args);
  }
  static int32_t dsd(WeftPe* pe, uint32_t op, uint32_t site, const uint64_t* args) {
    return of(pe).dsdOp(*pe, op, site, args);
  }
  static int32_t backEdge(WeftPe* pe, uint32_t site) { return of(pe).backEdge(*pe, site); }
  static uint64_t load(WeftPe* pe, uint32_t address, uint32_t bytes, uint32_t site) {
    return of(pe).loadAny(static_cast<uint32_t>(pe->mesh_index), address & 0xffff, bytes, site);
  }
  static void store(WeftPe* pe, uint32_t address, uint32_t bytes, uint64_t value, uint32_t site) {
    of(pe).storeAny(static_cast<uint32_t>(pe->mesh_index), address & 0xffff, bytes, value, site);
  }
  static int32_t fault(WeftPe* pe, uint32_t kind, uint32_t site) { return of(pe).fault(*pe, kind, site); }
  static WeftFrame* allocFrame(WeftPe* pe, uint32_t bytes) { return of(pe).allocFrame(bytes); }
  static void freeFrame(WeftPe* pe, WeftFrame* frame, uint32_t bytes) { of(pe).freeFrame(frame, bytes); }
  static const WeftDevice* table(bool heard) {
    static constexpr WeftDevice kDevice{call,       dsd,      DeviceEntry::backEdge, load, store, DeviceEntry::fault,
                                        allocFrame, freeFrame};
    static constexpr WeftDevice kHeard{heardCall,  dsd,      DeviceEntry::backEdge, load, store, DeviceEntry::fault,
                                       allocFrame, freeFrame};
    return heard ? &kHeard : &kDevice;
  }
};

/// What no PE of the block differs in.
void Block::openEngineView() {
  wpe_.device = DeviceEntry::table(listens_);
  wpe_.kernels = mesh_.kernels();
  wpe_.dsd_costs = &params_.dsd;
  wpe_.mesh = this;
  wpe_.slots = nullptr;
  programs_ = mesh_.programs().data();
  traces_ = mesh_.options().trace_hash || listens_;
  plain_schedule_ = mesh_.options().schedule_seed == 0;
  has_slots_ = !mesh_.plan().slots_of.empty();
}

WeftFrame* Block::allocFrame(uint32_t bytes) {
  const size_t size_class = (bytes + 15) / 16;
  if (size_class < free_frames_.size() && !free_frames_[size_class].empty()) {
    WeftFrame* f = free_frames_[size_class].back();
    free_frames_[size_class].pop_back();
    return f;
  }
  const size_t rounded = std::max<size_t>(size_class, 1) * 16;
  arena_bytes_ += rounded;
  return static_cast<WeftFrame*>(arena_.allocate(rounded, 16));
}

void Block::freeFrame(WeftFrame* frame, uint32_t bytes) {
  const size_t size_class = (bytes + 15) / 16;
  // Frames larger than a kilobyte are rare; theirs comes back with the block.
  if (size_class < free_frames_.size()) free_frames_[size_class].push_back(frame);
}

int32_t Block::postpone(WeftPe& wpe, Core& c, RequestKind kind, uint32_t call, uint32_t site, const uint64_t* args,
                        int count) {
  MainThread& m = c.main;
  m.state = MainState::Request;
  m.request = kind;
  m.call = call;
  m.site = site;
  m.now = wpe.now;
  for (int i = 0; i < count; ++i) m.args[i] = args[i];
  return WEFT_BLOCKED;
}

namespace {

/// Calls that only touch what the running task owns as long as nothing else is active on its PE.
bool mayRunAhead(DeviceCall call) {
  switch (call) {
    case DeviceCall::Activate:
    case DeviceCall::Block:
    case DeviceCall::Unblock:
    case DeviceCall::SetTaskPriority:
    case DeviceCall::SetMainThreadPriority:
    case DeviceCall::TscEnable:
    case DeviceCall::TscDisable:
    case DeviceCall::TscReset:
    case DeviceCall::TscRead:
    case DeviceCall::Random16:
    case DeviceCall::SetActivePrng:
    case DeviceCall::SeedPrng:
    case DeviceCall::CoordX:
    case DeviceCall::CoordY:
    case DeviceCall::FabricCoordX:
    case DeviceCall::FabricCoordY:
    case DeviceCall::LoadDsr:
    case DeviceCall::GetDsr:
    case DeviceCall::SetDsrBase:
    case DeviceCall::SetDsrLength:
    case DeviceCall::SetFifoReadLength:
    case DeviceCall::SetFifoWriteLength:
    case DeviceCall::UnblockCommandStream: return true;
    case DeviceCall::BlockMicrothread:
    case DeviceCall::UnblockMicrothread:
    case DeviceCall::PerfRead:
    case DeviceCall::AssertFailed:
    case DeviceCall::PrintText:
    case DeviceCall::PrintValue:
    case DeviceCall::FabricRead:
    case DeviceCall::FabricWrite:
    case DeviceCall::GetConfig:
    case DeviceCall::SetConfig:
    case DeviceCall::TeardownPending:
    case DeviceCall::TeardownExit:
    case DeviceCall::QueueFlush:
    case DeviceCall::QueueFlushExit: return false;
  }
  return false;
}

int argumentCount(DeviceCall call) {
  constexpr const char* kArgs[] = {
#define WEFT_DEVICE_CALL(name, mnemonic, args, result, sync) args,
#define v 0
#define q 0
#define h 0
#define w 0
#include "frontend/tir/device_calls.def"
#undef v
#undef q
#undef h
#undef w
#undef WEFT_DEVICE_CALL
  };
  return static_cast<int>(std::strlen(kArgs[static_cast<size_t>(call)]));
}

/// Calls that never depend on time or on others: identity and random numbers.
bool timeless(DeviceCall call) {
  return call == DeviceCall::Random16 || call == DeviceCall::SetActivePrng || call == DeviceCall::SeedPrng ||
         call == DeviceCall::CoordX || call == DeviceCall::CoordY || call == DeviceCall::FabricCoordX ||
         call == DeviceCall::FabricCoordY;
}

}  // namespace

int32_t Block::deviceCall(WeftPe& wpe, uint32_t call, uint32_t site, const uint64_t* args) {
  const auto pe = static_cast<uint32_t>(wpe.mesh_index);
  Core& c = *pes_[pe].core;
  const auto kind = static_cast<DeviceCall>(call);
  const bool alone = (wpe.flags & WEFT_PE_SHARED) == 0;
  // An element of a register that holds no fabric descriptor (dsrElement).
  const bool of_memory = (kind == DeviceCall::FabricRead || kind == DeviceCall::FabricWrite) &&
                         tir::Dsd{args[0]}.kind() == tir::DsdKind::None &&
                         !dsrs(pe, c)[tir::Dsd{args[0]}.base() % 48].value.isFabric();
  if (beginsChecking(wpe, kind, args)) {
    wpe.now = std::max<uint64_t>(wpe.now, time_ + 1);
    return postpone(wpe, c, RequestKind::Call, call, site, args, argumentCount(kind));
  }
  if (wpe.now <= time_ || timeless(kind) || (alone && (of_memory || mayRunAhead(kind))))
    return performCall(pe, c, call, site, args, wpe.now);
  return postpone(wpe, c, RequestKind::Call, call, site, args, argumentCount(kind));
}

int32_t Block::dsdOp(WeftPe& wpe, uint32_t op, uint32_t site, const uint64_t* args) {
  const auto pe = static_cast<uint32_t>(wpe.mesh_index);
  Core& c = *pes_[pe].core;
  const bool alone = (wpe.flags & WEFT_PE_SHARED) == 0;
  const bool at_time = wpe.now <= time_;
  if (at_time || alone) {
    const int32_t status = issueDsd(pe, c, op, site, args, wpe.now, at_time);
    if (status >= 0) return status;
  }
  const tir::DsdOp& def = programOf(pes_[pe])->program->dsd_ops[op];
  int count = 0;
  for (const tir::DsdOperand* o : {&def.dest, &def.src0, &def.src1}) {
    if (o->kind == tir::DsdOperand::Kind::Dsd || o->kind == tir::DsdOperand::Kind::Scalar ||
        o->kind == tir::DsdOperand::Kind::Pointer)
      ++count;
  }
  count += (tir::dsdOpInfo(def.op).has_scalar ? 1 : 0) + (def.has_index ? 1 : 0) + (def.has_activate ? 1 : 0) +
           (def.has_unblock ? 1 : 0) + (def.hasControlId() ? 1 : 0);
  return postpone(wpe, c, RequestKind::Dsd, op, site, args, count);
}

int32_t Block::backEdge(WeftPe& wpe, uint32_t site) {
  const auto pe = static_cast<uint32_t>(wpe.mesh_index);
  Core& c = *pes_[pe].core;
  wpe.result = 0;
  if (wpe.now <= time_) {
    wpe.deadline = wpe.now + ((wpe.flags & WEFT_PE_SHARED) != 0 ? params_.sync_quantum : 65536u);
    return WEFT_DONE;
  }
  return postpone(wpe, c, RequestKind::BackEdge, 0, site, nullptr, 0);
}

int32_t Block::fault(WeftPe& wpe, uint32_t kind, uint32_t site) {
  const Where where{static_cast<uint32_t>(wpe.mesh_index), wpe.now, site};
  if (kind == 1) {
    trap(where, diag::Code::E0710, "call of a function that the program does not have");
  } else if (kind == 2) {
    trap(where, diag::Code::E0711, "the stack of recursive functions is exhausted");
  } else if ((kind & 0xff) == 3) {
    trapException(where, kind >> 8 & 0xff, scalarOperation(static_cast<tir::Op>(kind >> 16)));
  } else {
    trap(where, diag::Code::E0709, "reached code marked `unreachable`");
  }
  return WEFT_TRAP;
}

uint32_t Block::random16(Core& c) {
  // Fibonacci register x^23 + x^18 + 1 of the low 23 bits of the seed, 128 steps a call, sixteen at a time (the taps
  // lie far enough apart). The references leave open which bits are the result: here the upper sixteen.
  uint32_t s = c.prng[c.prng_active & 3] & 0x7fffffu;
  for (int i = 0; i < 8; ++i) s = ((s << 16) | (((s >> 7) ^ (s >> 2)) & 0xffffu)) & 0x7fffffu;
  c.prng[c.prng_active & 3] = s;
  return s >> 7;
}

void Block::print(uint32_t pe, Core& c, const std::string& text, Cycles t) {
  if (c.print_line == nullptr) {
    string_pool_.push_back(std::make_unique<std::string>());
    c.print_line = string_pool_.back().get();
  }
  for (const char ch : text) {
    if (ch == '\n') {
      log.push_back({t, coordOf(pe), *c.print_line});
      c.print_line->clear();
    } else {
      *c.print_line += ch;
    }
  }
}

namespace {

/// A number without point or exponent gets a point, so that it is seen to be a float.
std::string withPoint(std::string text) {
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

std::string formatValue(tir::PrintFormat format, uint32_t v, target::Fp16Format fp16) {
  const auto bits = [v](int n) {
    std::string s;
    for (int i = n - 1; i >= 0; --i) s += ((v >> i) & 1) != 0 ? '1' : '0';
    return s;
  };
  switch (format) {
    case tir::PrintFormat::Dec16: return fmt::format("{}", v & 0xffff);
    case tir::PrintFormat::Hex16: return fmt::format("{:04X}", v & 0xffff);
    case tir::PrintFormat::Bin16: return bits(16);
    case tir::PrintFormat::Dec32: return fmt::format("{}", v);
    case tir::PrintFormat::Hex32: return fmt::format("{:08X}", v);
    case tir::PrintFormat::Bin32: return bits(32);
    case tir::PrintFormat::SDec16: return fmt::format("{}", static_cast<int16_t>(v));
    case tir::PrintFormat::SDec32: return fmt::format("{}", static_cast<int32_t>(v));
    case tir::PrintFormat::F32: return withPoint(fmt::format("{}", std::bit_cast<float>(v)));
    case tir::PrintFormat::F16: {
      // The fewest digits that name this number among those of its format.
      const auto bits16 = static_cast<uint16_t>(v);
      const double f = numeric::f16ToDouble(fp16, bits16);
      for (int digits = 1;; ++digits) {
        std::string text = fmt::format("{:.{}g}", f, digits);
        if (digits == 9 || std::isnan(f) || numeric::f16FromDouble(fp16, std::strtod(text.c_str(), nullptr)) == bits16)
          return withPoint(std::move(text));
      }
    }
  }
  return {};
}

}  // namespace

/// @map's element moves through a register, whatever it holds: `args` as for FabricRead and FabricWrite, the descriptor
/// being one of kind None that names the register (base) and the element (length).
int32_t Block::dsrElement(uint32_t pe, Core& c, bool read, const uint64_t* args, uint32_t site, Cycles t) {
  const tir::Dsd which{args[0]};
  const tir::Program& program = *programOf(pes_[pe])->program;
  DsrState& d = dsrs(pe, c)[which.base() % 48];
  uint32_t n = which.length();
  const auto width = static_cast<uint32_t>(args[1]);
  const bool circular = d.value.kind() == tir::DsdKind::Circbuf && d.value.shape() != 0;
  wpe_.result = 0;
  if (which.has(tir::Dsd::kAdvanceSwitch)) {
    // Behind n elements.
    if (!d.value.isMemory() || d.config >= program.dsr_configs.size() || !program.dsr_configs[d.config].save_address)
      return WEFT_DONE;
    if (circular) {
      d.position = static_cast<uint16_t>((d.position + n) % d.value.shape());
    } else {
      d.value = d.value.withBase(tir::elementAddress(d.value, program.shapes, n, width));
    }
    return WEFT_DONE;
  }
  if (d.value.isFabric())
    return fabricElement(pe, c, read, d.value.bits, width, read ? 0 : static_cast<uint32_t>(args[2]), site, t);
  if (!d.value.isMemory()) {
    trap({pe, t, site}, diag::Code::E0707, "operand is not a descriptor");
    return WEFT_TRAP;
  }
  if (circular) n += d.position;
  const uint16_t address = tir::elementAddress(d.value, program.shapes, n, width);
  if (read) {
    wpe_.result = loadAny(pe, address, width, site);
  } else {
    storeAny(pe, address, width, args[2], site);
  }
  return WEFT_DONE;
}

/// Performs a call that takes effect at cycle t.
int32_t Block::performCall(uint32_t pe, Core& c, uint32_t call, uint32_t site, const uint64_t* args, Cycles t) {
  Pe& p = pes_[pe];
  const tir::Program& program = *programOf(p)->program;
  const PeCoord at = coordOf(pe);
  uint64_t result = 0;
  if (listens_) [[unlikely]]
    noteCall(pe, c, call, site, args, t);
  const auto bit = [&](int i) { return 1ull << (args[i] & 63); };
  switch (static_cast<DeviceCall>(call)) {
    case DeviceCall::Activate: p.active |= bit(0); break;
    case DeviceCall::Block: p.blocked |= bit(0); break;
    case DeviceCall::Unblock: p.blocked &= ~bit(0); break;
    case DeviceCall::BlockMicrothread: c.ut_blocked |= static_cast<uint8_t>(1u << (args[0] & 7)); break;
    case DeviceCall::UnblockMicrothread:
      c.ut_blocked &= static_cast<uint8_t>(~(1u << (args[0] & 7)));
      schedule(pe, std::max(t, time_) + 1);
      break;
    case DeviceCall::SetTaskPriority:
      if (args[1] != 0) {
        c.high_priority |= bit(0);
      } else {
        c.high_priority &= ~bit(0);
      }
      break;
    case DeviceCall::SetMainThreadPriority: {
      constexpr uint8_t kRank[] = {2, 1, 1, 0};
      c.main_priority = kRank[args[0] & 3];
      break;
    }
    case DeviceCall::TscEnable:
      c.tsc_enabled = true;
      c.tsc_base = t;
      break;
    case DeviceCall::TscDisable:
      if (c.tsc_enabled) c.tsc_stopped = t - c.tsc_base;
      c.tsc_enabled = false;
      break;
    case DeviceCall::TscReset:
      c.tsc_base = t;
      c.tsc_stopped = 0;
      break;
    case DeviceCall::TscRead: result = (c.tsc_enabled ? t - c.tsc_base : c.tsc_stopped) & 0xffffffffffffull; break;
    case DeviceCall::PerfRead:
      result = args[0] == 0 ? t : 0;
      if (args[0] == 0) break;
      for (const Queue* q : c.iq) result += q != nullptr ? q->received : 0;
      for (const ColorState* cs : c.color) {
        if (cs != nullptr && cs->queue != nullptr && cs->queue->implicit) result += cs->queue->received;
      }
      break;
    case DeviceCall::Random16: result = random16(c); break;
    case DeviceCall::SetActivePrng: c.prng_active = static_cast<uint8_t>(args[0] & 3); break;
    case DeviceCall::SeedPrng: c.prng[c.prng_active & 3] = static_cast<uint32_t>(args[0]); break;
    case DeviceCall::CoordX: result = at.x; break;
    case DeviceCall::CoordY: result = at.y; break;
    case DeviceCall::FabricCoordX: result = at.x + mesh_.plan().offset.x; break;
    case DeviceCall::FabricCoordY: result = at.y + mesh_.plan().offset.y; break;
    case DeviceCall::AssertFailed: trap({pe, t, site}, diag::Code::E0706, "assertion failed"); return WEFT_TRAP;
    case DeviceCall::PrintText: print(pe, c, program.strings[args[0]], t); break;
    case DeviceCall::PrintValue:
      print(pe, c, formatValue(static_cast<tir::PrintFormat>(args[0]), static_cast<uint32_t>(args[1]), program.fp16),
            t);
      break;
    case DeviceCall::LoadDsr: {
      DsrState& d = dsrs(pe, c)[args[0] % 48];
      d.value = tir::Dsd{args[1]};
      d.config = static_cast<uint16_t>(args[2]);
      d.position = 0;
      d.loaded = true;
      const tir::DsdKind kind = d.value.kind();
      const bool fabric = kind == tir::DsdKind::FabIn || kind == tir::DsdKind::FabOut;
      wpe_.now += fabric ? params_.fabric_load : params_.dsd.dsr_load;
      break;
    }
    case DeviceCall::GetDsr: {
      const DsrState& d = dsrs(pe, c)[args[0] % 48];
      if (!d.loaded) {
        trap({pe, t, site}, diag::Code::E0707,
             fmt::format("descriptor register {} is used before it is loaded", args[0] % 16));
        return WEFT_TRAP;
      }
      result = d.value.bits;
      break;
    }
    case DeviceCall::SetDsrBase: {
      DsrState& d = dsrs(pe, c)[args[0] % 48];
      d.value = d.value.withBase(static_cast<uint16_t>(args[1]));
      d.position = 0;
      break;
    }
    case DeviceCall::SetDsrLength: {
      DsrState& d = dsrs(pe, c)[args[0] % 48];
      d.value = d.value.withLength(static_cast<uint16_t>(args[1]));
      break;
    }
    case DeviceCall::SetFifoReadLength:
      if (args[0] < program.fifos.size()) c.fifo[args[0]].read_length = static_cast<uint16_t>(args[1]);
      break;
    case DeviceCall::SetFifoWriteLength:
      if (args[0] < program.fifos.size()) c.fifo[args[0]].write_length = static_cast<uint16_t>(args[1]);
      break;
    case DeviceCall::FabricRead:
      if (tir::Dsd{args[0]}.kind() == tir::DsdKind::None) return dsrElement(pe, c, true, args, site, t);
      return fabricElement(pe, c, true, args[0], static_cast<uint32_t>(args[1]), 0, site, t);
    case DeviceCall::FabricWrite:
      if (tir::Dsd{args[0]}.kind() == tir::DsdKind::None) return dsrElement(pe, c, false, args, site, t);
      return fabricElement(pe, c, false, args[0], static_cast<uint32_t>(args[1]), static_cast<uint32_t>(args[2]), site,
                           t);
    case DeviceCall::GetConfig: {
      uint16_t value = 0;
      if (!readRegister(pe, static_cast<uint16_t>(args[0]), &value, site)) {
        trap({pe, t, site}, diag::Code::E0705, fmt::format("read of unknown configuration register {:#06x}", args[0]));
        return WEFT_TRAP;
      }
      result = value;
      break;
    }
    case DeviceCall::SetConfig:
      if (!writeRegister(pe, static_cast<uint16_t>(args[0]), static_cast<uint16_t>(args[1]), t, site)) {
        trap({pe, t, site}, diag::Code::E0705, fmt::format("write to unknown configuration register {:#06x}", args[0]));
        return WEFT_TRAP;
      }
      break;
    case DeviceCall::TeardownPending:
      result = c.teardown_pending;
      c.teardown_pending = 0;
      break;
    case DeviceCall::TeardownExit:
      if (args[0] < static_cast<uint64_t>(target::kColorCount)) {
        colorState(pe, c, static_cast<int>(args[0])).teardown = false;
        schedule(pe, std::max(t, time_) + 1);
      }
      break;
    case DeviceCall::QueueFlush: {
      Queue& queue = (args[0] & 0x100) != 0 ? *outputQueue(pe, c, static_cast<int>(args[0] & 7))
                                            : *inputQueue(pe, c, static_cast<int>(args[0] & 7));
      queue.flush_pending = true;
      if (queue.count == 0) queueDrained(pe, c, queue, std::max(t, time_));
      break;
    }
    case DeviceCall::QueueFlushExit: {
      Queue& queue = (args[0] & 0x100) != 0 ? *outputQueue(pe, c, static_cast<int>(args[0] & 7))
                                            : *inputQueue(pe, c, static_cast<int>(args[0] & 7));
      queue.flushed = false;
      c.flush_pending &= ~(1u << (queue.id + (queue.output ? 8 : 0)));
      break;
    }
    case DeviceCall::UnblockCommandStream: unblockCommandStream(pe, t); break;
  }
  wpe_.result = result;
  return WEFT_DONE;
}

}  // namespace weft::mesh
