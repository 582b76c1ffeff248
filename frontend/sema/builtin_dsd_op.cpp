// Vector operations (tir/dsd_ops.def) with every mix of descriptors, registers, FIFOs, scalars and pointers.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/device_support.h"

#include <algorithm>

namespace weft::sema {

using diag::Code;
using tir::DsdOpcode;
using tir::DsdOperand;
using types::Kind;

std::optional<tir::DsrRef> dsrOf(Sema& s, const Operand& v, Span span);

namespace {

bool isConfig(Sema& s, const Operand& v) {
  if (!s.pool.is(v.type, Kind::Struct)) return false;
  const types::StructInfo info = s.pool.structInfo(v.type);
  return !info.is_named && (!info.is_tuple || info.fields.empty());
}

// The CSL type a scalar source takes.
TypeId scalarType(Sema& s, tir::Type t, const Operand& v) {
  switch (t) {
    case tir::Type::I16:
      if (v.type == types::kI16 || v.type == types::kU16) return v.type;
      if (v.isComptime() && v.value.rep() == Value::Rep::Int && v.value.rawInt() < 0) return types::kI16;
      return types::kU16;
    case tir::Type::I32:
      if (v.type == types::kI32 || v.type == types::kU32) return v.type;
      if (v.isComptime() && v.value.rep() == Value::Rep::Int && v.value.rawInt() < 0) return types::kI32;
      return types::kU32;
    case tir::Type::F32: return types::kF32;
    case tir::Type::F16: return s.pool.fp16();
    default: return types::kPoison;
  }
}

// One operation under construction.
class OpMaker {
 public:
  OpMaker(Sema& s, const ast::BuiltinCall& call, DsdOpcode op) : s_(s), call_(call) { op_.op = op; }

  Operand make() {
    OperandList args;
    if (!s_.evalArgs(call_, args)) return Operand::poison();
    const tir::DsdOpInfo& info = tir::dsdOpInfo(op_.op);
    size_t count = args.size();
    const bool has_dest = op_.op != DsdOpcode::DFilt;
    const size_t wanted = (has_dest ? 1u : 0u) + info.sources + (info.has_scalar ? 1u : 0u);
    const bool has_config = count == wanted + 1 && isConfig(s_, args[wanted]);
    if (count != wanted + (has_config ? 1 : 0)) {
      s_.error(Code::E0302, call_.span, "@{}: {} arguments required, {} provided", s_.text(call_.name.symbol), wanted,
               count)
          .emit();
      return Operand::poison();
    }
    size_t at = 0;
    if (has_dest) {
      if (!dest(args[0], call_.args[0]->span)) return reported_ ? Operand::poison() : mismatch(args, wanted);
      at = 1;
    }
    // @faddhs(D, v16, S32): the wide source stands second, behind the scalar.
    const bool exchanged = op_.op == DsdOpcode::FAddHS && op_.dest.kind != DsdOperand::Kind::Pointer &&
                           s_.pool.isNumeric(args[1].type) && args[1].type != types::kF32 &&
                           !s_.pool.isNumeric(args[2].type);
    for (int k = 0; k < info.sources; ++k) {
      // A one-source operation uses the src1 slot.
      const int position = info.sources == 2 ? k : 1;
      const size_t from = at + static_cast<size_t>(exchanged ? 1 - k : k);
      if (!source(position == 0 ? op_.src0 : op_.src1, args[from], call_.args[from]->span, position)) {
        if (reported_) return Operand::poison();
        return mismatch(args, wanted);
      }
    }
    at += static_cast<size_t>(info.sources);
    if (op_.src0.kind == DsdOperand::Kind::Fifo && !exchanged) {
      s_.error(Code::E0340, call_.args[1]->span, "a FIFO cannot be the first of two sources").emit();
      return Operand::poison();
    }
    if (info.has_scalar) {
      const bool exponent = op_.op == DsdOpcode::FScaleH || op_.op == DsdOpcode::FScaleS;
      const tir::Type t = tir::dsdScalarType(op_.op, 2);
      const Operand v = s_.coerce(args[at], exponent ? types::kI16 : scalarType(s_, t, args[at]), call_.args[at]->span);
      if (v.stops()) return Operand::poison();
      values_.push_back(s_.lower(v, call_.args[at]->span));
    }
    if (has_config && !config(args[wanted], call_.args[wanted]->span)) return Operand::poison();
    if (!checkSettings(has_config)) return Operand::poison();
    if (!requireRuntime(s_, call_)) return Operand::poison();
    s_.setSite(call_.span);
    record(args);
    values_.insert(values_.end(), tail_.begin(), tail_.end());
    return Operand::runtime(types::kBool, s_.builder().dsdOp(op_, values_));
  }

 private:
  bool checkSettings(bool has_config) {
    if (op_.op == DsdOpcode::DFilt) {
      const bool in_register = op_.src1.kind == DsdOperand::Kind::Dsr;
      if (!has_config || (!op_.async && !in_register) || op_.on_control != tir::OnControl::None || op_.has_index) {
        s_.error(Code::E0344, call_.span,
                 "`@dfilt` needs settings with `.async = true`, without `.on_control` and `.index`")
            .emit();
        return false;
      }
    }
    if (op_.async && !may_be_fabric_) {
      s_.error(Code::E0344, call_.span, "an asynchronous operation needs a fabric operand").emit();
      return false;
    }
    return true;
  }

  // Notes which queues the operation is on, for the checks of the whole program; warns of two at once on a microthread.
  void record(const OperandList& args) {
    int microthread = op_.ut_id;
    uint16_t length = 0;
    for (size_t i = 0; i < args.size(); ++i) {
      const Operand& a = args[i];
      if (a.isComptime() && a.type == types::kMem1dDsd) checkBounds(a, i, call_.args[i]->span);
      if (!a.isComptime() || (a.type != types::kFabInDsd && a.type != types::kFabOutDsd)) continue;
      const tir::Dsd d = a.value.asDsd().dsd;
      s_.device.fabric_uses.push_back({a.type == types::kFabInDsd, !op_.async, d.queue(), d.color(), call_.span});
      if (length == 0) length = d.length();
      if (microthread < 0 && d.queue() != tir::kNoQueue) microthread = d.queue();
    }
    // What waits gives the others time.
    if (!op_.async) s_.device.in_flight = {};
    // Single wavelets are gone before the next operation starts.
    if (op_.async && microthread >= 0 && microthread < 16 && length > 1)
      s_.noteAsync(static_cast<uint32_t>(microthread), call_.span);
  }

  // A vector over a known variable should stay inside it: the machine does not check.
  void checkBounds(const Operand& v, size_t argument, Span span) {
    const comptime::DsdValue d = v.value.asDsd();
    if (d.global == comptime::kNoGlobal || d.dsd.length() == 0) return;
    const bool has_dest = op_.op != DsdOpcode::DFilt;
    const bool two_sources = tir::dsdOpInfo(op_.op).sources == 2;
    const tir::Type element = has_dest && argument == 0
                                  ? tir::dsdDestType(op_.op)
                                  : tir::dsdScalarType(op_.op, two_sources ? static_cast<int>(argument) - 1 : 1);
    const int64_t bytes = std::max<uint32_t>(tir::sizeOf(element), 2);
    const Object& o = s_.object(ObjectId(static_cast<uint32_t>(d.global)));
    const int64_t size = s_.pool.size(o.type);
    const int64_t first = static_cast<int16_t>(d.dsd.base());
    const int64_t last = first + int64_t{d.dsd.stride()} * bytes * (d.dsd.length() - 1);
    if (std::min(first, last) >= 0 && std::max(first, last) + bytes <= size) return;
    s_.warning(Code::W0301, span, "the vector reaches outside `{}`", o.name)
        .label(o.span, fmt::format("'{}', {} bytes", s_.typeName(o.type), size))
        .note(fmt::format("it covers bytes {} to {}", std::min(first, last), std::max(first, last) + bytes - 1))
        .note("the machine has no bounds checks: what lies beside the variable is read or overwritten")
        .help("make the extent or the stride smaller, or the variable larger")
        .emit();
  }

  Operand mismatch(const OperandList& args, size_t wanted) {
    std::string got;
    for (size_t i = 0; i < wanted; ++i) got += (i == 0 ? "" : ", ") + s_.typeName(args[i].type);
    s_.error(Code::E0340, call_.span, "operand types do not match expectations")
        .note(fmt::format("got type(s): {}", got))
        .note(fmt::format("expected type(s): {}", expected()))
        .emit();
    return Operand::poison();
  }
  std::string expected() const {
    const tir::DsdOpInfo& info = tir::dsdOpInfo(op_.op);
    std::string out = "DSD/DSR";
    for (int k = 0; k < info.sources; ++k) out += ", DSD/DSR or scalar";
    if (info.has_scalar) out += ", scalar";
    return out;
  }

  bool vector(DsdOperand& slot, const Operand& v, Span span) {
    if (s_.pool.is(v.type, Kind::Dsr)) {
      const auto dsr = dsrOf(s_, v, span);
      if (!dsr) return false;
      may_be_fabric_ = true;
      slot.kind = DsdOperand::Kind::Dsr;
      slot.dsr = *dsr;
      return true;
    }
    if (!s_.pool.is(v.type, Kind::Dsd)) return false;
    if (v.type == types::kFifo) {
      if (!v.isComptime()) return false;
      slot.kind = DsdOperand::Kind::Fifo;
      slot.fifo = static_cast<uint8_t>(v.value.asDsd().dsd.base());
      return true;
    }
    if (v.type == types::kCircbufDsd) {
      s_.error(Code::E0340, span, "a 'circbuf_dsd' must be loaded with `@load_to_dsr_xdsr`").emit();
      reported_ = true;
      return false;
    }
    if (v.type == types::kFabInDsd && ++inputs_ > 1 && s_.isWse3()) {
      s_.error(Code::E0340, span, "at most one input descriptor per operation on 'wse3'").emit();
      reported_ = true;
      return false;
    }
    slot.kind = DsdOperand::Kind::Dsd;
    may_be_fabric_ = may_be_fabric_ || v.type == types::kFabInDsd || v.type == types::kFabOutDsd;
    values_.push_back(s_.lower(v, span));
    return true;
  }

  bool dest(const Operand& v, Span span) {
    if (v.type == types::kFabInDsd) return false;
    if (vector(op_.dest, v, span))
      return op_.dest.kind != DsdOperand::Kind::Dsr || op_.dest.dsr.file != tir::DsrFile::Src1;
    if (!s_.pool.is(v.type, Kind::Pointer)) return false;
    const types::PointerInfo p = s_.pool.pointerInfo(v.type);
    if (p.is_const || s_.pool.size(p.element) == 0) return false;
    op_.dest.kind = DsdOperand::Kind::Pointer;
    values_.push_back(s_.lower(v, span));
    return true;
  }

  bool source(DsdOperand& slot, const Operand& v, Span span, int position) {
    if (v.type == types::kFabOutDsd) return false;
    if (vector(slot, v, span)) return slot.kind != DsdOperand::Kind::Dsr || slot.dsr.file != tir::DsrFile::Dest;
    if (!s_.pool.isNumeric(v.type) && !s_.pool.isId(v.type) && !s_.pool.is(v.type, Kind::Enum)) return false;
    const tir::Type t = tir::dsdScalarType(op_.op, position);
    Operand c = v;
    if (s_.pool.isId(v.type)) {
      c = v.isComptime() ? Operand::comptime(Value::integer(types::kU16, s_.knownInt(v.value)))
                         : Operand::runtime(types::kU16, s_.lower(v, span));
    }
    c = s_.coerce(c, scalarType(s_, t, c), span);
    if (c.stops()) {
      reported_ = true;
      return false;
    }
    slot.kind = DsdOperand::Kind::Scalar;
    values_.push_back(s_.lower(c, span));
    return true;
  }

  bool mustBeComptime(const Operand& v, Span span) {
    if (v.isComptime()) return true;
    s_.error(Code::E0344, span, "DSD op setting must be comptime").emit();
    return false;
  }

  // Id of a task to activate or a channel to unblock; a run-time value is allowed.
  bool completion(const std::optional<Operand>& v, Span span, bool activate, std::optional<tir::Operand>& out) {
    if (!v) return true;
    if (s_.pool.is(v->type, Kind::Task)) {
      const auto decl = s_.declOfFunction(*v);
      const auto id = decl ? boundTaskId(s_, *decl) : std::nullopt;
      if (!id) {
        s_.taskNotBound(span);
        return false;
      }
      out = s_.builder().constant(static_cast<uint64_t>(*id), tir::Type::I16);
      return true;
    }
    const Kind k = s_.pool.kind(v->type);
    const bool ok = activate ? k == Kind::LocalTaskId || k == Kind::Color || k == Kind::DataTaskId
                             : k == Kind::LocalTaskId || k == Kind::DataTaskId ||
                                   (s_.isWse3() ? k == Kind::InputQueue : k == Kind::Color);
    if (!ok) {
      (void)s_.typeMismatch(span, "local_task_id", v->type);
      return false;
    }
    out = lowerId(s_, *v, span);
    return true;
  }

  bool onControl(const Operand& v, Span span, std::optional<tir::Operand>& control_id) {
    ConfigReader r(s_, v, span, "`.on_control`");
    if (const auto t = r.takeBool("terminate"); t && *t) op_.on_control = tir::OnControl::Terminate;
    for (const bool activate : {true, false}) {
      const auto id = r.take(activate ? "activate" : "unblock");
      if (!id) continue;
      op_.on_control = activate ? tir::OnControl::Activate : tir::OnControl::Unblock;
      if (s_.pool.is(id->type, Kind::Task)) {
        const auto decl = s_.declOfFunction(*id);
        const auto task_id = decl ? boundTaskId(s_, *decl) : std::nullopt;
        if (!task_id) {
          s_.taskNotBound(span);
          return false;
        }
        op_.on_control_id = static_cast<int16_t>(*task_id);
      } else {
        const Kind k = s_.pool.kind(id->type);
        if (k != Kind::LocalTaskId && k != Kind::Color &&
            (activate || (k != Kind::DataTaskId && k != Kind::InputQueue))) {
          (void)s_.typeMismatch(span, "local_task_id", id->type);
          return false;
        }
        if (id->isComptime()) {
          op_.on_control_id = static_cast<int16_t>(s_.knownInt(id->value));
        } else {
          op_.on_control_id = tir::DsdOp::kControlIdArgument;
          control_id = lowerId(s_, *id, span);
        }
      }
    }
    return r.finish();
  }

  bool config(const Operand& v, Span span) {
    ConfigReader r(s_, v, span, "DSD operation settings");
    if (!r.ok()) return false;
    for (const char* name : {"async", "priority", "ut_id"}) {
      if (const auto f = s_.fieldOf(v, name);
          f && !f->stops() && !f->isComptime() && f->kind != Operand::Kind::Fields) {
        return mustBeComptime(*f, span);
      }
    }
    op_.async = r.takeBool("async").value_or(false);
    std::optional<tir::Operand> index, activate, unblock, control_id;
    if (const auto i = r.take("index")) {
      const Operand n = s_.coerce(*i, types::kU16, span);
      if (n.stops()) return false;
      index = s_.lower(n, span);
    }
    if (!completion(r.take("activate"), span, true, activate)) return false;
    if (!completion(r.take("unblock"), span, false, unblock)) return false;
    if (activate && unblock) {
      s_.error(Code::E0344, span, "at most one of `.activate` and `.unblock` may be given").emit();
      return false;
    }
    if (const auto on = r.take("on_control")) {
      if (!onControl(*on, span, control_id)) return false;
    }
    if (const auto p = takePriority(r)) op_.priority = *p;
    if (const auto ut = r.take("ut_id")) {
      if (ut->type != types::kUtId) {
        (void)s_.typeMismatch(span, "ut_id", ut->type);
        return false;
      }
      op_.ut_id = static_cast<int8_t>(s_.knownInt(ut->value));
    }
    if (!r.finish()) return false;
    if (index) op_.has_index = true, tail_.push_back(*index);
    if (activate) op_.has_activate = true, tail_.push_back(*activate);
    if (unblock) op_.has_unblock = true, tail_.push_back(*unblock);
    if (control_id) tail_.push_back(*control_id);
    return true;
  }

  Sema& s_;
  const ast::BuiltinCall& call_;
  tir::DsdOp op_;
  std::vector<tir::Operand> values_, tail_;
  bool reported_ = false;
  /// Some operand is a fabric descriptor, or a register that may hold one.
  bool may_be_fabric_ = false;
  int inputs_ = 0;
};

}  // namespace

Operand Sema::dsdOperation(const ast::BuiltinCall& call, DsdOpcode op) { return OpMaker(*this, call, op).make(); }

Operand Sema::builtinDFilt(const ast::BuiltinCall& call, TypeId) { return dsdOperation(call, DsdOpcode::DFilt); }

}  // namespace weft::sema
