// Appends functions to a Program, one open function at a time. Used by sema and by tests.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/check.h"
#include "frontend/tir/tir.h"

#include <utility>

namespace weft::tir {

namespace {

constexpr uint64_t maskOf(Type type) {
  const uint32_t bits = type == Type::Bool ? 1 : sizeOf(type) * 8;
  return bits >= 64 ? ~0ull : (1ull << bits) - 1;
}

// Comparisons and conversions to Bool carry the operands' type; their result is Bool.
Type resultType(Op op, Type type) {
  switch (opInfo(op).result) {
    case OpResult::None: return Type::Void;
    case OpResult::Typed: return type;
    case OpResult::Bool: return Type::Bool;
    case OpResult::I16: return Type::I16;
    case OpResult::I64: return Type::I64;
  }
  return Type::Void;
}

bool isTerminated(const std::vector<Inst>& block) { return !block.empty() && opInfo(block.back().op).terminator(); }

}  // namespace

FunctionId Builder::declare(std::string name, FunctionKind kind, Type result, SiteId site) {
  Function f;
  f.name = std::move(name);
  f.kind = kind;
  f.result = result;
  f.site = site;
  program_.functions.push_back(std::move(f));
  return FunctionId(static_cast<uint32_t>(program_.functions.size() - 1));
}

Function& Builder::function() {
  WEFT_CHECK(fn_.valid(), "building TIR: no function is open");
  return program_.functions[fn_.index()];
}

void Builder::open(FunctionId fn) {
  WEFT_CHECK(!fn_.valid(), "building TIR: fn {} is opened while another is open", fn.value);
  WEFT_CHECK(fn.index() < program_.functions.size(), "building TIR: fn {} was not declared", fn.value);
  fn_ = fn;
  WEFT_CHECK(function().blocks.empty(), "building TIR: fn `{}` is filled twice", function().name);
  blocks_.clear();
  blocks_.emplace_back();
  current_ = 0;
  site_ = function().site;
}

void Builder::close() {
  Function& f = function();
  std::vector<bool> entered(blocks_.size(), false);
  entered[0] = true;
  for (const auto& block : blocks_) {
    if (!isTerminated(block)) continue;
    const Inst& last = block.back();
    if (last.op == Op::Jump || last.op == Op::Branch) entered.at(last.target[0]) = true;
    if (last.op == Op::Branch) entered.at(last.target[1]) = true;
  }
  for (size_t i = 0; i < blocks_.size(); ++i) {
    auto& block = blocks_[i];
    if (!isTerminated(block)) {
      // A block nobody goes to may be left open: it is what follows a return.
      WEFT_CHECK(!entered[i], "building TIR: block {} of fn `{}` has no terminator", i, f.name);
      Inst end;
      end.op = Op::Unreachable;
      end.site = site_;
      block.push_back(end);
    }
    const auto begin = static_cast<uint32_t>(program_.insts.size());
    program_.insts.insert(program_.insts.end(), block.begin(), block.end());
    f.blocks.push_back({begin, static_cast<uint32_t>(program_.insts.size())});
  }
  blocks_.clear();
  fn_ = FunctionId();
}

void Builder::abandon() {
  blocks_.clear();
  fn_ = FunctionId();
}

uint32_t Builder::addParam(Type type, std::string name) {
  WEFT_CHECK(function().param_count == function().locals.size(), "building TIR: a parameter after a local");
  ++function().param_count;
  return addLocal(type, std::move(name));
}

uint32_t Builder::addLocal(Type type, std::string name) {
  WEFT_CHECK(type != Type::Void, "building TIR: a local without a type");
  function().locals.push_back({type, std::move(name)});
  return static_cast<uint32_t>(function().locals.size() - 1);
}

uint32_t Builder::addFrame(uint32_t bytes, uint32_t align) {
  uint32_t& size = function().frame_bytes;
  if (align > 1) size = (size + align - 1) / align * align;
  const uint32_t offset = size;
  size += bytes;
  return offset;
}

uint32_t Builder::newBlock() {
  blocks_.emplace_back();
  return static_cast<uint32_t>(blocks_.size() - 1);
}

void Builder::setBlock(uint32_t block) {
  WEFT_CHECK(block < blocks_.size(), "building TIR: block {} does not exist", block);
  current_ = block;
}

bool Builder::terminated() const { return isTerminated(blocks_[current_]); }

Type Builder::localType(uint32_t local) const { return program_.functions[fn_.index()].locals.at(local).type; }

Type Builder::typeOf(Operand operand, Type constant_type) const {
  switch (operand.kind()) {
    case Operand::Kind::None: return Type::Void;
    case Operand::Kind::Local: return localType(operand.index());
    case Operand::Kind::Constant: return constant_type;
    case Operand::Kind::Slot: return program_.slots.at(operand.index());
  }
  return Type::Void;
}

Operand Builder::constant(uint64_t raw_bits) {
  // Other builders of the same program may have added some.
  for (; known_constants_ < program_.constants.size(); ++known_constants_)
    constants_.try_emplace(program_.constants[known_constants_], static_cast<uint32_t>(known_constants_));
  const auto [it, added] = constants_.try_emplace(raw_bits, static_cast<uint32_t>(known_constants_));
  if (added) {
    program_.constants.push_back(raw_bits);
    ++known_constants_;
  }
  return Operand::constant(it->second);
}

Operand Builder::constant(uint64_t raw_bits, Type type) { return constant(raw_bits & maskOf(type)); }

Operand Builder::freshConstant(uint64_t raw_bits) {
  // Adopts what others added first, so that the new one stays out of the map.
  constant(0);
  program_.constants.push_back(raw_bits);
  return Operand::constant(static_cast<uint32_t>(known_constants_++));
}

uint32_t Builder::addString(std::string text) {
  for (size_t i = 0; i < program_.strings.size(); ++i)
    if (program_.strings[i] == text) return static_cast<uint32_t>(i);
  program_.strings.push_back(std::move(text));
  return static_cast<uint32_t>(program_.strings.size() - 1);
}

void Builder::append(Inst inst) {
  WEFT_CHECK(fn_.valid(), "building TIR: {} outside of a function", opInfo(inst.op).mnemonic);
  auto& block = blocks_[current_];
  if (isTerminated(block)) return;
  inst.site = site_;
  block.push_back(inst);
}

void Builder::setArgs(Inst& inst, const std::vector<Operand>& args) {
  inst.args_begin = static_cast<uint32_t>(program_.args.size());
  inst.args_count = static_cast<uint32_t>(args.size());
  program_.args.insert(program_.args.end(), args.begin(), args.end());
}

Operand Builder::emit(Op op, Type type, Operand a, Operand b, Operand c, uint32_t imm, Type from) {
  const Type result = resultType(op, type);
  if (result == Type::Void) {
    emitTo(kNoLocal, op, type, a, b, c, imm, from);
    return {};
  }
  const uint32_t dst = addLocal(result);
  emitTo(dst, op, type, a, b, c, imm, from);
  return Operand::local(dst);
}

void Builder::emitTo(uint32_t dst, Op op, Type type, Operand a, Operand b, Operand c, uint32_t imm, Type from) {
  Inst inst;
  inst.op = op;
  // Operations with only one possible type need not be told it.
  const bool fixed = op == Op::LNot || op == Op::FrameAddr || (op >= Op::DsdSetBase && op <= Op::DsdElement);
  inst.type = fixed ? resultType(op, type) : type;
  inst.from = from;
  inst.dst = dst;
  inst.a = a;
  inst.b = b;
  inst.c = c;
  inst.imm = imm;
  append(inst);
}

Operand Builder::load(Type type, Operand address, uint16_t offset) {
  return emit(Op::Load, type, address, {}, {}, offset);
}

void Builder::store(Type type, Operand address, Operand value, uint16_t offset) {
  emitTo(kNoLocal, Op::Store, type, address, value, {}, offset);
}

Operand Builder::call(FunctionId callee, const std::vector<Operand>& args) {
  WEFT_CHECK(callee.index() < program_.functions.size(), "building TIR: call of undeclared fn {}", callee.value);
  Inst inst;
  inst.op = Op::Call;
  inst.type = program_.function(callee).result;
  inst.imm = callee.value;
  if (inst.type != Type::Void) inst.dst = addLocal(inst.type);
  if (!terminated()) setArgs(inst, args);
  append(inst);
  return inst.type == Type::Void ? Operand::none() : Operand::local(inst.dst);
}

Operand Builder::callIndirect(Operand callee, Type result, const std::vector<Operand>& args) {
  Inst inst;
  inst.op = Op::CallIndirect;
  inst.type = result;
  inst.a = callee;
  if (result != Type::Void) inst.dst = addLocal(result);
  if (!terminated()) setArgs(inst, args);
  append(inst);
  return result == Type::Void ? Operand::none() : Operand::local(inst.dst);
}

Operand Builder::device(DeviceCall call, const std::vector<Operand>& args) {
  Inst inst;
  inst.op = Op::Device;
  inst.type = deviceResult(call);
  inst.imm = static_cast<uint32_t>(call);
  if (inst.type != Type::Void) inst.dst = addLocal(inst.type);
  if (!terminated()) setArgs(inst, args);
  append(inst);
  return inst.type == Type::Void ? Operand::none() : Operand::local(inst.dst);
}

Operand Builder::dsdOp(const DsdOp& op, const std::vector<Operand>& args) {
  Inst inst;
  inst.op = Op::DsdOp;
  inst.type = Type::Bool;
  inst.dst = addLocal(Type::Bool);
  if (!terminated()) {
    inst.imm = static_cast<uint32_t>(program_.dsd_ops.size());
    program_.dsd_ops.push_back(op);
    setArgs(inst, args);
  }
  append(inst);
  return Operand::local(inst.dst);
}

void Builder::jump(uint32_t block) {
  Inst inst;
  inst.op = Op::Jump;
  inst.target[0] = block;
  append(inst);
}

void Builder::branch(Operand condition, uint32_t if_true, uint32_t if_false) {
  Inst inst;
  inst.op = Op::Branch;
  inst.type = Type::Bool;
  inst.a = condition;
  inst.target[0] = if_true;
  inst.target[1] = if_false;
  append(inst);
}

void Builder::ret(Operand value) {
  Inst inst;
  inst.op = Op::Ret;
  inst.type = function().result;
  inst.a = value;
  append(inst);
}

void Builder::unreachable() {
  Inst inst;
  inst.op = Op::Unreachable;
  append(inst);
}

}  // namespace weft::tir
