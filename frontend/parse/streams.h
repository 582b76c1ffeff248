// The two streams ANTLR reads: bytes for the lexer, a window of already filtered tokens for the parser.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <antlr4-runtime.h>

#include <memory>
#include <string_view>
#include <vector>

namespace weft::parse {

/// Source bytes as a character stream: indexes are byte offsets, no copy and no decoding.
class ByteStream final : public antlr4::CharStream {
 public:
  explicit ByteStream(std::string_view bytes) : bytes_(bytes) {}
  void consume() override { ++at_; }
  size_t LA(ssize_t i) override {
    const size_t p = i > 0 ? at_ + static_cast<size_t>(i) - 1 : at_ + static_cast<size_t>(i);
    return p < bytes_.size() ? static_cast<unsigned char>(bytes_[p]) : EOF;
  }
  ssize_t mark() override { return -1; }
  void release(ssize_t) override {}
  size_t index() override { return at_; }
  void seek(size_t index) override { at_ = index; }
  size_t size() override { return bytes_.size(); }
  std::string getSourceName() const override { return "source"; }
  std::string getText(const antlr4::misc::Interval& i) override {
    return std::string(bytes_.substr(static_cast<size_t>(i.a), static_cast<size_t>(i.b - i.a + 1)));
  }
  std::string toString() const override { return std::string(bytes_); }

 private:
  std::string_view bytes_;
  size_t at_ = 0;
};

using TokenList = std::vector<std::unique_ptr<antlr4::Token>>;

/// Tokens [begin, end) of a list, followed by `eof`. Borrows everything.
class TokenWindow final : public antlr4::TokenStream {
 public:
  TokenWindow(const TokenList& tokens, size_t begin, size_t end, antlr4::Token* eof, antlr4::TokenSource* source)
      : tokens_(&tokens), begin_(begin), end_(end), at_(begin), eof_(eof), source_(source) {}

  void consume() override {
    if (at_ < end_) ++at_;
  }
  size_t LA(ssize_t k) override { return at(k)->getType(); }
  antlr4::Token* LT(ssize_t k) override { return k < 0 && at_ < begin_ + static_cast<size_t>(-k) ? nullptr : at(k); }
  antlr4::Token* get(size_t index) const override { return index < end_ ? (*tokens_)[index].get() : eof_; }
  antlr4::TokenSource* getTokenSource() const override { return source_; }
  ssize_t mark() override { return 0; }
  void release(ssize_t) override {}
  size_t index() override { return at_; }
  void seek(size_t index) override { at_ = index < end_ ? index : end_; }
  size_t size() override { return end_ + 1; }
  std::string getSourceName() const override { return "source"; }
  std::string getText(const antlr4::misc::Interval&) override { return {}; }
  std::string getText() override { return {}; }
  std::string getText(antlr4::RuleContext*) override { return {}; }
  std::string getText(antlr4::Token*, antlr4::Token*) override { return {}; }

 private:
  antlr4::Token* at(ssize_t k) {
    const size_t p = k > 0 ? at_ + static_cast<size_t>(k) - 1 : at_ - static_cast<size_t>(-k);
    return p < end_ ? (*tokens_)[p].get() : eof_;
  }

  const TokenList* tokens_;
  size_t begin_;
  size_t end_;
  size_t at_;
  antlr4::Token* eof_;
  antlr4::TokenSource* source_;
};

}  // namespace weft::parse
