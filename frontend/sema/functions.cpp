// Functions: signatures, binding of arguments, comptime calls, inlining, instances and their lowering.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/sema.h"

namespace weft::sema {

using diag::Code;
using types::Kind;

namespace {

constexpr uint32_t kMaxInlineDepth = 128;
constexpr uint32_t kMaxComptimeDepth = 1000;
constexpr uint32_t kMaxSpecialisations = 1000;

const ast::FnDecl& fnDecl(const DeclInfo& d) { return ast::as<ast::FnDecl>(*d.decl); }

// Evaluating it changes no variable: names, literals, parts of them and operators on them.
bool changesNothing(const ast::Expr& e) {
  if (const auto* x = ast::dynAs<ast::FieldExpr>(&e)) return changesNothing(*x->base);
  if (const auto* x = ast::dynAs<ast::DerefExpr>(&e)) return changesNothing(*x->base);
  if (const auto* x = ast::dynAs<ast::UnaryExpr>(&e)) return changesNothing(*x->operand);
  if (const auto* x = ast::dynAs<ast::BinaryExpr>(&e)) return changesNothing(*x->lhs) && changesNothing(*x->rhs);
  if (const auto* x = ast::dynAs<ast::IndexExpr>(&e))
    return changesNothing(*x->base) &&
           std::all_of(x->indices.begin(), x->indices.end(), [](const ast::Expr* i) { return changesNothing(*i); });
  return e.kind == ast::NodeKind::Identifier || e.kind == ast::NodeKind::IntLiteral ||
         e.kind == ast::NodeKind::FloatLiteral || e.kind == ast::NodeKind::BoolLiteral ||
         e.kind == ast::NodeKind::StringLiteral;
}

// `return x;` where x changes nothing.
bool onlyReturns(const ast::FnDecl& f) {
  const auto* last = f.body.stmts.size() == 1 ? ast::dynAs<ast::ReturnStmt>(f.body.stmts[0]) : nullptr;
  return last != nullptr && last->value != nullptr && changesNothing(*last->value);
}

void mayEndWithout(Sema& s, const ast::Name& function, TypeId result) {
  s.error(Code::E0310, function.span, "function `{}` may end without returning a value of type '{}'",
          s.text(function.symbol), s.typeName(result))
      .help("return a value on every way through it; a way that cannot be taken ends with `@comptime_assert(false)`")
      .emit();
}

}  // namespace

bool Sema::checkLinkage(const ast::FnDecl& f, Span span) {
  if (f.linkage != ast::Linkage::Extern && f.has_body) return true;
  error(Code::E0902, span, "external function `{}` has no definition", text(f.name.symbol))
      .label(f.name.span, "declared here")
      .note("a PE program links no object files")
      .help("define it with `export fn` in this file or in an imported module")
      .emit();
  return false;
}

bool Sema::evalSignature(DeclId id, Span span) {
  DeclInfo& d = decl(id);
  if (d.signature_done) return d.type != types::kPoison;
  const ast::FnDecl& f = fnDecl(d);
  if (d.state == DeclState::InProgress) {
    error(Code::E0208, span, "the signature of `{}` depends on itself", text(f.name.symbol)).emit();
    return false;
  }
  d.state = DeclState::InProgress;
  const char* conflict = nullptr;
  if (f.inlining == ast::Inlining::Inline && (f.linkage != ast::Linkage::None || f.attributes.linkname != nullptr))
    conflict = "an inline function cannot be exported, external or renamed";
  if (f.inlining == ast::Inlining::NoInline && f.linkage != ast::Linkage::None)
    conflict = "`noinline` cannot be combined with `export` or `extern`: such functions are never inlined";
  if (f.is_task && f.attributes.linksection != nullptr) conflict = "a task cannot be put into a section";
  if (conflict != nullptr) {
    error(Code::E0213, f.name.span, "{}", conflict).emit();
    d.state = DeclState::Failed;
    d.signature_done = true;
    d.type = types::kPoison;
    return false;
  }
  for (size_t i = 0; i < f.params.size(); ++i) {
    const ast::Name& name = f.params[i].name;
    if (!name.valid() || text(name.symbol) == "_") continue;
    const auto same = [&](const ast::FnParam& p) { return p.name.symbol == name.symbol; };
    const auto first = std::find_if(f.params.begin(), f.params.begin() + i, same);
    if (first == f.params.begin() + i) continue;
    error(Code::E0202, name.span, "'{}' declared twice", text(name.symbol))
        .label(first->name.span, "first declared here")
        .emit();
  }
  bool generic = false;
  for (const ast::FnParam& p : f.params) generic = generic || p.is_comptime || p.type->kind == ast::NodeKind::AnyType;
  std::vector<TypeId> params;
  TypeId result = types::kAnyType;
  bool ok = true;
  if (!generic) {
    FrameScope scope(*this, Phase::Comptime, d.module);
    scope.frame.doing = "signature of a function used here";
    scope.frame.call_span = span;
    for (const ast::FnParam& p : f.params) {
      const TypeId t = typeExpr(*p.type);
      if (t == types::kPoison) {
        ok = false;
        break;
      }
      if (!pool.isRuntime(t) && t != types::kVoid) {
        generic = true;
        break;
      }
      params.push_back(t);
      if (!p.name.valid()) continue;
      // Later types may say @type_of(x).
      LocalVar var;
      var.type = t;
      var.storage = LocalVar::Storage::Operand;
      var.index = static_cast<uint32_t>(operands_.size());
      operands_.push_back(isAggregate(t) ? Operand::memory(t, {}) : Operand::runtime(t, {}));
      declare(p.name, std::move(var));
    }
    if (ok && !generic) {
      result = f.return_type == nullptr ? types::kVoid : typeExpr(*f.return_type);
      ok = result != types::kPoison;
    }
  }
  DeclInfo& out = decl(id);
  out.signature_done = true;
  if (!ok) {
    out.state = quiet_ > 0 ? DeclState::Unresolved : DeclState::Failed;
    out.signature_done = quiet_ == 0;
    out.type = types::kPoison;
    return false;
  }
  out.is_generic = generic;
  if (generic) {
    params.assign(f.params.size(), types::kAnyType);
    result = types::kAnyType;
  }
  out.param_types = params;
  out.result = result;
  out.type = f.is_task ? pool.task(params, result) : pool.fn(params, result);
  out.value = Value::function(out.type, comptime::FnRef{id.value});
  out.state = DeclState::Done;
  return true;
}

std::optional<DeclId> Sema::declOfFunction(const Operand& v) {
  if (!v.isComptime()) return std::nullopt;
  const Kind k = pool.kind(v.type);
  const bool fn =
      k == Kind::Fn || k == Kind::Task || (k == Kind::Pointer && pool.is(pool.pointerInfo(v.type).element, Kind::Fn));
  if (!fn || v.value.rep() != Value::Rep::Int) return std::nullopt;
  return definitionOf(DeclId(static_cast<uint32_t>(v.value.asFunction())));
}

bool Sema::checkArgCount(DeclId fn, size_t given, Span span) {
  const ast::FnDecl& f = fnDecl(decl(fn));
  if (f.params.size() == given) return true;
  error(Code::E0302, span, "function expects {} arguments, {} provided", f.params.size(), given)
      .label(f.name.span, fmt::format("`{}` is declared here", text(f.name.symbol)))
      .emit();
  return false;
}

Operand Sema::call(const ast::CallExpr& e, TypeId want) {
  (void)want;
  std::optional<DeclId> fn;
  Operand callee;
  if (const auto* id = ast::dynAs<ast::Identifier>(e.callee)) {
    const Lookup found = lookup(*id);
    if (found.kind == Lookup::Kind::Decl && decl(DeclId(found.index)).decl->kind == ast::NodeKind::FnDecl)
      fn = DeclId(found.index);
    if (fn && !atRuntime() && type_only_ == 0 && isExternHere(id->name)) {
      error(Code::E0412, e.span, "external function `{}` cannot be called at comptime", text(id->name))
          .label(fnDecl(decl(*fn)).name.span, "declared here")
          .help("call the exported function through its module")
          .emit();
      return Operand::poison();
    }
  }
  if (!fn) {
    callee = expr(*e.callee);
    if (callee.stops()) return callee;
    fn = declOfFunction(callee);
  }
  // In the standard library `f_5` is what `f` means with five arguments.
  if (fn && fnDecl(decl(*fn)).params.size() != e.args.size() && module(decl(*fn).module).file->source->is_library) {
    const std::string form = fmt::format("{}_{}", text(fnDecl(decl(*fn)).name.symbol), e.args.size());
    const auto other = findDecl(decl(*fn).module, ctx.interner.intern(form));
    if (other && decl(*other).decl->kind == ast::NodeKind::FnDecl) fn = other;
  }
  if (fn && !evalSignature(*fn, e.callee->span)) return Operand::poison();
  if (fn && fnDecl(decl(*fn)).is_task) {
    error(Code::E0304, e.span, "task cannot be called")
        .note("tasks are started by the hardware scheduler")
        .help("use @activate for a local task, or move the body into a function")
        .label(fnDecl(decl(*fn)).name.span, "declared here")
        .emit();
    return Operand::poison();
  }
  TypeId fn_type;
  if (!fn) {
    fn_type = pool.is(callee.type, Kind::Pointer) ? pool.pointerInfo(callee.type).element : callee.type;
    if (!pool.is(fn_type, Kind::Fn)) {
      auto d = error(Code::E0304, e.callee->span, "a value of type '{}' cannot be called", typeName(callee.type));
      if (callee.type == types::kType) d.help("conversions are written with @as");
      d.emit();
      return Operand::poison();
    }
  } else if (!checkArgCount(*fn, e.args.size(), e.span)) {
    return Operand::poison();
  }
  OperandList args;
  std::vector<Span> spans;
  args.reserve(e.args.size());
  spans.reserve(e.args.size());
  bool ok = true;
  for (size_t i = 0; i < e.args.size(); ++i) {
    const ast::Expr& x = *e.args[i];
    TypeId hint;
    bool at_comptime = false;
    if (fn) {
      const DeclInfo& d = decl(*fn);
      if (!d.is_generic) hint = d.param_types[i];
      at_comptime = fnDecl(d).params[i].is_comptime;
    } else if (const auto info = pool.fnInfo(fn_type); i < info.params.size()) {
      hint = info.params[i];
    }
    args.push_back(at_comptime ? exprAtComptime(x, hint) : expr(x, hint));
    Operand& a = args.back();
    if (a.stops()) ok = false;
    // A variable is read now if a later argument may change it.
    const bool in_variable =
        a.kind == Operand::Kind::Memory ||
        (a.kind == Operand::Kind::Runtime && a.op.kind() == tir::Operand::Kind::Local && isVariable(a.op.index()));
    const auto later = e.args.begin() + static_cast<ptrdiff_t>(i) + 1;
    if (atRuntime() && in_variable &&
        !std::all_of(later, e.args.end(), [](const ast::Expr* l) { return changesNothing(*l); })) {
      a = held(std::move(a));
      if (a.kind == Operand::Kind::Runtime) a.op = builder_->emit(tir::Op::Copy, lowerType(a.type), a.op);
    }
    spans.push_back(x.span);
  }
  if (!ok) {
    for (const Operand& a : args)
      if (a.kind == Operand::Kind::NoReturn) return a;
    return Operand::poison();
  }
  if (atRuntime()) setSite(e.span);
  if (fn) return callDecl(*fn, args, spans, e.span);
  return callIndirect(callee, fn_type, args, spans, e.span);
}

Operand Sema::callDecl(DeclId fn, const OperandList& args, const std::vector<Span>& arg_spans, Span span) {
  if (!evalSignature(fn, span)) return Operand::poison();
  if (!checkArgCount(fn, args.size(), span)) return Operand::poison();
  if (type_only_ > 0) {
    const DeclInfo& d = decl(fn);
    TypeId result = d.result;
    if (d.is_generic) {
      FnInstance instance;
      OperandList bound;
      if (!bindArgs(fn, args, arg_spans, span, false, instance, bound)) return Operand::poison();
      result = instance.result;
    }
    if (result == types::kVoid) return Operand::comptime(Value::voidValue());
    if (pool.isRuntime(result))
      return isAggregate(result) ? Operand::memory(result, {}) : Operand::runtime(result, builder_->constant(0));
    // The type of a comptime-only result is known only from the result.
    const uint32_t saved = type_only_;
    type_only_ = 0;
    Operand r = callComptime(fn, args, arg_spans, span);
    type_only_ = saved;
    return r;
  }
  if (!atRuntime()) return callComptime(fn, args, arg_spans, span);
  if (fnDecl(decl(fn)).inlining == ast::Inlining::Inline) return callInline(fn, args, arg_spans, span);
  return callRuntime(fn, args, arg_spans, span);
}

// Evaluates parameter types (with the parameters before them bound) and converts the arguments.
bool Sema::bindArgs(DeclId fn, const OperandList& args, const std::vector<Span>& arg_spans, Span span,
                    bool all_comptime, FnInstance& instance, OperandList& bound) {
  const ast::FnDecl& f = fnDecl(decl(fn));
  const bool generic = decl(fn).is_generic;
  instance.decl = fn;
  instance.first_use = span;
  FrameScope scope(*this, frame_->phase, decl(fn).module);
  scope.frame.fn = &f;
  scope.frame.call_span = span;
  scope.frame.is_inline = atRuntime();
  scope.frame.doing = "call of";
  for (size_t i = 0; i < f.params.size(); ++i) {
    const ast::FnParam& p = f.params[i];
    TypeId type =
        generic ? (p.type->kind == ast::NodeKind::AnyType ? args[i].type : typeExpr(*p.type)) : decl(fn).param_types[i];
    if (type == types::kPoison) return false;
    if (type == types::kAnyStruct) type = args[i].type;
    const Span at = i < arg_spans.size() ? arg_spans[i] : span;
    Operand v = p.type->kind == ast::NodeKind::AnyType ? args[i] : coerce(args[i], type, at);
    if (v.stops()) return false;
    const bool comptime_only = p.is_comptime || (!pool.isRuntime(type) && type != types::kVoid);
    if ((comptime_only || all_comptime) && !v.isComptime()) {
      if (type_only_ > 0) {
        v = Operand::poison();
      } else {
        error(p.is_comptime ? Code::E0401 : Code::E0313, at, "value bound to {} `{}` is not comptime-known",
              p.is_comptime ? "comptime parameter" : "parameter", p.name.valid() ? text(p.name.symbol) : "_")
            .label(p.span, "declared here")
            .emit();
        return false;
      }
    }
    const bool is_comptime = comptime_only || type == types::kVoid;
    instance.param_types.push_back(v.stops() ? type : v.type);
    instance.is_comptime.push_back(is_comptime);
    if (is_comptime)
      instance.key.push_back(v.value);
    else if (generic)
      instance.key.push_back(Value::typeValue(type));
    if (generic && p.name.valid()) {
      LocalVar var;
      var.type = v.stops() ? type : v.type;
      var.const_reason = "function parameter";
      if (is_comptime && v.isComptime()) {
        var.storage = LocalVar::Storage::Comptime;
        var.value = v.value;
      } else {
        var.storage = LocalVar::Storage::Operand;
        var.index = static_cast<uint32_t>(operands_.size());
        operands_.push_back(v);
      }
      declare(p.name, std::move(var));
    }
    bound.push_back(std::move(v));
  }
  instance.result = !generic ? decl(fn).result : f.return_type == nullptr ? types::kVoid : typeExpr(*f.return_type);
  return instance.result != types::kPoison;
}

Operand Sema::callComptime(DeclId fn, const OperandList& args, const std::vector<Span>& arg_spans, Span span) {
  if (!evalSignature(fn, span) || !checkArgCount(fn, args.size(), span)) return Operand::poison();
  const ast::FnDecl& f = fnDecl(decl(fn));
  if (!checkLinkage(f, span) || !burn(span) || !checkDepth(span)) return Operand::poison();
  if (call_depth_ >= kMaxComptimeDepth) {
    if (!depth_reported_)
      error(Code::E0407, span, "comptime calls are nested more than {} deep", kMaxComptimeDepth)
          .note("is there a recursion without an end?")
          .emit();
    depth_reported_ = true;
    return Operand::poison();
  }
  const ModuleId m = decl(fn).module;
  const bool generic = decl(fn).is_generic;
  FrameScope scope(*this, frame_->phase == Phase::Runtime ? Phase::Comptime : frame_->phase, m);
  Frame& frame = scope.frame;
  frame.fn = &f;
  frame.call_span = span;
  frame.address_taken = addressTaken(*frame.file, f, f.body);
  for (size_t i = 0; i < f.params.size(); ++i) {
    const ast::FnParam& p = f.params[i];
    const bool any = generic && p.type->kind == ast::NodeKind::AnyType;
    const TypeId type = any ? args[i].type : generic ? typeExpr(*p.type) : decl(fn).param_types[i];
    if (type == types::kPoison) return Operand::poison();
    const Span at = i < arg_spans.size() ? arg_spans[i] : span;
    Operand v = args[i].type == type ? args[i] : coerce(args[i], type, at);
    if (v.stops()) return v;
    if (!v.isComptime()) return notComptime(at, "argument of a comptime call");
    if (!p.name.valid()) continue;
    LocalVar var;
    var.type = v.type;
    var.is_comptime = true;
    var.const_reason = "function parameter";
    if (isAddressTaken(p.name.symbol, var.type)) {
      var.storage = LocalVar::Storage::Cell;
      var.index = static_cast<uint32_t>(cells_.size());
      cells_.push_back(v.value);
    } else {
      var.storage = LocalVar::Storage::Comptime;
      var.value = std::move(v.value);
    }
    declare(p.name, std::move(var));
  }
  frame.return_type = !generic ? decl(fn).result : f.return_type == nullptr ? types::kVoid : typeExpr(*f.return_type);
  if (frame.return_type == types::kPoison) return Operand::poison();
  frame.result = Operand::comptime(Value::voidValue());
  ++call_depth_;
  const uint32_t saved_scope = scope_begin_;
  const Flow flow = block(f.body);
  scope_begin_ = saved_scope;
  --call_depth_;
  if (flow == Flow::Abort || flow == Flow::Dead) return Operand::poison();
  if (flow == Flow::Normal && frame.return_type != types::kVoid) {
    error(Code::E0310, f.name.span, "function `{}` ended without returning a value of type '{}'", text(f.name.symbol),
          typeName(frame.return_type))
        .emit();
    return Operand::poison();
  }
  return std::move(frame.result);
}

Operand Sema::callInline(DeclId fn, const OperandList& args, const std::vector<Span>& arg_spans, Span span) {
  const ast::FnDecl& f = fnDecl(decl(fn));
  if (!checkLinkage(f, span) || !burn(span) || !checkDepth(span)) return Operand::poison();
  if (call_depth_ >= kMaxInlineDepth) {
    if (!depth_reported_) error(Code::E0407, span, "inline calls are nested more than {} deep", kMaxInlineDepth).emit();
    depth_reported_ = true;
    return Operand::poison();
  }
  FnInstance instance;
  OperandList bound;
  if (!bindArgs(fn, args, arg_spans, span, false, instance, bound)) return Operand::poison();
  FrameScope scope(*this, Phase::Runtime, decl(fn).module);
  Frame& frame = scope.frame;
  frame.fn = &f;
  frame.call_span = span;
  frame.is_inline = true;
  frame.address_taken = addressTaken(*frame.file, f, f.body);
  frame.return_type = instance.result;
  for (size_t i = 0; i < f.params.size(); ++i) {
    const ast::FnParam& p = f.params[i];
    if (!p.name.valid()) continue;
    LocalVar var;
    var.type = bound[i].type;
    var.const_reason = "function parameter";
    if (bound[i].isComptime()) {
      var.storage = LocalVar::Storage::Comptime;
      var.value = bound[i].value;
      declare(p.name, std::move(var));
    } else if (bound[i].kind == Operand::Kind::Runtime) {
      declareRuntime(p.name, std::move(var), bound[i], span);
    } else {
      var.storage = LocalVar::Storage::Operand;
      var.index = static_cast<uint32_t>(operands_.size());
      // The body must not see what it changes itself.
      operands_.push_back(onlyReturns(f) ? bound[i] : held(bound[i]));
      declare(p.name, std::move(var));
    }
  }
  if (isAggregate(frame.return_type) && pool.isRuntime(frame.return_type))
    frame.return_memory = temporary(frame.return_type);
  ++call_depth_;
  const uint32_t saved_scope = scope_begin_;
  const Flow flow = block(f.body);
  scope_begin_ = saved_scope;
  --call_depth_;
  if (frame.return_count == 1 && frame.return_block == Target::kNone) return std::move(frame.result);
  if (frame.return_count >= 2 && frame.result.isPoison() && frame.return_block == Target::kNone) {
    builder_->setBlock(builder_->newBlock());
    return Operand::poison();
  }
  if (flow == Flow::Normal) {
    if (frame.return_type != types::kVoid) {
      mayEndWithout(*this, f.name, frame.return_type);
      if (frame.return_block != Target::kNone) {
        builder_->unreachable();
        builder_->setBlock(frame.return_block);
      }
      return Operand::poison();
    }
    if (frame.return_block == Target::kNone) return Operand::comptime(Value::voidValue());
    builder_->jump(frame.return_block);
  } else if (frame.return_block == Target::kNone) {
    return Operand::noReturn();
  }
  builder_->setBlock(frame.return_block);
  if (frame.return_type == types::kVoid) return Operand::comptime(Value::voidValue());
  if (!pool.isRuntime(frame.return_type)) return Operand::poison();
  if (isAggregate(frame.return_type)) return Operand::memory(frame.return_type, frame.return_memory);
  if (frame.return_local == Target::kNone) return Operand::poison();
  return Operand::runtime(frame.return_type, tir::Operand::local(frame.return_local));
}

std::optional<Operand> Sema::tryComptime(DeclId fn, const OperandList& args, const std::vector<Span>& arg_spans,
                                         Span span) {
  const bool fuel = fuel_reported_, depth = depth_reported_;
  ++quiet_;
  Operand r = callComptime(fn, args, arg_spans, span);
  if (--quiet_ == 0) quiet_sink_.drain();
  fuel_reported_ = fuel;
  depth_reported_ = depth;
  if (r.stops() || !r.isComptime()) return std::nullopt;
  return r;
}

Operand Sema::callRuntime(DeclId fn, const OperandList& args, const std::vector<Span>& arg_spans, Span span) {
  const ast::FnDecl& f = fnDecl(decl(fn));
  if (!checkLinkage(f, span)) return Operand::poison();
  FnInstance instance;
  OperandList bound;
  if (!bindArgs(fn, args, arg_spans, span, false, instance, bound)) return Operand::poison();
  const TypeId result = instance.result;
  if (!pool.isRuntime(result) && result != types::kVoid) {
    // Its result exists at comptime only: so does the call.
    for (size_t i = 0; i < bound.size(); ++i) {
      if (bound[i].isComptime()) continue;
      error(Code::E0313, i < arg_spans.size() ? arg_spans[i] : span, "argument of `{}` is not comptime-known",
            text(f.name.symbol))
          .note(fmt::format("the function returns '{}', which exists at comptime only, so it is called at comptime",
                            typeName(result)))
          .emit();
      return Operand::poison();
    }
    return callComptime(fn, bound, arg_spans, span);
  }
  // A function of types, strings and the like only: known now, unless it needs the running PE.
  bool known = !bound.empty() && result != types::kVoid;
  bool has_comptime_type = false;
  for (size_t i = 0; i < bound.size(); ++i) {
    known = known && bound[i].isComptime() && instance.is_comptime[i];
    has_comptime_type = has_comptime_type || !pool.isRuntime(bound[i].type);
  }
  if (known && has_comptime_type)
    if (auto r = tryComptime(fn, bound, arg_spans, span)) return std::move(*r);
  OperandList passed;
  for (size_t i = 0; i < bound.size(); ++i)
    if (!instance.is_comptime[i]) passed.push_back(bound[i]);
  const uint32_t index = instanceFor(std::move(instance));
  return emitCall(instances_[index].id, {}, result, passed, span);
}

// The call itself: aggregates go by address, an aggregate result into memory of the caller.
Operand Sema::emitCall(tir::FunctionId id, tir::Operand pointer, TypeId result, const OperandList& args, Span span) {
  std::vector<tir::Operand> ops;
  Address result_at;
  const bool in_memory = isAggregate(result);
  if (in_memory) {
    result_at = temporary(result);
    ops.push_back(addressValue(result_at));
  }
  for (const Operand& a : args) {
    if (!isAggregate(a.type)) {
      ops.push_back(lower(a, span));
      continue;
    }
    // The callee must not see what the caller changes later.
    const bool shared = a.kind == Operand::Kind::Memory &&
                        !(a.address.kind == Address::Kind::Object && object(a.address.object).is_const);
    if (shared) {
      const Address copy = temporary(a.type);
      copyTo(copy, a, span);
      ops.push_back(addressValue(copy));
    } else {
      ops.push_back(addressValue(materialize(a, span)));
    }
  }
  device.in_flight = {};
  const tir::Type t = in_memory ? tir::Type::Void : lowerType(result);
  const tir::Operand r = id.valid() ? builder_->call(id, ops) : builder_->callIndirect(pointer, t, ops);
  if (in_memory) return Operand::memory(result, result_at);
  if (result == types::kVoid) return Operand::comptime(Value::voidValue());
  return Operand::runtime(result, r);
}

Operand Sema::callIndirect(const Operand& callee, TypeId fn_type, const OperandList& args,
                           const std::vector<Span>& spans, Span span) {
  const auto info = pool.fnInfo(fn_type);
  if (info.params.size() != args.size()) {
    error(Code::E0302, span, "function expects {} arguments, {} provided", info.params.size(), args.size()).emit();
    return Operand::poison();
  }
  OperandList bound;
  for (size_t i = 0; i < args.size(); ++i) {
    bound.push_back(coerce(args[i], info.params[i], spans[i]));
    if (bound.back().stops()) return bound.back();
  }
  if (!atRuntime() && type_only_ == 0) return notComptime(span, "called function");
  return emitCall({}, lower(callee, span), info.result, bound, span);
}

uint32_t Sema::instanceFor(FnInstance instance) {
  DeclInfo& d = decl(instance.decl);
  if (!d.is_generic && d.instance >= 0) return static_cast<uint32_t>(d.instance);
  uint64_t hash = instance.decl.value * 0x9e3779b97f4a7c15ull;
  for (const Value& v : instance.key) hash = (hash ^ v.hash()) * 0x100000001b3ull;
  if (d.is_generic) {
    for (const uint32_t i : instance_index_[hash]) {
      const FnInstance& known = instances_[i];
      if (known.decl != instance.decl || known.key.size() != instance.key.size()) continue;
      bool same = true;
      for (size_t k = 0; same && k < known.key.size(); ++k) same = known.key[k].identical(instance.key[k]);
      if (same) return i;
    }
  }
  const auto index = static_cast<uint32_t>(instances_.size());
  const ast::FnDecl& f = fnDecl(d);
  const TypeId result = instance.result;
  instance.depth = d.is_generic ? current_depth_ + 1 : 0;
  if (instance.depth > kMaxSpecialisations && !depth_reported_) {
    depth_reported_ = true;
    error(Code::E0407, instance.first_use, "`{}` is specialised for new comptime arguments without an end",
          text(f.name.symbol))
        .label(f.name.span, "declared here")
        .note(fmt::format("each call makes another function; the limit is {} in a row", kMaxSpecialisations))
        .emit();
  }
  const tir::Type t = isAggregate(result) ? tir::Type::Void : lowerType(result);
  instance.id =
      real_builder_->declare(declName(instance.decl), f.is_task ? tir::FunctionKind::Task : tir::FunctionKind::Function,
                             t, siteOf(f.name.span));
  if (!d.is_generic)
    d.instance = static_cast<int32_t>(index);
  else
    instance_index_[hash].push_back(index);
  instances_.push_back(std::move(instance));
  work_.push_back(index);
  return index;
}

std::optional<tir::FunctionId> Sema::functionOf(DeclId named, Span span) {
  const DeclId fn = definitionOf(named);
  if (!evalSignature(fn, span)) return std::nullopt;
  const DeclInfo& d = decl(fn);
  const ast::FnDecl& f = fnDecl(d);
  if (!checkLinkage(f, span)) return std::nullopt;
  if (program_ == nullptr) {
    error(Code::E0410, span, "functions have no code during layout evaluation").emit();
    return std::nullopt;
  }
  if (d.is_generic || f.inlining == ast::Inlining::Inline) {
    error(Code::E0306, span, "{} function `{}` has no single address", d.is_generic ? "generic" : "inline",
          text(f.name.symbol))
        .note("each call has its own code")
        .emit();
    return std::nullopt;
  }
  FnInstance instance;
  instance.decl = fn;
  instance.first_use = span;
  instance.param_types = d.param_types;
  for (const TypeId t : d.param_types) {
    const bool is_void = t == types::kVoid;
    instance.is_comptime.push_back(is_void);
    if (is_void) instance.key.push_back(Value::voidValue());
  }
  instance.result = d.result;
  return instances_[instanceFor(std::move(instance))].id;
}

void Sema::lowerInstance(uint32_t index) {
  const FnInstance instance = instances_[index];
  const ast::FnDecl& f = fnDecl(decl(instance.decl));
  const Doing doing(fmt::format("lowering `{}`", declName(instance.decl)));
  const size_t errors = ctx.sink.errorCount();
  tir::Builder* saved = builder_;
  builder_ = real_builder_.get();
  builder_->open(instance.id);
  current_fn_ = instance.id;
  current_depth_ = instance.depth;
  control_depth_ = 0;
  {
    FrameScope scope(*this, Phase::Runtime, decl(instance.decl).module);
    Frame& frame = scope.frame;
    frame.parent = nullptr;
    frame.fn = &f;
    frame.call_span = decl(instance.decl).is_generic ? instance.first_use : Span{};
    frame.address_taken = addressTaken(*frame.file, f, f.body);
    frame.return_type = instance.result;
    setSite(f.name.span);
    if (isAggregate(instance.result)) {
      frame.return_memory.kind = Address::Kind::Runtime;
      frame.return_memory.base = tir::Operand::local(builder_->addParam(tir::Type::I16, "result"));
    }
    std::vector<uint32_t> tir_params(f.params.size(), 0);
    bool ok = true;
    for (size_t i = 0; i < f.params.size(); ++i) {
      if (instance.is_comptime[i]) continue;
      const TypeId t = instance.param_types[i];
      const tir::Type lowered = isAggregate(t) ? tir::Type::I16 : lowerType(t);
      if (lowered == tir::Type::Void) {
        wideInteger(t, f.params[i].span);
        ok = false;
        continue;
      }
      tir_params[i] = builder_->addParam(
          lowered, f.params[i].name.valid() ? std::string(text(f.params[i].name.symbol)) : std::string("_"));
    }
    size_t key = 0;
    for (size_t i = 0; ok && i < f.params.size(); ++i) {
      const ast::FnParam& p = f.params[i];
      LocalVar var;
      var.type = instance.param_types[i];
      var.const_reason = "function parameter";
      const Value* bound = nullptr;
      if (instance.is_comptime[i] || decl(instance.decl).is_generic) bound = &instance.key[key++];
      if (!p.name.valid()) continue;
      if (instance.is_comptime[i]) {
        var.storage = LocalVar::Storage::Comptime;
        var.value = *bound;
        declare(p.name, std::move(var));
      } else if (isAggregate(var.type)) {
        var.storage = LocalVar::Storage::Memory;
        var.address.kind = Address::Kind::Runtime;
        var.address.base = tir::Operand::local(tir_params[i]);
        declare(p.name, std::move(var));
      } else {
        bindRuntimeCapture(p.name, var.type, tir_params[i], p.span);
        locals_.back().const_reason = "function parameter";
      }
    }
    if (ok) {
      const Flow flow = block(f.body);
      if (flow == Flow::Normal) {
        if (instance.result == types::kVoid) {
          builder_->ret();
        } else {
          if (ctx.sink.errorCount() == errors) mayEndWithout(*this, f.name, instance.result);
          builder_->unreachable();
        }
      }
    }
  }
  if (ctx.sink.errorCount() != errors)
    builder_->abandon();
  else
    builder_->close();
  builder_ = saved;
  current_fn_ = {};
  current_depth_ = 0;
}

void Sema::lowerWorkList() {
  constexpr size_t kMaxErrors = 100;
  for (;;) {
    if (!work_.empty()) {
      const uint32_t index = work_.front();
      work_.pop_front();
      if (instances_[index].depth > kMaxSpecialisations) continue;
      lowerInstance(index);
      if (ctx.sink.errorCount() > kMaxErrors) return;
      continue;
    }
    if (!scanObjects()) return;
  }
}

bool Sema::isVariable(uint32_t tir_local) const {
  if (builder_ != real_builder_.get() || !current_fn_.valid()) return false;
  const auto& locals = program_->functions[current_fn_.index()].locals;
  return tir_local < locals.size() && !locals[tir_local].name.empty();
}

}  // namespace weft::sema
