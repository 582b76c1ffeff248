// Lowering of one TIR program to one LLVM module. Private to jit/orc; read by session.cpp and dump.cpp.
// Shape: per function a body (typed, status or blocking form) and a uniform wrapper i32(pe, args, frame, site); the
// exported table `weft_entries` holds the wrappers by FunctionId.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/tir/tir.h"
#include "jit/engine.h"
#include "jit/orc/codegen.h"
#include "jit/orc/float_emit.h"
#include "jit/orc/kernels.h"

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace weft::jit::orc {

struct LowerOptions {
  /// The module will be optimised: vector operations in loops are inlined, descriptors are kept in parts.
  bool optimize;
  bool native_fp16;
  /// Bytes of the vectors to ask for: 64 or 32.
  unsigned vector_bytes;

  LowerOptions(const HostTarget& host, bool optimised)
      : optimize(optimised), native_fp16(host.native_fp16), vector_bytes(host.vector_bytes) {}
};

/// How a function is called.
enum class CallForm : uint8_t {
  Typed,     // result f(pe, args...): cannot block nor trap
  Status,    // i32 f(pe, args...): may trap; result in pe->result
  Blocking,  // i32 f(pe, args..., frame)
};

struct LoweredFunction {
  llvm::Function* body = nullptr;
  /// Where a suspended call goes on; the body itself unless it has hot loops: a loop that could be entered in its
  /// middle is no loop to the optimiser, so the body of such a function has no way in but its start, and leaves for
  /// `resume` where a short cut could not be taken.
  llvm::Function* resume = nullptr;
  llvm::Function* wrapper = nullptr;
  CallForm form = CallForm::Typed;
};

/// How far beyond what a vector operation reads the CPU is asked for memory: beyond a column, within a PE.
inline constexpr uint32_t kBytesAhead = 4096;

/// The four fields of a descriptor, each an i16.
struct DsdParts {
  std::array<llvm::Value*, 4> field{};
  [[nodiscard]] llvm::Value* base() const { return field[0]; }
  [[nodiscard]] llvm::Value* length() const { return field[1]; }
  [[nodiscard]] llvm::Value* stride() const { return field[2]; }
  [[nodiscard]] llvm::Value* flags() const { return field[3]; }
};

/// What all functions of the module share.
class ModuleLowering {
 public:
  ModuleLowering(llvm::LLVMContext& context, const tir::Program& program, const CostTable& costs, LowerOptions options);

  /// Lowers everything; the module verifies.
  std::unique_ptr<llvm::Module> run();

  llvm::Type* typeOf(tir::Type t) const;
  /// Raw bits of a value, zero-extended to i64, and back.
  llvm::Value* toRaw(llvm::IRBuilder<>& b, tir::Type t, llvm::Value* v) const;
  llvm::Value* fromRaw(llvm::IRBuilder<>& b, tir::Type t, llvm::Value* raw) const;
  /// A host function of host_calls.cpp.
  llvm::FunctionCallee host(const char* name, llvm::FunctionType* type);

  llvm::LLVMContext& context;
  const tir::Program& program;
  const CostTable& costs;
  LowerOptions options;
  std::unique_ptr<llvm::Module> module;
  std::vector<LoweredFunction> functions;
  llvm::GlobalVariable* entries = nullptr;
  /// The wrappers an indirect call of this signature may reach, by FunctionId; null for the others.
  llvm::GlobalVariable* entriesOf(tir::Type result, uint32_t arg_count);
  llvm::FunctionType* wrapperType() const;
  /// Ends the block unless the stack has room for `callee`: its fault is reported at `site` (i32).
  void checkStack(llvm::IRBuilder<>& b, llvm::Value* pe, const tir::Function& callee, llvm::Value* site);
  llvm::GlobalVariable* shapes = nullptr;
  llvm::MDNode* tbaa_pe = nullptr;
  llvm::MDNode* tbaa_memory = nullptr;
  llvm::MDNode* tbaa_frame = nullptr;
  llvm::MDNode* unlikely = nullptr;
  llvm::MDNode* likely = nullptr;

 private:
  void declareAll();
  void emitWrapper(uint32_t index);
  void emitTables();

  std::map<std::pair<tir::Type, uint32_t>, llvm::GlobalVariable*> signatures_;
};

/// One function while it is lowered.
class FunctionLowering {
 public:
  /// Which of the two functions of a LoweredFunction: one that is both, or one of two.
  enum class Part : uint8_t { Whole, Start, Resume };
  FunctionLowering(ModuleLowering& owner, tir::FunctionId id, Part part);
  void run();
  /// Whether the function runs vector operations in a loop that the short cut may take.
  static bool hasHotLoops(const tir::Program& program, const tir::Function& function);

 private:
  struct Slot {
    tir::Type type{};
    // A temporary lives in SSA form inside its block.
    bool temporary = false;
    bool split = false;
    llvm::Value* value = nullptr;
    llvm::AllocaInst* memory = nullptr;
    DsdParts parts;
    std::array<llvm::AllocaInst*, 4> part_memory{};
    // Fields of a descriptor that hold one value in the whole function.
    std::array<std::optional<uint16_t>, 4> known{};
  };

  // lower_function.cpp
  void analyseLocals();
  void markSplitLocals();
  void findKnownFields();
  void openEntry();
  void lowerInst(const tir::Inst& inst, uint32_t index, uint32_t block);
  void lowerControl(const tir::Inst& inst, uint32_t index);
  void lowerJump(const tir::Inst& inst, uint32_t index);
  void lowerReturn(const tir::Inst& inst);
  void lowerCall(const tir::Inst& inst, uint32_t index);
  void lowerCallIndirect(const tir::Inst& inst, uint32_t index);
  void lowerDevice(const tir::Inst& inst, uint32_t index);
  void lowerSegment(const tir::Inst& inst);
  llvm::Value* read(tir::Operand o, tir::Type t);
  llvm::Value* readRaw(tir::Operand o);
  DsdParts readDsd(tir::Operand o);
  void write(uint32_t dst, llvm::Value* v);
  void writeDsd(uint32_t dst, const DsdParts& parts);
  llvm::Value* compose(const DsdParts& parts);
  DsdParts decompose(llvm::Value* bits);
  /// Charges cycles; optimised code collects them in a register until somebody may look at pe->now.
  void charge(llvm::Value* cycles);
  void settle();
  llvm::LoadInst* peField(size_t offset, llvm::Type* type, bool invariant = false);
  void setPeField(size_t offset, llvm::Value* v);
  /// i1: one of these flags of the PE is set.
  llvm::Value* anyFlag(uint32_t flags);
  /// WeftPe::dsd_costs, read at the entry of the function.
  llvm::Value* dsdCosts(llvm::IRBuilder<>& entry);
  llvm::Value* deviceFunction(size_t offset);
  llvm::Value* site(const tir::Inst& inst);
  llvm::Value* argumentArray(const tir::Inst& inst);
  /// Calls fault(kind) and returns its status from this function; ends the block.
  void emitFault(uint32_t kind, const tir::Inst& inst);
  void writeResult(const tir::Inst& inst);

  // lower_arith.cpp
  void lowerArith(const tir::Inst& inst);
  llvm::Value* arith(const tir::Inst& inst);
  llvm::Value* divide(const tir::Inst& inst, llvm::Value* x, llvm::Value* y);
  llvm::Value* shift(const tir::Inst& inst, llvm::Value* x, llvm::Value* amount);
  llvm::Value* convert(const tir::Inst& inst);

  // lower_memory.cpp
  void lowerMemory(const tir::Inst& inst);
  void lowerLoad(const tir::Inst& inst);
  void lowerStore(const tir::Inst& inst);
  /// The i16 address a + imm; sets `constant` if it is known.
  llvm::Value* address(tir::Operand a, uint32_t imm, std::optional<uint32_t>& constant);
  llvm::Value* hostPointer(llvm::Value* address16);

  // lower_dsd.cpp
  void lowerDescriptor(const tir::Inst& inst);
  void lowerDsdOp(const tir::Inst& inst, uint32_t index, bool may_inline);
  /// Only operands that the short cut knows, decided when compiling.
  [[nodiscard]] static bool isPlain(const tir::Program& program, const tir::Inst& inst);
  static std::vector<bool> blocksInLoops(const tir::Program& program, const tir::Function& function);
  llvm::Value* plainCall(const tir::Inst& inst, const tir::DsdOp& op);
  void shortCut(const tir::Inst& inst, const tir::DsdOp& op, llvm::BasicBlock* general);

  // lower_sums.cpp
  /// The multiply-add of a loop that does nothing else, by the block of its body; null if that is another loop.
  [[nodiscard]] const tir::Inst* productOf(uint32_t body) const;
  void lowerSums(uint32_t body, const tir::Inst& product);
  [[nodiscard]] std::vector<uint32_t> writtenIn(std::initializer_list<uint32_t> blocks) const;
  template <class F>
  static void forEachHome(const std::vector<uint32_t>& locals, std::vector<Slot>& from, std::vector<Slot>& to,
                          F&& visit);

  // lower_suspend.cpp
  /// Behind a call that returned `status`: leaves the builder where execution goes on, resumed or not. A function in
  /// two parts goes on in the second one behind what is `rare`.
  void suspendUnlessDone(llvm::Value* status, uint32_t index, bool rare = false);
  [[nodiscard]] int pointOf(uint32_t index) const;
  // Suspension points with one set of live locals.
  struct SuspendGroup {
    llvm::BasicBlock* save = nullptr;
    llvm::PHINode* status = nullptr;
    llvm::PHINode* point = nullptr;
    llvm::BasicBlock* restore = nullptr;
    llvm::SwitchInst* go_on = nullptr;
  };
  SuspendGroup& groupOf(const tir::SuspendPoint& table);

  ModuleLowering& m_;
  const tir::Program& p_;
  const tir::Function& f_;
  tir::FunctionId id_;
  Part part_;
  llvm::Function* fn_;
  CallForm form_;
  llvm::IRBuilder<> b_;
  FloatEmitter floats_;
  llvm::Value* pe_ = nullptr;
  llvm::Value* frame_ = nullptr;
  llvm::BasicBlock* entry_ = nullptr;
  llvm::SwitchInst* points_ = nullptr;
  unsigned inlined_ = 0;
  llvm::AllocaInst* pending_ = nullptr;
  llvm::AllocaInst* args_ = nullptr;
  llvm::AllocaInst* burst_ = nullptr;
  llvm::AllocaInst* scalars_ = nullptr;
  llvm::BasicBlock* trap_ = nullptr;
  std::vector<llvm::BasicBlock*> blocks_;
  // Blocks of the function that lie in a loop.
  std::vector<bool> in_loop_;
  std::map<std::vector<uint32_t>, SuspendGroup> groups_;
  std::vector<Slot> slots_;
  std::vector<tir::SuspendPoint> suspend_;
  // By instruction of this function, relative to its first one: index into suspend_, or -1.
  std::vector<int> point_of_;
  uint32_t first_inst_ = 0;
};

}  // namespace weft::jit::orc
