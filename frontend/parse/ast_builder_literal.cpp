// Literals of the tree: digits to values, escapes to bytes.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/parse/ast_builder.h"

#include "CslLexer.h"

#include <charconv>
#include <limits>

namespace weft::parse {

using csl::CslLexer;
using diag::Code;

namespace {

int digitValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string withoutUnderscores(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c != '_') out += c;
  }
  return out;
}

void appendUtf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3f));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

}  // namespace

const ast::Expr* AstBuilder::identifier(antlr4::Token* token) {
  auto* e = make<ast::Identifier>(span(token));
  e->name = interner_.intern(tokens_.textOf(*token));
  return e;
}

const ast::Expr* AstBuilder::literal(antlr4::Token* token) {
  const ast::Span at = span(token);
  const std::string_view text = tokens_.textOf(*token);
  switch (token->getType()) {
    case CslLexer::INT: return intLiteral(token);
    case CslLexer::FLOAT: return floatLiteral(token);
    case CslLexer::STRING: {
      auto* e = make<ast::StringLiteral>(at);
      e->bytes = file_.arena.copy(decodeEscapes(text.substr(1, text.size() - 2), at.begin + 1));
      return e;
    }
    case CslLexer::CHAR: {
      auto* e = make<ast::IntLiteral>(at);
      const std::string bytes = decodeEscapes(text.substr(1, text.size() - 2), at.begin + 1);
      if (bytes.size() != 1) {
        fail(Code::E0106, at, fmt::format("a character literal holds one byte, this one {}", bytes.size())).emit();
      } else {
        e->low = static_cast<unsigned char>(bytes[0]);
      }
      e->is_char = true;
      e->text = file_.arena.copy(text);
      return e;
    }
    default: {
      auto* e = make<ast::BoolLiteral>(at);
      e->value = token->getType() == CslLexer::TRUE;
      return e;
    }
  }
}

const ast::Expr* AstBuilder::intLiteral(antlr4::Token* token) {
  auto* e = make<ast::IntLiteral>(span(token));
  e->text = file_.arena.copy(tokens_.textOf(*token));
  std::string_view digits = e->text;
  unsigned base = 10;
  if (digits.size() > 2 && digits[0] == '0') {
    const char mark = digits[1];
    base = mark == 'x' || mark == 'X' ? 16 : mark == 'b' || mark == 'B' ? 2 : mark == 'o' ? 8 : 10;
    if (base != 10) digits.remove_prefix(2);
  }
  unsigned __int128 value = 0;
  for (const char c : digits) {
    if (c == '_') continue;
    const auto digit = static_cast<unsigned>(digitValue(c));
    if (value > (~static_cast<unsigned __int128>(0) - digit) / base) {
      e->fits = false;
      return e;
    }
    value = value * base + digit;
  }
  e->low = static_cast<uint64_t>(value);
  e->high = static_cast<uint64_t>(value >> 64);
  return e;
}

const ast::Expr* AstBuilder::floatLiteral(antlr4::Token* token) {
  auto* e = make<ast::FloatLiteral>(span(token));
  e->text = file_.arena.copy(tokens_.textOf(*token));
  const std::string clean = withoutUnderscores(e->text);
  const bool hex = clean.size() > 2 && (clean[1] == 'x' || clean[1] == 'X');
  const char* begin = clean.data() + (hex ? 2 : 0);
  const auto result = std::from_chars(begin, clean.data() + clean.size(), e->value,
                                      hex ? std::chars_format::hex : std::chars_format::general);
  if (result.ec == std::errc::result_out_of_range) {
    // Too small becomes zero; too large is a mistake.
    const bool small = clean.find_first_of(hex ? "pP" : "eE") != std::string::npos &&
                       clean[clean.find_first_of(hex ? "pP" : "eE") + 1] == '-';
    e->value = 0;
    if (!small) fail(Code::E0106, e->span, "float literal is out of range").emit();
  }
  return e;
}

std::string AstBuilder::decodeEscapes(std::string_view body, uint32_t offset) {
  std::string out;
  out.reserve(body.size());
  auto bad = [&](size_t begin, size_t end, std::string_view text) {
    fail(Code::E0106, {file_.source, offset + static_cast<uint32_t>(begin), offset + static_cast<uint32_t>(end)}, text)
        .help("the escapes are `\\n`, `\\r`, `\\t`, `\\\\`, `\\'`, `\\\"`, `\\xHH` and `\\u{H...}`")
        .emit();
  };
  for (size_t i = 0; i < body.size(); ++i) {
    if (body[i] != '\\') {
      out += body[i];
      continue;
    }
    // The lexer guarantees a character after the backslash.
    const size_t start = i++;
    switch (body[i]) {
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case '\\':
      case '\'':
      case '"': out += body[i]; break;
      case 'x': {
        const int high = i + 1 < body.size() ? digitValue(body[i + 1]) : -1;
        const int low = i + 2 < body.size() ? digitValue(body[i + 2]) : -1;
        if (high < 0 || low < 0) {
          bad(start, std::min(i + 1, body.size()), "`\\x` needs two hexadecimal digits");
          break;
        }
        out += static_cast<char>(high * 16 + low);
        i += 2;
        break;
      }
      case 'u': {
        size_t k = i + 1;
        uint32_t code = 0;
        bool ok = k < body.size() && body[k] == '{';
        size_t digits = 0;
        for (++k; ok && k < body.size() && body[k] != '}'; ++k, ++digits) {
          const int digit = digitValue(body[k]);
          ok = digit >= 0 && digits < 6;
          code = code * 16 + static_cast<uint32_t>(digit < 0 ? 0 : digit);
        }
        ok = ok && digits > 0 && k < body.size() && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
        if (!ok) {
          bad(start, i + 1, "malformed `\\u{...}` escape");
          break;
        }
        appendUtf8(out, code);
        i = k;
        break;
      }
      default: {
        size_t end = i + 1;
        while (end < body.size() && (static_cast<unsigned char>(body[end]) & 0xc0) == 0x80) ++end;
        bad(start, end, fmt::format("unknown escape `{}`", body.substr(start, end - start)));
        i = end - 1;
        break;
      }
    }
  }
  return out;
}

}  // namespace weft::parse
