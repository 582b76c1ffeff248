// A document that says where lines may break; the printer decides where they do. Only this folder includes it.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weft::format {

enum class DocKind : uint8_t {
  Text,
  /// Children one after the other.
  Concat,
  /// Children on one line if they fit, otherwise its Lines break.
  Group,
  /// Children one level deeper; `amount` spaces.
  Indent,
  /// A space or nothing when flat, a line break when the group breaks.
  Line,
  SoftLine,
  /// A space, or a line break when what follows up to the next possible break does not fit. Independent of the group.
  FillLine,
  /// Always a line break; `amount` 1 leaves one line blank.
  HardLine,
  /// Printed only when the enclosing group breaks.
  IfBroken,
  /// Three ways to print one list: flat; the second if its first line fits; else the third.
  Choice,
  /// A comment behind what stands on the line, or on its own line; what follows starts a new one.
  TrailingComment,
  OwnComment,
};

using DocId = uint32_t;

/// An append-only pool of nodes.
class Docs {
 public:
  DocId text(std::string_view t) { return add({DocKind::Text, false, 0, t, {}}); }
  DocId line() { return add({DocKind::Line, false, 0, {}, {}}); }
  DocId softLine() { return add({DocKind::SoftLine, false, 0, {}, {}}); }
  DocId fillLine() { return add({DocKind::FillLine, false, 0, {}, {}}); }
  DocId hardLine(bool blank = false) { return add({DocKind::HardLine, true, blank ? 1u : 0u, {}, {}}); }
  DocId concat(std::vector<DocId> children) { return branch(DocKind::Concat, std::move(children), 0); }
  /// `must_break` forces the group's Lines to break.
  DocId group(std::vector<DocId> children, bool must_break = false) {
    const DocId id = branch(DocKind::Group, std::move(children), 0);
    if (must_break) nodes_[id].breaks = true;
    return id;
  }
  DocId indent(std::vector<DocId> children, size_t amount) {
    return branch(DocKind::Indent, std::move(children), static_cast<uint32_t>(amount));
  }
  DocId ifBroken(std::string_view t) { return add({DocKind::IfBroken, false, 0, t, {}}); }
  DocId choice(DocId flat, DocId hugged, DocId vertical) {
    const DocId id = branch(DocKind::Choice, {flat, hugged, vertical}, 0);
    nodes_[id].breaks = nodes_[flat].breaks;
    return id;
  }
  DocId trailingComment(std::string_view t) { return add({DocKind::TrailingComment, true, 0, t, {}}); }
  DocId ownComment(std::string_view t, bool blank_before) {
    return add({DocKind::OwnComment, true, blank_before ? 1u : 0u, t, {}});
  }

  /// True when the node contains a line break that always happens.
  [[nodiscard]] bool breaks(DocId id) const { return nodes_[id].breaks; }
  [[nodiscard]] bool isFillLine(DocId id) const { return nodes_[id].kind == DocKind::FillLine; }
  [[nodiscard]] std::string print(DocId root, size_t width) const;

 private:
  friend class Printer;
  struct Node {
    DocKind kind;
    bool breaks;
    uint32_t amount;
    std::string_view text;
    std::vector<DocId> children;
  };
  DocId add(Node node) {
    nodes_.push_back(std::move(node));
    return static_cast<DocId>(nodes_.size() - 1);
  }
  DocId branch(DocKind kind, std::vector<DocId> children, uint32_t amount) {
    bool breaks = false;
    for (const DocId c : children) breaks = breaks || nodes_[c].breaks;
    return add({kind, breaks, amount, {}, std::move(children)});
  }

  std::vector<Node> nodes_;
};

}  // namespace weft::format
