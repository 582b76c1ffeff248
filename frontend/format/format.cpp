// Tokens and comments to a document. The tree is used for one thing only: which `{` opens a block and where its
// statements are. Everything else follows from neighbouring tokens, so nothing the user wrote is lost.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/format/format.h"

#include "frontend/ast/visit.h"
#include "frontend/base/check.h"
#include "frontend/format/doc.h"
#include "frontend/parse/parse.h"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace weft::format {
namespace {

using parse::ScannedToken;
using parse::TokenKind;
using source::Span;

/// What a token is for the layout.
enum class Role : uint8_t {
  Word,           // names, literals, keywords, and punctuation without a role of its own
  Prefix,         // unary operator, pointer star
  Binary,         // operator between operands
  Assign,         // `=`, `+=`, `=>`, `->`: one space on both sides
  OpenCall,       // ( or [ directly behind an operand
  OpenControl,    // ( of if, for, while, switch and attributes: holds one expression
  OpenPlain,      // any other ( or [
  OpenArrayType,  // [ of an array or pointer type
  OpenBlock,      // { of a block
  OpenSwitch,
  OpenRecord,   // { of struct, union, enum
  OpenInit,     // { of an initializer
  OpenExtents,  // { of a tensor access
  Close,
  OpenCapture,  // | around captures
  CloseCapture,
  LabelColon,
  SpacedColon,  // `while (c) : (step)` and assembly operands
  Colon,
  Dot,
  Comma,
  Semicolon,
};

struct Token {
  Span span;
  std::string_view text;
  TokenKind kind{};
  Role role = Role::Word;
  /// Index of the matching bracket.
  size_t partner = 0;
  /// Ends an operand: an operator behind it is binary, a bracket behind it a suffix.
  bool ends_operand = false;
  /// Own-line comments before it and the comment behind it on its line, as indexes into the comments.
  std::vector<size_t> leading;
  size_t trailing = SIZE_MAX;
  /// A blank line stands right before it, or before its first leading comment.
  bool blank_before = false;
  /// It is the first token of its source line.
  bool first_on_line = false;
};

struct Comment {
  std::string_view text;
  bool blank_before = false;
};

bool isOneOf(std::string_view text, std::initializer_list<std::string_view> set) {
  return std::find(set.begin(), set.end(), text) != set.end();
}

class Formatter {
 public:
  Formatter(std::string_view text, const ast::File& file, const std::vector<ScannedToken>& scanned)
      : text_(text), file_(file) {
    tokens_.reserve(scanned.size() + 1);
    for (const ScannedToken& s : scanned) {
      Token t;
      t.span = s.span;
      t.text = text.substr(s.span.begin, s.span.end - s.span.begin);
      t.kind = s.kind;
      tokens_.push_back(std::move(t));
    }
    Token end;
    end.span = {file.source, static_cast<uint32_t>(text.size()), static_cast<uint32_t>(text.size())};
    tokens_.push_back(std::move(end));
    ast::forEachBlock(file, [&](const ast::Block& b) { blocks_[b.span.begin] = &b; });
  }

  std::string run() {
    attachComments();
    assignRoles();
    std::vector<DocId> parts;
    size_t at = 0;
    bool first = true;
    for (const ast::Decl* d : file_.decls) {
      at = skipStray(at, d->span.begin, parts);
      startLine(at, first, parts);
      first = false;
      const size_t end = indexAt(d->span.end);
      parts.push_back(range(at, end));
      at = end;
    }
    at = skipStray(at, UINT32_MAX, parts);
    comments(tokens_.back(), parts);
    return docs_.print(docs_.concat(std::move(parts)), kWidth);
  }

 private:
  // ---- Preparation ----

  void attachComments() {
    size_t t = 0;
    uint32_t previous_end = 0;
    for (const ast::Comment& c : file_.comments) {
      while (tokens_[t].span.begin < c.span.begin && t + 1 < tokens_.size()) ++t;
      // tokens_[t] is the first token behind the comment.
      previous_end = std::max(previous_end, t > 0 ? tokens_[t - 1].span.end : 0);
      const std::string_view between = text_.substr(previous_end, c.span.begin - previous_end);
      const auto newlines = std::count(between.begin(), between.end(), '\n');
      std::string_view body = text_.substr(c.span.begin, c.span.end - c.span.begin);
      while (!body.empty() && (body.back() == ' ' || body.back() == '\t')) body.remove_suffix(1);
      comments_.push_back({body, newlines > 1});
      if (newlines == 0 && t > 0 && tokens_[t - 1].trailing == SIZE_MAX && tokens_[t].leading.empty()) {
        tokens_[t - 1].trailing = comments_.size() - 1;
      } else {
        tokens_[t].leading.push_back(comments_.size() - 1);
      }
      comment_ends_.push_back(c.span.end);
      previous_end = c.span.end;
    }
    for (size_t i = 0; i < tokens_.size(); ++i) {
      Token& token = tokens_[i];
      uint32_t from = i > 0 ? tokens_[i - 1].span.end : 0;
      if (i > 0 && tokens_[i - 1].trailing != SIZE_MAX) from = comment_ends_[tokens_[i - 1].trailing];
      if (!token.leading.empty()) from = comment_ends_[token.leading.back()];
      const std::string_view between = text_.substr(from, token.span.begin - from);
      const auto newlines = std::count(between.begin(), between.end(), '\n');
      token.blank_before = newlines > 1;
      token.first_on_line = newlines > 0 || i == 0;
    }
  }

  void assignRoles() {
    std::vector<size_t> open;
    size_t capture_close = 0;
    // The `(` of an assembly expression that is still open.
    size_t asm_open = 0;
    for (size_t i = 0; i + 1 < tokens_.size(); ++i) {
      Token& t = tokens_[i];
      const Token* p = i > 0 ? &tokens_[i - 1] : nullptr;
      const bool after_operand = p != nullptr && p->ends_operand;
      const std::string_view before = p != nullptr ? p->text : "";
      const bool field = before == "." && p->kind == TokenKind::Punctuation;
      const bool declares_field =
          !open.empty() && tokens_[open.back()].role == Role::OpenRecord && isOneOf(before, {"{", ","});
      const bool keyword = t.kind == TokenKind::Keyword && !field && !declares_field;
      if (t.kind != TokenKind::Punctuation) {
        if (t.kind == TokenKind::Keyword && !keyword) t.kind = TokenKind::Name;
        if (keyword && isOneOf(t.text, {"and", "or"})) {
          t.role = Role::Binary;
        } else {
          t.ends_operand = !keyword || isOneOf(t.text, {"true", "false", "anytype"});
        }
        // In `break :label value` the label is no operand.
        if (p != nullptr && p->role == Role::LabelColon) t.ends_operand = false;
        continue;
      }
      const std::string_view x = t.text;
      if (x == "(" || x == "[" || x == "{") {
        open.push_back(i);
        if (x == "{") {
          t.role = braceRole(i);
        } else if (x == "[") {
          t.role = after_operand ? Role::OpenCall : Role::OpenArrayType;
        } else {
          t.role = parenRole(i, after_operand);
          if (before == "asm" || before == "volatile") asm_open = i;
        }
        continue;
      }
      if (x == ")" || x == "]" || x == "}") {
        if (!open.empty()) {
          t.partner = open.back();
          tokens_[open.back()].partner = i;
          open.pop_back();
        }
        t.role = Role::Close;
        const Role opener = tokens_[t.partner].role;
        t.ends_operand = opener == Role::OpenCall || opener == Role::OpenPlain || opener == Role::OpenInit ||
                         opener == Role::OpenRecord;
        // A block or switch as a value: no useful statement starts with one of these, so the expression goes on.
        if (opener == Role::OpenSwitch || opener == Role::OpenBlock) {
          t.ends_operand =
              tokens_[i + 1].kind == TokenKind::Punctuation && isOneOf(tokens_[i + 1].text, {"-", "*", "&", "|"});
        }
        if (asm_open != 0 && t.partner == asm_open) asm_open = 0;
      } else if (x == "|" && i == capture_close) {
        t.role = Role::CloseCapture;
      } else if (x == "|" && !after_operand) {
        t.role = Role::OpenCapture;
        capture_close = i + 1;
        while (capture_close + 1 < tokens_.size() && tokens_[capture_close].text != "|") ++capture_close;
      } else if (isOneOf(x, {"-", "!", "~", "&", "*"}) && !after_operand) {
        t.role = Role::Prefix;
      } else if (isOneOf(x, {"=", "+=", "-=", "*=", "/=", "%=", "<<=", ">>=", "&=", "|=", "^=", "->", "=>"})) {
        t.role = Role::Assign;
      } else if (x == ".*") {
        t.role = Role::Dot;
        t.ends_operand = true;
      } else if (x == ".") {
        t.role = Role::Dot;
      } else if (x == ",") {
        t.role = Role::Comma;
      } else if (x == ";") {
        t.role = Role::Semicolon;
      } else if (x == ":") {
        t.role = colonRole(i, asm_open != 0);
      } else {
        t.role = Role::Binary;
      }
    }
  }

  Role parenRole(size_t i, bool after_operand) const {
    if (i == 0) return Role::OpenPlain;
    const Token& p = tokens_[i - 1];
    if (p.kind == TokenKind::Keyword &&
        isOneOf(p.text, {"if", "while", "for", "switch", "align", "linksection", "linkname", "enum"})) {
      return Role::OpenControl;
    }
    if (p.role == Role::SpacedColon) return Role::OpenControl;
    // Parameters: the type behind them is not an operand's suffix.
    if (p.kind == TokenKind::Keyword && isOneOf(p.text, {"fn", "task", "asm"})) return Role::OpenArrayType;
    if (i > 1 && p.kind == TokenKind::Name && tokens_[i - 2].kind == TokenKind::Keyword &&
        isOneOf(tokens_[i - 2].text, {"fn", "task"})) {
      return Role::OpenArrayType;
    }
    return after_operand ? Role::OpenCall : Role::OpenPlain;
  }

  Role braceRole(size_t i) const {
    if (blocks_.count(tokens_[i].span.begin) != 0) return Role::OpenBlock;
    if (i == 0) return Role::OpenInit;
    const Token& p = tokens_[i - 1];
    if (p.kind == TokenKind::Keyword && isOneOf(p.text, {"struct", "union", "enum"})) return Role::OpenRecord;
    if (p.role == Role::CloseCapture) return Role::OpenExtents;
    if (p.role == Role::Close && p.partner > 0) {
      const Token& owner = tokens_[p.partner - 1];
      if (owner.kind == TokenKind::Keyword && owner.text == "switch") return Role::OpenSwitch;
      if (owner.kind == TokenKind::Keyword && owner.text == "enum") return Role::OpenRecord;
    }
    return Role::OpenInit;
  }

  Role colonRole(size_t i, bool in_asm) const {
    const Token& p = tokens_[i - 1];
    const Token& next = tokens_[i + 1];
    if (in_asm) return Role::SpacedColon;
    if (p.kind == TokenKind::Keyword && isOneOf(p.text, {"break", "continue"})) return Role::LabelColon;
    if (p.role == Role::Close && next.text == "(") return Role::SpacedColon;
    return Role::Colon;
  }

  // ---- Lines, comments, statements ----

  [[nodiscard]] size_t indexAt(uint32_t offset) const {
    auto it = std::lower_bound(tokens_.begin(), tokens_.end(), offset,
                               [](const Token& t, uint32_t o) { return t.span.begin < o; });
    return static_cast<size_t>(it - tokens_.begin());
  }

  /// Semicolons that end nothing are dropped; their comments stay.
  size_t skipStray(size_t at, uint32_t until, std::vector<DocId>& parts) {
    while (at + 1 < tokens_.size() && tokens_[at].span.begin < until && tokens_[at].text == ";") {
      comments(tokens_[at], parts);
      if (tokens_[at].trailing != SIZE_MAX)
        parts.push_back(docs_.trailingComment(comments_[tokens_[at].trailing].text));
      ++at;
    }
    return at;
  }

  /// Begins the line of a statement or declaration: line break, blank line, leading comments.
  void startLine(size_t at, bool first, std::vector<DocId>& parts) {
    const Token& t = tokens_[at];
    if (t.leading.empty()) {
      if (!first) parts.push_back(docs_.hardLine(t.blank_before));
      return;
    }
    bool can_be_blank = !first;
    for (const size_t c : t.leading) {
      parts.push_back(docs_.ownComment(comments_[c].text, can_be_blank && comments_[c].blank_before));
      can_be_blank = true;
    }
    parts.push_back(docs_.hardLine(t.blank_before));
  }

  /// Leading comments of a token inside an expression or before a closing bracket.
  void comments(const Token& t, std::vector<DocId>& parts) {
    for (const size_t c : t.leading) parts.push_back(docs_.ownComment(comments_[c].text, comments_[c].blank_before));
  }

  static bool needsSemicolon(const ast::Stmt& s) {
    switch (s.kind) {
      case ast::NodeKind::AssignStmt:
      case ast::NodeKind::ReturnStmt:
      case ast::NodeKind::BreakStmt:
      case ast::NodeKind::ContinueStmt: return true;
      case ast::NodeKind::ExprStmt: return ast::as<ast::ExprStmt>(s).expr->kind != ast::NodeKind::SwitchExpr;
      default: return false;
    }
  }

  /// Where the tokens of a statement end, with its own semicolon. Spans leave out enclosing parentheses and the
  /// semicolon of simple statements.
  size_t endOf(const ast::Stmt& s) const {
    size_t end = indexAt(s.span.end);
    if (needsSemicolon(s)) {
      while (end + 1 < tokens_.size() && tokens_[end].text != ";") ++end;
      ++end;
    }
    return end;
  }

  DocId block(size_t open) {
    if (auto it = block_docs_.find(open); it != block_docs_.end()) return it->second;
    const DocId id = buildBlock(open);
    block_docs_[open] = id;
    return id;
  }

  DocId buildBlock(size_t open) {
    const ast::Block& b = *blocks_.at(tokens_[open].span.begin);
    const size_t close = tokens_[open].partner;
    std::vector<DocId> inner;
    size_t at = open + 1;
    bool first = true;
    for (const ast::Stmt* s : b.stmts) {
      at = skipStray(at, s->span.begin, inner);
      if (first) inner.push_back(docs_.hardLine());
      startLine(at, first, inner);
      first = false;
      const size_t end = endOf(*s);
      inner.push_back(range(at, end));
      at = end;
    }
    skipStray(at, tokens_[close].span.begin, inner);
    comments(tokens_[close], inner);
    std::vector<DocId> parts;
    token(open, parts);
    if (inner.empty() && tokens_[open].trailing == SIZE_MAX) {
      token(close, parts);
      return docs_.concat(std::move(parts));
    }
    parts.push_back(docs_.indent(std::move(inner), kIndent));
    parts.push_back(docs_.hardLine());
    token(close, parts);
    return docs_.concat(std::move(parts));
  }

  // ---- Tokens ----

  /// The token's text and the comment behind it; leading comments have been printed.
  void token(size_t i, std::vector<DocId>& parts) {
    parts.push_back(docs_.text(tokens_[i].text));
    if (tokens_[i].trailing != SIZE_MAX) parts.push_back(docs_.trailingComment(comments_[tokens_[i].trailing].text));
  }

  [[nodiscard]] bool spaceBetween(size_t i, size_t k) const {
    const Token& a = tokens_[i];
    const Token& b = tokens_[k];
    if (a.role == Role::Prefix || a.role == Role::OpenCapture || a.role == Role::LabelColon) return false;
    if (a.role == Role::Dot && !a.ends_operand) return false;
    if (a.role == Role::Close && tokens_[a.partner].role == Role::OpenArrayType && a.text == "]") return false;
    switch (b.role) {
      case Role::Semicolon:
      case Role::Comma:
      case Role::Colon:
      case Role::CloseCapture:
      case Role::OpenCall: return false;
      case Role::Dot: return !a.ends_operand;
      case Role::OpenInit: return !a.ends_operand;
      case Role::OpenExtents: return false;
      case Role::OpenControl:
        return a.role == Role::SpacedColon ||
               (a.kind == TokenKind::Keyword && isOneOf(a.text, {"if", "while", "for", "switch"}));
      case Role::OpenArrayType:
        // Parameters stand right behind the name or keyword; `[` of a type is an operand of its own.
        return b.text == "[";
      default: return true;
    }
  }

  /// A break is possible behind binary operators; before them and elsewhere a space stays a space.
  void separator(size_t i, size_t k, std::vector<DocId>& parts) {
    if (!spaceBetween(i, k)) return;
    parts.push_back(tokens_[i].role == Role::Binary ? docs_.fillLine() : docs_.text(" "));
  }

  /// Tokens [begin, end) with their brackets, as one run of text with fill breaks behind operators.
  DocId range(size_t begin, size_t end) {
    std::vector<DocId> parts;
    for (size_t i = begin; i < end; ++i) {
      if (i > begin) {
        separator(i - 1, i, parts);
        if (!tokens_[i].leading.empty()) comments(tokens_[i], parts);
      }
      const Token& t = tokens_[i];
      switch (t.role) {
        case Role::OpenBlock:
          parts.push_back(block(i));
          i = t.partner;
          break;
        case Role::OpenSwitch:
        case Role::OpenCall:
        case Role::OpenControl:
        case Role::OpenPlain:
        case Role::OpenArrayType:
        case Role::OpenRecord:
        case Role::OpenInit:
        case Role::OpenExtents:
          parts.push_back(list(i));
          i = t.partner;
          break;
        default: token(i, parts); break;
      }
    }
    return indentFills(std::move(parts));
  }

  /// Continuation lines are indented, but blocks inside are not: only the stretches between brackets get the indent.
  DocId indentFills(std::vector<DocId> parts) {
    std::vector<DocId> out;
    for (const DocId p : parts) out.push_back(docs_.isFillLine(p) ? docs_.indent({p}, 2 * kIndent) : p);
    return docs_.concat(std::move(out));
  }

  struct Item {
    size_t begin;
    size_t end;
  };

  std::vector<Item> items(size_t open) const {
    std::vector<Item> out;
    const size_t close = tokens_[open].partner;
    size_t begin = open + 1;
    for (size_t i = open + 1; i < close; ++i) {
      if (tokens_[i].partner > i && tokens_[i].role != Role::Close) {
        i = tokens_[i].partner;
      } else if (tokens_[i].role == Role::Comma && capturesClosed(begin, i) &&
                 (tokens_[open].role != Role::OpenSwitch || hasArrow(begin, i))) {
        out.push_back({begin, i});
        begin = i + 1;
      }
    }
    if (begin < close) out.push_back({begin, close});
    return out;
  }

  /// False inside `|i, j|`, whose commas separate names.
  [[nodiscard]] bool capturesClosed(size_t begin, size_t at) const {
    for (size_t i = at; i-- > begin;) {
      if (tokens_[i].role == Role::CloseCapture) return true;
      if (tokens_[i].role == Role::OpenCapture) return false;
    }
    return true;
  }

  /// The commas before `=>` separate the values of one prong.
  [[nodiscard]] bool hasArrow(size_t begin, size_t end) const {
    for (size_t i = begin; i < end; ++i) {
      if (tokens_[i].partner > i) {
        i = tokens_[i].partner;
      } else if (tokens_[i].text == "=>") {
        return true;
      }
    }
    return false;
  }

  [[nodiscard]] bool isLiteralItem(const Item& item) const {
    const size_t n = item.end - item.begin;
    const Token& last = tokens_[item.end - 1];
    const bool literal =
        last.kind == TokenKind::Number || last.kind == TokenKind::Char || last.kind == TokenKind::String;
    return literal && (n == 1 || (n == 2 && tokens_[item.begin].text == "-"));
  }

  [[nodiscard]] bool isHuggable(const Item& item) const {
    const Token& last = tokens_[item.end - 1];
    if (last.role != Role::Close || last.text != "}") return false;
    const Role opener = tokens_[last.partner].role;
    return opener == Role::OpenInit || opener == Role::OpenRecord || opener == Role::OpenSwitch ||
           opener == Role::OpenBlock;
  }

  /// A bracket group: flat, or one item per line. Lists of literals are filled and keep their rows.
  DocId list(size_t open, bool must_break = false) {
    const auto key = std::make_pair(open, must_break);
    if (auto it = lists_.find(key); it != lists_.end()) return it->second;
    const DocId id = buildList(open, must_break);
    lists_[key] = id;
    return id;
  }

  DocId buildList(size_t open, bool must_break) {
    const Token& t = tokens_[open];
    const size_t close = t.partner;
    const std::vector<Item> all = items(open);
    const bool braces = t.text == "{";
    const bool spaced = t.role == Role::OpenInit || t.role == Role::OpenRecord || t.role == Role::OpenSwitch;
    std::vector<DocId> parts;
    token(open, parts);
    const bool has_comments = t.trailing != SIZE_MAX || !tokens_[close].leading.empty();
    if (all.empty() && !has_comments) {
      token(close, parts);
      return docs_.concat(std::move(parts));
    }
    const bool trailing = !all.empty() && tokens_[close - 1].role == Role::Comma;
    const bool is_asm = open > 0 && (tokens_[open - 1].text == "asm" || tokens_[open - 1].text == "volatile");
    const bool single = t.role == Role::OpenControl || (t.role == Role::OpenPlain && all.size() == 1) || is_asm;
    const bool literals =
        all.size() > 2 && std::all_of(all.begin(), all.end(), [&](const Item& i) { return isLiteralItem(i); });
    const bool vertical = must_break || t.role == Role::OpenSwitch || has_comments || (trailing && !literals);
    const bool add_comma = !single && !all.empty() && (braces || all.size() > 1 || trailing);

    // Built once for both layouts of this list, or nested lists would double at every level.
    if (item_docs_.count(open) == 0) {
      std::vector<DocId> built;
      for (const Item& i : all) built.push_back(item(i));
      item_docs_[open] = std::move(built);
    }
    const std::vector<DocId> item_docs = item_docs_[open];

    if (single && !has_comments) {
      for (size_t k = 0; k < all.size(); ++k) {
        if (k > 0) comma(all[k - 1].end, parts);
        if (k > 0) parts.push_back(docs_.fillLine());
        parts.push_back(item_docs[k]);
      }
      if (trailing) comma(close - 1, parts);
      token(close, parts);
      return docs_.concat(std::move(parts));
    }
    const Rows rows{open, all, item_docs, spaced, add_comma, literals};
    if (!vertical && !literals && !all.empty() && !braces && isHuggable(all.back())) return hugged(rows);
    return docs_.group({verticalRows(rows)}, vertical);
  }

  DocId item(const Item& i) {
    if (tokens_[i.begin].leading.empty()) return range(i.begin, i.end);
    std::vector<DocId> parts;
    comments(tokens_[i.begin], parts);
    parts.push_back(range(i.begin, i.end));
    return docs_.concat(std::move(parts));
  }

  void comma(size_t at, std::vector<DocId>& parts) {
    parts.push_back(docs_.text(","));
    for (const size_t c : tokens_[at].leading) parts.push_back(docs_.ownComment(comments_[c].text, false));
    if (tokens_[at].trailing != SIZE_MAX) parts.push_back(docs_.trailingComment(comments_[tokens_[at].trailing].text));
  }

  struct Rows {
    size_t open;
    const std::vector<Item>& items;
    const std::vector<DocId>& docs;
    bool spaced;
    bool add_comma;
    bool literals;
  };

  /// Bracket, items separated by Lines, bracket.
  DocId verticalRows(const Rows& r) {
    const size_t close = tokens_[r.open].partner;
    std::vector<DocId> inner{r.spaced ? docs_.line() : docs_.softLine()};
    for (size_t k = 0; k < r.items.size(); ++k) {
      if (k > 0) {
        const bool new_row = tokens_[r.items[k].begin].first_on_line;
        inner.push_back(!r.literals ? docs_.line() : new_row ? docs_.hardLine() : docs_.fillLine());
      }
      inner.push_back(r.docs[k]);
      if (k + 1 < r.items.size()) comma(r.items[k].end, inner);
    }
    if (r.add_comma) inner.push_back(docs_.ifBroken(","));
    if (const size_t last = r.items.empty() ? close : r.items.back().end; last < close) {
      // The comma that was there: its text is decided above, its comments stay.
      for (const size_t c : tokens_[last].leading) inner.push_back(docs_.ownComment(comments_[c].text, false));
      if (tokens_[last].trailing != SIZE_MAX)
        inner.push_back(docs_.trailingComment(comments_[tokens_[last].trailing].text));
    }
    comments(tokens_[close], inner);
    std::vector<DocId> parts;
    token(r.open, parts);
    parts.push_back(docs_.indent(std::move(inner), kIndent));
    parts.push_back(r.spaced ? docs_.line() : docs_.softLine());
    token(close, parts);
    return docs_.concat(std::move(parts));
  }

  /// `f(a, b, .{` newline ... newline `})`: the last item breaks, the others stay on the line.
  DocId hugged(const Rows& r) {
    const DocId broken = docs_.group({verticalRows(r)}, true);
    const Item last = r.items.back();
    bool others_break = !tokens_[last.begin].leading.empty();
    for (size_t k = 0; k + 1 < r.items.size(); ++k) {
      others_break = others_break || docs_.breaks(r.docs[k]) || tokens_[r.items[k].end].trailing != SIZE_MAX;
    }
    if (others_break) return broken;
    const size_t last_open = tokens_[last.end - 1].partner;
    std::vector<DocId> parts;
    token(r.open, parts);
    for (size_t k = 0; k + 1 < r.items.size(); ++k) {
      parts.push_back(r.docs[k]);
      comma(r.items[k].end, parts);
      parts.push_back(docs_.text(" "));
    }
    if (last_open > last.begin) {
      parts.push_back(range(last.begin, last_open));
      separator(last_open - 1, last_open, parts);
    }
    parts.push_back(tokens_[last_open].role == Role::OpenBlock ? block(last_open) : list(last_open, true));
    token(tokens_[r.open].partner, parts);
    return docs_.choice(docs_.group({verticalRows(r)}), docs_.concat(std::move(parts)), broken);
  }

  std::string_view text_;
  const ast::File& file_;
  Docs docs_;
  std::vector<Token> tokens_;
  std::vector<Comment> comments_;
  std::vector<uint32_t> comment_ends_;
  std::unordered_map<uint32_t, const ast::Block*> blocks_;
  std::unordered_map<size_t, DocId> block_docs_;
  std::unordered_map<size_t, std::vector<DocId>> item_docs_;
  std::map<std::pair<size_t, bool>, DocId> lists_;
};

}  // namespace

Result<std::string> formatSource(std::string_view text, source::SourceId id, diag::Sink& sink) {
  base::Interner interner;
  WEFT_TRY(const auto file, parse::parseText(text, id, interner, sink));
  Formatter formatter(text, *file, parse::scan(text, id, sink));
  return formatter.run();
}

Result<std::string> formatSource(std::string_view text) {
  diag::Sink sink;
  return formatSource(text, source::SourceId(0), sink);
}

}  // namespace weft::format
