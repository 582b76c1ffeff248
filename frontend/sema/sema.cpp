// The walker's construction, frames, limits and traces; entry points of analysis.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/sema.h"

#include <algorithm>

namespace weft::sema {

using diag::Code;

Context::Context(Options o, types::Pool& p, base::Interner& i, const source::SourceManager& s, diag::Sink& k,
                 ModuleLoader& l)
    : options(o), pool(p), interner(i), sources(s), sink(k), loader(l), files(std::make_unique<FileTable>(*this)) {}
Context::~Context() = default;

Operand Operand::noReturn() {
  Operand o;
  o.kind = Kind::NoReturn;
  o.type = types::kNoReturn;
  return o;
}
Operand Operand::comptime(Value v) {
  Operand o;
  if (v.isPoison()) return o;
  o.kind = Kind::Comptime;
  o.type = v.type();
  o.value = std::move(v);
  return o;
}
Operand Operand::runtime(TypeId type, tir::Operand op) {
  Operand o;
  o.kind = Kind::Runtime;
  o.type = type;
  o.op = op;
  return o;
}
Operand Operand::memory(TypeId type, Address at) {
  Operand o;
  o.kind = Kind::Memory;
  o.type = type;
  o.address = at;
  return o;
}

Sema::Sema(Context& context, LayoutHooks* layout_hooks, comptime::Recorder* recorder)
    : ctx(context), pool(context.pool), hooks(layout_hooks), arith(context.pool, recorder) {
  scratch_builder_ = std::make_unique<tir::Builder>(scratch_program_);
  scratch_builder_->open(scratch_builder_->declare("scratch", tir::FunctionKind::Function, tir::Type::Void, {}));
  builder_ = scratch_builder_.get();
  char here = 0;
  stack_base_ = reinterpret_cast<uintptr_t>(&here);
  recorder_ = recorder;
  locals_.reserve(256);
}
Sema::~Sema() = default;

FrameScope::FrameScope(Sema& sema, Phase phase, ModuleId module)
    : sema_(sema),
      locals_size_(static_cast<uint32_t>(sema.locals_.size())),
      targets_size_(static_cast<uint32_t>(sema.targets_.size())),
      operands_size_(static_cast<uint32_t>(sema.operands_.size())),
      saved_depth_(sema.control_depth_),
      saved_builder_(sema.builder_) {
  frame.parent = sema.frame_;
  frame.module = module;
  frame.file = sema.module(module).file;
  frame.phase = phase;
  frame.locals_base = locals_size_;
  frame.targets_base = targets_size_;
  frame.base_depth = sema.control_depth_;
  sema.frame_ = &frame;
  if (phase != Phase::Runtime) sema.builder_ = sema.scratch_builder_.get();
}

FrameScope::~FrameScope() {
  sema_.frame_ = frame.parent;
  sema_.locals_.resize(locals_size_);
  sema_.targets_.resize(targets_size_);
  sema_.operands_.resize(operands_size_);
  sema_.control_depth_ = saved_depth_;
  sema_.builder_ = saved_builder_;
}

std::vector<diag::TraceFrame> Sema::traceFrames() const {
  std::vector<diag::TraceFrame> out;
  constexpr size_t kMaxFrames = 12;
  // Calls of one place by itself are one line.
  size_t repeated = 0;
  const auto add = [&](std::string what, Span at) {
    if (!out.empty() && out.back().span == at && out.back().text == what) {
      ++repeated;
      return;
    }
    if (repeated > 0) out.back().text += fmt::format(", {} more times", repeated);
    repeated = 0;
    out.push_back({std::move(what), at});
  };
  for (const Frame* f = frame_; f != nullptr && out.size() < kMaxFrames; f = f->parent) {
    if (f->fn != nullptr && f->call_span.valid() && f->phase != Phase::Runtime)
      add(fmt::format("comptime call of `{}`", text(f->fn->name.symbol)), f->call_span);
    else if (f->fn != nullptr && f->call_span.valid() && f->is_inline)
      add(fmt::format("{} `{}`", f->doing != nullptr ? f->doing : "inlined call of", text(f->fn->name.symbol)),
          f->call_span);
    else if (f->fn != nullptr && f->call_span.valid())
      add(fmt::format("analysis of `{}`, used here", text(f->fn->name.symbol)), f->call_span);
    else if (f->doing != nullptr && f->call_span.valid())
      add(f->doing, f->call_span);
  }
  if (repeated > 0) out.back().text += fmt::format(", {} more times", repeated);
  // The import chain of the innermost frame.
  if (frame_ != nullptr && frame_->module.valid()) {
    ModuleId m = frame_->module;
    while (m.valid() && out.size() < kMaxFrames + 4) {
      const ModuleInstance& instance = modules_[m.index()];
      if (instance.importer.valid()) out.push_back({"semantic error in module imported here", instance.import_span});
      m = instance.importer;
    }
  }
  return out;
}

bool Sema::burn(Span span) {
  if (++fuel_used_ <= ctx.options.fuel) return true;
  if (!fuel_reported_) {
    fuel_reported_ = true;
    error(Code::E0406, span, "comptime evaluation took more than {} steps", ctx.options.fuel)
        .help("does the loop end? the limit counts iterations and calls of one analysis")
        .emit();
  }
  return false;
}

bool Sema::checkDepth(Span span) {
  char here = 0;
  const auto at = reinterpret_cast<uintptr_t>(&here);
  const uintptr_t used = stack_base_ > at ? stack_base_ - at : at - stack_base_;
  constexpr uintptr_t kMaxStack = 5u << 20;
  if (used < kMaxStack) return true;
  if (!depth_reported_) {
    depth_reported_ = true;
    error(Code::E0407, span, "calls or expressions are nested too deeply")
        .note("is there a recursion without an end?")
        .emit();
  }
  return false;
}

Result<void> analyzeLayout(Context& context, const SourceFile& root, const std::vector<CliParam>& cli,
                           LayoutHooks& hooks) {
  Sema sema(context, &hooks, nullptr);
  return sema.runLayout(root, cli);
}

Result<ProgramResult> analyzeProgram(Context& context, const SourceFile& root, const Value& params,
                                     const std::vector<plan::Export>* exports, comptime::Recorder* recorder) {
  Sema sema(context, nullptr, recorder);
  return sema.runProgram(root, params, exports);
}

Result<void> Sema::runLayout(const SourceFile& root, const std::vector<CliParam>& cli) {
  FileInfo& file = ctx.files->info(root);
  if (file.had_errors) return Reported{};
  if (file.layout == nullptr) {
    ctx.sink.error(Code::E0214, {}, "`{}` has no layout block", root.path)
        .help("the file given to the compiler needs `layout { ... }` with @set_rectangle and @set_tile_code")
        .emit();
    return Reported{};
  }
  const size_t errors = ctx.sink.errorCount();
  // Command-line parameters become the bindings of the root instance.
  std::vector<Symbol> names;
  std::vector<TypeId> value_types;
  std::vector<Value> values;
  for (const CliParam& p : cli) {
    const Symbol name = intern(p.name);
    const auto it = file.by_name.find(name);
    const ast::ParamDecl* decl =
        it == file.by_name.end() ? nullptr : ast::dynAs<ast::ParamDecl>(file.decls[it->second].decl);
    if (decl == nullptr) {
      ctx.sink.error(Code::E0212, {}, "`{}` has no param `{}`", root.path, p.name)
          .help(p.is_color ? "--colors binds `param` declarations of the top-level file"
                           : "--params binds `param` declarations of the top-level file")
          .emit();
      continue;
    }
    if (std::find(names.begin(), names.end(), name) != names.end()) {
      ctx.sink.error(Code::E0212, decl->name.span, "param `{}` is given twice on the command line", p.name).emit();
      continue;
    }
    names.push_back(name);
    Value v = p.is_color ? Value::integer(types::kColor, p.value) : Value::comptimeInt(p.value);
    // `param b: bool` may be bound by a number.
    const auto* type_name = ast::dynAs<ast::Identifier>(decl->type);
    const auto declared = type_name == nullptr ? std::nullopt : pool.builtinType(type_name->name);
    if (declared == types::kBool && !p.is_color) v = Value::boolean(p.value != 0);
    if ((declared == types::kColor || decl->is_legacy_color) && !p.is_color) v = Value::integer(types::kColor, p.value);
    value_types.push_back(v.type());
    values.push_back(std::move(v));
  }
  if (ctx.sink.errorCount() != errors) return Reported{};
  Value params = Value::voidValue();
  if (!names.empty()) {
    const TypeId type = pool.anonStruct(names, value_types);
    params = Value::aggregate(type, std::move(values));
  }
  const auto id = instantiate(root, params, {}, {}, "");
  if (!id) return Reported{};
  std::vector<const SourceFile*> chain;
  std::unordered_set<const SourceFile*> seen;
  if (!checkImports(root, chain, seen)) return Reported{};
  FrameScope scope(*this, Phase::Layout, *id);
  scope.frame.doing = "layout block";
  scope.frame.address_taken = addressTaken(file, *file.layout, file.layout->body);
  scope.frame.return_type = types::kVoid;
  block(file.layout->body);
  if (ctx.sink.errorCount() != errors) return Reported{};
  return {};
}

Result<ProgramResult> Sema::runProgram(const SourceFile& root, const Value& params,
                                       const std::vector<plan::Export>* exports) {
  FileInfo& file = ctx.files->info(root);
  if (file.had_errors) return Reported{};
  const size_t errors = ctx.sink.errorCount();
  layout_exports = exports;
  program_ = std::make_shared<tir::Program>();
  program_->arch = ctx.options.arch;
  program_->fp16 = ctx.options.fp16;
  program_->name = root.path;
  real_builder_ = std::make_unique<tir::Builder>(*program_);
  const auto id = instantiate(root, params, {}, {}, "");
  if (!id) return Reported{};
  if (!runComptimeBlocks(*id) || !checkExterns() || ctx.sink.errorCount() != errors) {
    // Bodies may hold more mistakes, but many would only follow from these.
    return Reported{};
  }
  lowerWorkList();
  if (ctx.sink.errorCount() != errors) return Reported{};
  // What is lowered from here on goes to the program, without an open function.
  builder_ = real_builder_.get();
  finishDevice();
  lowerWorkList();
  if (ctx.sink.errorCount() != errors) return Reported{};
  placeObjects();
  if (ctx.sink.errorCount() != errors) return Reported{};
  tir::finalize(*program_);
  ProgramResult result;
  result.program = program_;
  result.slots = slots_;
  result.color_configs = device.color_configs;
  for (const DeviceState::FabricDsd& use : device.fabric_uses) {
    const int color = use.color != tir::kNoColor ? use.color : queueColor(use.is_input, use.queue);
    if (color < 0 || isLibrarySpan(use.span)) continue;
    const FabricUse out{use.is_input, use.blocks, static_cast<uint8_t>(color), use.span};
    if (std::find(result.fabric_uses.begin(), result.fabric_uses.end(), out) == result.fabric_uses.end())
      result.fabric_uses.push_back(out);
  }
  result.changes_routes = !device.teardown_handlers.empty() || !device.config_writes.empty();
  for (const tir::Inst& inst : program_->insts) {
    if (inst.op != tir::Op::Device) continue;
    const auto device_call = static_cast<tir::DeviceCall>(inst.imm);
    if (device_call == tir::DeviceCall::SetConfig || device_call == tir::DeviceCall::TeardownExit)
      result.changes_routes = true;
  }
  return result;
}

}  // namespace weft::sema
