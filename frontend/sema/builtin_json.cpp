// @import_comptime_value: a JSON file as a comptime value of a given type.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/sema.h"

#include <charconv>
#include <cmath>

namespace weft::sema {

using diag::Code;
using types::Kind;

// Recursive descent; every failure is one diagnostic at the call.
class JsonReader {
 public:
  JsonReader(Sema& sema, std::string_view text, Span span, std::string path)
      : sema_(sema), text_(text), span_(span), path_(std::move(path)) {}

  std::optional<Value> document(TypeId type) {
    auto v = value(type, 0);
    if (!v) return v;
    space();
    if (at_ != text_.size()) return fail("text behind the value");
    return v;
  }

 private:
  Sema& sema_;
  std::string_view text_;
  Span span_;
  std::string path_;
  size_t at_ = 0;
  bool failed_ = false;

  std::nullopt_t fail(std::string_view what) {
    if (!failed_) {
      size_t line = 1;
      for (size_t i = 0; i < at_ && i < text_.size(); ++i) line += text_[i] == '\n';
      sema_.error(Code::E0415, span_, "`{}`, line {}: {}", path_, line, what).emit();
    }
    failed_ = true;
    return std::nullopt;
  }
  void space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      ++at_;
  }
  bool take(char c) {
    space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool word(std::string_view w) {
    if (text_.substr(at_, w.size()) != w) return false;
    at_ += w.size();
    return true;
  }
  std::optional<std::string> string() {
    if (!take('"')) return fail("expected a string");
    std::string out;
    while (at_ < text_.size() && text_[at_] != '"') {
      char c = text_[at_++];
      if (c != '\\') {
        out += c;
        continue;
      }
      if (at_ >= text_.size()) break;
      c = text_[at_++];
      switch (c) {
        case 'n': out += '\n'; break;
        case 't': out += '\t'; break;
        case 'r': out += '\r'; break;
        case 'b': out += '\b'; break;
        case 'f': out += '\f'; break;
        case 'u': {
          unsigned code = 0;
          const auto r = std::from_chars(text_.data() + at_, text_.data() + std::min(at_ + 4, text_.size()), code, 16);
          if (r.ptr != text_.data() + at_ + 4) return fail("malformed \\u escape");
          at_ += 4;
          if (code < 0x80) {
            out += static_cast<char>(code);
          } else if (code < 0x800) {
            out += static_cast<char>(0xc0 | (code >> 6));
            out += static_cast<char>(0x80 | (code & 0x3f));
          } else {
            out += static_cast<char>(0xe0 | (code >> 12));
            out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
            out += static_cast<char>(0x80 | (code & 0x3f));
          }
          break;
        }
        default: out += c;
      }
    }
    if (!take('"')) return fail("string without end");
    return out;
  }
  std::optional<Value> number(TypeId type) {
    const size_t begin = at_;
    bool integral = true;
    while (at_ < text_.size() && (std::isdigit(static_cast<unsigned char>(text_[at_])) != 0 ||
                                  std::string_view("+-.eE").find(text_[at_]) != std::string_view::npos)) {
      integral = integral && (std::isdigit(static_cast<unsigned char>(text_[at_])) != 0 || text_[at_] == '-');
      ++at_;
    }
    const std::string digits(text_.substr(begin, at_ - begin));
    if (digits.empty()) return fail("expected a value");
    if (sema_.pool.isAnyFloat(type)) {
      double d = 0;
      const auto r = std::from_chars(digits.data(), digits.data() + digits.size(), d);
      if (r.ptr != digits.data() + digits.size()) return fail("malformed number");
      const auto out = sema_.arith.convert(type, Value::floating(types::kComptimeFloat, d));
      if (!out.ok()) return fail("number does not fit the type");
      return out.value;
    }
    int64_t n = 0;
    const auto r = std::from_chars(digits.data(), digits.data() + digits.size(), n);
    if (!integral || r.ptr != digits.data() + digits.size()) return fail("expected an integer");
    if (type == types::kColor) {
      if (n < 0 || n >= target::kColorCount) return fail("color does not exist");
      return Value::integer(type, n);
    }
    if (!sema_.pool.isAnyInteger(type) || !sema_.pool.fits(n, type))
      return fail(fmt::format("{} does not fit type '{}'", n, sema_.typeName(type)));
    return Value::integer(type, n);
  }
  // `[8]i16`, `f32`: the part of a key behind the colon.
  std::optional<TypeId> typeText(std::string_view t) {
    std::vector<uint32_t> dims;
    if (t.starts_with('[')) {
      const size_t end = t.find(']');
      if (end == std::string_view::npos) return std::nullopt;
      std::string_view list = t.substr(1, end - 1);
      while (!list.empty()) {
        while (!list.empty() && (list[0] == ' ' || list[0] == ',')) list.remove_prefix(1);
        uint32_t n = 0;
        const auto r = std::from_chars(list.data(), list.data() + list.size(), n);
        if (r.ptr == list.data()) return std::nullopt;
        dims.push_back(n);
        list.remove_prefix(static_cast<size_t>(r.ptr - list.data()));
      }
      t = t.substr(end + 1);
    }
    while (!t.empty() && t[0] == ' ') t.remove_prefix(1);
    const auto element = sema_.pool.builtinType(sema_.intern(t));
    if (!element) return std::nullopt;
    return dims.empty() ? *element : sema_.pool.array(*element, dims);
  }
  std::optional<Value> value(TypeId type, int depth) {
    if (depth > 64) return fail("nested too deeply");
    space();
    if (at_ >= text_.size()) return fail("unexpected end");
    const char c = text_[at_];
    if (word("null")) return fail("null has no comptime value");
    if (c == 't' || c == 'f') {
      const bool b = c == 't';
      if (!word(b ? "true" : "false")) return fail("expected a value");
      if (type != types::kBool) return fail(fmt::format("expected '{}', found a bool", sema_.typeName(type)));
      return Value::boolean(b);
    }
    if (c == '"') {
      auto s = string();
      if (!s) return std::nullopt;
      if (type != types::kString) return fail(fmt::format("expected '{}', found a string", sema_.typeName(type)));
      return Value::string(sema_.intern(*s));
    }
    if (c == '[') {
      ++at_;
      if (!sema_.pool.is(type, Kind::Array))
        return fail(fmt::format("expected '{}', found an array", sema_.typeName(type)));
      const auto info = sema_.pool.arrayInfo(type);
      std::vector<Value> elements;
      if (!take(']')) {
        do {
          auto v = value(info.element, depth + 1);
          if (!v) return std::nullopt;
          elements.push_back(std::move(*v));
        } while (take(','));
        if (!take(']')) return fail("expected `]`");
      }
      if (elements.size() != info.count)
        return fail(fmt::format("'{}' needs {} elements, found {}", sema_.typeName(type), info.count, elements.size()));
      return Value::aggregate(type, std::move(elements));
    }
    if (c == '{') {
      ++at_;
      if (type != types::kAnyStruct && !sema_.pool.is(type, Kind::Struct))
        return fail(fmt::format("expected '{}', found an object", sema_.typeName(type)));
      std::vector<Symbol> names;
      std::vector<TypeId> field_types;
      std::vector<Value> values;
      if (!take('}')) {
        do {
          auto key = string();
          if (!key) return std::nullopt;
          const size_t colon = key->find(':');
          if (colon == std::string::npos) return fail(fmt::format("key \"{}\" must be written \"name:type\"", *key));
          const std::string_view type_text = std::string_view(*key).substr(colon + 1);
          const auto field_type = typeText(type_text);
          if (!field_type) return fail(fmt::format("unknown type \"{}\"", type_text));
          if (!take(':')) return fail("expected `:`");
          auto v = value(*field_type, depth + 1);
          if (!v) return std::nullopt;
          names.push_back(sema_.intern(std::string_view(*key).substr(0, colon)));
          field_types.push_back(v->type());
          values.push_back(std::move(*v));
        } while (take(','));
        if (!take('}')) return fail("expected `}`");
      }
      const TypeId anon = sema_.pool.anonStruct(names, field_types);
      return Value::aggregate(anon, std::move(values));
    }
    return number(type);
  }
};

Operand Sema::builtinImportComptimeValue(const ast::BuiltinCall& call, TypeId) {
  const TypeId type = typeExpr(*call.args[0]);
  if (type == types::kPoison) return Operand::poison();
  const auto path = stringOf(exprAtComptime(*call.args[1]), call.args[1]->span, "file path");
  if (!path) return Operand::poison();
  const auto json = ctx.loader.readText(currentFile(), *path, call.args[1]->span);
  if (!json) return Operand::poison();
  JsonReader reader(*this, *json, call.span, *path);
  auto v = reader.document(type);
  if (!v) return Operand::poison();
  return coerce(Operand::comptime(std::move(*v)), type, call.span);
}

}  // namespace weft::sema
