// The lexer driver and the guards on bytes and tokens.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/parse/lex.h"

#include "CslLexer.h"

namespace weft::parse {
namespace {

using csl::CslLexer;
using diag::Code;
using source::Span;

constexpr size_t kMaxTokenBytes = 64 * 1024;
constexpr size_t kMaxFileBytes = 64 * 1024 * 1024;
// A file full of wrong characters is one mistake, not thousands.
constexpr int kMaxBadTokens = 20;

/// The first byte that is not part of well-formed UTF-8, or npos.
size_t findInvalidUtf8(std::string_view s) {
  auto byte = [&](size_t i) { return static_cast<unsigned char>(s[i]); };
  for (size_t i = 0; i < s.size();) {
    const unsigned char c = byte(i);
    if (c < 0x80) {
      ++i;
      continue;
    }
    size_t n = 0;
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    if (c >= 0xc2 && c <= 0xdf) {
      n = 1;
    } else if (c >= 0xe0 && c <= 0xef) {
      n = 2;
      if (c == 0xe0) low = 0xa0;
      if (c == 0xed) high = 0x9f;
    } else if (c >= 0xf0 && c <= 0xf4) {
      n = 3;
      if (c == 0xf0) low = 0x90;
      if (c == 0xf4) high = 0x8f;
    } else {
      return i;
    }
    if (i + n >= s.size()) return i;
    for (size_t k = 1; k <= n; ++k) {
      if (byte(i + k) < low || byte(i + k) > high) return i;
      low = 0x80;
      high = 0xbf;
    }
    i += n + 1;
  }
  return std::string_view::npos;
}

bool checkBytes(std::string_view text, source::SourceId id, diag::Sink& sink) {
  if (text.size() > kMaxFileBytes) {
    sink.error(Code::E0105, Span{id, 0, 0}, "file is {} bytes long, the limit is {}", text.size(), kMaxFileBytes)
        .emit();
    return false;
  }
  if (const size_t at = text.find('\0'); at != std::string_view::npos) {
    const auto begin = static_cast<uint32_t>(at);
    sink.error(Code::E0102, Span{id, begin, begin + 1}, "NUL byte at offset {}", at)
        .note("is this a binary file?")
        .emit();
    return false;
  }
  if (const size_t at = findInvalidUtf8(text); at != std::string_view::npos) {
    const auto begin = static_cast<uint32_t>(at);
    sink.error(Code::E0101, Span{id, begin, begin + 1}, "invalid UTF-8: byte 0x{:02x} at offset {}",
               static_cast<unsigned char>(text[at]), at)
        .emit();
    return false;
  }
  return true;
}

/// Whitespace and comments are most of a file; stepping over them here costs less than through the lexer's automaton.
size_t skipTrivia(std::string_view text, size_t at, source::SourceId id, std::vector<Span>& comments) {
  while (at < text.size()) {
    const char c = text[at];
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f') {
      ++at;
    } else if (c == '/' && at + 1 < text.size() && text[at + 1] == '/') {
      const size_t end = std::min(text.find_first_of("\r\n", at), text.size());
      comments.push_back({id, static_cast<uint32_t>(at), static_cast<uint32_t>(end)});
      at = end;
    } else {
      break;
    }
  }
  return at;
}

std::string describeUnknown(std::string_view text, size_t at) {
  const auto c = static_cast<unsigned char>(text[at]);
  if (c == '`') return "unexpected backtick";
  if (c >= 0x20 && c < 0x7f) return fmt::format("unexpected character `{}`", text[at]);
  if (c < 0x20 || c == 0x7f) return fmt::format("unexpected control character 0x{:02x}", c);
  size_t n = 1;
  while (at + n < text.size() && (static_cast<unsigned char>(text[at + n]) & 0xc0) == 0x80) ++n;
  return fmt::format("unexpected character `{}`", text.substr(at, n));
}

/// True when the token is a mistake of the text; reports it.
bool reportBadToken(Tokens& tokens, const antlr4::Token& token, diag::Sink& sink) {
  const Span span = tokens.spanOf(token);
  switch (token.getType()) {
    case CslLexer::UNTERMINATED_STRING:
      sink.error(Code::E0106, span, "string has no closing `\"` on its line").emit();
      return true;
    case CslLexer::UNTERMINATED_CHAR:
      sink.error(Code::E0106, span, "character literal has no closing `'`").emit();
      return true;
    case CslLexer::BAD_NUMBER:
      sink.error(Code::E0106, span, "malformed number `{}`", tokens.textOf(token).substr(0, 40)).emit();
      return true;
    case CslLexer::UNKNOWN: {
      const size_t at = span.begin;
      // The later bytes of one character were reported with its first.
      if ((static_cast<unsigned char>(tokens.text[at]) & 0xc0) == 0x80) return true;
      auto builder = sink.error(Code::E0102, span, "{}", describeUnknown(tokens.text, at));
      if (tokens.text[at] == '@') builder.help("a builtin is written `@name(...)`, without a space");
      if (tokens.text[at] == '?') builder.help("a choice between two values is written `if (c) a else b`");
      builder.emit();
      return true;
    }
    default: return false;
  }
}

}  // namespace

Span Tokens::spanOf(const antlr4::Token& token) const {
  if (token.getType() == antlr4::Token::EOF) {
    const auto end = static_cast<uint32_t>(text.size());
    return {source, end, end};
  }
  return {source, static_cast<uint32_t>(token.getStartIndex()), static_cast<uint32_t>(token.getStopIndex() + 1)};
}

std::string_view Tokens::textOf(const antlr4::Token& token) const {
  const Span span = spanOf(token);
  return text.substr(span.begin, span.end - span.begin);
}

Tokens lex(std::string_view text, source::SourceId id, diag::Sink& sink) {
  Tokens out;
  out.text = text;
  out.source = id;
  if (!checkBytes(text, id, sink)) {
    out.refused = true;
    return out;
  }
  out.stream = std::make_unique<ByteStream>(text);
  auto lexer = std::make_unique<CslLexer>(out.stream.get());
  lexer->removeErrorListeners();
  out.list.reserve(text.size() / 5);
  // A byte order mark is not part of the program.
  size_t at = text.substr(0, 3) == "\xef\xbb\xbf" ? 3 : 0;
  int bad = 0;
  for (;;) {
    at = skipTrivia(text, at, id, out.comments);
    if (at >= text.size()) break;
    out.stream->seek(at);
    std::unique_ptr<antlr4::Token> token = lexer->nextToken();
    at = out.stream->index();
    if (token->getType() == antlr4::Token::EOF) break;
    if (token->getStopIndex() - token->getStartIndex() >= kMaxTokenBytes) {
      Span span = out.spanOf(*token);
      sink.error(Code::E0105, span, "token of {} bytes, the limit is {}", span.end - span.begin, kMaxTokenBytes).emit();
      out.refused = true;
      return out;
    }
    if (reportBadToken(out, *token, sink)) {
      out.has_bad_tokens = true;
      if (++bad >= kMaxBadTokens) {
        out.refused = true;
        return out;
      }
    }
    static_cast<antlr4::WritableToken&>(*token).setTokenIndex(out.list.size());
    out.list.push_back(std::move(token));
  }
  auto eof = std::make_unique<antlr4::CommonToken>(antlr4::Token::EOF);
  eof->setStartIndex(text.size());
  eof->setStopIndex(text.size());
  eof->setTokenIndex(out.list.size());
  out.eof = std::move(eof);
  out.lexer = std::move(lexer);
  retag(out.list);
  if (!checkNesting(out, sink)) out.refused = true;
  return out;
}

}  // namespace weft::parse
