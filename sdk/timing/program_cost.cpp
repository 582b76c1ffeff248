// What a program's instructions and vector operations cost, from the parameters.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/timing/cost_model.h"

#include "frontend/tir/tir.h"

#include <algorithm>

namespace weft::timing {

using tir::DsdOpcode;
using tir::Op;

uint32_t CostModel::instructionCost(const tir::Program& program, const tir::Inst& inst) const {
  (void)program;
  switch (inst.op) {
    case Op::Copy:
    case Op::Segment:
    case Op::Bitcast:
    case Op::Unreachable: return 0;
    case Op::Add:
    case Op::Sub:
    case Op::And:
    case Op::Or:
    case Op::Xor:
    case Op::Shl:
    case Op::LShr:
    case Op::AShr:
    case Op::Neg:
    case Op::Not:
    case Op::Clz:
    case Op::Ctz:
    case Op::PopCnt:
    case Op::LNot:
    case Op::Eq:
    case Op::Ne:
    case Op::SLt:
    case Op::SLe:
    case Op::ULt:
    case Op::ULe:
    case Op::FNeg:
    case Op::FAbs:
    case Op::Trunc:
    case Op::ZExt:
    case Op::SExt:
    case Op::FromBool:
    case Op::ToBool:
    case Op::FrameAddr:
    case Op::DsdSetBase:
    case Op::DsdAddBase:
    case Op::DsdSetLength:
    case Op::DsdSetStride:
    case Op::DsdSetColor:
    case Op::DsdLength:
    case Op::DsdElement: {
      // Registers are 16 bits wide in pairs: wider integers take an instruction per 32 bits.
      const uint32_t words = tir::sizeOf(inst.type) == 8 && inst.op < Op::DsdSetBase ? 2 : 1;
      return words * get("scalar.integer");
    }
    case Op::Mul: return get("scalar.integer_multiply");
    case Op::SDiv:
    case Op::UDiv:
    case Op::SRem:
    case Op::URem: return get("scalar.integer_divide");
    case Op::FEq:
    case Op::FNe:
    case Op::FLt:
    case Op::FLe:
    case Op::FAdd:
    case Op::FSub:
    case Op::FMul:
    case Op::FFma:
    case Op::FFloor:
    case Op::FCeil:
    case Op::SIToFP:
    case Op::UIToFP:
    case Op::FPToSI:
    case Op::FPToUI:
    case Op::FPExt:
    case Op::FPTrunc: return get("scalar.float");
    case Op::FDiv:
    case Op::FSqrt: return get(inst.type == tir::Type::F32 ? "scalar.float_divide_32" : "scalar.float_divide_16");
    case Op::Load: return get("scalar.load");
    case Op::Store: return get("scalar.store");
    case Op::MemCopy:
    case Op::MemZero: return (inst.imm + 15) / 16 * get("scalar.copy_16_bytes");
    case Op::Call:
    case Op::CallIndirect: return get("scalar.call");
    case Op::DsdOp:
      // Charged at issue.
      return 0;
    case Op::Device: {
      const auto call = static_cast<tir::DeviceCall>(inst.imm);
      if (call == tir::DeviceCall::TscRead || call == tir::DeviceCall::TscEnable) return get("scalar.tsc");
      return get("scalar.device");
    }
    case Op::Jump: return get(inst.back ? "scalar.jump_back" : "scalar.jump");
    case Op::Branch: return get("scalar.branch");
    case Op::Ret: return get("scalar.return");
  }
  return 0;
}

jit::CostTable CostModel::costTable(const tir::Program& program) const {
  jit::CostTable table;
  table.segment.assign(program.segment_count, 0);
  for (const tir::Function& fn : program.functions) {
    for (const tir::Block& block : fn.blocks) {
      uint32_t* current = nullptr;
      for (uint32_t i = block.begin; i < block.end; ++i) {
        const tir::Inst& inst = program.insts[i];
        if (inst.op == Op::Segment) {
          current = &table.segment[inst.imm];
        } else if (current != nullptr) {
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
    r.conflict = static_cast<uint16_t>(two_rate * get("vector.conflict") / 100);
    r.reduce = static_cast<uint16_t>(std::max(get("vector.reduce"), one_rate));
    costs.lanes[i] = static_cast<uint16_t>(width);
  }
  return costs;
}

}  // namespace weft::timing
