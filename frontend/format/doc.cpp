// The printer: a stack of pending nodes, each with its indentation and whether its group is flat.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/format/doc.h"

#include <algorithm>

namespace weft::format {

class Printer {
 public:
  Printer(const Docs& docs, size_t width) : docs_(docs), width_(width) {}

  std::string run(DocId root) {
    stack_.push_back({root, 0, false});
    while (!stack_.empty()) {
      const Command c = stack_.back();
      stack_.pop_back();
      step(c);
    }
    if (line_is_done_ || column_ > 0) newline(0, false);
    return std::move(out_);
  }

 private:
  struct Command {
    DocId id;
    size_t indent;
    bool flat;
  };

  void step(const Command& c) {
    const Docs::Node& n = docs_.nodes_[c.id];
    switch (n.kind) {
      case DocKind::Text: text(n.text, c.indent); break;
      case DocKind::Concat: push(n, c.indent, c.flat); break;
      case DocKind::Indent: push(n, c.indent + n.amount, c.flat); break;
      case DocKind::Group: {
        const bool flat = c.flat || (!n.breaks && fits({c.id, c.indent, true}));
        push(n, c.indent, flat);
        break;
      }
      case DocKind::Line:
      case DocKind::SoftLine:
        if (!c.flat) {
          newline(c.indent, false);
        } else if (n.kind == DocKind::Line) {
          text(" ", c.indent);
        }
        break;
      case DocKind::FillLine:
        if (c.flat || line_is_done_ || fitsUpToBreak()) {
          text(" ", c.indent);
        } else {
          newline(c.indent, false);
        }
        break;
      case DocKind::HardLine: newline(c.indent, n.amount == 1); break;
      case DocKind::IfBroken:
        if (!c.flat) text(n.text, c.indent);
        break;
      case DocKind::Choice: {
        const bool flat = c.flat || (!n.breaks && fits({n.children[0], c.indent, true}));
        const size_t way = flat ? 0 : fits({n.children[1], c.indent, false}) ? 1 : 2;
        stack_.push_back({n.children[way], c.indent, flat});
        break;
      }
      case DocKind::TrailingComment:
        if (!at_line_start_) out_ += ' ';
        flushIndent();
        out_ += n.text;
        line_is_done_ = true;
        break;
      case DocKind::OwnComment:
        if (!at_line_start_) {
          newline(c.indent, n.amount == 1);
        } else if (n.amount == 1) {
          blank();
        }
        pending_indent_ = c.indent;
        flushIndent();
        out_ += n.text;
        line_is_done_ = true;
        break;
    }
  }

  void push(const Docs::Node& n, size_t indent, bool flat) {
    for (size_t i = n.children.size(); i-- > 0;) stack_.push_back({n.children[i], indent, flat});
  }

  void text(std::string_view t, size_t indent) {
    if (line_is_done_) newline(indent, false);
    if (at_line_start_ && t == " ") return;
    flushIndent();
    out_ += t;
    column_ += t.size();
  }

  void flushIndent() {
    if (!at_line_start_) return;
    out_.append(pending_indent_, ' ');
    column_ = pending_indent_;
    at_line_start_ = false;
    pending_indent_ = 0;
  }

  void blank() {
    if (!out_.empty() && !(out_.size() > 1 && out_[out_.size() - 2] == '\n')) out_ += '\n';
  }

  void newline(size_t indent, bool with_blank) {
    if (!at_line_start_) {
      while (!out_.empty() && out_.back() == ' ') out_.pop_back();
      out_ += '\n';
    }
    if (with_blank) blank();
    at_line_start_ = true;
    line_is_done_ = false;
    pending_indent_ = indent;
    column_ = indent;
  }

  /// Does `c` print on the current line, up to its first certain line break, together with what must follow it?
  bool fits(const Command& c) const { return measure({c}, false); }

  /// Does everything up to the next possible line break fit behind one space?
  bool fitsUpToBreak() const { return column_ < width_ && measure({}, true); }

  /// Measures `work`, then what waits on the stack, until a line may end. Groups that wait may all break: whether they
  /// will must not matter here, or the answer would change when the text is formatted again.
  bool measure(std::vector<Command> work, bool behind_space) const {
    size_t room = width_ - std::min(width_, column_) - (behind_space ? 1 : 0);
    size_t rest = stack_.size();
    bool waiting = false;
    for (;;) {
      if (work.empty()) {
        if (rest == 0) return true;
        work.push_back(stack_[--rest]);
        waiting = true;
      }
      const Command c = work.back();
      work.pop_back();
      const Docs::Node& n = docs_.nodes_[c.id];
      switch (n.kind) {
        case DocKind::Text:
          if (n.text.size() > room) return false;
          room -= n.text.size();
          break;
        case DocKind::Concat:
        case DocKind::Indent:
          for (size_t i = n.children.size(); i-- > 0;) work.push_back({n.children[i], c.indent, c.flat});
          break;
        case DocKind::Group: {
          const bool flat = c.flat || (!n.breaks && !waiting);
          for (size_t i = n.children.size(); i-- > 0;) work.push_back({n.children[i], c.indent, flat});
          break;
        }
        case DocKind::Choice:
          work.push_back({n.children[n.breaks && !waiting ? 1 : 0], c.indent, c.flat || (!n.breaks && !waiting)});
          break;
        case DocKind::Line:
        case DocKind::FillLine:
        case DocKind::SoftLine:
          if (!c.flat) return true;
          if (n.kind != DocKind::SoftLine) {
            if (room == 0) return false;
            --room;
          }
          break;
        case DocKind::HardLine:
        case DocKind::TrailingComment:
        case DocKind::OwnComment: return true;
        case DocKind::IfBroken:
          if (!c.flat) room -= std::min(room, n.text.size());
          break;
      }
    }
  }

  const Docs& docs_;
  size_t width_;
  std::vector<Command> stack_;
  std::string out_;
  size_t column_ = 0;
  size_t pending_indent_ = 0;
  bool at_line_start_ = true;
  bool line_is_done_ = false;
};

std::string Docs::print(DocId root, size_t width) const { return Printer(*this, width).run(root); }

}  // namespace weft::format
