// What a program's instructions and vector operations cost, from the parameters.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/timing/cost_model.h"

#include "frontend/tir/tir.h"

#include <algorithm>
#include <bit>
#include <string_view>

namespace weft::timing {

using tir::DsdOpcode;
using tir::Op;

namespace {

/// A wide value lies in a group of 16-bit registers: its upper words are named, not moved.
bool namesUpperWords(const tir::Program& program, const tir::Inst& inst) {
  return (inst.op == Op::LShr || inst.op == Op::AShr) && inst.b.kind() == tir::Operand::Kind::Constant &&
         program.constants[inst.b.index()] % 16 == 0;
}

}  // namespace

/// By a constant a compiler shifts, or multiplies by the reciprocal; the rest calls a library routine.
uint32_t CostModel::divisionCost(const tir::Program& program, const tir::Inst& inst) const {
  if (inst.b.kind() != tir::Operand::Kind::Constant) return get("scalar.integer_divide");
  const bool is_signed = inst.op == Op::SDiv || inst.op == Op::SRem;
  const bool remainder = inst.op == Op::SRem || inst.op == Op::URem;
  const uint64_t bits = program.constants[inst.b.index()] & (~uint64_t{0} >> (64 - 8 * tir::sizeOf(inst.type)));
  const uint32_t one = get("scalar.integer");
  // Two to the k: a shift or a mask; signed ones round towards zero, so the sign is added before the shift.
  if (std::has_single_bit(bits)) return is_signed ? (remainder ? 5 : 3) * one : one;
  // High half of a product, a shift; a correction for the sign; a product and a difference for the remainder.
  return get("scalar.integer_multiply") + (is_signed ? 3 : 2) * one +
         (remainder ? get("scalar.integer_multiply") + one : 0);
}

uint32_t CostModel::instructionCost(const tir::Program& program, const tir::Inst& inst) const {
  if (namesUpperWords(program, inst)) return 0;
  using tir::OpClass;
  // Registers are 16 bits wide in pairs: wider integers take an instruction per 32 bits.
  const uint32_t words = tir::sizeOf(inst.type) == 8 ? 2 : 1;
  switch (tir::opInfo(inst.op).cls) {
    case OpClass::Copy:
    case OpClass::Segment: return 0;
    case OpClass::Integer:
      if (inst.op == Op::Mul) return get("scalar.integer_multiply");
      if (inst.op == Op::SDiv || inst.op == Op::UDiv || inst.op == Op::SRem || inst.op == Op::URem)
        return divisionCost(program, inst);
      return words * get("scalar.integer");
    case OpClass::Compare: return words * get("scalar.integer");
    case OpClass::Float:
      // A sign bit.
      if (inst.op == Op::FNeg || inst.op == Op::FAbs) return get("scalar.integer");
      if (inst.op == Op::FDiv || inst.op == Op::FSqrt)
        return get(inst.type == tir::Type::F32 ? "scalar.float_divide_32" : "scalar.float_divide_16");
      return get("scalar.float");
    case OpClass::FloatCompare: return get("scalar.float");
    case OpClass::Convert:
      switch (inst.op) {
        // Trunc: the lower registers of a group.
        case Op::Trunc:
        case Op::Bitcast: return 0;
        case Op::ZExt:
        case Op::SExt:
        case Op::FromBool:
        case Op::ToBool: return words * get("scalar.integer");
        default: return get("scalar.float");
      }
    case OpClass::Memory:
      switch (inst.op) {
        case Op::Load: return get("scalar.load");
        case Op::Store: return get("scalar.store");
        case Op::FrameAddr: return get("scalar.integer");
        default: return (inst.imm + 15) / 16 * get("scalar.copy_16_bytes");
      }
    case OpClass::Call: return get("scalar.call");
    case OpClass::Descriptor: return get("scalar.integer");
    case OpClass::Vector:
      // Charged at issue.
      return 0;
    case OpClass::Device: {
      const auto call = static_cast<tir::DeviceCall>(inst.imm);
      if (call == tir::DeviceCall::TscRead || call == tir::DeviceCall::TscEnable) return get("scalar.tsc");
      if (call == tir::DeviceCall::GetConfig || call == tir::DeviceCall::SetConfig ||
          call == tir::DeviceCall::TeardownPending)
        return get("scalar.config");
      // Read, one bit changed, written.
      if (call == tir::DeviceCall::TeardownExit) return 2 * get("scalar.config") + get("scalar.integer");
      return get("scalar.device");
    }
    case OpClass::Control:
      switch (inst.op) {
        case Op::Jump: return get(inst.back ? "scalar.jump_back" : "scalar.jump");
        case Op::Branch: return get("scalar.branch");
        case Op::Ret: return get("scalar.return");
        default: return 0;
      }
  }
  return 0;
}

namespace {

/// The functions a compiler puts in the place of their calls: small ones, and those with one call. It is what the
/// published cycle counts of programs with many small functions show.
std::vector<bool> inlinedFunctions(const tir::Program& program) {
  constexpr uint32_t kSmall = 40;
  std::vector<uint32_t> calls(program.functions.size(), 0), size(program.functions.size(), 0);
  for (size_t f = 0; f < program.functions.size(); ++f) {
    for (const tir::Block& block : program.functions[f].blocks) {
      for (uint32_t i = block.begin; i < block.end; ++i) {
        const tir::Inst& inst = program.insts[i];
        if (inst.op == Op::Call) ++calls[inst.imm];
        if (inst.op != Op::Segment && inst.op != Op::Copy) ++size[f];
      }
    }
  }
  std::vector<bool> inlined(program.functions.size(), false);
  for (size_t f = 0; f < inlined.size(); ++f)
    inlined[f] = calls[f] > 0 && !program.functions[f].recursive && (calls[f] == 1 || size[f] <= kSmall);
  return inlined;
}

}  // namespace

jit::CostTable CostModel::costTable(const tir::Program& program) const {
  jit::CostTable table;
  table.segment.assign(program.segment_count, 0);
  const std::vector<bool> inlined = inlinedFunctions(program);
  for (size_t f = 0; f < program.functions.size(); ++f) {
    const tir::Function& fn = program.functions[f];
    // A task does not return: its end is charged where the next one is picked.
    const bool free_return = inlined[f] || fn.kind == tir::FunctionKind::Task;
    for (const tir::Block& block : fn.blocks) {
      uint32_t* current = nullptr;
      for (uint32_t i = block.begin; i < block.end; ++i) {
        const tir::Inst& inst = program.insts[i];
        if (inst.op == Op::Segment) {
          current = &table.segment[inst.imm];
        } else if (current != nullptr && !(inst.op == Op::Call && inlined[inst.imm]) &&
                   !(inst.op == Op::Ret && free_return)) {
          *current += instructionCost(program, inst);
        }
      }
    }
  }
  return table;
}

namespace {

const char* widthName(DsdOpcode op) {
  switch (op) {
    case DsdOpcode::Mov16:
    case DsdOpcode::FMovH:
    case DsdOpcode::Add16:
    case DsdOpcode::Sub16:
    case DsdOpcode::And16:
    case DsdOpcode::Or16:
    case DsdOpcode::Xor16: return "vector.width_int16";
    case DsdOpcode::FAddH:
    case DsdOpcode::FSubH:
    case DsdOpcode::FMulH:
    case DsdOpcode::FMacH:
    case DsdOpcode::FNegH:
    case DsdOpcode::FAbsH:
    case DsdOpcode::FNormH:
    case DsdOpcode::FScaleH: return "vector.width_float16";
    case DsdOpcode::Mov32:
    case DsdOpcode::FMovS:
    case DsdOpcode::FAddS:
    case DsdOpcode::FSubS:
    case DsdOpcode::FNegS:
    case DsdOpcode::FAbsS:
    case DsdOpcode::FNormS:
    case DsdOpcode::FScaleS:
    case DsdOpcode::FAddHS:
    case DsdOpcode::FMacHS:
    case DsdOpcode::DFilt: return "vector.width_move32";
    case DsdOpcode::AddC16:
    case DsdOpcode::FMaxH:
    case DsdOpcode::FH2XP16:
    case DsdOpcode::XP162FH: return "vector.width_narrow16";
    case DsdOpcode::FMaxS:
    case DsdOpcode::FH2S:
    case DsdOpcode::FS2H:
    case DsdOpcode::FS2XP16:
    case DsdOpcode::XP162FS:
    case DsdOpcode::Sar16:
    case DsdOpcode::Sll16:
    case DsdOpcode::Slr16: return "vector.width_narrow32";
    case DsdOpcode::FMulS:
    case DsdOpcode::FMacS:
    case DsdOpcode::Clz:
    case DsdOpcode::Ctz:
    case DsdOpcode::PopCnt: return "vector.width_single";
  }
  return "vector.width_single";
}

}  // namespace

WeftDsdCosts CostModel::dsdCosts() const {
  WeftDsdCosts costs{};
  costs.dsr_load = static_cast<uint16_t>(get("vector.dsr_load"));
  costs.map_call = static_cast<uint16_t>(get("vector.map_call"));
  costs.stride_span = static_cast<uint16_t>(get("vector.stride_span"));
  const uint32_t read = get("vector.read_bytes");
  const uint32_t write = get("vector.write_bytes");
  for (int i = 0; i < tir::kDsdOpcodeCount; ++i) {
    const auto op = static_cast<DsdOpcode>(i);
    const tir::DsdOpInfo& info = tir::dsdOpInfo(op);
    const uint32_t width = get(widthName(op));
    const auto cap = [](uint32_t limit, uint32_t bytes) { return bytes == 0 ? ~0u : std::max(1u, limit / bytes); };
    const uint32_t one = std::max<uint32_t>(info.src0_width, info.src1_width);
    const uint32_t two = static_cast<uint32_t>(info.src0_width) + info.src1_width;
    const auto rate = [&](uint32_t source_bytes) {
      return 16u / std::min({width, cap(read, source_bytes), cap(write, info.dest_width), 16u});
    };
    WeftDsdRate& r = costs.op[i];
    const bool fma = op == DsdOpcode::FMacS || op == DsdOpcode::FMacH || op == DsdOpcode::FMacHS;
    r.fixed = static_cast<uint16_t>(get(fma ? "vector.fixed_fma" : "vector.fixed"));
    uint32_t one_rate = rate(one), two_rate = rate(two);
    if (op == DsdOpcode::FMacS) one_rate = two_rate = get("vector.fmacs");
    r.one_source = static_cast<uint16_t>(one_rate);
    r.two_source = static_cast<uint16_t>(two_rate);
    r.conflict = static_cast<uint16_t>(two_rate *
                                       get(op == DsdOpcode::FMacS ? "vector.conflict_fmacs" : "vector.conflict") / 100);
    const bool pair = widthName(op) == std::string_view("vector.width_move32");
    r.collide = static_cast<uint16_t>(get(pair ? "vector.collide_pair" : "vector.collide"));
    r.reduce = static_cast<uint16_t>(std::max(get("vector.reduce"), one_rate));
    costs.lanes[i] = static_cast<uint16_t>(width);
  }
  return costs;
}

}  // namespace weft::timing
