// The text form of a Program: what `--dump=tir` shows and golden tests pin. parse.cpp reads it back.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/numeric/f16.h"
#include "frontend/tir/text_names.h"
#include "frontend/tir/tir.h"

#include <fmt/format.h>

#include <bit>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <iterator>

namespace weft::tir {

namespace {

using namespace text;

std::string quoted(std::string_view s) {
  std::string out = "\"";
  for (char ch : s) {
    const auto c = static_cast<unsigned char>(ch);
    if (ch == '"' || ch == '\\') {
      out += '\\';
      out += ch;
    } else if (c < 0x20 || c >= 0x7f) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", c);
    } else {
      out += ch;
    }
  }
  return out + '"';
}

std::string identifier(std::string_view name) {
  std::string out(name);
  for (char& c : out)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') c = '_';
  return out;
}

// Floats read as numbers where that keeps the bits, with as few digits as that takes; anything else as their bits.
template <class RoundTrip>
std::string floatText(double value, uint64_t bits, RoundTrip&& keeps_bits) {
  constexpr int kMaxDigits = 9;
  if (std::isfinite(value)) {
    for (int digits = 1; digits <= kMaxDigits; ++digits) {
      std::string out = fmt::format("{:.{}g}", value, digits);
      if (!keeps_bits(std::strtof(out.c_str(), nullptr))) continue;
      if (out.find_first_of(".e") == std::string::npos) out += ".0";
      return out;
    }
  }
  return fmt::format("f{:#x}", bits);
}

class Printer {
 public:
  explicit Printer(const Program& program) : p_(program) {}
  std::string out;
  bool sites = false;

  template <class... Args>
  void put(fmt::format_string<Args...> text, Args&&... args) {
    fmt::format_to(std::back_inserter(out), text, std::forward<Args>(args)...);
  }

  std::string constantText(uint64_t bits, Type type) const {
    switch (type) {
      case Type::Bool:
        if (bits <= 1) return bits == 1 ? "true" : "false";
        break;
      case Type::F32:
        return floatText(static_cast<double>(std::bit_cast<float>(static_cast<uint32_t>(bits))), bits,
                         [&](float v) { return std::bit_cast<uint32_t>(v) == bits; });
      case Type::F16:
        return floatText(numeric::f16ToDouble(p_.fp16, static_cast<uint16_t>(bits)), bits,
                         [&](float v) { return numeric::f16FromDouble(p_.fp16, static_cast<double>(v)) == bits; });
      case Type::I8:
      case Type::I16:
      case Type::I32: {
        const uint64_t top = 1ull << (sizeOf(type) * 8);
        if (bits < top && bits >= top - 128) return fmt::format("-{}", top - bits);
        break;
      }
      case Type::Void:
      case Type::I64: break;
    }
    return bits > 0xffffffffu ? fmt::format("{:#x}", bits) : fmt::format("{}", bits);
  }

  std::string operandText(const Function* fn, Operand o, Type type) const {
    switch (o.kind()) {
      case Operand::Kind::None: return "none";
      case Operand::Kind::Local: return localText(fn, o.index());
      case Operand::Kind::Constant:
        if (o.index() >= p_.constants.size()) return fmt::format("<constant {}>", o.index());
        return constantText(p_.constants[o.index()], type);
      case Operand::Kind::Slot: return fmt::format("${}", o.index());
    }
    return "?";
  }

  static std::string localText(const Function* fn, uint32_t local) {
    if (fn == nullptr || local >= fn->locals.size() || fn->locals[local].name.empty()) return fmt::format("%{}", local);
    return fmt::format("%{}.{}", identifier(fn->locals[local].name), local);
  }

  std::string functionText(FunctionId id) const {
    if (!id.valid()) return "@none";
    if (id.index() >= p_.functions.size()) return fmt::format("@{}", id.value);
    return fmt::format("@{}.{}", identifier(p_.functions[id.index()].name), id.value);
  }

  void putSite(SiteId site) {
    if (sites && site.valid()) put(" !{}", site.value);
  }

  // Argument types where they are known; a constant of an unknown type is printed as an integer.
  void putArgs(const Function& fn, const Inst& i, const std::vector<Type>& types) {
    out += '(';
    for (uint32_t k = 0; k < i.args_count && i.args_begin + k < p_.args.size(); ++k) {
      if (k > 0) out += ", ";
      out += operandText(&fn, p_.args[i.args_begin + k], k < types.size() ? types[k] : Type::I64);
    }
    out += ')';
  }

  static std::string dsrText(DsrRef dsr) { return fmt::format("{}.{}", word(kDsrFiles, dsr.file), dsr.number); }

  static std::string dsdOperandText(const DsdOperand& o) {
    switch (o.kind) {
      case DsdOperand::Kind::None: return "none";
      case DsdOperand::Kind::Dsd: return "dsd";
      case DsdOperand::Kind::Dsr: return "dsr." + dsrText(o.dsr);
      case DsdOperand::Kind::Fifo: return fmt::format("fifo.{}", o.fifo);
      case DsdOperand::Kind::Scalar: return "scalar";
      case DsdOperand::Kind::Pointer: return "pointer";
    }
    return "?";
  }

  void putDsdOp(const Function& fn, const Inst& i) {
    const DsdOp& op = p_.dsd_ops[i.imm];
    put("dsdop.{} {}, {}, {} ", dsdOpInfo(op.op).name, dsdOperandText(op.dest), dsdOperandText(op.src0),
        dsdOperandText(op.src1));
    putArgs(fn, i, dsdOpArgs(op));
    if (op.async) out += " async";
    if (op.has_index) out += " index";
    if (op.has_activate) out += " activate";
    if (op.has_unblock) out += " unblock";
    if (op.on_control != OnControl::None) put(" on_control={}", word(kOnControls, op.on_control));
    if (op.on_control_id != -1) put(" on_control_id={}", op.on_control_id);
    if (op.priority != DsdPriority::Default) put(" priority={}", word(kPriorities, op.priority));
    if (op.ut_id != -1) put(" ut={}", op.ut_id);
  }

  void putInst(const Function& fn, const Inst& i) {
    out += "  ";
    if (i.dst != kNoLocal) put("{} = ", localText(&fn, i.dst));
    const char* name = opInfo(i.op).mnemonic;
    const OperandTypes types = operandTypes(i.op, i.type, i.from);
    auto a = [&] { return operandText(&fn, i.a, types.a); };
    auto b = [&] { return operandText(&fn, i.b, types.b); };
    switch (shapeOf(i.op)) {
      case Shape::Untyped:
      case Shape::Typed:
      case Shape::Converted:
        out += name;
        if (shapeOf(i.op) != Shape::Untyped) put(".{}", word(kTypes, i.type));
        if (shapeOf(i.op) == Shape::Converted) put(".{}", word(kTypes, i.from));
        put(" {}", a());
        if (opInfo(i.op).operands > 1) put(", {}", b());
        if (opInfo(i.op).operands > 2) put(", {}", operandText(&fn, i.c, types.c));
        break;
      case Shape::Element: put("{} {}, {}, {}", name, a(), b(), i.imm); break;
      case Shape::Memory:
        put("{}.{} [{}", name, word(kTypes, i.type), a());
        if (i.imm != 0) put(" + {}", i.imm);
        out += ']';
        if (i.op == Op::Store) put(", {}", b());
        break;
      case Shape::Bytes:
        put("{} {}, ", name, a());
        if (i.op == Op::MemCopy) put("{}, ", b());
        put("{}", i.imm);
        break;
      case Shape::Frame:
      case Shape::Segment: put("{} {}", name, i.imm); break;
      case Shape::Call: {
        std::vector<Type> params;
        if (i.imm < p_.functions.size()) {
          const Function& callee = p_.functions[i.imm];
          for (uint32_t k = 0; k < callee.param_count; ++k) params.push_back(callee.locals[k].type);
        }
        put("call.{} {}", word(kTypes, i.type), functionText(FunctionId(i.imm)));
        putArgs(fn, i, params);
        break;
      }
      case Shape::CallIndirect:
        put("callind.{} {}", word(kTypes, i.type), a());
        putArgs(fn, i, {});
        break;
      case Shape::DsdOp: putDsdOp(fn, i); break;
      case Shape::Device:
        put("device.{}", deviceName(static_cast<DeviceCall>(i.imm)));
        putArgs(fn, i, deviceArgs(static_cast<DeviceCall>(i.imm)));
        break;
      case Shape::Jump: put("jump b{}{}", i.target[0], i.back ? " back" : ""); break;
      case Shape::Branch: put("branch {}, b{}, b{}", a(), i.target[0], i.target[1]); break;
      case Shape::Ret:
        out += "ret";
        if (i.a.kind() != Operand::Kind::None) put(" {}", operandText(&fn, i.a, fn.result));
        break;
      case Shape::Unreachable: out += name; break;
    }
    putSite(i.site);
    out += '\n';
  }

  void putLocal(const Function& fn, uint32_t local) {
    put("%{}: {}", local, word(kTypes, fn.locals[local].type));
    if (!fn.locals[local].name.empty()) put(" {}", quoted(fn.locals[local].name));
  }

  void putFunction(FunctionId id) {
    const Function& fn = p_.function(id);
    put("fn {} {} {} (", id.value, quoted(fn.name), word(kFunctionKinds, fn.kind));
    for (uint32_t k = 0; k < fn.param_count; ++k) {
      if (k > 0) out += ", ";
      putLocal(fn, k);
    }
    put(") {}", word(kTypes, fn.result));
    if (fn.frame_bytes != 0) put(" frame={}", fn.frame_bytes);
    if (fn.may_block) out += " may_block";
    if (fn.recursive) out += " recursive";
    putSite(fn.site);
    out += " {\n";
    for (auto k = fn.param_count; k < fn.locals.size(); ++k) {
      out += "  local ";
      putLocal(fn, k);
      out += '\n';
    }
    for (size_t k = 0; k < fn.blocks.size(); ++k) {
      put("b{}:\n", k);
      for (uint32_t at = fn.blocks[k].begin; at < fn.blocks[k].end; ++at) putInst(fn, p_.insts[at]);
    }
    out += "}\n";
  }

  void putBytes(const char* what, const std::vector<uint8_t>& bytes) {
    if (!bytes.empty()) put("{}_bytes {}\n", what, bytes.size());
    constexpr size_t kRow = 32;
    for (size_t at = 0; at < bytes.size(); at += kRow) {
      const size_t end = std::min(bytes.size(), at + kRow);
      bool zero = true;
      for (size_t k = at; k < end; ++k) zero = zero && bytes[k] == 0;
      if (zero) continue;
      put("{} {} ", what, at);
      for (size_t k = at; k < end; ++k) put("{:02x}", bytes[k]);
      out += '\n';
    }
  }

  void putHeader() {
    put("program {} {} {}\n", quoted(p_.name), word(kArchs, p_.arch), word(kFp16Formats, p_.fp16));
    for (const auto& file : p_.files) put("file {}\n", quoted(file));
    constexpr size_t kPerLine = 12;
    for (size_t k = 0; k < p_.sites.size(); ++k) {
      if (k % kPerLine == 0) out += k == 0 ? "sites" : "\nsites";
      put(" {}:{}:{}", p_.sites[k].file, p_.sites[k].line, p_.sites[k].column);
    }
    if (!p_.sites.empty()) out += '\n';
    for (Type t : p_.slots) put("slot {}\n", word(kTypes, t));
    for (const auto& s : p_.shapes) {
      out += "shape";
      for (int k = 0; k < s.rank && k < 4; ++k) put(" {}:{}", s.stride[k], s.extent[k]);
      out += '\n';
    }
    for (const auto& c : p_.dsr_configs) {
      out += "dsr_config";
      if (c.async) out += " async";
      if (c.save_address) out += " save_address";
      if (c.single_step) out += " single_step";
      if (c.activate != -1) put(" activate={}", c.activate);
      if (c.unblock != -1) put(" unblock={}", c.unblock);
      if (c.on_control != OnControl::None) put(" on_control={}", word(kOnControls, c.on_control));
      if (c.on_control_id != -1) put(" on_control_id={}", c.on_control_id);
      if (c.ut_id != -1) put(" ut={}", c.ut_id);
      out += '\n';
    }
    for (const auto& s : p_.strings) put("string {}\n", quoted(s));
    put("memory {}\n", p_.private_bytes);
    if (p_.segment_count != 0) put("segments {}\n", p_.segment_count);
    if (p_.stack_bytes != 0 || p_.stack_base != 0) put("stack {} {}\n", p_.stack_base, p_.stack_bytes);
    putBytes("image", p_.image);
    putBytes("shared", p_.shared);
    for (const auto& patch : p_.patches) put("patch {} {} ${}\n", patch.address, patch.bytes, patch.slot);
    for (const auto& s : p_.symbols) {
      put("symbol {} {} {} {}{}{}", quoted(s.name), s.address, s.bytes, quoted(s.type), s.exported ? " exported" : "",
          s.is_const ? " const" : "");
      putSite(s.site);
      out += '\n';
    }
    for (const auto& h : p_.host_symbols) {
      if (h.is_function)
        put("host {} function {}\n", quoted(h.name), functionText(h.function));
      else
        put("host {} data {} {}{}\n", quoted(h.name), h.address, h.bytes, h.is_pointer ? " pointer" : "");
    }
  }

  void putState() {
    for (const auto& t : p_.tasks) {
      put("task {} {} {}", word(kTaskKinds, t.kind), t.id, functionText(t.function));
      putSite(t.site);
      out += '\n';
    }
    for (const auto& t : p_.rotating) put("rotating {} {} {} {}\n", t.id, functionText(t.alt), t.limit, t.init);
    if (p_.initially_active != 0) put("active {:#x}\n", p_.initially_active);
    if (p_.initially_blocked != 0) put("blocked {:#x}\n", p_.initially_blocked);
    if (p_.initially_unblocked != 0) put("unblocked {:#x}\n", p_.initially_unblocked);
    if (p_.blocked_microthreads != 0) put("blocked_ut {:#x}\n", p_.blocked_microthreads);
    if (p_.high_priority != 0) put("high_priority {:#x}\n", p_.high_priority);
    if (p_.separate_control_table) put("separate_control_table {}\n", p_.control_stride);
    for (const auto& q : p_.input_queues) {
      put("input_queue {} {} {} {}", q.queue, q.color, word(kPriorities, q.priority), q.control_table);
      putSite(q.site);
      out += '\n';
    }
    for (const auto& q : p_.output_queues) {
      put("output_queue {} {}", q.queue, q.color);
      putSite(q.site);
      out += '\n';
    }
    for (const auto& f : p_.fifos) {
      put("fifo {} {} {} {} {} {} {} {}", f.buffer, f.capacity, f.element_bytes, f.activate_pop, f.activate_push,
          word(kFifoActions, f.on_empty), word(kFifoActions, f.on_full), word(kPriorities, f.priority));
      putSite(f.site);
      out += '\n';
    }
    for (const auto& d : p_.dsr_inits)
      put("dsr_init {} {} {}\n", dsrText(d.dsr), operandText(nullptr, d.value, Type::I64), d.config);
    for (const auto& h : p_.teardown_handlers) put("teardown {} {}\n", h.id, functionText(h.function));
    for (const auto& h : p_.empty_queue_handlers) put("empty_queue {} {}\n", h.id, functionText(h.function));
    for (const auto& c : p_.config_writes) put("config {:#x} {:#x}\n", c.word_address, c.value);
  }

 private:
  const Program& p_;
};

}  // namespace

std::string print(const Program& program) {
  Printer printer(program);
  printer.sites = true;
  printer.putHeader();
  printer.putState();
  for (uint32_t k = 0; k < program.functions.size(); ++k) printer.putFunction(FunctionId(k));
  return std::move(printer.out);
}

std::string printFunction(const Program& program, FunctionId fn) {
  Printer printer(program);
  printer.putFunction(fn);
  return std::move(printer.out);
}

}  // namespace weft::tir
