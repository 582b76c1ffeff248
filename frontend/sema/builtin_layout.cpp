// Builtins of the layout block: rectangle, tile code, exported names, the host link.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/device_support.h"

namespace weft::sema {

using diag::Code;
using types::Kind;

namespace {

Operand report(Sema& s, const LayoutVerdict& verdict, Span span) {
  if (!verdict) return voidOperand();
  auto e = s.error(verdict->code, span, "{}", verdict->message);
  if (verdict->other.valid()) e.label(verdict->other, verdict->other_text);
  e.emit();
  return Operand::poison();
}

}  // namespace

Operand Sema::builtinSetRectangle(const ast::BuiltinCall& call, TypeId) {
  if (!requireLayout(*this, call)) return Operand::poison();
  OperandList args;
  if (!evalArgs(call, args)) return Operand::poison();
  const auto w = intOf(args[0], call.args[0]->span, "width", 1, 65535);
  const auto h = intOf(args[1], call.args[1]->span, "height", 1, 65535);
  if (!w || !h) return Operand::poison();
  return report(*this, hooks->setRectangle({static_cast<uint32_t>(*w), static_cast<uint32_t>(*h)}, call.span),
                call.span);
}

Operand Sema::builtinSetTileCode(const ast::BuiltinCall& call, TypeId) {
  if (!requireLayout(*this, call)) return Operand::poison();
  OperandList args;
  if (!evalArgs(call, args)) return Operand::poison();
  const auto x = intOf(args[0], call.args[0]->span, "x coordinate", INT32_MIN, INT32_MAX);
  const auto y = intOf(args[1], call.args[1]->span, "y coordinate", INT32_MIN, INT32_MAX);
  if (!x || !y) return Operand::poison();
  const SourceFile* file = &currentFile();
  if (args.size() > 2) {
    const Operand& name = args[2];
    if (!name.isComptime() || name.type != types::kString) {
      return typeMismatch(call.args[2]->span, "comptime_string", name.type);
    }
    // One look-up per (importing file, name), not per PE.
    const uint64_t key = (reinterpret_cast<uintptr_t>(frame().file) << 20) ^ name.value.asString().value;
    const auto known = device.tile_files.find(key);
    if (known != device.tile_files.end()) {
      file = known->second;
    } else {
      file = ctx.loader.load(currentFile(), text(name.value.asString()), call.args[2]->span);
      device.tile_files.emplace(key, file);
    }
    if (file == nullptr) return Operand::poison();
  }
  Value params = Value::aggregate(types::kEmptyTuple, {});
  if (args.size() > 3) {
    if (!args[3].isComptime()) return notComptime(call.args[3]->span, "params");
    if (!pool.is(args[3].type, Kind::Struct)) return typeMismatch(call.args[3]->span, "struct", args[3].type);
    params = args[3].value;
    // Once per file and set of fields, not per PE.
    const uint64_t key = (reinterpret_cast<uintptr_t>(file) << 20) ^ params.type().value;
    if (device.checked_bindings.insert(key).second) {
      const FileInfo& info = ctx.files->info(*file);
      if (!info.had_errors) checkBindings(info, params.type(), call.args[3]->span);
    }
  }
  return report(*this, hooks->setTileCode(*x, *y, *file, params, call.span), call.span);
}

Operand Sema::builtinExportName(const ast::BuiltinCall& call, TypeId) {
  if (!requireLayout(*this, call)) return Operand::poison();
  OperandList args;
  if (!evalArgs(call, args)) return Operand::poison();
  plan::Export out;
  const auto name = stringOf(args[0], call.args[0]->span, "name");
  if (!name) return Operand::poison();
  out.name = *name;
  if (!args[1].isComptime() || args[1].type != types::kType)
    return typeMismatch(call.args[1]->span, "type", args[1].type);
  TypeId type = args[1].value.asType();
  if (pool.is(type, Kind::Pointer) && pool.is(pool.pointerInfo(type).element, Kind::Fn))
    type = pool.pointerInfo(type).element;
  if (pool.is(type, Kind::Fn)) {
    out.is_function = true;
    const types::FnInfo fn = pool.fnInfo(type);
    if (fn.params.size() > 15) {
      error(Code::E0512, call.args[1]->span, "exported functions have at most 15 parameters, got {}", fn.params.size())
          .emit();
      return Operand::poison();
    }
    for (size_t i = 0; i < fn.params.size(); ++i) {
      if (!pool.isScalar(fn.params[i])) {
        error(Code::E0512, call.args[1]->span, "cannot export a function with a parameter of type '{}'",
              typeName(fn.params[i]))
            .emit();
        return Operand::poison();
      }
      out.inputs.push_back({fmt::format("arg{}", i), typeName(fn.params[i])});
    }
    out.type = typeName(fn.result);
  } else {
    const bool scalar = pool.isScalar(type) && pool.isExportable(type) && !pool.is(type, Kind::Enum);
    if (!scalar) {
      error(Code::E0512, call.args[1]->span, "cannot export name with type '{}'", typeName(type)).emit();
      return Operand::poison();
    }
    if (args.size() < 3) {
      error(Code::E0302, call.span, "@export_name: 3 arguments required, 2 provided").emit();
      return Operand::poison();
    }
    out.type = typeName(type);
  }
  if (args.size() > 2) {
    const auto is_mutable = boolOf(args[2], call.args[2]->span, "mutability");
    if (!is_mutable) return Operand::poison();
    out.is_mutable = *is_mutable;
  }
  return report(*this, hooks->exportName(std::move(out), call.args[0]->span), call.args[0]->span);
}

Operand Sema::builtinGetRectangle(const ast::BuiltinCall& call, TypeId) {
  Extent2 rect = ctx.options.rectangle;
  Extent2 fabric = ctx.options.fabric;
  FabricCoord offset = ctx.options.offset;
  if (hooks != nullptr) {
    const auto set = hooks->rectangle();
    if (!set) {
      error(Code::E0502, call.span, "`@get_rectangle` before `@set_rectangle`").emit();
      return Operand::poison();
    }
    rect = *set;
    fabric = hooks->fabric();
    offset = hooks->offset();
  }
  const Symbol names[] = {intern("width"), intern("height"), intern("fabric"), intern("offsets")};
  const TypeId pair_types[] = {types::kU16, types::kU16};
  const TypeId pair = pool.anonStruct(std::span(names, 2), pair_types);
  const TypeId all[] = {types::kU16, types::kU16, pair, pair};
  const auto number = [](uint32_t v) { return Value::integer(types::kU16, v); };
  std::vector<Value> parts{number(rect.width), number(rect.height),
                           Value::aggregate(pair, {number(fabric.width), number(fabric.height)}),
                           Value::aggregate(pair, {number(offset.x), number(offset.y)})};
  return Operand::comptime(Value::aggregate(pool.anonStruct(names, all), std::move(parts)));
}

Operand Sema::builtinHostLink(const ast::BuiltinCall& call, TypeId) {
  if (!requireTopComptime(*this, call)) return Operand::poison();
  device.host_link = true;
  return voidOperand();
}

Operand Sema::builtinMemcpyConfig(const ast::BuiltinCall& call, TypeId) {
  OperandList args;
  if (!evalArgs(call, args)) return Operand::poison();
  if (hooks == nullptr) return voidOperand();
  std::array<int, 4> lists[2];
  for (uint32_t side = 0; side < 2; ++side) {
    const Operand& list = args[2 + side];
    for (uint32_t i = 0; i < 4; ++i) {
      lists[side][i] = -1;
      if (i >= partCount(list)) continue;
      Operand v = part(list, i);
      if (v.stops()) return Operand::poison();
      if (!v.isComptime() || v.type == types::kVoid) continue;
      if (v.type == types::kColor) v.value.setType(types::kU16), v.type = types::kU16;
      const auto n = intOf(v, call.span, "streaming color", 0, target::kColorCount - 1);
      if (!n) return Operand::poison();
      lists[side][i] = static_cast<int>(*n);
    }
  }
  hooks->memcpyConfig(lists[0], lists[1]);
  return voidOperand();
}

}  // namespace weft::sema
