// The semantic walker: one pass over the syntax that runs comptime code and emits TIR for the rest.
// Internal to frontend/sema (tools use analyzer.h). Methods are defined in one file per construct family.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/comptime/arith.h"
#include "frontend/comptime/symbolic.h"
#include "frontend/sema/analyzer.h"
#include "frontend/sema/device_state.h"
#include "frontend/sema/operand.h"
#include "frontend/tir/tir.h"

#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>

namespace weft::sema {

// ---- Files and module instances (modules.cpp) ------------------------------------------------------------------

struct FileDecl {
  const ast::Decl* decl = nullptr;
  Symbol name;
};

/// Facts about a file that do not depend on params; shared by all its instances.
struct FileInfo {
  const SourceFile* source = nullptr;
  /// A repeated `extern` declaration has an entry of its own, which no name leads to.
  std::vector<FileDecl> decls;
  std::unordered_map<Symbol, uint32_t> by_name;
  std::vector<const ast::ComptimeDecl*> comptime_blocks;
  const ast::LayoutDecl* layout = nullptr;
  /// By node id: the anonymous struct type this literal had last time (TypeId value).
  std::vector<uint32_t> literal_types;
  /// Literals made of constants only (`.{ .rx = .{ WEST } }`): their value, made once. Layout loops are full of them.
  std::unordered_map<uint32_t, Value> constant_literals;
  /// Names whose address is taken anywhere in the file's functions: only those need memory when scalar.
  std::unordered_map<const ast::Decl*, std::unordered_set<Symbol>> address_taken;
  bool had_errors = false;
};

class FileTable {
 public:
  explicit FileTable(Context& context) : context_(context) {}
  FileInfo& info(const SourceFile& file);

 private:
  Context& context_;
  std::unordered_map<const ast::File*, std::unique_ptr<FileInfo>> infos_;
};

struct ModuleInstance {
  FileInfo* file = nullptr;
  /// Dotted path of import constants from the root, "" for the root: prefix of symbol names.
  std::string prefix;
  ModuleId importer;
  Span import_span;
  /// Bindings given by the importer: an anonymous struct, or void.
  Value params;
  /// DeclId of decls[0]; the others follow.
  uint32_t first_decl = 0;
};

/// An integer type whose name older releases did not know.
bool isOddWidth(const types::Pool& pool, TypeId type);

enum class DeclState : uint8_t { Unresolved, InProgress, Done, Failed };

struct FnInstance {
  DeclId decl;
  tir::FunctionId id;
  /// Values of comptime parameters (and types of anytype ones), in parameter order.
  std::vector<Value> key;
  std::vector<TypeId> param_types;
  /// Per parameter: bound at comptime, no run-time argument.
  std::vector<bool> is_comptime;
  TypeId result;
  Span first_use;
  /// How many specialisations led to this one.
  uint32_t depth = 0;
};

/// A declaration of one module instance.
struct DeclInfo {
  ModuleId module;
  const ast::Decl* decl = nullptr;
  DeclState state = DeclState::Unresolved;
  /// const: type of the value. var: declared type. Functions: Kind::Fn or Kind::Task (void for generic ones).
  TypeId type;
  /// const and param: the value. var: the initial value. Functions: themselves.
  Value value;
  ObjectId object;
  /// fn without comptime parameters: its one instance.
  int32_t instance = -1;
  /// Signature was evaluated once and does not depend on arguments.
  bool signature_done = false;
  bool is_generic = false;
  bool is_extern = false;
  std::vector<TypeId> param_types;
  TypeId result;
  /// extern: the exported declaration of the same symbol, once it was looked for and found.
  DeclId definition;
};

/// A piece of PE memory. Gets an address only if `live`.
struct Object {
  DeclId decl;
  TypeId type;
  Value init;
  /// Name of the symbol; empty for anonymous constants.
  std::string name;
  uint32_t align = 1;
  bool is_const = false;
  bool exported = false;
  bool live = false;
  uint32_t address = 0;
  Span span;
};

// ---- The state of the walk (frames) -----------------------------------------------------------------------------

/// Where we are; decides which builtins are legal.
enum class Phase : uint8_t {
  Layout,       // the layout block and functions called from it
  TopComptime,  // a top-level comptime block and functions called from it
  Comptime,     // any other comptime evaluation (initialisers, types, comptime calls)
  Runtime,      // body of a function that is being lowered
};

/// What became of a statement.
enum class Flow : uint8_t {
  Normal,
  Break,     // comptime: to the loop or block in Frame::flow_target
  Continue,  // comptime
  Return,    // comptime
  Dead,      // run time: code behind it is not reachable
  Abort,     // comptime: an error was reported; stop the whole evaluation
};

struct LocalVar {
  enum class Storage : uint8_t {
    Comptime,  // `value`
    Cell,      // comptime variable whose address is taken: cells_[index]
    Local,     // TIR local `index`
    Memory,    // `address`
    Operand,   // const bound to operands_[index] (run-time rvalue, struct with run-time fields)
    Poison,
  };
  Symbol name;
  TypeId type;
  Storage storage = Storage::Poison;
  bool is_const = true;
  /// Declared `comptime var` or in comptime code: stores happen now.
  bool is_comptime = false;
  const char* const_reason = "constant";
  uint32_t index = 0;
  /// Run-time control depth at the declaration.
  uint32_t control_depth = 0;
  Value value;
  Address address;
  Span span;
};

/// A loop or labelled block that `break`/`continue` may name.
struct BlockExit {
  Operand value;
  Span span;
  uint32_t block = 0;  // TIR block that ends in the break
  uint32_t control_depth = 0;
};
struct Target {
  Symbol label;
  bool is_loop = false;
  bool is_runtime = false;
  /// TIR blocks, made when first needed; kNone before.
  uint32_t break_block = kNone;
  uint32_t continue_block = kNone;
  static constexpr uint32_t kNone = 0xffffffffu;
  /// Valued blocks.
  TypeId want;
  std::vector<BlockExit> exits;
  Operand result;
  uint32_t control_depth = 0;
  Span span;
};
struct Frame {
  Frame* parent = nullptr;
  ModuleId module;
  FileInfo* file = nullptr;
  const ast::FnDecl* fn = nullptr;
  /// The declaration whose address-taken set applies.
  const std::unordered_set<Symbol>* address_taken = nullptr;
  Phase phase = Phase::Comptime;
  uint32_t locals_base = 0;
  uint32_t targets_base = 0;
  TypeId return_type;
  bool is_inline = false;
  /// Comptime: the returned value. Inline at run time: the value if it is comptime-known.
  Operand result;
  /// Comptime: target of a pending break/continue (absolute index into targets_).
  uint32_t flow_target = 0;
  /// An expression (block expression) ended in this instead of a value.
  Flow pending = Flow::Normal;
  /// Inline at run time.
  uint32_t return_block = Target::kNone;
  uint32_t return_local = Target::kNone;
  Address return_memory;
  bool return_in_memory = false;
  uint32_t return_count = 0;
  /// Run-time control depth where the (inlined) body starts.
  uint32_t base_depth = 0;
  /// Trace line for diagnostics.
  const char* doing = nullptr;
  Span call_span;
};

// ---- The walker -----------------------------------------------------------------------------------------------

class Sema {
 public:
  Sema(Context& context, LayoutHooks* hooks, comptime::Recorder* recorder);
  ~Sema();
  Sema(const Sema&) = delete;
  Sema& operator=(const Sema&) = delete;

  Context& ctx;
  types::Pool& pool;
  /// Null in program analysis.
  LayoutHooks* hooks;
  /// Device configuration collected by builtin_{queue,task,dsd,dsr,...}.cpp.
  DeviceState device;
  comptime::Arith arith;

  Result<void> runLayout(const SourceFile& root, const std::vector<CliParam>& cli);
  Result<ProgramResult> runProgram(const SourceFile& root, const Value& params,
                                   const std::vector<plan::Export>* exports);
  /// Declared names of the layout, or null (then everything may be exported).
  const std::vector<plan::Export>* layout_exports = nullptr;

  // ---- sema.cpp: diagnostics, frames, questions ----
  /// A builder with the comptime call stack and import chain attached. `.emit()` it, then return poison.
  template <class... Args>
  [[nodiscard]] diag::Builder error(diag::Code code, Span span, fmt::format_string<Args...> text, Args&&... args) {
    if (quiet_ > 0) return quiet_sink_.error(code, span, text, std::forward<Args>(args)...);
    return std::move(ctx.sink.error(code, span, text, std::forward<Args>(args)...).trace(traceFrames()));
  }
  template <class... Args>
  [[nodiscard]] diag::Builder warning(diag::Code code, Span span, fmt::format_string<Args...> text, Args&&... args) {
    if (quiet_ > 0) return quiet_sink_.warning(code, span, text, std::forward<Args>(args)...);
    return std::move(ctx.sink.warning(code, span, text, std::forward<Args>(args)...).trace(traceFrames()));
  }
  std::vector<diag::TraceFrame> traceFrames() const;
  [[nodiscard]] std::string typeName(TypeId t) const { return pool.toString(t); }
  [[nodiscard]] std::string_view text(Symbol s) const { return ctx.interner.text(s); }
  Symbol intern(std::string_view s) { return ctx.interner.intern(s); }
  [[nodiscard]] target::Arch arch() const { return ctx.options.arch; }
  [[nodiscard]] bool isWse3() const { return ctx.options.arch == target::Arch::Wse3; }
  [[nodiscard]] Phase phase() const { return frame_->phase; }
  [[nodiscard]] bool atRuntime() const { return frame_->phase == Phase::Runtime; }
  [[nodiscard]] Frame& frame() { return *frame_; }
  [[nodiscard]] const SourceFile& currentFile() const { return *frame_->file->source; }
  /// The value with every symbolic part decided: records what was asked and answered. Call it wherever the value must
  /// be known.
  Value know(const Value& v) { return arith.concrete(v); }
  comptime::Int128 knownInt(const Value& v) { return arith.decide(v); }
  bool knownBool(const Value& v) { return arith.decideBool(v); }
  /// One unit of comptime work; false (after an error) when the fuel is used up.
  bool burn(Span span);
  /// False (after an error) when the C++ stack is nearly used up.
  bool checkDepth(Span span);

  // ---- expr.cpp and friends ----
  /// The value of `e`. `want` is the requested type or invalid; the result need not have it (use coerce).
  Operand expr(const ast::Expr& e, TypeId want = {});
  /// expr + coerce.
  Operand exprAs(const ast::Expr& e, TypeId type);
  /// Must be comptime-known; reports otherwise. `what` for the message: "array length".
  std::optional<Value> comptimeExpr(const ast::Expr& e, TypeId want, const char* what);
  /// Evaluates in comptime mode even inside run-time code (types, array lengths, `comptime e`).
  Operand exprAtComptime(const ast::Expr& e, TypeId want = {});
  /// A type expression; poison type after an error.
  TypeId typeExpr(const ast::Expr& e);
  /// A comptime int that fits the range; the value is known afterwards.
  std::optional<int64_t> comptimeInt(const ast::Expr& e, const char* what, int64_t min, int64_t max);
  std::optional<int64_t> intOf(const Operand& v, Span span, const char* what, int64_t min, int64_t max);
  std::optional<std::string> stringOf(const Operand& v, Span span, const char* what);
  std::optional<bool> boolOf(const Operand& v, Span span, const char* what);
  /// Poison if any argument stops; `args` filled in order.
  bool evalArgs(const ast::BuiltinCall& call, OperandList& args);
  /// Expected type X, got Y.
  Operand typeMismatch(Span span, std::string_view expected, TypeId got);
  /// Run-time value where a comptime-known one is needed.
  Operand notComptime(Span span, const char* what);
  void taskNotBound(Span span);

  // ---- coerce.cpp ----
  /// Implicit conversion to `type` (csl-language 3.5). Poison after an error.
  Operand coerce(Operand v, TypeId type, Span span);
  /// Whether coerce would succeed (asks about values without recording an error).
  bool canCoerce(const Operand& v, TypeId type);
  /// @as
  Operand convert(Operand v, TypeId type, Span span);
  Operand bitcast(const Operand& v, TypeId type, Span span);
  [[nodiscard]] bool holdsPointer(TypeId type) const;
  /// Common type of branches, or invalid.
  TypeId peerType(const Operand& a, const Operand& b);

  // ---- aggregates.cpp ----
  /// Number of fields or elements of a struct, tuple or array operand.
  [[nodiscard]] uint32_t partCount(const Operand& v) const;
  /// Field or element `index` of an operand of struct, tuple or array type.
  Operand part(const Operand& v, uint32_t index);
  /// Field by name, or nullopt if there is none (not an error).
  std::optional<Operand> fieldOf(const Operand& v, std::string_view name);
  /// Names of the fields of a struct operand, in order.
  [[nodiscard]] std::vector<Symbol> fieldNames(TypeId struct_type) const;
  /// Builds a value of aggregate type from parts: comptime if all are.
  Operand makeAggregate(TypeId type, OperandList parts);
  Operand elementAt(const Operand& base, const OperandList& indices, Span span, const std::vector<Span>& index_spans);

  // ---- lvalue.cpp ----
  Place place(const ast::Expr& e);
  Operand load(const Place& p, Span span);
  /// False after an error or abort.
  bool store(const Place& p, Operand value, Span span);
  /// `&p`
  Operand addressOf(const Place& p, Span span);
  Place pointee(const Operand& pointer, Span span);
  Place placeField(const Place& base, Symbol field, Span span, const ast::FieldExpr* node);
  Place placeIndex(const Place& base, const OperandList& indices, Span span, const std::vector<Span>& index_spans);

  // ---- lower.cpp: values to TIR ----
  tir::Builder& builder() { return *builder_; }
  [[nodiscard]] bool hasProgram() const { return program_ != nullptr; }
  tir::Program& program() { return *program_; }
  /// TIR type of a run-time scalar; Void for aggregates and comptime-only types.
  [[nodiscard]] tir::Type lowerType(TypeId t) const;
  /// Held in memory, not in a local (arrays, structs).
  [[nodiscard]] bool isAggregate(TypeId t) const;
  /// A scalar operand for TIR: constants, relocatable addresses and slots included. The value must have a run-time
  /// type.
  tir::Operand lower(const Operand& v, Span span);
  /// Raw bits of a comptime scalar (no symbols, no object addresses): ints, floats, bools, ids, descriptors.
  [[nodiscard]] uint64_t rawBits(const Value& v) const;
  /// Address of an aggregate operand: its own place, or a copy made for it.
  Address materialize(const Operand& v, Span span);
  tir::Operand lowerAddress(const Address& a, uint16_t* offset);
  tir::Operand addressValue(const Address& a);
  /// A new constant whose bits get the address of `object` + `offset` added to the low 16 bits at the end.
  tir::Operand relocatable(uint64_t bits, ObjectId object, uint16_t offset);
  void copyTo(const Address& to, const Operand& v, Span span);
  Operand loadFrom(const Address& a, TypeId type);
  void setSite(Span span);
  tir::SiteId siteOf(Span span);
  /// Emits a scalar instruction and wraps it.
  Operand emit(TypeId type, tir::Op op, tir::Operand a = {}, tir::Operand b = {});

  // ---- globals.cpp ----
  DeclInfo& decl(DeclId id) { return decls_[id.index()]; }
  Object& object(ObjectId id) { return objects_[id.index()]; }
  ModuleInstance& module(ModuleId id) { return modules_[id.index()]; }
  /// Evaluates a declaration if that has not happened; false after an error.
  bool resolve(DeclId id, Span use);
  /// The memory object of a global (not yet live).
  ObjectId objectOf(DeclId id);
  /// Marks an object as needing memory.
  void touch(ObjectId id);
  /// The same in comptime code too (exported symbols, FIFO buffers).
  void requireObject(ObjectId id) {
    if (!object(id).live) live_work_.push_back(id);
    object(id).live = true;
  }
  /// An anonymous constant in memory; equal values share one.
  ObjectId constantObject(const Value& v, Span span);
  std::optional<DeclId> findDecl(ModuleId module, Symbol name);
  /// The declaration itself, or for an `extern` one the exported definition of that name in any module. Without any:
  /// itself.
  DeclId definitionOf(DeclId id) { return decls_[id.index()].is_extern ? externDefinition(id) : id; }
  DeclId externDefinition(DeclId id);
  /// Whether the file at hand declares the name `extern`.
  [[nodiscard]] bool isExternHere(Symbol name) const;
  std::string declName(DeclId id) const;

  // ---- modules.cpp ----
  std::optional<ModuleId> instantiate(const SourceFile& file, const Value& params, ModuleId importer, Span span,
                                      std::string prefix);
  /// Warns of fields of the struct type `bindings` that are no param of the file; once per field and place.
  void checkBindings(const FileInfo& file, TypeId bindings, Span span);
  /// Values bound to params of a declared type must fit it, whether or not the params are used.
  void checkBoundParams(ModuleId m);

  // ---- functions.cpp ----
  struct Callee {
    DeclId decl;
    bool is_indirect = false;
    tir::Operand pointer;
    TypeId fn_type;
  };
  Operand call(const ast::CallExpr& e, TypeId want);
  Operand callDecl(DeclId fn, const OperandList& args, const std::vector<Span>& arg_spans, Span span);
  Operand callComptime(DeclId fn, const OperandList& args, const std::vector<Span>& arg_spans, Span span);
  Operand callInline(DeclId fn, const OperandList& args, const std::vector<Span>& arg_spans, Span span);
  /// The TIR function of a non-generic function or task (declares it, puts it on the work list).
  std::optional<tir::FunctionId> functionOf(DeclId fn, Span span);
  /// The declaration behind a function or task value, or behind a comptime-known function pointer.
  std::optional<DeclId> declOfFunction(const Operand& v);
  bool evalSignature(DeclId fn, Span span);

  // ---- stmt.cpp ----
  Flow block(const ast::Block& b);
  Flow stmt(const ast::Stmt& s);

  // ---- builtins.cpp: dispatch over types/builtins.def ----
  Operand builtin(const ast::BuiltinCall& call, TypeId want);
#define WEFT_BUILTIN(name, method, ...) Operand method(const ast::BuiltinCall& call, TypeId want);
#include "frontend/types/builtins.def"
  /// The vector operations of tir/dsd_ops.def, each a builtin of its own name.
  Operand dsdOperation(const ast::BuiltinCall& call, tir::DsdOpcode op);
  /// `@__mnemonic(...)` of library files: the call of tir/device_calls.def.
  Operand deviceIntrinsic(const ast::BuiltinCall& call, tir::DeviceCall device_call);
  Operand unknownBuiltin(const ast::BuiltinCall& call);
  bool phaseAllows(unsigned allowed, const ast::BuiltinCall& call);
  Operand rangePart(const ast::BuiltinCall& call, uint32_t index);
  TypeId arrayTypeArg(const ast::BuiltinCall& call);
  Operand floatIntrinsic(const ast::BuiltinCall& call, tir::Op op,
                         comptime::Outcome (comptime::Arith::*fold)(const Value&));
  /// Tensor access expression (expr_tensor.cpp).
  Operand tensorAccess(const ast::TensorAccess& e);
  /// What an expression is, without its effects: nothing is emitted and nothing need be comptime-known.
  Operand typeOnly(const ast::Expr& e);
  /// The exported symbol with a run-time number, among those `wanted` takes: loads them one by one.
  Operand symbolByNumber(const ast::BuiltinCall& call, uint32_t id_argument, TypeId type, bool pointers);
  /// Moves what the device builtins collected into the program; before memory is placed.
  void finishDevice();
  /// An asynchronous operation starts on a microthread; warns if one that was started just before is still on it.
  void noteAsync(uint32_t microthread, Span span);
  /// Warns of resources used twice or by somebody else (device_check.cpp).
  void checkDevice();
  /// Numbers that two tasks have.
  void checkTaskTable();
  void checkHostLink();
  [[nodiscard]] bool isLibrarySpan(Span span) const;
  /// Color of a queue as the program initialises it, or implies by a descriptor; -1 if neither.
  [[nodiscard]] int queueColor(bool is_input, uint8_t queue) const;
  /// The same for what needs addresses (finalAddress): called when every object has its own.
  void placeDevice();
  [[nodiscard]] uint16_t finalAddress(ObjectId id, uint32_t offset) const;
  /// Code emitted by a builtin that stands in a loop of its own (@map): +1 in, -1 out.
  void enterRuntimeControl(int step) { control_depth_ += static_cast<uint32_t>(step); }

 private:
  friend class FrameScope;
  // expr.cpp
  Operand exprInner(const ast::Expr& e, TypeId want);
  Operand identifier(const ast::Identifier& e);
  Operand fieldExpr(const ast::FieldExpr& e);
  Operand indexExpr(const ast::IndexExpr& e);
  Operand derefExpr(const ast::DerefExpr& e);
  bool evalIndices(const ast::IndexExpr& e, OperandList& out, std::vector<Span>& spans);
  Operand declValue(DeclId id, Span use);
  Operand noField(TypeId type, const ast::Name& field);
  Operand unionField(const Operand& base, uint32_t index, Span span);
  Operand typeMember(TypeId type, const ast::Name& field);
  // lookup.cpp
  struct Lookup {
    enum class Kind : uint8_t { None, Local, Decl, Type, Direction } kind = Kind::None;
    uint32_t index = 0;
  };
  Lookup lookup(const ast::Identifier& e);
  Operand localValue(uint32_t index, Span use);
  void undeclared(const ast::Identifier& e);
  LocalVar* declare(const ast::Name& name, LocalVar var);
  bool checkRedeclared(const ast::Name& name, uint32_t scope_begin);
  void popLocals(uint32_t size) { locals_.resize(size); }
  // expr_ops.cpp
  Operand unaryExpr(const ast::UnaryExpr& e, TypeId want);
  Operand binaryExpr(const ast::BinaryExpr& e, TypeId want);
  Operand binary(ast::BinaryOp op, Operand a, Operand b, Span span, Span a_span, Span b_span);
  Operand logical(const ast::BinaryExpr& e);
  Operand compare(ast::BinaryOp op, const Operand& a, const Operand& b, TypeId type, Span span);
  Operand arithmetic(ast::BinaryOp op, const Operand& a, const Operand& b, TypeId type, Span span);
  Operand shift(ast::BinaryOp op, const Operand& a, const Operand& b, Span span, Span b_span);
  Operand wrapOdd(TypeId type, tir::Operand v);
  Operand arithError(comptime::ArithError e, Span span, TypeId type, const char* op);
  // expr_control.cpp
  /// What the wanted type does to the branches of `if`, `switch` and blocks: it is the type of the whole; the branches
  /// become it as by @as; or it is only the type of literals, because an operator stands around them.
  enum class Branches : uint8_t { Coerced, Converted, Literals };
  Operand branches(const ast::Expr& e, TypeId want, Branches how);
  Operand ifExpr(const ast::IfExpr& e, TypeId want, Branches how = Branches::Coerced);
  /// The bool of a comptime-known condition; nullopt after an error; otherwise *is_runtime.
  std::optional<bool> condition(const Operand& c, Span span, bool* is_runtime);
  Flow takePending();
  Operand switchExpr(const ast::SwitchExpr& e, TypeId want, bool is_statement, Flow* flow,
                     Branches how = Branches::Coerced);
  Operand blockExpr(const ast::BlockExpr& e, TypeId want, Branches how = Branches::Coerced);
  Operand merge(std::vector<BlockExit>& exits, TypeId want, Branches how, uint32_t join, Span span);
  TypeId commonType(const std::vector<BlockExit>& exits, bool report);
  // types_expr.cpp
  Operand pointerType(const ast::PointerType& e);
  Operand arrayType(const ast::ArrayType& e);
  Operand fnType(const ast::FnType& e);
  Operand structType(const ast::StructType& e);
  Operand enumType(const ast::EnumType& e);
  // aggregates.cpp
  /// Whether an untyped literal has the same value wherever it is evaluated.
  bool isConstantLiteral(const ast::Expr& e);
  Operand structInit(const ast::StructInit& e, TypeId want);
  Operand anonymousStruct(const ast::StructInit& e, TypeId want);
  Operand listInit(const ast::ListInit& e, TypeId want);
  Operand coerceStruct(const Operand& v, TypeId type, Span span);
  uint32_t partOffset(TypeId type, uint32_t index) const;
  bool isZero(const Value& v) const;
  std::optional<Value> zeroValue(TypeId type);
  // lvalue.cpp
  Value* resolvePath(const Place& p);
  Place identifierPlace(const ast::Identifier& e);
  bool pathPush(Place& p, uint32_t index, Span span);
  uint32_t cellPath(std::vector<uint32_t> path);
  Place placeOfDecl(DeclId id, Span use);
  const Value* peekPath(const Place& p);
  Operand fieldOn(const Operand& base, Symbol field, Span span, const ast::FieldExpr* node);
  Place addIndex(Place p, const Operand& index, uint32_t scale, Span span);
  uint32_t packedBits(TypeId type) const;
  /// Index operand as an I16, scaled.
  tir::Operand scaledIndex(const Operand& index, uint32_t scale, Span span);
  Operand loadPacked(const Place& p, Span span);
  void storePacked(const Place& p, const Operand& v, Span span);
  std::optional<Value> loadObject(const Object& o, uint32_t offset, TypeId type);
  // coerce.cpp
  Operand coerceInt(const Operand& v, TypeId type, Span span);
  Operand coercePointer(const Operand& v, TypeId type, Span span);
  bool pointerCoercible(TypeId from, TypeId to);
  Operand intToInt(const Operand& v, TypeId type, Span span);
  Operand wideInteger(TypeId type, Span span);
  // lower.cpp
  tir::Operand slotFor(const Value& v);
  Address temporary(TypeId type);
  /// Place in the frame for temporaryAt(), which may name it in several blocks.
  uint32_t temporaryPlace(TypeId type);
  Address temporaryAt(uint32_t place);
  /// `v` as a part of a literal: what lies in a variable is copied now, not when the literal is used.
  Operand held(Operand v);
  /// Whether the TIR local is a user variable (it may change later), not a temporary.
  [[nodiscard]] bool isVariable(uint32_t tir_local) const;
  Address offsetBy(Address a, uint32_t bytes) const;
  // stmt.cpp, stmt_loops.cpp
  Flow stmts(const ast::Block& b);
  Flow declStmt(const ast::VarDecl& d);
  Flow assignStmt(const ast::AssignStmt& s);
  Flow exprStmt(const ast::ExprStmt& s);
  Flow ifStmt(const ast::IfStmt& s);
  Flow comptimeStmt(const ast::ComptimeStmt& s);
  Flow returnStmt(const ast::ReturnStmt& s);
  Flow breakStmt(const ast::BreakStmt& s);
  Flow continueStmt(const ast::ContinueStmt& s);
  Flow blockStmt(const ast::BlockStmt& s);
  Flow whileStmt(const ast::WhileStmt& s);
  Flow forStmt(const ast::ForStmt& s);
  Flow forComptime(const ast::ForStmt& s, const Operand& iterable);
  Flow forInline(const ast::ForStmt& s, const Operand& iterable);
  void bindCaptures(const ast::ForStmt& s, const Value& element, uint64_t n);
  void bindRuntimeCapture(const ast::Name& name, TypeId type, uint32_t local, Span span);
  Flow forRuntimeRange(const ast::ForStmt& s, const Operand& iterable);
  Flow forRuntimeArray(const ast::ForStmt& s, const Operand& iterable);
  Flow failed();
  bool isAddressTaken(Symbol name, TypeId type) const;
  void declareRuntime(const ast::Name& name, LocalVar var, const Operand& v, Span span);
  Flow scoped(const ast::Stmt& s);
  void inlineReturn(const Operand& v, Span span);
  bool pushTarget(const ast::Name& label, bool is_loop, bool is_runtime, Span span);
  int findTarget(const ast::Name& label, bool loops_only, Span span, const char* what);
  uint32_t& targetBlock(uint32_t& block);
  // functions.cpp
  bool bindArgs(DeclId fn, const OperandList& args, const std::vector<Span>& arg_spans, Span span, bool all_comptime,
                FnInstance& instance, OperandList& bound);
  /// The comptime result of a call if it has one; no errors.
  std::optional<Operand> tryComptime(DeclId fn, const OperandList& args, const std::vector<Span>& arg_spans, Span span);
  Operand callRuntime(DeclId fn, const OperandList& args, const std::vector<Span>& arg_spans, Span span);
  Operand callIndirect(const Operand& callee, TypeId fn_type, const OperandList& args, const std::vector<Span>& spans,
                       Span span);
  uint32_t instanceFor(FnInstance instance);
  bool checkLinkage(const ast::FnDecl& f, Span span);
  bool checkArgCount(DeclId fn, size_t given, Span span);
  Operand emitCall(tir::FunctionId id, tir::Operand pointer, TypeId result, const OperandList& args, Span span);
  void lowerInstance(uint32_t index);
  void lowerWorkList();
  const std::unordered_set<Symbol>* addressTaken(FileInfo& file, const ast::Decl& d, const ast::Block& body);
  // modules.cpp
  bool runComptimeBlocks(ModuleId module);
  bool evalParam(DeclId id, const ast::ParamDecl& d);
  bool evalVar(DeclId id, const ast::VarDecl& d);
  bool importAll(ModuleId module);
  /// Layout: follows imports that are string literals, so that missing and circular ones are found without a use.
  bool checkImports(const SourceFile& file, std::vector<const SourceFile*>& chain,
                    std::unordered_set<const SourceFile*>& seen);
  std::optional<Symbol> symbolNameOf(DeclId id);
  bool registerExport(Symbol name, DeclId id, Span span);
  bool checkExterns();
  void processExports(ModuleId module);
  // globals.cpp
  /// Makes what live objects point to live too; false when nothing new turned up.
  bool scanObjects();
  void scanValue(const Value& v, Span span);
  void placeObjects();
  void writeValue(std::vector<uint8_t>& image, uint32_t at, const Value& v, Span span, bool is_private);
  void writePacked(std::vector<uint8_t>& image, uint32_t at, uint32_t bit, const Value& v);
  void patchRelocations();
  bool checkBudget(uint64_t bytes);

  /// Trying something that may fail: errors go nowhere, declarations that fail are forgotten.
  uint32_t quiet_ = 0;
  diag::Sink quiet_sink_;

  Frame* frame_ = nullptr;
  std::vector<LocalVar> locals_;
  std::vector<Operand> operands_;
  std::deque<Value> cells_;
  /// Paths of pointers into cells; [0] is the empty one.
  std::vector<std::vector<uint32_t>> cell_paths_{1};
  std::deque<Target> targets_;
  std::vector<ModuleInstance> modules_;
  std::deque<DeclInfo> decls_;
  std::deque<Object> objects_;
  std::unordered_map<uint64_t, std::vector<ObjectId>> constant_objects_;
  std::deque<FnInstance> instances_;
  std::unordered_map<uint64_t, std::vector<uint32_t>> instance_index_;
  std::deque<uint32_t> work_;
  std::unordered_map<Symbol, DeclId> exported_;

  std::shared_ptr<tir::Program> program_;
  std::unique_ptr<tir::Builder> real_builder_;
  /// Takes what comptime code would emit; never read.
  tir::Program scratch_program_;
  std::unique_ptr<tir::Builder> scratch_builder_;
  tir::Builder* builder_ = nullptr;
  /// Inside @type_of: only types matter, nothing may have an effect.
  uint32_t type_only_ = 0;
  std::unordered_map<uint64_t, tir::SiteId> sites_;
  std::unordered_map<uint32_t, uint32_t> site_files_;
  struct Relocation {
    uint32_t constant;
    ObjectId object;
    uint16_t offset;
    uint64_t bits;
  };
  std::vector<Relocation> relocations_;
  std::unordered_map<uint64_t, std::vector<uint32_t>> relocation_index_;
  /// Live objects whose initial values have not been scanned yet.
  std::vector<ObjectId> live_work_;
  bool forced_touch_ = false;
  /// The global whose initialiser is being evaluated: gives imported modules their name.
  Symbol current_global_;
  /// By (symbol, TIR type).
  std::unordered_map<uint64_t, uint32_t> slot_of_;
  std::vector<comptime::SymId> slots_;

  /// Nesting of run-time branches and loops in the function being lowered.
  uint32_t control_depth_ = 0;
  uint32_t call_depth_ = 0;
  /// The function the real builder has open, and how deeply it is specialised.
  tir::FunctionId current_fn_;
  uint32_t current_depth_ = 0;
  /// First local of the innermost block: names may not repeat from here on.
  uint32_t scope_begin_ = 0;
  uint64_t fuel_used_ = 0;
  bool fuel_reported_ = false;
  bool depth_reported_ = false;
  comptime::Recorder* recorder_ = nullptr;
  std::unordered_set<uint64_t> warned_;
  uintptr_t stack_base_ = 0;
};

/// Enters a frame for the life of the scope: saves and restores the walker's position.
class FrameScope {
 public:
  FrameScope(Sema& sema, Phase phase, ModuleId module);
  ~FrameScope();
  FrameScope(const FrameScope&) = delete;
  FrameScope& operator=(const FrameScope&) = delete;
  Frame frame;

 private:
  Sema& sema_;
  uint32_t locals_size_;
  uint32_t targets_size_;
  uint32_t operands_size_;
  uint32_t saved_depth_;
  tir::Builder* saved_builder_;
};

}  // namespace weft::sema
