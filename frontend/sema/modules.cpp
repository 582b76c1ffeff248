// Files, module instances, their params and imports, and the order in which comptime blocks run.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/device_support.h"

#include <algorithm>

namespace weft::sema {

using diag::Code;

namespace {

ast::Linkage linkageOf(const ast::Decl& d) {
  if (const auto* v = ast::dynAs<ast::VarDecl>(&d)) return v->linkage;
  if (const auto* f = ast::dynAs<ast::FnDecl>(&d)) return f->linkage;
  return ast::Linkage::None;
}

Symbol declSymbol(const ast::Decl& d) {
  if (const auto* v = ast::dynAs<ast::VarDecl>(&d)) return v->name.symbol;
  if (const auto* p = ast::dynAs<ast::ParamDecl>(&d)) return p->name.symbol;
  if (const auto* f = ast::dynAs<ast::FnDecl>(&d)) return f->name.symbol;
  return {};
}
Span declSpan(const ast::Decl& d) {
  if (const auto* v = ast::dynAs<ast::VarDecl>(&d)) return v->name.span;
  if (const auto* p = ast::dynAs<ast::ParamDecl>(&d)) return p->name.span;
  if (const auto* f = ast::dynAs<ast::FnDecl>(&d)) return f->name.span;
  return d.span;
}

bool isExtern(const ast::Decl& d) { return linkageOf(d) == ast::Linkage::Extern; }
bool isExport(const ast::Decl& d) { return linkageOf(d) == ast::Linkage::Export; }

}  // namespace

FileInfo& FileTable::info(const SourceFile& source) {
  auto& slot = infos_[source.tree];
  if (slot != nullptr) return *slot;
  slot = std::make_unique<FileInfo>();
  FileInfo& file = *slot;
  file.source = &source;
  file.literal_types.assign(source.tree->node_count, 0);
  for (const ast::Decl* d : source.tree->decls) {
    if (const auto* block = ast::dynAs<ast::ComptimeDecl>(d)) {
      file.comptime_blocks.push_back(block);
      continue;
    }
    if (const auto* layout = ast::dynAs<ast::LayoutDecl>(d)) {
      if (file.layout != nullptr) {
        context_.sink.error(Code::E0202, d->span, "a second layout block")
            .label(file.layout->span, "first layout block here")
            .emit();
        file.had_errors = true;
      }
      file.layout = layout;
      continue;
    }
    const Symbol name = declSymbol(*d);
    if (!name.valid()) continue;
    const auto [it, added] = file.by_name.try_emplace(name, static_cast<uint32_t>(file.decls.size()));
    if (!added) {
      // Declarations of one external symbol may be repeated, and its definition may stand in the same file.
      if (isExtern(*d)) {
        file.decls.push_back({d, name});
        continue;
      }
      if (isExtern(*file.decls[it->second].decl)) {
        it->second = static_cast<uint32_t>(file.decls.size());
        file.decls.push_back({d, name});
        continue;
      }
      if (context_.interner.text(name) != "_") {
        context_.sink.error(Code::E0202, declSpan(*d), "'{}' declared twice", context_.interner.text(name))
            .label(declSpan(*file.decls[it->second].decl), "first declared here")
            .emit();
        file.had_errors = true;
      }
      continue;
    }
    // Odd widths were ordinary names in older releases.
    if (const auto builtin = context_.pool.builtinType(name)) {
      if (!isOddWidth(context_.pool, *builtin)) {
        context_.sink.error(Code::E0203, declSpan(*d), "declaration shadows builtin type")
            .note(fmt::format("`{}` always names the builtin type", context_.interner.text(name)))
            .emit();
        file.had_errors = true;
      }
    }
    file.decls.push_back({d, name});
  }
  return file;
}

std::optional<ModuleId> Sema::instantiate(const SourceFile& source, const Value& params, ModuleId importer, Span span,
                                          std::string prefix) {
  FileInfo& file = ctx.files->info(source);
  if (file.had_errors) return std::nullopt;
  for (ModuleId m = importer; m.valid(); m = module(m).importer) {
    if (module(m).file != &file) continue;
    error(Code::E0209, span, "circular dependency: `{}` imports itself", source.path)
        .help("move what both files need into a third one")
        .emit();
    return std::nullopt;
  }
  const ModuleId id(static_cast<uint32_t>(modules_.size()));
  ModuleInstance instance;
  instance.file = &file;
  instance.prefix = std::move(prefix);
  instance.importer = importer;
  instance.import_span = span;
  instance.params = params;
  instance.first_decl = static_cast<uint32_t>(decls_.size());
  modules_.push_back(std::move(instance));
  for (const FileDecl& d : file.decls) {
    DeclInfo info;
    info.module = id;
    info.decl = d.decl;
    info.is_extern = isExtern(*d.decl);
    decls_.push_back(std::move(info));
  }
  if (span.valid() && !source.is_library) checkBindings(file, params.type(), span);
  return id;
}

void Sema::checkBindings(const FileInfo& file, TypeId bindings, Span span) {
  if (!pool.is(bindings, types::Kind::Struct)) return;
  for (const auto& field : pool.structInfo(bindings).fields) {
    // The void value stands for "not provided".
    if (field.type == types::kVoid) continue;
    const auto it = field.name.valid() ? file.by_name.find(field.name) : file.by_name.end();
    if (it != file.by_name.end() && file.decls[it->second].decl->kind == ast::NodeKind::ParamDecl) continue;
    const uint64_t key =
        (static_cast<uint64_t>(span.begin) << 32) ^ (static_cast<uint64_t>(span.file.value) << 24) ^ field.name.value;
    if (!warned_.insert(key).second) continue;
    warning(Code::W0201, span, "unused entry in module instantiation")
        .note(fmt::format("`{}` has no param `{}`", file.source->path, field.name.valid() ? text(field.name) : "_"))
        .emit();
  }
}

void Sema::checkBoundParams(ModuleId m) {
  const Value bindings = module(m).params;
  if (!pool.is(bindings.type(), types::Kind::Struct)) return;
  const FileInfo& file = *module(m).file;
  for (uint32_t i = 0; i < file.decls.size(); ++i) {
    const auto* p = ast::dynAs<ast::ParamDecl>(file.decls[i].decl);
    if (p == nullptr || p->type == nullptr) continue;
    const int index = pool.fieldIndex(bindings.type(), p->name.symbol);
    // The void value stands for "not provided".
    if (index < 0 || bindings.element(static_cast<uint64_t>(index)).type() == types::kVoid) continue;
    (void)resolve(DeclId(module(m).first_decl + i), p->name.span);
  }
}

std::optional<DeclId> Sema::findDecl(ModuleId m, Symbol name) {
  const ModuleInstance& instance = modules_[m.index()];
  const auto it = instance.file->by_name.find(name);
  if (it == instance.file->by_name.end()) return std::nullopt;
  return definitionOf(DeclId(instance.first_decl + it->second));
}

bool Sema::isExternHere(Symbol name) const {
  const auto it = frame_->file->by_name.find(name);
  return it != frame_->file->by_name.end() && isExtern(*frame_->file->decls[it->second].decl);
}

bool Sema::importAll(ModuleId m) {
  // Every import is made, used or not: its comptime blocks count.
  const ModuleInstance instance = module(m);
  for (uint32_t i = 0; i < instance.file->decls.size(); ++i) {
    const auto* v = ast::dynAs<ast::VarDecl>(instance.file->decls[i].decl);
    if (v == nullptr || v->init == nullptr) continue;
    const auto* call = ast::dynAs<ast::BuiltinCall>(v->init);
    if (call == nullptr || text(call->name.symbol) != "import_module") continue;
    if (!resolve(DeclId(instance.first_decl + i), v->name.span)) return false;
  }
  return true;
}

bool Sema::runComptimeBlocks(ModuleId m) {
  // Importees first: they run inside importAll when instantiated by @import_module.
  if (!importAll(m)) return false;
  checkBoundParams(m);
  processExports(m);
  FileInfo& file = *module(m).file;
  bool ok = true;
  for (const ast::ComptimeDecl* d : file.comptime_blocks) {
    FrameScope scope(*this, Phase::TopComptime, m);
    scope.frame.doing = "top-level comptime block";
    scope.frame.address_taken = addressTaken(file, *d, d->body);
    scope.frame.return_type = types::kVoid;
    if (block(d->body) == Flow::Abort) ok = false;
  }
  return ok;
}

void Sema::processExports(ModuleId m) {
  const ModuleInstance instance = module(m);
  for (uint32_t i = 0; i < instance.file->decls.size(); ++i) {
    const DeclId id(instance.first_decl + i);
    const ast::Decl* d = instance.file->decls[i].decl;
    if (!isExport(*d)) continue;
    const auto* v = ast::dynAs<ast::VarDecl>(d);
    const auto* f = ast::dynAs<ast::FnDecl>(d);
    const auto symbol_name = symbolNameOf(id);
    if (!symbol_name) continue;
    const Symbol name = *symbol_name;
    FrameScope scope(*this, Phase::Comptime, m);
    if (!registerExport(name, id, d->span)) continue;
    if (v != nullptr) {
      if (!resolve(id, v->name.span)) continue;
      if (!pool.isRuntime(decl(id).type)) {
        error(Code::E0313, v->name.span, "a value of type '{}' cannot be exported", typeName(decl(id).type)).emit();
        continue;
      }
      const ObjectId o = objectOf(id);
      object(o).exported = true;
      object(o).name = std::string(text(name));
      requireObject(o);
    } else {
      const auto fn = functionOf(id, f->name.span);
      if (!fn) continue;
      tir::HostSymbol symbol;
      symbol.name = std::string(text(name));
      symbol.is_function = true;
      symbol.is_pointer = false;
      symbol.function = *fn;
      program_->host_symbols.push_back(std::move(symbol));
    }
  }
}

// The name of a global in the image: its linkname if it has one.
std::optional<Symbol> Sema::symbolNameOf(DeclId id) {
  const ast::Decl* d = decl(id).decl;
  const auto* v = ast::dynAs<ast::VarDecl>(d);
  const auto* f = ast::dynAs<ast::FnDecl>(d);
  const ast::Expr* linkname = v != nullptr ? v->attributes.linkname : f != nullptr ? f->attributes.linkname : nullptr;
  if (linkname == nullptr) return declSymbol(*d);
  FrameScope scope(*this, Phase::Comptime, decl(id).module);
  const auto renamed = stringOf(expr(*linkname), linkname->span, "linkname");
  if (!renamed) return std::nullopt;
  return intern(*renamed);
}

bool Sema::registerExport(Symbol name, DeclId id, Span span) {
  const auto [it, added] = exported_.try_emplace(name, id);
  if (added || it->second == id) return true;
  error(Code::E0210, span, "symbol '{}' is exported twice", text(name))
      .label(decl(it->second).decl->span, "first exported here")
      .emit();
  return false;
}

DeclId Sema::externDefinition(DeclId id) {
  if (decl(id).definition.valid()) return decl(id).definition;
  const auto name = symbolNameOf(id);
  if (!name) return id;
  DeclId found;
  if (const auto it = exported_.find(*name); it != exported_.end()) found = it->second;
  // Comptime code may ask before the module that exports it has had its turn.
  for (uint32_t i = 0; i < decls_.size() && !found.valid(); ++i) {
    if (!isExport(*decls_[i].decl)) continue;
    if (symbolNameOf(DeclId(i)) == name) found = DeclId(i);
  }
  if (!found.valid()) return id;
  decl(id).definition = found;
  return found;
}

// Every external declaration whose symbol this program exports must say the same as the definition.
bool Sema::checkExterns() {
  const size_t errors = ctx.sink.errorCount();
  for (uint32_t i = 0; i < decls_.size(); ++i) {
    const DeclId id(i);
    if (!isExtern(*decls_[i].decl)) continue;
    const DeclId to = definitionOf(id);
    if (to == id) continue;
    const ast::Decl* d = decls_[i].decl;
    const auto* v = ast::dynAs<ast::VarDecl>(d);
    const auto* w = ast::dynAs<ast::VarDecl>(decl(to).decl);
    const Span span = declSpan(*d);
    if (!resolve(to, span)) continue;
    const auto disagree = [&](const std::string& found, const std::string& defined) {
      error(Code::E0215, span, "external declaration of '{}' does not agree with its definition", text(declSymbol(*d)))
          .label(declSpan(*decl(to).decl), "defined here")
          .note(fmt::format("declared as {}, defined as {}", found, defined))
          .emit();
    };
    if ((v == nullptr) != (w == nullptr) || (v != nullptr && v->is_const != w->is_const)) {
      const auto kind = [](const ast::VarDecl* x) {
        return x == nullptr ? "a function" : x->is_const ? "const" : "var";
      };
      disagree(kind(v), kind(w));
      continue;
    }
    TypeId declared;
    if (v != nullptr) {
      FrameScope scope(*this, Phase::Comptime, decl(id).module);
      declared = v->type == nullptr ? decl(to).type : typeExpr(*v->type);
    } else if (evalSignature(id, span)) {
      declared = decl(id).type;
    }
    if (!declared.valid() || declared == types::kPoison || declared == decl(to).type) continue;
    disagree(fmt::format("'{}'", typeName(declared)), fmt::format("'{}'", typeName(decl(to).type)));
  }
  return ctx.sink.errorCount() == errors;
}

bool Sema::checkImports(const SourceFile& file, std::vector<const SourceFile*>& chain,
                        std::unordered_set<const SourceFile*>& seen) {
  if (!seen.insert(&file).second) return true;
  chain.push_back(&file);
  bool ok = true;
  for (const FileDecl& d : ctx.files->info(file).decls) {
    const auto* v = ast::dynAs<ast::VarDecl>(d.decl);
    const auto* call = v == nullptr || v->init == nullptr ? nullptr : ast::dynAs<ast::BuiltinCall>(v->init);
    if (call == nullptr || text(call->name.symbol) != "import_module" || call->args.empty()) continue;
    const auto* path = ast::dynAs<ast::StringLiteral>(call->args[0]);
    if (path == nullptr) continue;
    const SourceFile* target = ctx.loader.load(file, std::string(path->bytes), path->span);
    if (target == nullptr) {
      ok = false;
      continue;
    }
    if (std::find(chain.begin(), chain.end(), target) != chain.end()) {
      ctx.sink.error(Code::E0209, call->span, "circular dependency: `{}` imports itself", target->path)
          .help("move what both files need into a third one")
          .emit();
      ok = false;
      continue;
    }
    ok = checkImports(*target, chain, seen) && ok;
  }
  chain.pop_back();
  return ok;
}

bool Sema::evalParam(DeclId id, const ast::ParamDecl& d) {
  const ModuleId m = decl(id).module;
  const Value bindings = module(m).params;
  FrameScope scope(*this, Phase::Comptime, m);
  TypeId type;
  if (d.type != nullptr) {
    type = typeExpr(*d.type);
    if (type == types::kPoison) return false;
  } else if (d.is_legacy_color) {
    type = types::kColor;
  }
  std::optional<Operand> bound;
  if (pool.is(bindings.type(), types::Kind::Struct)) {
    const int index = pool.fieldIndex(bindings.type(), d.name.symbol);
    if (index >= 0) bound = Operand::comptime(bindings.element(static_cast<uint64_t>(index)));
  }
  // The void value stands for "not provided": a param of another type keeps its default.
  if (bound && bound->type == types::kVoid && d.init != nullptr && type.valid() && type != types::kVoid) bound.reset();
  // The host layout API hands colors over; the PE program may declare the param as their number.
  if (bound && !module(m).importer.valid() && bound->type == types::kColor && type.valid() &&
      pool.is(type, types::Kind::Int))
    bound = Operand::comptime(Value::integer(types::kU16, knownInt(bound->value)));
  Operand v;
  if (bound) {
    const Span at = module(m).import_span.valid() ? module(m).import_span : d.name.span;
    v = type.valid() ? coerce(*bound, type, at) : *bound;
    if (v.isPoison()) return false;
  } else if (d.init != nullptr) {
    v = type.valid() ? exprAs(*d.init, type) : expr(*d.init);
    if (v.stops()) return false;
    if (!v.isComptime()) {
      notComptime(d.init->span, "default of a param");
      return false;
    }
  } else {
    error(Code::E0205, d.name.span, "only 'var' and 'extern const' variables may be uninitialized")
        .note(fmt::format("param `{}` has no default and was not bound", text(d.name.symbol)))
        .help(module(m).importer.valid()
                  ? fmt::format("bind it where the module is imported: `.{} = ...`", text(d.name.symbol))
                  : fmt::format("bind it in @set_tile_code or with --params={}:VALUE", text(d.name.symbol)))
        .emit();
    return false;
  }
  decl(id).type = v.type;
  decl(id).value = v.value;
  if (pool.is(v.type, types::Kind::Color) && (bound || d.init != nullptr)) {
    const auto number = v.value.symbolic() ? comptime::Int128{0} : v.value.asInt();
    // A place holder is refused where something would be routed on it.
    if (number < 0 || number >= kColorValueCount) {
      error(Code::E0402, d.name.span, "color {} does not exist; colors are 0 to {}", static_cast<int64_t>(number),
            target::kColorCount - 1)
          .emit();
      return false;
    }
  }
  return true;
}

}  // namespace weft::sema
