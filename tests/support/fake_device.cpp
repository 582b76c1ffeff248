// The device of engine tests. Vector operations on memory are carried out element by element with the engine's kernels
// by the rules of the mesh; everything else answers with a hash of the question.
// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_device.h"

#include "frontend/base/check.h"
#include "frontend/tir/dsd_element.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <cstring>
#include <new>

namespace weft::testing {

namespace {

using tir::Dsd;
using tir::DsdOperand;
using Kind = tir::DsdOperand::Kind;

uint64_t mixed(uint64_t h, uint64_t v) {
  h ^= v + 0x9e3779b97f4a7c15ull + (h << 6) + (h >> 2);
  h *= 0xff51afd7ed558ccdull;
  return h ^ (h >> 33);
}

bool isRunTimeMem1d(const DsdOperand& o, uint64_t bits) {
  return o.kind == Kind::Dsd && Dsd{bits}.kind() == tir::DsdKind::Mem1d;
}

}  // namespace

const WeftDevice FakeDevice::kTable = {
    [](WeftPe* pe, uint32_t call, uint32_t site, const uint64_t* args) {
      return of(pe).deviceCall(*pe, call, site, args);
    },
    [](WeftPe* pe, uint32_t op, uint32_t site, const uint64_t* args) { return of(pe).dsdOp(*pe, op, site, args); },
    [](WeftPe* pe, uint32_t) -> int32_t {
      FakeDevice& d = of(pe);
      if (++d.back_edges_ > d.max_back_edges) return WEFT_TRAP;
      return d.answer(*pe, 0);
    },
    [](WeftPe* pe, uint32_t address, uint32_t bytes, uint32_t) { return of(pe).load(*pe, address, bytes); },
    [](WeftPe* pe, uint32_t address, uint32_t bytes, uint64_t value, uint32_t) {
      of(pe).store(*pe, address, bytes, value);
    },
    [](WeftPe* pe, uint32_t kind, uint32_t site) -> int32_t {
      of(pe).log.push_back(fmt::format("{} fault {} site {}", pe->now, kind, site));
      return WEFT_TRAP;
    },
    [](WeftPe* pe, uint32_t bytes) -> WeftFrame* {
      ++of(pe).live_frames;
      // Aligned as promised, and not zero.
      void* memory = std::aligned_alloc(16, (bytes + 15) / 16 * 16);
      std::memset(memory, 0xa5, bytes);
      return static_cast<WeftFrame*>(memory);
    },
    [](WeftPe* pe, WeftFrame* frame, uint32_t bytes) {
      --of(pe).live_frames;
      std::memset(static_cast<void*>(frame), 0x5a, bytes);
      std::free(frame);
    },
};

FakeDevice::FakeDevice(const tir::Program& program, const WeftKernel* kernels) : program_(program), kernels_(kernels) {
  for (size_t k = 0; k < program.slots.size(); ++k) {
    const uint32_t bits = program.slots[k] == tir::Type::Bool ? 1 : tir::sizeOf(program.slots[k]) * 8;
    slots.push_back(mixed(7, k) & (bits >= 64 ? ~0ull : (1ull << bits) - 1));
  }
  for (size_t k = 0; k < std::size(costs.op); ++k) {
    costs.op[k] = {.fixed = static_cast<uint16_t>(3 + k % 5),
                   .one_source = static_cast<uint16_t>(4 + k % 3),
                   .two_source = static_cast<uint16_t>(8 + k % 7),
                   .conflict = 32,
                   .collide = static_cast<uint16_t>(k % 2 == 0 ? 0x01 : 0xef),
                   .reduce = 16};
    costs.lanes[k] = static_cast<uint16_t>(1u << (k % 3));
  }
  costs.dsr_load = 2;
  costs.stride_span = static_cast<uint16_t>(program.functions.size() % 2);
  costs.map_call = 5;
  reset();
}

void FakeDevice::reset() {
  memory.assign(program_.private_bytes, 0);
  std::copy(program_.image.begin(), program_.image.end(), memory.begin());
  outside_.assign(0x10000, 0);
  std::copy(program_.shared.begin(), program_.shared.end(), outside_.begin() + program_.private_bytes);
  log.clear();
  now = 0;
  result = 0;
  suspensions = 0;
  back_edges_ = 0;
  calls_ = 0;
  stamp_ = 0;
  random_.seed(seed);
}

void FakeDevice::begin(WeftPe& pe) {
  pe = {};
  pe.memory = memory.empty() ? &nothing_ : memory.data();
  pe.memory_bytes = static_cast<uint32_t>(memory.size());
  // While calls block, back edges ask every time as well.
  pe.deadline = blocking == Blocking::Never ? now + 64 : 0;
  pe.now = now;
  pe.slots = slots.data();
  pe.device = &kTable;
  pe.kernels = kernels_;
  pe.dsd_costs = &costs;
  pe.stack_pointer = program_.stack_base;
  pe.stack_limit = uint32_t{program_.stack_base} + program_.stack_bytes;
  pe.mesh = this;
}

int32_t FakeDevice::run(jit::CodeImage& image, tir::FunctionId fn, std::span<const uint64_t> args) {
  WeftPe pe{};
  begin(pe);
  int32_t status = image.start(pe, fn, args);
  while (status == WEFT_BLOCKED) {
    ++suspensions;
    // As the mesh does: everything but the frames and the stack pointer is forgotten while suspended.
    const uint32_t stack = pe.stack_pointer;
    WeftFrame* frames = pe.frames;
    now = pe.now;
    begin(pe);
    pe.stack_pointer = stack;
    pe.frames = frames;
    pe.result = answer_;
    status = image.resume(pe);
  }
  now = pe.now;
  stack_pointer = pe.stack_pointer;
  result = status == WEFT_DONE ? pe.result : 0;
  return status;
}

int32_t FakeDevice::answer(WeftPe& pe, uint64_t value) {
  answer_ = value;
  const bool block = blocking == Blocking::Always || (blocking == Blocking::Sometimes && random_() % 3 == 0);
  // A blocked call's result must come from the resume.
  pe.result = block ? 0xdeadbeefdeadbeefull : value;
  return block ? WEFT_BLOCKED : WEFT_DONE;
}

int32_t FakeDevice::deviceCall(WeftPe& pe, uint32_t call, uint32_t site, const uint64_t* args) {
  if (++calls_ > max_calls) return WEFT_TRAP;
  const auto id = static_cast<tir::DeviceCall>(call);
  const size_t n = tir::deviceArgs(id).size();
  uint64_t h = mixed(call, ++stamp_);
  std::string line = fmt::format("{} {} site {}:", pe.now, tir::deviceName(id), site);
  for (size_t k = 0; k < n; ++k) {
    h = mixed(h, args[k]);
    line += fmt::format(" {:#x}", args[k]);
  }
  log.push_back(std::move(line));
  if (id == tir::DeviceCall::AssertFailed) return WEFT_TRAP;
  const tir::Type type = tir::deviceResult(id);
  const uint32_t bits = tir::sizeOf(type) * 8;
  const uint64_t value = type == tir::Type::Bool ? h & 1 : bits >= 64 ? h : h & ((1ull << bits) - 1);
  pe.now += 1 + h % 3;
  // Calls that do not synchronise never block.
  if (!tir::deviceSyncs(id)) {
    pe.result = value;
    return WEFT_DONE;
  }
  return answer(pe, value);
}

int32_t FakeDevice::dsdOp(WeftPe& pe, uint32_t number, uint32_t site, const uint64_t* args) {
  if (++calls_ > max_calls) return WEFT_TRAP;
  const tir::DsdOp& op = program_.dsd_ops[number];
  const size_t n = tir::dsdOpArgs(op).size();
  // Operations on plain memory may be done inline by compiled code, so they leave no line in the log.
  bool plain = op.op != tir::DsdOpcode::DFilt && !op.async && !op.has_index && !op.has_activate && !op.has_unblock &&
               op.on_control == tir::OnControl::None;
  size_t at = 0;
  for (const DsdOperand* o : {&op.dest, &op.src0, &op.src1}) {
    if (o->kind == Kind::None) continue;
    if (o->kind == Kind::Dsr || o->kind == Kind::Fifo) plain = false;
    if (o->kind == Kind::Dsd && !isRunTimeMem1d(*o, args[at])) plain = false;
    if (o->kind == Kind::Dsd || o->kind == Kind::Scalar || o->kind == Kind::Pointer) ++at;
  }
  if (plain) {
    runMemoryOp(pe, op, args);
    return answer(pe, 1);
  }
  uint64_t h = mixed(static_cast<uint64_t>(op.op) + 1000, ++stamp_);
  std::string line = fmt::format("{} {} site {}:", pe.now, tir::dsdOpInfo(op.op).name, site);
  for (size_t k = 0; k < n; ++k) {
    h = mixed(h, args[k]);
    line += fmt::format(" {:#x}", args[k]);
  }
  log.push_back(std::move(line));
  pe.now += 2 + h % 5;
  return answer(pe, h >> 7 & 1);
}

// The rules the mesh and compiled code share for synchronous operations on one-dimensional memory.
void FakeDevice::runMemoryOp(WeftPe& pe, const tir::DsdOp& op, const uint64_t* args) {
  const tir::DsdOpInfo& info = tir::dsdOpInfo(op.op);
  struct Side {
    const DsdOperand* operand;
    uint32_t width;
    uint64_t arg = 0;
    [[nodiscard]] Dsd dsd() const { return operand->kind == Kind::Dsd ? Dsd{arg} : Dsd{}; }
    [[nodiscard]] bool isDsd() const { return operand->kind == Kind::Dsd; }
  };
  Side dest{&op.dest, info.dest_width}, src0{&op.src0, info.src0_width}, src1{&op.src1, info.src1_width};
  const uint64_t* next = args;
  uint64_t scalar = 0;
  for (Side* side : {&dest, &src0, &src1})
    if (side->operand->kind != Kind::None) side->arg = *next++;
  if (info.has_scalar) scalar = *next++;

  uint32_t count = 0;
  bool any = false;
  for (const Side* side : {&src0, &src1, &dest}) {
    if (!side->isDsd()) continue;
    any = true;
    if (count == 0) count = side->dsd().length();
  }
  if (!any) count = 1;

  const bool reduce = op.dest.kind == Kind::Pointer || (dest.isDsd() && dest.dsd().stride() == 0);
  pe.now += weftDsdCycles(&costs, static_cast<uint32_t>(op.op), count, reduce ? 1 : 0, src0.isDsd() ? 1 : 0,
                          src0.dsd().stride(), src0.dsd().base(), src1.isDsd() ? 1 : 0, src1.dsd().stride(),
                          src1.dsd().base(), dest.isDsd() ? 1 : 0, dest.dsd().stride());
  for (const Side* side : {&dest, &src0, &src1}) pe.now += side->isDsd() ? costs.dsr_load : 0;

  // Element by element: each operand is fetched from memory only when its turn comes.
  const bool accumulate = op.dest.kind == Kind::Pointer && info.sources == 2 && op.src0.kind == Kind::Scalar;
  uint64_t accumulator = accumulate ? src0.arg : 0;
  uint32_t carry = 0;
  for (uint32_t k = 0; k < count; ++k) {
    auto fetch = [&](const Side& side) {
      if (!side.isDsd()) return side.arg;
      return load(pe, tir::elementAddress(side.dsd(), program_.shapes, k, side.width), side.width);
    };
    uint64_t a = accumulate ? accumulator : info.sources == 2 ? fetch(src0) : 0;
    uint64_t b = fetch(src1);
    uint64_t out = 0;
    WeftBurst burst{};
    burst.dest = reinterpret_cast<uint8_t*>(&out);
    burst.src0 = reinterpret_cast<const uint8_t*>(&a);
    burst.src1 = reinterpret_cast<const uint8_t*>(&b);
    burst.scalar = scalar;
    burst.count = 1;
    burst.carry = carry;
    kernels_[static_cast<size_t>(op.op)](&burst);
    carry = burst.carry;
    if (op.dest.kind == Kind::Pointer)
      accumulator = out;
    else
      store(pe, tir::elementAddress(dest.dsd(), program_.shapes, k, dest.width), dest.width, out);
  }
  if (op.dest.kind == Kind::Pointer && (count > 0 || accumulate))
    store(pe, static_cast<uint32_t>(dest.arg), dest.width, accumulator);
}

uint64_t FakeDevice::load(WeftPe& pe, uint32_t address, uint32_t bytes) {
  uint64_t value = 0;
  for (uint32_t k = 0; k < bytes; ++k) {
    const uint32_t at = (address + k) & 0xffffu;
    value |= static_cast<uint64_t>(at < pe.memory_bytes ? pe.memory[at] : outside_[at]) << (8 * k);
  }
  return value;
}

void FakeDevice::store(WeftPe& pe, uint32_t address, uint32_t bytes, uint64_t value) {
  for (uint32_t k = 0; k < bytes; ++k) {
    const uint32_t at = (address + k) & 0xffffu;
    (at < pe.memory_bytes ? pe.memory[at] : outside_[at]) = static_cast<uint8_t>(value >> (8 * k));
  }
}

tir::Program programFromTir(std::string_view text) {
  diag::Sink sink;
  auto program = tir::parse(text, sink);
  if (!program) {
    const std::string message = sink.all().empty() ? "parse failed" : sink.all().front().message;
    WEFT_CHECK(false, "reading TIR of a test: {}", message);
  }
  tir::finalize(*program);
  const std::string broken = tir::verify(*program);
  WEFT_CHECK(broken.empty(), "verifying TIR of a test: {}", broken);
  return *std::move(program);
}

jit::CostTable sampleCosts(const tir::Program& program) {
  jit::CostTable costs;
  for (uint32_t k = 0; k < program.segment_count; ++k) costs.segment.push_back(1 + (k * 7) % 5);
  return costs;
}

std::unique_ptr<jit::CodeImage> compileOne(jit::Engine& engine, const tir::Program& program) {
  const tir::Program* programs[] = {&program};
  const jit::CostTable costs[] = {sampleCosts(program)};
  diag::Sink sink;
  auto images = engine.compile(programs, costs, sink);
  WEFT_CHECK(static_cast<bool>(images), "compiling a test program: {}",
             sink.all().empty() ? "failed" : sink.all().front().message);
  return std::move(images->front());
}

}  // namespace weft::testing
