// The module around the functions: call forms, wrappers, the entry table, shapes, alias tags.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "jit/orc/lower.h"

#include <llvm/IR/MDBuilder.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include <cstddef>

namespace weft::jit::orc {

using llvm::BasicBlock;
using llvm::Constant;
using llvm::Value;
using tir::Op;
using tir::Type;

namespace {

// Functions that cannot block but may trap: unreachable code, stack overflow, a device call that fails.
std::vector<bool> trappingFunctions(const tir::Program& p) {
  std::vector<bool> traps(p.functions.size(), false);
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < p.functions.size(); ++i) {
      if (traps[i]) continue;
      bool found = p.functions[i].recursive || p.functions[i].may_block;
      for (const tir::Block& block : p.functions[i].blocks) {
        for (uint32_t k = block.begin; k < block.end && !found; ++k) {
          const tir::Inst& inst = p.insts[k];
          found = inst.op == Op::Unreachable || inst.op == Op::Device || inst.op == Op::DsdOp ||
                  inst.op == Op::CallIndirect || (inst.op == Op::Call && traps[inst.imm]);
        }
      }
      if (found) changed = traps[i] = true;
    }
  }
  return traps;
}

}  // namespace

ModuleLowering::ModuleLowering(llvm::LLVMContext& ctx, const tir::Program& p, const CostTable& c, LowerOptions o)
    : context(ctx), program(p), costs(c), options(o) {}

llvm::Type* ModuleLowering::typeOf(Type t) const {
  switch (t) {
    case Type::Void: return llvm::Type::getVoidTy(context);
    case Type::Bool: return llvm::Type::getInt1Ty(context);
    case Type::I8: return llvm::Type::getInt8Ty(context);
    case Type::I16: return llvm::Type::getInt16Ty(context);
    case Type::I32: return llvm::Type::getInt32Ty(context);
    case Type::I64: return llvm::Type::getInt64Ty(context);
    case Type::F16: return llvm::Type::getInt16Ty(context);
    case Type::F32: return llvm::Type::getFloatTy(context);
  }
  return nullptr;
}

Value* ModuleLowering::toRaw(llvm::IRBuilder<>& b, Type t, Value* v) const {
  if (t == Type::F32) v = b.CreateBitCast(v, b.getInt32Ty());
  return b.CreateZExt(v, b.getInt64Ty());
}

Value* ModuleLowering::fromRaw(llvm::IRBuilder<>& b, Type t, Value* raw) const {
  if (t == Type::F32) return b.CreateBitCast(b.CreateTrunc(raw, b.getInt32Ty()), b.getFloatTy());
  return b.CreateTrunc(raw, typeOf(t));
}

llvm::FunctionCallee ModuleLowering::host(const char* name, llvm::FunctionType* type) {
  llvm::FunctionCallee callee = module->getOrInsertFunction(name, type);
  if (auto* fn = llvm::dyn_cast<llvm::Function>(callee.getCallee())) fn->setDoesNotThrow();
  return callee;
}

void ModuleLowering::declareAll() {
  llvm::Type* i32 = llvm::Type::getInt32Ty(context);
  llvm::Type* ptr = llvm::PointerType::getUnqual(context);
  const std::vector<bool> traps = trappingFunctions(program);
  auto* wrapper_type = wrapperType();
  functions.resize(program.functions.size());
  std::vector<Constant*> table;
  std::vector<bool> called(functions.size(), false);
  for (const tir::Inst& inst : program.insts) {
    if (inst.op == Op::Call) called[inst.imm] = true;
  }
  const auto prepare = [&](llvm::Function* fn) {
    fn->setDoesNotThrow();
    fn->addFnAttr("prefer-vector-width", std::to_string(options.vector_bytes * 8));
    fn->addParamAttr(0, llvm::Attribute::NoUndef);
    fn->addParamAttr(0, llvm::Attribute::getWithDereferenceableBytes(context, sizeof(WeftPe)));
  };
  for (size_t i = 0; i < functions.size(); ++i) {
    const tir::Function& f = program.functions[i];
    LoweredFunction& out = functions[i];
    out.form = f.may_block ? CallForm::Blocking : traps[i] ? CallForm::Status : CallForm::Typed;
    const bool parted = options.optimize && out.form == CallForm::Blocking && FunctionLowering::hasHotLoops(program, f);
    if (!called[i] && !parted && !f.recursive) {
      // A task: only its entry is ever used, so that is all there is.
      if (out.form == CallForm::Typed) out.form = CallForm::Status;
      out.body = llvm::Function::Create(wrapper_type, llvm::Function::InternalLinkage,
                                        "f" + std::to_string(i) + "." + f.name, module.get());
      out.wrapper = out.resume = out.body;
      prepare(out.body);
      table.push_back(out.wrapper);
      continue;
    }
    std::vector<llvm::Type*> params{ptr};
    for (uint32_t k = 0; k < f.param_count; ++k) params.push_back(typeOf(f.locals[k].type));
    if (out.form == CallForm::Blocking) params.push_back(ptr);
    llvm::Type* result = out.form == CallForm::Typed ? typeOf(f.result) : i32;
    const std::string name = "f" + std::to_string(i) + "." + f.name;
    out.body = llvm::Function::Create(llvm::FunctionType::get(result, params, false), llvm::Function::InternalLinkage,
                                      name, module.get());
    out.wrapper = llvm::Function::Create(wrapper_type, llvm::Function::InternalLinkage, name + ".entry", module.get());
    out.resume = out.body;
    if (parted) {
      out.resume = llvm::Function::Create(out.body->getFunctionType(), llvm::Function::InternalLinkage,
                                          name + ".resume", module.get());
      prepare(out.resume);
    }
    prepare(out.body);
    prepare(out.wrapper);
    table.push_back(out.wrapper);
  }
  if (table.empty()) table.push_back(llvm::ConstantPointerNull::get(llvm::cast<llvm::PointerType>(ptr)));
  auto* table_type = llvm::ArrayType::get(ptr, table.size());
  entries = new llvm::GlobalVariable(*module, table_type, true, llvm::GlobalValue::ExternalLinkage,
                                     llvm::ConstantArray::get(table_type, table), "weft_entries");
}

llvm::FunctionType* ModuleLowering::wrapperType() const {
  llvm::Type* i32 = llvm::Type::getInt32Ty(context);
  llvm::Type* ptr = llvm::PointerType::getUnqual(context);
  return llvm::FunctionType::get(i32, {ptr, ptr, ptr, i32}, false);
}

llvm::GlobalVariable* ModuleLowering::entriesOf(Type result, uint32_t arg_count) {
  llvm::GlobalVariable*& known = signatures_[{result, arg_count}];
  if (known != nullptr) return known;
  auto* ptr = llvm::PointerType::getUnqual(context);
  std::vector<Constant*> table;
  for (size_t i = 0; i < functions.size(); ++i) {
    const tir::Function& f = program.functions[i];
    const bool fits = f.result == result && f.param_count == arg_count;
    table.push_back(fits ? static_cast<Constant*>(functions[i].wrapper) : llvm::ConstantPointerNull::get(ptr));
  }
  auto* type = llvm::ArrayType::get(ptr, table.size());
  known = new llvm::GlobalVariable(*module, type, true, llvm::GlobalValue::PrivateLinkage,
                                   llvm::ConstantArray::get(type, table), "callable");
  return known;
}

void ModuleLowering::checkStack(llvm::IRBuilder<>& b, Value* pe, const tir::Function& callee, Value* site) {
  if (!callee.recursive) return;
  auto field = [&](size_t offset, llvm::Type* t) {
    llvm::LoadInst* v = b.CreateLoad(t, b.CreateConstInBoundsGEP1_32(b.getInt8Ty(), pe, static_cast<unsigned>(offset)));
    v->setMetadata(llvm::LLVMContext::MD_tbaa, tbaa_pe);
    return v;
  };
  llvm::Function* fn = b.GetInsertBlock()->getParent();
  llvm::Type* i32 = b.getInt32Ty();
  Value* top = b.CreateAdd(field(offsetof(WeftPe, stack_pointer), i32), b.getInt32(callee.frame_bytes));
  BasicBlock* overflow = BasicBlock::Create(context, "overflow", fn);
  BasicBlock* fits = BasicBlock::Create(context, "fits", fn);
  b.CreateCondBr(b.CreateICmpUGT(top, field(offsetof(WeftPe, stack_limit), i32)), overflow, fits, unlikely);
  b.SetInsertPoint(overflow);
  Value* device = field(offsetof(WeftPe, device), b.getPtrTy());
  Value* fault = b.CreateLoad(
      b.getPtrTy(),
      b.CreateConstInBoundsGEP1_32(b.getInt8Ty(), device, static_cast<unsigned>(offsetof(WeftDevice, fault))));
  b.CreateRet(
      b.CreateCall(llvm::FunctionType::get(i32, {b.getPtrTy(), i32, i32}, false), fault, {pe, b.getInt32(2), site}));
  b.SetInsertPoint(fits);
}

void ModuleLowering::emitTables() {
  if (program.shapes.empty()) return;
  const llvm::StringRef bytes(reinterpret_cast<const char*>(program.shapes.data()),
                              program.shapes.size() * sizeof(tir::Mem4dShape));
  Constant* data = llvm::ConstantDataArray::getString(context, bytes, false);
  shapes = new llvm::GlobalVariable(*module, data->getType(), true, llvm::GlobalValue::PrivateLinkage, data, "shapes");
  shapes->setAlignment(llvm::Align(8));
}

void ModuleLowering::emitWrapper(uint32_t index) {
  const tir::Function& f = program.functions[index];
  const LoweredFunction& out = functions[index];
  llvm::Function* fn = out.wrapper;
  llvm::IRBuilder<> b(BasicBlock::Create(context, "entry", fn));
  Value* pe = fn->getArg(0);
  std::vector<Value*> args{pe};
  auto load_args = [&] {
    for (uint32_t k = 0; k < f.param_count; ++k) {
      Value* raw = b.CreateLoad(b.getInt64Ty(), b.CreateConstInBoundsGEP1_32(b.getInt64Ty(), fn->getArg(1), k));
      args.push_back(fromRaw(b, f.locals[k].type, raw));
    }
  };
  if (out.form != CallForm::Blocking) {
    checkStack(b, pe, f, fn->getArg(3));
    load_args();
    llvm::CallInst* r = b.CreateCall(out.body, args);
    if (out.form == CallForm::Status) {
      b.CreateRet(r);
      return;
    }
    if (f.result != Type::Void) {
      b.CreateStore(toRaw(b, f.result, r), b.CreateConstInBoundsGEP1_32(b.getInt8Ty(), pe, offsetof(WeftPe, result)));
    }
    b.CreateRet(b.getInt32(WEFT_DONE));
    return;
  }
  Value* frame = fn->getArg(2);
  BasicBlock* start = BasicBlock::Create(context, "start", fn);
  BasicBlock* resume = BasicBlock::Create(context, "resume", fn);
  b.CreateCondBr(b.CreateIsNull(frame), start, resume);
  b.SetInsertPoint(start);
  checkStack(b, pe, f, fn->getArg(3));
  load_args();
  args.push_back(llvm::ConstantPointerNull::get(b.getPtrTy()));
  b.CreateRet(b.CreateCall(out.body, args));
  b.SetInsertPoint(resume);
  args.resize(1);
  for (uint32_t k = 0; k < f.param_count; ++k) args.push_back(Constant::getNullValue(typeOf(f.locals[k].type)));
  args.push_back(frame);
  b.CreateRet(b.CreateCall(out.resume, args));
}

std::unique_ptr<llvm::Module> ModuleLowering::run() {
  const Doing doing("lowering " + program.name + " to LLVM IR");
  module = std::make_unique<llvm::Module>("weft", context);
  llvm::MDBuilder md(context);
  llvm::MDNode* root = md.createTBAARoot("weft");
  auto tag = [&](const char* name) {
    llvm::MDNode* node = md.createTBAAScalarTypeNode(name, root);
    return md.createTBAAStructTagNode(node, node, 0);
  };
  tbaa_pe = tag("pe");
  tbaa_memory = tag("memory");
  tbaa_frame = tag("frame");
  likely = md.createBranchWeights(2000, 1);
  unlikely = md.createBranchWeights(1, 2000);
  declareAll();
  emitTables();
  for (uint32_t i = 0; i < functions.size(); ++i) {
    using Part = FunctionLowering::Part;
    const bool parted = functions[i].resume != functions[i].body;
    FunctionLowering(*this, tir::FunctionId(i), parted ? Part::Start : Part::Whole).run();
    if (parted) FunctionLowering(*this, tir::FunctionId(i), Part::Resume).run();
    if (functions[i].wrapper != functions[i].body) emitWrapper(i);
  }
  std::string problem;
  llvm::raw_string_ostream stream(problem);
  WEFT_CHECK(!llvm::verifyModule(*module, &stream), "IR of {} is malformed: {}", program.name, stream.str());
  return std::move(module);
}

}  // namespace weft::jit::orc
