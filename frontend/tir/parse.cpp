// Reads the text form that print.cpp writes. For tests and for people who edit a dump; errors name the line.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/numeric/f16.h"
#include "frontend/tir/text_names.h"
#include "frontend/tir/tir.h"

#include <bit>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>

namespace weft::tir {

namespace {

using namespace text;

// The fields of one line. Every reader returns false or nullopt after the first failure and leaves the reason in
// `error`.
class Line {
 public:
  explicit Line(std::string_view text) : rest_(text) { skip(); }
  std::string error;

  bool fail(std::string why) {
    if (error.empty()) error = std::move(why);
    return false;
  }
  [[nodiscard]] bool done() const { return rest_.empty(); }
  [[nodiscard]] bool ok() const { return error.empty(); }

  bool accept(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    skip();
    return true;
  }
  bool expect(std::string_view token) { return accept(token) || fail(fmt::format("`{}` expected", token)); }

  // Letters, digits, '_' and '.'.
  std::string_view word() {
    size_t n = 0;
    while (n < rest_.size() &&
           (std::isalnum(static_cast<unsigned char>(rest_[n])) != 0 || rest_[n] == '_' || rest_[n] == '.'))
      ++n;
    const std::string_view out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    skip();
    return out;
  }
  bool acceptWord(std::string_view want) {
    const std::string_view saved = rest_;
    if (word() == want) return true;
    rest_ = saved;
    return false;
  }

  template <class T>
  bool integer(T& out) {
    const bool negative = rest_.starts_with('-');
    if (negative) rest_.remove_prefix(1);
    uint64_t value = 0;
    if (!bits(value)) return fail("a number expected");
    const auto widest = static_cast<uint64_t>(std::numeric_limits<T>::max());
    if (value > widest + (negative ? 1 : 0) || (negative && std::is_unsigned_v<T>))
      return fail("the number is out of range");
    out = static_cast<T>(negative ? 0 - value : value);
    return true;
  }

  bool bits(uint64_t& out) {
    int base = 10;
    if (rest_.starts_with("0x")) {
      rest_.remove_prefix(2);
      base = 16;
    }
    const auto [end, code] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), out, base);
    if (code != std::errc() || end == rest_.data()) return fail("a number expected");
    rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
    skip();
    return true;
  }

  bool quoted(std::string& out) {
    if (!rest_.starts_with('"')) return fail("a quoted name expected");
    out.clear();
    for (size_t k = 1; k < rest_.size(); ++k) {
      if (rest_[k] == '"') {
        rest_.remove_prefix(k + 1);
        skip();
        return true;
      }
      if (rest_[k] != '\\') {
        out += rest_[k];
        continue;
      }
      if (k + 1 < rest_.size() && rest_[k + 1] == 'x' && k + 3 < rest_.size()) {
        unsigned code = 0;
        const auto end = std::from_chars(&rest_[k + 2], &rest_[k + 2] + 2, code, 16);
        if (end.ptr != &rest_[k + 2] + 2) return fail("a bad escape");
        out += static_cast<char>(code);
        k += 3;
      } else if (k + 1 < rest_.size()) {
        out += rest_[++k];
      }
    }
    return fail("an unfinished quoted name");
  }

  template <class E, size_t N>
  bool oneOf(const char* const (&table)[N], E& out) {
    const std::string_view w = word();
    for (size_t k = 0; k < N; ++k) {
      if (w != table[k]) continue;
      out = static_cast<E>(k);
      return true;
    }
    return fail(fmt::format("`{}` is not known here", w));
  }

  // `%name.3`, `@name.3` or `%3` behind its sigil: the digits at the end.
  bool numbered(uint32_t& out) {
    std::string_view w = word();
    const size_t dot = w.rfind('.');
    if (dot != std::string_view::npos) w.remove_prefix(dot + 1);
    const auto [end, code] = std::from_chars(w.data(), w.data() + w.size(), out);
    return (code == std::errc() && end == w.data() + w.size()) || fail("a number expected");
  }

  [[nodiscard]] bool startsWith(char c) const { return rest_.starts_with(c); }

  // The text up to one of `stops`.
  std::string_view until(std::string_view stops) {
    const size_t n = std::min(rest_.find_first_of(stops), rest_.size());
    std::string_view out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    skip();
    return out;
  }

 private:
  std::string_view rest_;
  void skip() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t' || rest_.front() == '\r'))
      rest_.remove_prefix(1);
  }
};

// Limits that only keep damaged text from asking for all memory.
constexpr uint32_t kMaxNumber = 1u << 24;

class Parser {
 public:
  Parser(std::string_view text, diag::Sink& sink) : sink_(sink) {
    size_t at = 0;
    while (at < text.size()) {
      const size_t end = std::min(text.find('\n', at), text.size());
      lines_.push_back(text.substr(at, end - at));
      at = end + 1;
    }
  }

  Result<Program> run() {
    // Headers of functions first: calls need the callee's parameter types.
    for (size_t k = 0; k < lines_.size(); ++k)
      if (lines_[k].starts_with("fn ") && !at(k, [&](Line& line) { return header(line); })) return Reported{};
    std::optional<uint32_t> open;
    for (size_t k = 0; k < lines_.size(); ++k) {
      const bool good = at(k, [&](Line& line) { return open ? bodyLine(line, open) : topLine(line, open); });
      if (!good) return Reported{};
    }
    if (open) return failed(lines_.size(), "`}` expected");
    std::string broken = verify(p_);
    if (!broken.empty()) return failed(lines_.size(), broken);
    return std::move(p_);
  }

 private:
  std::vector<std::string_view> lines_;
  diag::Sink& sink_;
  Program p_;
  std::unordered_map<uint64_t, uint32_t> constants_;

  Reported failed(size_t line, const std::string& why) {
    sink_.error(diag::Code::E0802, source::Span(), "malformed TIR text, line {}: {}", line, why).emit();
    return Reported{};
  }

  template <class F>
  bool at(size_t k, F&& f) {
    Line line(lines_[k]);
    // A line of its own may hold a comment.
    if (line.done() || line.startsWith(';')) return true;
    bool good = f(line);
    if (good && !line.done()) good = line.fail("unexpected text at the end");
    if (good && line.ok()) return true;
    failed(k + 1, line.error.empty() ? "not understood" : line.error);
    return false;
  }

  Operand constant(uint64_t bits) {
    const auto [it, added] = constants_.try_emplace(bits, static_cast<uint32_t>(p_.constants.size()));
    if (added) p_.constants.push_back(bits);
    return Operand::constant(it->second);
  }

  bool site(Line& line, SiteId& out) {
    if (!line.accept("!")) return true;
    uint32_t number = 0;
    if (!line.integer(number)) return false;
    out = SiteId(number);
    return true;
  }

  bool functionRef(Line& line, FunctionId& out) {
    if (!line.expect("@")) return false;
    if (line.acceptWord("none")) {
      out = FunctionId();
      return true;
    }
    uint32_t number = 0;
    if (!line.numbered(number)) return false;
    out = FunctionId(number);
    return true;
  }

  // ---- functions ----

  bool localDecl(Line& line, Function& f) {
    uint32_t number = 0;
    Local local;
    if (!line.expect("%") || !line.integer(number) || !line.expect(":") || !line.oneOf(kTypes, local.type))
      return false;
    if (number != f.locals.size()) return line.fail(fmt::format("local {} expected", f.locals.size()));
    if (line.startsWith('"') && !line.quoted(local.name)) return false;
    f.locals.push_back(std::move(local));
    return true;
  }

  bool header(Line& line) {
    line.expect("fn");
    uint32_t number = 0;
    Function f;
    if (!line.integer(number) || number > kMaxNumber || !line.quoted(f.name) || !line.oneOf(kFunctionKinds, f.kind) ||
        !line.expect("("))
      return false;
    while (!line.accept(")")) {
      if (f.param_count > 0 && !line.expect(",")) return false;
      if (!localDecl(line, f)) return false;
      ++f.param_count;
    }
    if (!line.oneOf(kTypes, f.result)) return false;
    while (line.ok() && !line.accept("{")) {
      if (line.accept("frame="))
        line.integer(f.frame_bytes);
      else if (line.accept("may_block"))
        f.may_block = true;
      else if (line.accept("recursive"))
        f.recursive = true;
      else if (!line.accept("!"))
        return line.fail("`{` expected");
      else {
        uint32_t at = 0;
        line.integer(at);
        f.site = SiteId(at);
      }
    }
    if (number != p_.functions.size()) return line.fail(fmt::format("function {} expected", p_.functions.size()));
    p_.functions.push_back(std::move(f));
    return line.ok();
  }

  bool bodyLine(Line& line, std::optional<uint32_t>& open) {
    Function& f = p_.functions[*open];
    if (line.accept("}")) {
      if (!f.blocks.empty()) f.blocks.back().end = static_cast<uint32_t>(p_.insts.size());
      open.reset();
      return true;
    }
    if (line.acceptWord("local")) return localDecl(line, f);
    Line label = line;
    if (label.accept("b")) {
      uint32_t number = 0;
      if (label.integer(number) && label.accept(":")) {
        line = label;
        if (number != f.blocks.size()) return line.fail(fmt::format("block {} expected", f.blocks.size()));
        const auto at = static_cast<uint32_t>(p_.insts.size());
        if (!f.blocks.empty()) f.blocks.back().end = at;
        f.blocks.push_back({at, at});
        return true;
      }
    }
    if (f.blocks.empty()) return line.fail("a block label expected");
    return instruction(line, f);
  }

  bool operand(Line& line, Type type, Operand& out) {
    uint32_t number = 0;
    if (line.accept("%")) {
      if (!line.numbered(number) || number > kMaxNumber) return line.fail("a local expected");
      out = Operand::local(number);
      return true;
    }
    if (line.accept("$")) {
      if (!line.integer(number) || number > kMaxNumber) return line.fail("a slot expected");
      out = Operand::slot(number);
      return true;
    }
    if (line.acceptWord("none")) return true;
    uint64_t bits = 0;
    if (!literal(std::string(line.until(" ,()]!")), type, bits)) return line.fail("an operand expected");
    out = constant(bits);
    return true;
  }

  bool literal(const std::string& text, Type type, uint64_t& bits) const {
    if (text.empty()) return false;
    if (text == "true" || text == "false") {
      bits = text == "true" ? 1 : 0;
      return true;
    }
    const bool is_float = type == Type::F16 || type == Type::F32;
    char* end = nullptr;
    if (is_float && text[0] != 'f') {
      const float value = std::strtof(text.c_str(), &end);
      if (*end != 0) return false;
      bits = type == Type::F32 ? std::bit_cast<uint32_t>(value)
                               : numeric::f16FromDouble(p_.fp16, static_cast<double>(value));
      return true;
    }
    std::string_view digits = text;
    if (is_float) digits.remove_prefix(1);
    const bool negative = digits.starts_with('-');
    if (negative) digits.remove_prefix(1);
    Line number(digits);
    if (!number.bits(bits) || !number.done()) return false;
    if (negative) bits = sizeOf(type) >= 8 ? 0 - bits : (0 - bits) & ((1ull << (sizeOf(type) * 8)) - 1);
    return true;
  }

  bool arguments(Line& line, Inst& inst, const std::vector<Type>& types) {
    if (!line.expect("(")) return false;
    inst.args_begin = static_cast<uint32_t>(p_.args.size());
    std::vector<Operand> args;
    while (!line.accept(")")) {
      if (!args.empty() && !line.expect(",")) return false;
      const Type type = args.size() < types.size() ? types[args.size()] : Type::I64;
      if (!operand(line, type, args.emplace_back())) return false;
    }
    inst.args_count = static_cast<uint32_t>(args.size());
    if (args.empty()) inst.args_begin = 0;
    p_.args.insert(p_.args.end(), args.begin(), args.end());
    return true;
  }

  static std::optional<Type> typeNamed(std::string_view name) {
    for (size_t k = 0; k < std::size(kTypes); ++k)
      if (name == kTypes[k]) return static_cast<Type>(k);
    return std::nullopt;
  }

  // `add.i16` and the like: the operation whose mnemonic starts the word, then its types.
  static bool operationOf(std::string_view head, Inst& inst) {
    static constexpr const char* kMnemonics[] = {
#define WEFT_TIR_OP(name, mnemonic, operands, result, cls) mnemonic,
#include "frontend/tir/ops.def"
#undef WEFT_TIR_OP
    };
    std::vector<Type> types;
    for (;;) {
      for (size_t k = 0; k < std::size(kMnemonics); ++k) {
        if (head != kMnemonics[k]) continue;
        inst.op = static_cast<Op>(k);
        if (!types.empty()) inst.type = types.back();
        if (types.size() > 1) inst.from = types[types.size() - 2];
        return types.size() <= 2;
      }
      const size_t dot = head.rfind('.');
      if (dot == std::string_view::npos) return false;
      const auto type = typeNamed(head.substr(dot + 1));
      if (!type) return false;
      types.push_back(*type);
      head = head.substr(0, dot);
    }
  }

  bool dsrRef(Line& line, DsrRef& out) {
    const std::string_view w = line.word();
    for (size_t k = 0; k < std::size(kDsrFiles); ++k) {
      const std::string prefix = std::string(kDsrFiles[k]) + ".";
      if (!w.starts_with(prefix)) continue;
      out.file = static_cast<DsrFile>(k);
      Line number(w.substr(prefix.size()));
      return (number.integer(out.number) && number.done()) || line.fail("a DSR number expected");
    }
    return line.fail("a DSR expected");
  }

  bool dsdOperand(Line& line, DsdOperand& out) {
    using Kind = DsdOperand::Kind;
    if (line.accept("dsr.")) {
      out.kind = Kind::Dsr;
      return dsrRef(line, out.dsr);
    }
    if (line.accept("fifo.")) {
      out.kind = Kind::Fifo;
      return line.integer(out.fifo);
    }
    for (auto [name, kind] :
         {std::pair{"none", Kind::None}, {"dsd", Kind::Dsd}, {"scalar", Kind::Scalar}, {"pointer", Kind::Pointer}}) {
      if (!line.acceptWord(name)) continue;
      out.kind = kind;
      return true;
    }
    return line.fail("a DSD operand expected");
  }

  bool dsdOp(Line& line, Inst& inst, std::string_view name) {
    DsdOp op;
    int found = -1;
    for (int k = 0; k < kDsdOpcodeCount; ++k)
      if (name == dsdOpInfo(static_cast<DsdOpcode>(k)).name) found = k;
    if (found < 0) return line.fail(fmt::format("vector operation `{}` is not known", name));
    op.op = static_cast<DsdOpcode>(found);
    if (!dsdOperand(line, op.dest) || !line.expect(",") || !dsdOperand(line, op.src0) || !line.expect(",") ||
        !dsdOperand(line, op.src1))
      return false;
    // The flags behind the arguments say how many there are, so the arguments are read as the widest list.
    DsdOp all = op;
    all.has_index = all.has_activate = all.has_unblock = true;
    all.on_control_id = DsdOp::kControlIdArgument;
    if (!arguments(line, inst, dsdOpArgs(all))) return false;
    while (line.ok() && !line.done()) {
      if (line.accept("async"))
        op.async = true;
      else if (line.accept("index"))
        op.has_index = true;
      else if (line.accept("activate"))
        op.has_activate = true;
      else if (line.accept("unblock"))
        op.has_unblock = true;
      else if (line.accept("on_control_id="))
        line.integer(op.on_control_id);
      else if (line.accept("on_control="))
        line.oneOf(kOnControls, op.on_control);
      else if (line.accept("priority="))
        line.oneOf(kPriorities, op.priority);
      else if (line.accept("ut="))
        line.integer(op.ut_id);
      else
        break;
    }
    inst.imm = static_cast<uint32_t>(p_.dsd_ops.size());
    p_.dsd_ops.push_back(op);
    return line.ok();
  }

  bool blockRef(Line& line, uint32_t& out) { return line.expect("b") && line.integer(out); }

  bool instruction(Line& line, const Function& f) {
    Inst inst;
    if (line.accept("%")) {
      if (!line.numbered(inst.dst) || !line.expect("=")) return false;
    }
    const std::string_view head = line.word();
    if (!instructionBody(line, f, head, inst) || !site(line, inst.site)) return false;
    p_.insts.push_back(inst);
    return true;
  }

  bool instructionBody(Line& line, const Function& f, std::string_view head, Inst& inst) {
    if (head.starts_with("dsdop.")) {
      inst.op = Op::DsdOp;
      inst.type = Type::Bool;
      return dsdOp(line, inst, head.substr(6));
    }
    if (head.starts_with("device.")) {
      inst.op = Op::Device;
      for (uint32_t k = 0; k < deviceCallCount(); ++k) {
        const auto call = static_cast<DeviceCall>(k);
        if (head.substr(7) != deviceName(call)) continue;
        inst.imm = k;
        inst.type = deviceResult(call);
        return arguments(line, inst, deviceArgs(call));
      }
      return line.fail(fmt::format("device call `{}` is not known", head.substr(7)));
    }
    if (!operationOf(head, inst)) return line.fail(fmt::format("operation `{}` is not known", head));
    switch (shapeOf(inst.op)) {
      case Shape::Untyped:
      case Shape::Element:
        inst.type = inst.op == Op::LNot                                     ? Type::Bool
                    : inst.op == Op::DsdLength || inst.op == Op::DsdElement ? Type::I16
                                                                            : Type::I64;
        break;
      case Shape::Frame: inst.type = Type::I16; break;
      case Shape::Branch: inst.type = Type::Bool; break;
      case Shape::Ret: inst.type = f.result; break;
      default: break;
    }
    const OperandTypes types = operandTypes(inst.op, inst.type, inst.from);
    switch (shapeOf(inst.op)) {
      case Shape::Untyped:
      case Shape::Typed:
      case Shape::Converted:
      case Shape::Element: {
        const int n = opInfo(inst.op).operands;
        bool good = operand(line, types.a, inst.a);
        if (n > 1) good = good && line.expect(",") && operand(line, types.b, inst.b);
        if (n > 2) good = good && line.expect(",") && operand(line, types.c, inst.c);
        if (inst.op == Op::DsdElement) good = good && line.expect(",") && line.integer(inst.imm);
        return good;
      }
      case Shape::Memory: {
        bool good = line.expect("[") && operand(line, types.a, inst.a);
        if (good && line.accept("+")) good = line.integer(inst.imm);
        good = good && line.expect("]");
        if (inst.op == Op::Store) good = good && line.expect(",") && operand(line, types.b, inst.b);
        return good;
      }
      case Shape::Bytes: {
        bool good = operand(line, types.a, inst.a) && line.expect(",");
        if (inst.op == Op::MemCopy) good = good && operand(line, types.b, inst.b) && line.expect(",");
        return good && line.integer(inst.imm);
      }
      case Shape::Frame:
      case Shape::Segment: return line.integer(inst.imm);
      case Shape::Call: {
        FunctionId callee;
        if (!functionRef(line, callee)) return false;
        inst.imm = callee.value;
        std::vector<Type> params;
        if (callee.index() < p_.functions.size()) {
          const Function& to = p_.functions[callee.index()];
          for (uint32_t k = 0; k < to.param_count; ++k) params.push_back(to.locals[k].type);
        }
        return arguments(line, inst, params);
      }
      case Shape::CallIndirect: return operand(line, Type::I16, inst.a) && arguments(line, inst, {});
      case Shape::Jump:
        if (!blockRef(line, inst.target[0])) return false;
        inst.back = line.accept("back");
        return true;
      case Shape::Branch:
        return operand(line, Type::Bool, inst.a) && line.expect(",") && blockRef(line, inst.target[0]) &&
               line.expect(",") && blockRef(line, inst.target[1]);
      case Shape::Ret: return f.result == Type::Void || operand(line, f.result, inst.a);
      case Shape::Unreachable: return true;
      case Shape::DsdOp:
      case Shape::Device: break;
    }
    return line.fail("an incomplete operation");
  }

  // ---- everything else ----

  bool bytes(Line& line, std::vector<uint8_t>& out) {
    size_t at = 0;
    if (!line.integer(at)) return false;
    const std::string_view hex = line.word();
    if (hex.size() % 2 != 0 || at + hex.size() / 2 > out.size()) return line.fail("bytes outside the image");
    for (size_t k = 0; k < hex.size(); k += 2) {
      unsigned value = 0;
      const auto end = std::from_chars(hex.data() + k, hex.data() + k + 2, value, 16);
      if (end.ptr != hex.data() + k + 2) return line.fail("a bad byte");
      out[at + k / 2] = static_cast<uint8_t>(value);
    }
    return true;
  }
  bool byteCount(Line& line, std::vector<uint8_t>& out) {
    uint32_t n = 0;
    if (!line.integer(n) || n > 0x10000) return line.fail("too many bytes");
    out.assign(n, 0);
    return true;
  }

  bool dsrConfig(Line& line) {
    DsrConfig c;
    while (line.ok() && !line.done()) {
      if (line.accept("async"))
        c.async = true;
      else if (line.accept("save_address"))
        c.save_address = true;
      else if (line.accept("single_step"))
        c.single_step = true;
      else if (line.accept("activate="))
        line.integer(c.activate);
      else if (line.accept("unblock="))
        line.integer(c.unblock);
      else if (line.accept("on_control_id="))
        line.integer(c.on_control_id);
      else if (line.accept("on_control="))
        line.oneOf(kOnControls, c.on_control);
      else if (line.accept("ut="))
        line.integer(c.ut_id);
      else
        return line.fail("not a DSR option");
    }
    p_.dsr_configs.push_back(c);
    return line.ok();
  }

  bool shape(Line& line) {
    Mem4dShape s;
    while (!line.done()) {
      if (s.rank >= 4) return line.fail("more than four dimensions");
      if (!line.integer(s.stride[s.rank]) || !line.expect(":") || !line.integer(s.extent[s.rank])) return false;
      ++s.rank;
    }
    p_.shapes.push_back(s);
    return true;
  }

  bool sites(Line& line) {
    while (!line.done()) {
      Site s;
      if (!line.integer(s.file) || !line.expect(":") || !line.integer(s.line) || !line.expect(":") ||
          !line.integer(s.column))
        return false;
      p_.sites.push_back(s);
    }
    return true;
  }

  bool symbol(Line& line) {
    Symbol s;
    if (!line.quoted(s.name) || !line.integer(s.address) || !line.integer(s.bytes) || !line.quoted(s.type))
      return false;
    s.exported = line.accept("exported");
    s.is_const = line.accept("const");
    if (!site(line, s.site)) return false;
    p_.symbols.push_back(std::move(s));
    return true;
  }

  bool host(Line& line) {
    HostSymbol h;
    if (!line.quoted(h.name)) return false;
    h.is_pointer = false;
    if (line.acceptWord("function")) {
      h.is_function = true;
      h.is_pointer = true;
      if (!functionRef(line, h.function)) return false;
    } else {
      if (!line.expect("data") || !line.integer(h.address) || !line.integer(h.bytes)) return false;
      h.is_pointer = line.accept("pointer");
    }
    p_.host_symbols.push_back(std::move(h));
    return true;
  }

  bool stateLine(Line& line, std::string_view head) {
    if (head == "task") {
      TaskBinding t;
      return line.oneOf(kTaskKinds, t.kind) && line.integer(t.id) && functionRef(line, t.function) &&
             site(line, t.site) && push(p_.tasks, t);
    }
    if (head == "rotating") {
      RotatingTask t;
      return line.integer(t.id) && functionRef(line, t.alt) && line.integer(t.limit) && line.integer(t.init) &&
             push(p_.rotating, t);
    }
    if (head == "active") return line.bits(p_.initially_active);
    if (head == "blocked") return line.bits(p_.initially_blocked);
    if (head == "unblocked") return line.bits(p_.initially_unblocked);
    if (head == "blocked_ut") return line.integer(p_.blocked_microthreads);
    if (head == "high_priority") return line.bits(p_.high_priority);
    if (head == "separate_control_table") {
      p_.separate_control_table = true;
      return line.integer(p_.control_stride);
    }
    if (head == "input_queue") {
      InputQueueInit q;
      return line.integer(q.queue) && line.integer(q.color) && line.oneOf(kPriorities, q.priority) &&
             line.integer(q.control_table) && site(line, q.site) && push(p_.input_queues, q);
    }
    if (head == "output_queue") {
      OutputQueueInit q;
      return line.integer(q.queue) && line.integer(q.color) && site(line, q.site) && push(p_.output_queues, q);
    }
    if (head == "fifo") {
      Fifo f;
      return line.integer(f.buffer) && line.integer(f.capacity) && line.integer(f.element_bytes) &&
             line.integer(f.activate_pop) && line.integer(f.activate_push) && line.oneOf(kFifoActions, f.on_empty) &&
             line.oneOf(kFifoActions, f.on_full) && line.oneOf(kPriorities, f.priority) && site(line, f.site) &&
             push(p_.fifos, f);
    }
    if (head == "dsr_init") {
      DsrInit d;
      return dsrRef(line, d.dsr) && operand(line, Type::I64, d.value) && line.integer(d.config) &&
             push(p_.dsr_inits, d);
    }
    if (head == "teardown" || head == "empty_queue") {
      Handler h;
      return line.integer(h.id) && functionRef(line, h.function) &&
             push(head == "teardown" ? p_.teardown_handlers : p_.empty_queue_handlers, h);
    }
    if (head == "config") {
      ConfigWrite c;
      return line.integer(c.word_address) && line.integer(c.value) && push(p_.config_writes, c);
    }
    return line.fail(fmt::format("`{}` is not known", head));
  }

  template <class T>
  static bool push(std::vector<T>& list, T value) {
    list.push_back(std::move(value));
    return true;
  }

  bool topLine(Line& line, std::optional<uint32_t>& open) {
    const std::string_view head = line.word();
    if (head == "fn") {
      // Its header was read before.
      uint32_t number = 0;
      if (!line.integer(number)) return false;
      open = number;
      line = Line("");
      return number < p_.functions.size();
    }
    if (head == "program")
      return line.quoted(p_.name) && line.oneOf(kArchs, p_.arch) && line.oneOf(kFp16Formats, p_.fp16);
    if (head == "file") return line.quoted(p_.files.emplace_back());
    if (head == "sites") return sites(line);
    if (head == "slot") return line.oneOf(kTypes, p_.slots.emplace_back());
    if (head == "shape") return shape(line);
    if (head == "dsr_config") return dsrConfig(line);
    if (head == "string") return line.quoted(p_.strings.emplace_back());
    if (head == "memory") return line.integer(p_.private_bytes);
    if (head == "segments") return line.integer(p_.segment_count);
    if (head == "stack") return line.integer(p_.stack_base) && line.integer(p_.stack_bytes);
    if (head == "image_bytes") return byteCount(line, p_.image);
    if (head == "image") return bytes(line, p_.image);
    if (head == "shared_bytes") return byteCount(line, p_.shared);
    if (head == "shared") return bytes(line, p_.shared);
    if (head == "patch") {
      ImagePatch patch;
      return line.integer(patch.address) && line.integer(patch.bytes) && line.expect("$") && line.integer(patch.slot) &&
             push(p_.patches, patch);
    }
    if (head == "symbol") return symbol(line);
    if (head == "host") return host(line);
    return stateLine(line, head);
  }
};

}  // namespace

Result<Program> parse(std::string_view text, diag::Sink& sink) { return Parser(text, sink).run(); }

}  // namespace weft::tir
