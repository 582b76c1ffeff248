// Exceptions (<tile_config/exceptions>): the mask register, what elements of vector operations raise, and the trap. A
// PE that has unmasked nothing pays nothing: the main thread of another one runs in the engine's checked image, and its
// operations take the long way. An unmasking acts from the configuration call that makes it on; one by a store through
// a pointer when the task is next resumed, or at the next task.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/numeric/exceptions.h"

#include "frontend/target/registers.h"
#include "sdk/mesh/mesh_impl.h"

namespace weft::mesh {

using namespace numeric;

namespace {

unsigned raisedBy(tir::DsdOpcode op, target::Fp16Format fp16, uint64_t a, uint64_t b, uint64_t scalar, uint64_t r) {
  using tir::DsdOpcode;
  const auto h = [fp16](uint64_t bits) { return Float::half(fp16, bits); };
  const auto s = [](uint64_t bits) { return Float::single(bits); };
  switch (op) {
    case DsdOpcode::FAddH: return raisedByAdd(h(a), h(b), h(r));
    case DsdOpcode::FSubH: return raisedBySub(h(a), h(b), h(r));
    case DsdOpcode::FMulH: return raisedByMul(h(a), h(b), h(r));
    case DsdOpcode::FMaxH: return raisedByQuiet(h(a), h(b));
    case DsdOpcode::FMacH: return raisedByFma(h(b), h(scalar), h(a), h(r));
    case DsdOpcode::FNormH: return raisedByQuiet(h(b));
    case DsdOpcode::FScaleH: return raisedByScale(h(b), static_cast<int16_t>(scalar), h(r));
    case DsdOpcode::FAddS: return raisedByAdd(s(a), s(b), s(r));
    case DsdOpcode::FSubS: return raisedBySub(s(a), s(b), s(r));
    case DsdOpcode::FMulS: return raisedByMul(s(a), s(b), s(r));
    case DsdOpcode::FMaxS: return raisedByQuiet(s(a), s(b));
    case DsdOpcode::FMacS: return raisedByFma(s(b), s(scalar), s(a), s(r));
    case DsdOpcode::FNormS: return raisedByQuiet(s(b));
    case DsdOpcode::FScaleS: return raisedByScale(s(b), static_cast<int16_t>(scalar), s(r));
    case DsdOpcode::FAddHS: return raisedByAdd(s(a), h(b), s(r));
    case DsdOpcode::FMacHS: return raisedByFma(h(b), h(scalar), s(a), s(r));
    case DsdOpcode::FH2S: return raisedByConvert(h(b), s(r));
    case DsdOpcode::FS2H: return raisedByConvert(s(b), h(r));
    case DsdOpcode::XP162FH: return raisedByFromInt(static_cast<int16_t>(b), h(r));
    case DsdOpcode::XP162FS: return raisedByFromInt(static_cast<int16_t>(b), s(r));
    case DsdOpcode::FH2XP16: return raisedByToInt(h(b), 16, true);
    case DsdOpcode::FS2XP16: return raisedByToInt(s(b), 16, true);
    default: return 0;
  }
}

}  // namespace

/// What stops the PE from now on. `mask` is active low.
void Block::maskExceptions(uint32_t pe, Core& c, uint16_t mask, const Where& where) {
  const unsigned unmasked = ~mask & kAllExceptions;
  if ((unmasked & ~kFloatExceptions) != 0) {
    warn(where, diag::Code::W0706,
         fmt::format("{} is unmasked, but the emulator raises floating-point exceptions only",
                     exceptionNames(unmasked & ~kFloatExceptions)),
         1ull << 41 | 1);
  }
  c.main.unmasked = static_cast<uint8_t>(unmasked & kFloatExceptions);
  // A task that is being checked follows at once.
  if (running_ == pe && wpe_.flags >> WEFT_PE_EXCEPTIONS != 0)
    wpe_.flags = (wpe_.flags & ((1u << WEFT_PE_EXCEPTIONS) - 1)) | static_cast<uint32_t>(c.main.unmasked)
                                                                       << WEFT_PE_EXCEPTIONS;
  if (c.main.unmasked == 0) return;
  // Operations that already run take the way that looks.
  const auto slow = [](Worker* w) {
    if (w == nullptr || !w->active || !w->simple) return;
    syncCursors(*w);
    w->simple = false;
  };
  for (Worker* w : c.ut) slow(w);
  slow(c.main_worker);
}

/// Whether a task has to be suspended before this call, because what follows runs in the checked image.
bool Block::beginsChecking(const WeftPe& wpe, tir::DeviceCall call, const uint64_t* args) {
  return call == tir::DeviceCall::SetConfig && args[0] == target::kExceptionMask &&
         wpe.flags >> WEFT_PE_EXCEPTIONS == 0 && (~args[1] & kFloatExceptions) != 0;
}

/// The element `r` of an operation, from its sources; `unmasked` is not 0. True: the PE has stopped.
bool Block::elementStops(uint32_t pe, const Worker& w, unsigned unmasked, uint64_t a, uint64_t b, uint64_t r,
                         Cycles t) {
  const target::Fp16Format fp16 = programOf(pes_[pe])->program->fp16;
  const unsigned stops = raisedBy(w.opcode, fp16, a, b, w.scalar, r) & unmasked;
  if (stops == 0) return false;
  trapException({pe, t, w.site}, stops, fmt::format("`@{}`", tir::dsdOpInfo(w.opcode).name));
  return true;
}

std::string Block::scalarOperation(tir::Op op) {
  switch (op) {
    case tir::Op::FAdd: return "this addition";
    case tir::Op::FSub: return "this subtraction";
    case tir::Op::FMul: return "this multiplication";
    case tir::Op::FDiv: return "this division";
    case tir::Op::FFma: return "this multiply-add";
    case tir::Op::FSqrt: return "this square root";
    case tir::Op::FFloor:
    case tir::Op::FCeil: return "this rounding";
    default: return tir::opInfo(op).cls == tir::OpClass::Convert ? "this conversion" : "this comparison";
  }
}

void Block::trapException(const Where& where, unsigned stops, const std::string& operation) {
  std::string what;
  const auto say = [&](unsigned exception, const char* text) {
    if ((stops & exception) == 0) return;
    if (!what.empty()) what += ", ";
    what += text;
  };
  say(kDivByZero, "division by zero");
  say(kInvalid, "invalid operation");
  say(kOverflow, "overflow");
  say(kUnderflow, "underflow");
  say(kInexact, "inexact result");
  const std::string names = exceptionNames(stops);
  trap(
      where, diag::Code::E0714, fmt::format("{} raised a floating-point exception: {} ({})", operation, what, names),
      {fmt::format("the program has unmasked {} in the exception mask (register {:#06x}), and an exception that is not "
                   "masked stops the processing element",
                   names, target::kExceptionMask),
       fmt::format("keep the operands of {} in range, or leave {} masked, as all exceptions are at the start: then "
                   "the operation gives an infinity, a NaN or the rounded result",
                   operation, names)});
}

}  // namespace weft::mesh
