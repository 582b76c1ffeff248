// The reference interpreter: a loop over final TIR. Slow and obvious; the oracle for compiled code.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "frontend/numeric/integer.h"
#include "frontend/tir/tir.h"
#include "frontend/tir/visit.h"
#include "jit/engine.h"
#include "jit/interp/evaluate.h"
#include "jit/interp/kernels.h"

#include <cstring>
#include <utility>

namespace weft::jit {

namespace {

using tir::Function;
using tir::FunctionId;
using tir::Inst;
using tir::Op;
using tir::Operand;
using tir::Type;

// Far beyond what the stack of recursive functions allows; protects the host.
constexpr int kMaxDepth = 4096;
constexpr uint32_t kFaultUnreachable = 0;
constexpr uint32_t kFaultFunction = 1;
constexpr uint32_t kFaultStack = 2;
constexpr uint32_t kFaultException = 3;
constexpr uint32_t kNoPoint = 0xffffffffu;

// What one program needs beside its TIR: the suspend points of every function.
class InterpImage final : public CodeImage {
 public:
  InterpImage(const tir::Program& program, CostTable costs) : program_(program), costs_(std::move(costs)) {
    point_of_.assign(program.insts.size(), kNoPoint);
    points_.resize(program.functions.size());
    for (uint32_t k = 0; k < program.functions.size(); ++k) {
      points_[k] = tir::suspendPoints(program, FunctionId(k));
      for (uint32_t n = 0; n < points_[k].size(); ++n) point_of_[points_[k][n].inst] = n;
    }
    costs_.segment.resize(program.segment_count, 0);
  }

  int32_t start(WeftPe& pe, FunctionId fn, std::span<const uint64_t> args) override {
    pe.frames = nullptr;
    pe.cursor = &pe.frames;
    return call(pe, fn.index(), args, 0, tir::SiteId());
  }

  int32_t resume(WeftPe& pe) override {
    while (pe.frames != nullptr) {
      WeftFrame* frame = pe.frames;
      pe.frames = frame->next;
      pe.cursor = &pe.frames;
      const int32_t status = goOn(pe, frame);
      if (status == WEFT_TRAP) discard(pe);
      if (status != WEFT_DONE) return status;
    }
    return WEFT_DONE;
  }

  void discard(WeftPe& pe) override {
    while (pe.frames != nullptr) {
      WeftFrame* frame = pe.frames;
      pe.frames = frame->next;
      pe.device->frame_free(&pe, frame, points_[frame->function][frame->point].frame_bytes);
    }
  }

 private:
  // One activation while it runs.
  struct Activation {
    uint32_t function = 0;
    std::vector<uint64_t> locals;
    uint32_t at = 0;
    int depth = 0;
  };

  const tir::Program& program_;
  CostTable costs_;
  std::vector<uint32_t> point_of_;
  std::vector<std::vector<tir::SuspendPoint>> points_;

  int32_t call(WeftPe& pe, uint32_t fn, std::span<const uint64_t> args, int depth, tir::SiteId site) {
    const Function& f = program_.functions[fn];
    if (depth >= kMaxDepth) return pe.device->fault(&pe, kFaultStack, site.value);
    if (f.recursive) {
      if (pe.stack_pointer + f.frame_bytes > pe.stack_limit) return pe.device->fault(&pe, kFaultStack, site.value);
      pe.stack_pointer += f.frame_bytes;
    }
    Activation run;
    run.function = fn;
    run.locals.resize(f.locals.size(), 0);
    for (uint32_t k = 0; k < f.param_count && k < args.size(); ++k)
      run.locals[k] = numeric::wrap(args[k], bitsOf(f.locals[k].type));
    run.at = f.blocks[0].begin;
    run.depth = depth;
    return loop(pe, run);
  }

  // Continues behind the instruction whose frame this is; its result, if any, is in pe.result.
  int32_t goOn(WeftPe& pe, WeftFrame* frame) {
    const Function& f = program_.functions[frame->function];
    const tir::SuspendPoint& point = points_[frame->function][frame->point];
    Activation run;
    run.function = frame->function;
    run.locals.resize(f.locals.size(), 0);
    for (size_t k = 0; k < point.live.size(); ++k) {
      const uint32_t local = point.live[k];
      std::memcpy(&run.locals[local], reinterpret_cast<const char*>(frame) + point.offsets[k],
                  tir::sizeOf(f.locals[local].type));
    }
    pe.device->frame_free(&pe, frame, point.frame_bytes);
    const Inst& inst = program_.insts[point.inst];
    setResult(pe, run, inst);
    run.at = inst.op == Op::Jump ? f.blocks[inst.target[0]].begin : point.inst + 1;
    return loop(pe, run);
  }

  int32_t suspend(WeftPe& pe, const Activation& run, uint32_t inst) {
    const uint32_t number = point_of_[inst];
    WEFT_CHECK(number != kNoPoint, "fn `{}` blocked at an instruction that cannot",
               program_.functions[run.function].name);
    const tir::SuspendPoint& point = points_[run.function][number];
    WeftFrame* frame = pe.device->frame_alloc(&pe, point.frame_bytes);
    frame->function = run.function;
    frame->point = number;
    const Function& f = program_.functions[run.function];
    for (size_t k = 0; k < point.live.size(); ++k) {
      const uint32_t local = point.live[k];
      std::memcpy(reinterpret_cast<char*>(frame) + point.offsets[k], &run.locals[local],
                  tir::sizeOf(f.locals[local].type));
    }
    frame->next = *pe.cursor;
    *pe.cursor = frame;
    pe.cursor = &frame->next;
    return WEFT_BLOCKED;
  }

  uint64_t value(const WeftPe& pe, const Activation& run, Operand o) const {
    switch (o.kind()) {
      case Operand::Kind::None: return 0;
      case Operand::Kind::Local: return run.locals[o.index()];
      case Operand::Kind::Constant: return program_.constants[o.index()];
      case Operand::Kind::Slot: return pe.slots[o.index()];
    }
    return 0;
  }

  std::vector<uint64_t> arguments(const WeftPe& pe, const Activation& run, const Inst& inst) const {
    std::vector<uint64_t> values(inst.args_count);
    for (uint32_t k = 0; k < inst.args_count; ++k) values[k] = value(pe, run, program_.args[inst.args_begin + k]);
    return values;
  }

  static void setResult(const WeftPe& pe, Activation& run, const Inst& inst) {
    if (inst.dst != tir::kNoLocal) run.locals[inst.dst] = numeric::wrap(pe.result, bitsOf(inst.type));
  }

  static uint64_t load(WeftPe& pe, uint32_t address, uint32_t bytes, uint32_t site) {
    if (address + bytes > pe.memory_bytes) return pe.device->load_slow(&pe, address, bytes, site);
    uint64_t bits = 0;
    std::memcpy(&bits, pe.memory + address, bytes);
    return bits;
  }

  static void store(WeftPe& pe, uint32_t address, uint32_t bytes, uint64_t bits, uint32_t site) {
    if (address + bytes > pe.memory_bytes) {
      pe.device->store_slow(&pe, address, bytes, bits, site);
    } else {
      std::memcpy(pe.memory + address, &bits, bytes);
    }
  }

  static void memCopy(WeftPe& pe, uint32_t to, uint32_t from, uint32_t bytes, uint32_t site) {
    if (to + bytes <= pe.memory_bytes && from + bytes <= pe.memory_bytes) {
      std::memmove(pe.memory + to, pe.memory + from, bytes);
      return;
    }
    std::vector<uint64_t> data(bytes);
    for (uint32_t k = 0; k < bytes; ++k) data[k] = load(pe, (from + k) & 0xffffu, 1, site);
    for (uint32_t k = 0; k < bytes; ++k) store(pe, (to + k) & 0xffffu, 1, data[k], site);
  }

  static void memZero(WeftPe& pe, uint32_t to, uint32_t bytes, uint32_t site) {
    if (to + bytes <= pe.memory_bytes) {
      std::memset(pe.memory + to, 0, bytes);
      return;
    }
    for (uint32_t k = 0; k < bytes; ++k) store(pe, (to + k) & 0xffffu, 1, 0, site);
  }

  int32_t callIndirect(WeftPe& pe, const Activation& run, const Inst& inst) {
    const uint64_t fn = value(pe, run, inst.a);
    const bool known = fn < program_.functions.size() && program_.functions[fn].param_count == inst.args_count &&
                       program_.functions[fn].result == inst.type;
    if (!known) return pe.device->fault(&pe, kFaultFunction, inst.site.value);
    return call(pe, static_cast<uint32_t>(fn), arguments(pe, run, inst), run.depth + 1, inst.site);
  }

  // A call of any kind has answered: take its result, suspend, or unwind.
  int32_t answered(WeftPe& pe, Activation& run, const Inst& inst, int32_t status) {
    if (status == WEFT_DONE)
      setResult(pe, run, inst);
    else if (status == WEFT_BLOCKED)
      suspend(pe, run, run.at);
    return status;
  }

  int32_t compute(WeftPe& pe, Activation& run, const Inst& inst, uint64_t a, uint64_t b, uint64_t c) {
    const uint64_t result = evaluate(program_, inst, a, b, c);
    if (const uint32_t unmasked = pe.flags >> WEFT_PE_EXCEPTIONS; unmasked != 0) {
      const uint32_t stops = raised(program_, inst, a, b, c, result) & unmasked;
      if (stops != 0) {
        const uint32_t kind = kFaultException | stops << 8 | static_cast<uint32_t>(inst.op) << 16;
        return pe.device->fault(&pe, kind, inst.site.value);
      }
    }
    run.locals[inst.dst] = result;
    return WEFT_DONE;
  }

  int32_t loop(WeftPe& pe, Activation& run) {
    const Function& f = program_.functions[run.function];
    for (;;) {
      const Inst& inst = program_.insts[run.at];
      const uint32_t site = inst.site.value;
      auto a = [&] { return value(pe, run, inst.a); };
      auto b = [&] { return value(pe, run, inst.b); };
      int32_t status = WEFT_DONE;
      switch (inst.op) {
        case Op::Load: {
          uint64_t bits = load(pe, (a() + inst.imm) & 0xffffu, tir::sizeOf(inst.type), site);
          if (inst.type == Type::Bool) bits = bits != 0 ? 1 : 0;
          run.locals[inst.dst] = bits;
          break;
        }
        case Op::Store: store(pe, (a() + inst.imm) & 0xffffu, tir::sizeOf(inst.type), b(), site); break;
        case Op::MemCopy: memCopy(pe, static_cast<uint32_t>(a()), static_cast<uint32_t>(b()), inst.imm, site); break;
        case Op::MemZero: memZero(pe, static_cast<uint32_t>(a()), inst.imm, site); break;
        case Op::FrameAddr: run.locals[inst.dst] = (pe.stack_pointer - f.frame_bytes + inst.imm) & 0xffffu; break;
        case Op::Call:
          status = answered(pe, run, inst, call(pe, inst.imm, arguments(pe, run, inst), run.depth + 1, inst.site));
          break;
        case Op::CallIndirect: status = answered(pe, run, inst, callIndirect(pe, run, inst)); break;
        case Op::DsdOp:
          status = answered(pe, run, inst, pe.device->dsd_op(&pe, inst.imm, site, arguments(pe, run, inst).data()));
          break;
        case Op::Device:
          status =
              answered(pe, run, inst, pe.device->device_call(&pe, inst.imm, site, arguments(pe, run, inst).data()));
          break;
        case Op::Segment: pe.now += costs_.segment[inst.imm]; break;
        case Op::Jump:
          if (inst.back && pe.now >= pe.deadline) {
            status = answered(pe, run, inst, pe.device->back_edge(&pe, site));
            if (status != WEFT_DONE) return status;
          }
          run.at = f.blocks[inst.target[0]].begin;
          continue;
        case Op::Branch: run.at = f.blocks[inst.target[a() != 0 ? 0 : 1]].begin; continue;
        case Op::Ret:
          if (inst.a.kind() != Operand::Kind::None) pe.result = a();
          if (f.recursive) pe.stack_pointer -= f.frame_bytes;
          return WEFT_DONE;
        case Op::Unreachable: return pe.device->fault(&pe, kFaultUnreachable, site);
        default: status = compute(pe, run, inst, a(), b(), value(pe, run, inst.c)); break;
      }
      if (status != WEFT_DONE) return status;
      ++run.at;
    }
  }
};

class Interpreter final : public Engine {
 public:
  const char* name() const override { return "interp"; }

  Result<std::vector<std::unique_ptr<CodeImage>>> compile(std::span<const tir::Program* const> programs,
                                                          std::span<const CostTable> costs, diag::Sink&) override {
    std::vector<std::unique_ptr<CodeImage>> images;
    for (size_t k = 0; k < programs.size(); ++k)
      images.push_back(std::make_unique<InterpImage>(*programs[k], k < costs.size() ? costs[k] : CostTable{}));
    return images;
  }

  const WeftKernel* kernels(target::Fp16Format fp16) override { return interpKernels(fp16); }
};

}  // namespace

std::unique_ptr<Engine> makeInterpreter() { return std::make_unique<Interpreter>(); }

}  // namespace weft::jit
