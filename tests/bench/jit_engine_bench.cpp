// The JIT by itself: time to code, and the GEMV of one PE in compiled code against a C++ loop.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/tir/tir.h"
#include "gemv_baseline.h"
#include "jit/dsd_cost.h"
#include "jit/engine.h"
#include "jit/orc/dump.h"
#include "measure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

using namespace weft;

namespace {

// CPU time of this thread: a busy machine does not spoil it.
double threadNow() { return bench::clockNow(CLOCK_THREAD_CPUTIME_ID); }

double since(double start) { return threadNow() - start; }

// y at 0, x behind it, A behind that.
struct Layout {
  uint16_t rows, columns;
  bool strided;
  [[nodiscard]] uint16_t x() const { return static_cast<uint16_t>(rows * 4); }
  [[nodiscard]] uint16_t a() const { return static_cast<uint16_t>((x() + columns * 4 + 63) / 64 * 64); }
  [[nodiscard]] uint32_t bytes() const { return a() + uint32_t{rows} * columns * 4; }
};

// for (j) { @fmacs(y, y, A, x[j]); A = @increment_dsd_offset(A, rows or 1, f32); }
tir::Program gemvProgram(const Layout& l) {
  using namespace tir;
  Program p;
  p.name = "gemv";
  p.private_bytes = l.bytes();
  Builder b(p);
  const FunctionId fn = b.declare("gemv", FunctionKind::Function, Type::Void, SiteId());
  b.open(fn);
  const uint32_t j = b.addLocal(Type::I16, "j");
  const uint32_t a = b.addLocal(Type::I64, "a_dsd");
  auto number = [&](uint64_t v) { return b.constant(v); };
  const Dsd y = Dsd::make(DsdKind::Mem1d, 0, l.rows, 1);
  const Dsd matrix = Dsd::make(DsdKind::Mem1d, l.a(), l.rows, static_cast<int16_t>(l.strided ? l.columns : 1));
  b.emitTo(j, Op::Copy, Type::I16, number(0));
  b.emitTo(a, Op::Copy, Type::I64, number(matrix.bits));
  const uint32_t head = b.newBlock();
  const uint32_t body = b.newBlock();
  const uint32_t end = b.newBlock();
  b.jump(head);
  b.setBlock(head);
  b.branch(b.emit(Op::ULt, Type::I16, Operand::local(j), number(l.columns)), body, end);
  b.setBlock(body);
  const Operand at = b.emit(Op::Mul, Type::I16, Operand::local(j), number(4));
  const Operand x = b.load(Type::F32, at, l.x());
  DsdOp op;
  op.op = DsdOpcode::FMacS;
  op.dest.kind = op.src0.kind = op.src1.kind = DsdOperand::Kind::Dsd;
  b.dsdOp(op, {number(y.bits), number(y.bits), Operand::local(a), x});
  b.emitTo(a, Op::DsdAddBase, Type::I64, Operand::local(a), number(l.strided ? 4 : uint64_t{l.rows} * 4));
  b.emitTo(j, Op::Add, Type::I16, Operand::local(j), number(1));
  b.jump(head);
  b.setBlock(end);
  b.ret();
  b.close();
  finalize(p);
  return p;
}

int32_t refuse(WeftPe*, uint32_t, uint32_t, const uint64_t*) {
  fmt::print(stderr, "the short cut was not taken\n");
  std::exit(70);
}

struct Machine {
  WeftDevice device{};
  WeftDsdCosts costs{};
  std::vector<uint8_t> memory;
  size_t stride;
  std::vector<WeftPe> pes;

  Machine(const Layout& l, size_t count, const WeftKernel* kernels)
      : memory((l.bytes() / 64 + 1) * 64 * count + 64), stride((l.bytes() / 64 + 1) * 64), pes(count) {
    // Slices begin at cache lines, as the mesh's do.
    uint8_t* base = memory.data() + (64 - reinterpret_cast<uintptr_t>(memory.data()) % 64) % 64;
    device.dsd_op = refuse;
    for (auto& rate : costs.op) rate = {4, 16, 16, 32, 1, 16};
    for (auto& lanes : costs.lanes) lanes = 2;
    for (size_t k = 0; k < count; ++k) {
      WeftPe& pe = pes[k];
      pe = {};
      pe.memory = base + k * stride;
      pe.memory_bytes = l.bytes();
      pe.deadline = ~0ull;
      pe.device = &device;
      pe.kernels = kernels;
      pe.dsd_costs = &costs;
      auto* words = reinterpret_cast<float*>(pe.memory);
      for (uint32_t w = 0; w < l.bytes() / 4; ++w) words[w] = static_cast<float>(w % 7) * 1e-3f;
    }
  }
};

void gemv(const char* what, const Layout& l, size_t pes, jit::Engine& engine) {
  const tir::Program program = gemvProgram(l);
  jit::CostTable costs;
  costs.segment.assign(program.segment_count, 3);
  diag::Sink sink;
  const tir::Program* list[] = {&program};
  auto images = engine.compile(list, {&costs, 1}, sink);
  if (!images) std::exit(70);
  jit::CodeImage& image = *(*images)[0];
  Machine ours(l, pes, engine.kernels(program.fp16));
  Machine theirs(l, pes, nullptr);
  const double flops = 2.0 * l.rows * l.columns * static_cast<double>(pes);
  const int repeat = std::max(1, static_cast<int>(2e8 / flops));
  std::vector<double> jit_time, loop_time;
  for (int run = 0; run < 9; ++run) {
    auto start = threadNow();
    for (int r = 0; r < repeat; ++r)
      for (WeftPe& pe : ours.pes) image.start(pe, tir::FunctionId(0), {});
    jit_time.push_back(since(start));
    start = threadNow();
    for (int r = 0; r < repeat; ++r) {
      for (WeftPe& pe : theirs.pes) {
        auto* f = reinterpret_cast<float*>(pe.memory);
        (l.strided ? bench::gemvStrided : bench::gemvColumns)(f + l.a() / 4, f + l.x() / 4, f, l.rows, l.columns);
      }
    }
    loop_time.push_back(since(start));
  }
  const bool same = std::memcmp(ours.pes[0].memory, theirs.pes[0].memory, ours.stride * (pes - 1) + l.bytes()) == 0;
  const double a = bench::median(jit_time), b = bench::median(loop_time);
  fmt::print("gemv {:<26} {:4} x {:<4} {:6} PEs  jit {:6.2f} GFLOP/s  c++ {:6.2f} GFLOP/s  ratio {:.2f}{}\n", what,
             l.rows, l.columns, pes, flops * repeat / a * 1e-9, flops * repeat / b * 1e-9, b / a,
             same ? "" : "  RESULTS DIFFER");
}

// A hundred functions like the body of a task.
tir::Program manyFunctions(int count) {
  using namespace tir;
  Program p;
  p.name = "many";
  p.private_bytes = 4096;
  Builder b(p);
  for (int k = 0; k < count; ++k) {
    b.open(b.declare(fmt::format("task{}", k), FunctionKind::Function, Type::Void, SiteId()));
    for (int n = 0; n < 20; ++n) {
      DsdOp op;
      op.op = n % 2 == 0 ? DsdOpcode::FMacS : DsdOpcode::FAddS;
      op.dest.kind = op.src0.kind = op.src1.kind = DsdOperand::Kind::Dsd;
      const Operand y = b.constant(Dsd::make(DsdKind::Mem1d, static_cast<uint16_t>(n * 64), 16, 1).bits);
      const Operand x = b.load(Type::F32, b.constant(static_cast<uint64_t>(k)), 0);
      if (n % 2 == 0) {
        b.dsdOp(op, {y, y, y, x});
      } else {
        b.dsdOp(op, {y, y, y});
      }
    }
    b.ret();
    b.close();
  }
  finalize(p);
  return p;
}

void compileTime(int functions, int level) {
  const tir::Program program = manyFunctions(functions);
  jit::CostTable costs;
  costs.segment.assign(program.segment_count, 3);
  std::vector<double> create, compile;
  for (int run = 0; run < 5; ++run) {
    jit::EngineOptions options;
    options.opt_level = level;
    diag::Sink sink;
    auto start = threadNow();
    auto engine = jit::makeOrc(options, sink);
    create.push_back(since(start));
    start = threadNow();
    const tir::Program* list[] = {&program};
    auto images = (*engine)->compile(list, {&costs, 1}, sink);
    compile.push_back(since(start));
  }
  std::string floor;
  if (level == 0) {
    std::vector<double> bare;
    for (int run = 0; run < 5; ++run) bare.push_back(jit::bareOrcSeconds(program, costs));
    floor = fmt::format(", {:.2f} times LLJIT at O0 on the same IR ({:.2f} ms)",
                        bench::median(compile) / bench::median(bare), bench::median(bare) * 1e3);
  }
  fmt::print("compile O{}: {:3} functions of 20 vector operations: engine {:.2f} ms, code {:.2f} ms{}\n", level,
             functions, bench::median(create) * 1e3, bench::median(compile) * 1e3, floor);
}

}  // namespace

int main(int argc, char** argv) {
  const bool compile_only = argc > 1 && std::strcmp(argv[1], "compile") == 0;
  if (argc > 1 && std::strcmp(argv[1], "dump") == 0) {
    const tir::Program program = gemvProgram({64, 170, false});
    jit::CostTable costs;
    costs.segment.assign(program.segment_count, 3);
    fmt::print("{}", jit::dumpLlvm(program, costs, std::nullopt, true));
    return 0;
  }
  diag::Sink sink;
  jit::EngineOptions options;
  options.opt_level = 2;
  auto engine = jit::makeOrc(options, sink);
  if (!engine) return 70;
  if (!compile_only) {
    gemv("L1, 8 KB", {64, 32, false}, 1, **engine);
    gemv("L2, one PE of 45 KB", {256, 44, false}, 1, **engine);
    gemv("L2, short columns", {64, 170, false}, 8, **engine);
    gemv("L3", {256, 44, false}, 200, **engine);
    gemv("L3, short columns", {64, 170, false}, 200, **engine);
    gemv("L3, odd columns", {101, 111, false}, 200, **engine);
    gemv("DRAM", {256, 44, false}, 6000, **engine);
    gemv("DRAM, short columns", {64, 170, false}, 6000, **engine);
    gemv("L2, row-major (strided)", {100, 100, true}, 1, **engine);
  }
  for (int level : {0, 2}) {
    compileTime(1, level);
    compileTime(100, level);
  }
  return 0;
}
