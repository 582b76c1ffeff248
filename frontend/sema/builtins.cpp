// Dispatch of `@name(...)`: the table from types/builtins.def, argument counts and where each is legal.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/nearest.h"
#include "frontend/sema/sema.h"

#include <array>

namespace weft::sema {

using diag::Code;

namespace {

constexpr unsigned C = 1, T = 2, L = 4, R = 8;

struct Entry {
  std::string_view name;
  Operand (Sema::*method)(const ast::BuiltinCall&, TypeId);
  int min_args;
  int max_args;
  unsigned phases;
};

constexpr Entry kTable[] = {
#define WEFT_BUILTIN(spelling, method, min_args, max_args, phases) \
  {spelling, &Sema::method, min_args, max_args, phases},
#include "frontend/types/builtins.def"
};
constexpr uint32_t kTableSize = std::size(kTable);

constexpr std::string_view kDsdOps[] = {
#define WEFT_DSD_OP(name, builtin, dw, s0w, s1w, sources, scalar, cls) builtin,
#include "frontend/tir/dsd_ops.def"
#undef WEFT_DSD_OP
};

struct DeviceEntry {
  std::string_view name;
  tir::DeviceCall call;
};
constexpr DeviceEntry kDevice[] = {
#define WEFT_DEVICE_CALL(name, mnemonic, args, result, sync) {mnemonic, tir::DeviceCall::name},
#include "frontend/tir/device_calls.def"
#undef WEFT_DEVICE_CALL
};

// Cache numbers: table entries, then vector operations, then device calls.
constexpr uint32_t kFirstDsdOp = 1u << 16;
constexpr uint32_t kFirstDevice = 1u << 17;
constexpr uint32_t kUnknown = 0xfffffffeu;

uint32_t find(std::string_view name) {
  for (uint32_t i = 0; i < kTableSize; ++i)
    if (kTable[i].name == name) return i;
  for (uint32_t i = 0; i < std::size(kDsdOps); ++i)
    if (kDsdOps[i] == name) return kFirstDsdOp + i;
  if (name.starts_with("__"))
    for (uint32_t i = 0; i < std::size(kDevice); ++i)
      if (kDevice[i].name == name.substr(2)) return kFirstDevice + i;
  return kUnknown;
}

unsigned flagsOf(Phase phase) {
  switch (phase) {
    case Phase::Layout: return C | L;
    case Phase::TopComptime: return C | T;
    case Phase::Comptime: return C;
    case Phase::Runtime: return R;
  }
  return 0;
}

// Device calls that a top-level comptime block may make: they set how the PE starts.
bool setsInitialState(tir::DeviceCall call) {
  return call == tir::DeviceCall::SetTaskPriority || call == tir::DeviceCall::SetMainThreadPriority;
}

Operand initialDeviceState(Sema& s, const ast::BuiltinCall& call, tir::DeviceCall device_call) {
  std::array<int64_t, 2> values{};
  for (size_t i = 0; i < call.args.size() && i < values.size(); ++i) {
    const Operand v = s.expr(*call.args[i]);
    const auto n = s.intOf(v, call.args[i]->span, "priority setting", 0, 63);
    if (!n) return Operand::poison();
    values[i] = *n;
  }
  if (device_call == tir::DeviceCall::SetTaskPriority) {
    const uint64_t bit = 1ull << values[0];
    s.device.high_priority = values[1] != 0 ? s.device.high_priority | bit : s.device.high_priority & ~bit;
  }
  return Operand::comptime(Value::voidValue());
}

}  // namespace

Operand Sema::builtin(const ast::BuiltinCall& call, TypeId want) {
  if (call.cache == 0xffffffffu) call.cache = find(text(call.name.symbol));
  const uint32_t n = call.cache;
  if (atRuntime()) setSite(call.span);
  if (n < kTableSize) {
    const Entry& entry = kTable[n];
    const auto given = static_cast<int>(call.args.size());
    if (given < entry.min_args || (entry.max_args >= 0 && given > entry.max_args)) {
      const bool many = given > entry.min_args;
      error(Code::E0302, call.span, "@{}: {} arguments required, {} provided", entry.name,
            many ? entry.max_args : entry.min_args, given)
          .emit();
      return Operand::poison();
    }
    if (entry.name.starts_with("__") && !currentFile().is_library) return unknownBuiltin(call);
    if (!phaseAllows(entry.phases, call)) return Operand::poison();
    return (this->*entry.method)(call, want);
  }
  if (n >= kFirstDsdOp && n < kFirstDevice) {
    if (!phaseAllows(R, call)) return Operand::poison();
    return dsdOperation(call, static_cast<tir::DsdOpcode>(n - kFirstDsdOp));
  }
  if (n >= kFirstDevice && n != kUnknown && currentFile().is_library) {
    const tir::DeviceCall device_call = kDevice[n - kFirstDevice].call;
    if (frame_->phase == Phase::TopComptime && setsInitialState(device_call))
      return initialDeviceState(*this, call, device_call);
    if (!phaseAllows(R, call)) return Operand::poison();
    return deviceIntrinsic(call, device_call);
  }
  return unknownBuiltin(call);
}

Operand Sema::unknownBuiltin(const ast::BuiltinCall& call) {
  auto d = error(Code::E0211, call.name.span, "unknown builtin `@{}`", text(call.name.symbol));
  NearestName nearest(text(call.name.symbol));
  for (const Entry& entry : kTable)
    if (!entry.name.starts_with("__")) nearest.consider(entry.name);
  for (const std::string_view name : kDsdOps) nearest.consider(name);
  if (const std::string& best = nearest.best(); !best.empty())
    d.help(fmt::format("did you mean `@{}`?", best), {{call.name.span, "@" + best}});
  d.emit();
  return Operand::poison();
}

bool Sema::phaseAllows(unsigned allowed, const ast::BuiltinCall& call) {
  if ((allowed & flagsOf(frame_->phase)) != 0) return true;
  // Inside @type_of nothing is executed.
  if (type_only_ > 0 && (allowed & R) != 0) return true;
  const std::string_view name = text(call.name.symbol);
  if (allowed == L) {
    error(Code::E0410, call.span, "@{} is only valid during layout evaluation", name)
        .note("the layout block places programs and routes; PE programs cannot change that")
        .emit();
  } else if ((allowed & T) != 0 && frame_->phase != Phase::TopComptime) {
    error(Code::E0410, call.span, "builtin is only valid while evaluating a top level comptime block")
        .note(fmt::format("@{} sets up the PE before it starts", name))
        .emit();
  } else if ((allowed & R) != 0) {
    error(Code::E0412, call.span, "@{} is not available at comptime", name).note("it acts on the running PE").emit();
  } else {
    auto d = error(Code::E0410, call.span, "@{} must be evaluated at comptime", name);
    if (name == "import_module") d.help("a module is a global: write `const m = @import_module(...);` at top level");
    d.emit();
  }
  return false;
}

// `@__mnemonic(args)` of library files.
Operand Sema::deviceIntrinsic(const ast::BuiltinCall& call, tir::DeviceCall device_call) {
  const std::vector<tir::Type> types = tir::deviceArgs(device_call);
  if (types.size() != call.args.size()) {
    error(Code::E0302, call.span, "@{}: {} arguments required, {} provided", text(call.name.symbol), types.size(),
          call.args.size())
        .emit();
    return Operand::poison();
  }
  const auto typeOf = [](tir::Type t) {
    switch (t) {
      case tir::Type::Bool: return types::kBool;
      case tir::Type::I8: return types::kU8;
      case tir::Type::I16: return types::kU16;
      case tir::Type::I32: return types::kU32;
      case tir::Type::I64: return types::kU64;
      default: return types::kVoid;
    }
  };
  std::vector<tir::Operand> ops;
  for (size_t i = 0; i < call.args.size(); ++i) {
    Operand v = expr(*call.args[i], typeOf(types[i]));
    if (v.stops()) return v;
    if (v.type == types::kString && v.isComptime()) {
      ops.push_back(builder_->constant(builder_->addString(std::string(text(v.value.asString())))));
      continue;
    }
    // Ids, colors and enums go as their numbers.
    if (v.isComptime() && (pool.isId(v.type) || pool.is(v.type, types::Kind::Enum)))
      v = Operand::comptime(Value::integer(types::kU16, knownInt(v.value)));
    if (v.type == types::kComptimeInt) v = coerce(std::move(v), typeOf(types[i]), call.args[i]->span);
    if (v.stops()) return v;
    tir::Operand op = lower(v, call.args[i]->span);
    const tir::Type have = lowerType(v.type);
    if (have != types[i] && have != tir::Type::Void) {
      if (tir::sizeOf(have) == tir::sizeOf(types[i]))
        op = v.isComptime() ? op : builder_->emit(tir::Op::Bitcast, types[i], op, {}, {}, 0, have);
      else if (!v.isComptime())
        op = builder_->emit(tir::sizeOf(have) < tir::sizeOf(types[i]) ? tir::Op::ZExt : tir::Op::Trunc, types[i], op,
                            {}, {}, 0, have);
    }
    ops.push_back(op);
  }
  const tir::Operand r = builder_->device(device_call, ops);
  const TypeId result = typeOf(tir::deviceResult(device_call));
  if (result == types::kVoid) return Operand::comptime(Value::voidValue());
  return Operand::runtime(result, r);
}

}  // namespace weft::sema
