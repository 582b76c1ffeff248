// A PE program entered piece by piece on a mesh that keeps its memory. No terminal code: text in, answers out.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "frontend/base/interner.h"
#include "frontend/session/session.h"
#include "sdk/host/simulation.h"
#include "sdk/repl/entry.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace weft::repl {

struct ReplOptions {
  Extent2 size{1, 1};
  target::Arch arch = target::Arch::Wse2;
  host::SimulationOptions simulation;
  std::vector<std::string> import_paths;
  /// Diagnostics with terminal colors.
  bool color = false;
  /// Looked at about every 50 ms while PEs run; true stops them.
  std::function<bool()> poll;
};

struct Answer {
  bool good = true;
  bool quit = false;
  bool interrupted = false;
  /// What to print; without the last newline.
  std::string text;
  /// Diagnostics as text.
  std::string errors;
};

class ReplSession {
 public:
  explicit ReplSession(ReplOptions options);
  ~ReplSession();
  ReplSession(const ReplSession&) = delete;
  ReplSession& operator=(const ReplSession&) = delete;

  /// One command, declaration, statement or expression. Nothing is kept of an entry with errors.
  Answer enter(std::string_view text);
  /// Commands, keywords and names that begin with `prefix`.
  [[nodiscard]] std::vector<std::string> completions(std::string_view prefix) const;

 private:
  /// One top-level declaration that was entered or loaded.
  struct Piece {
    /// Empty for a comptime block.
    std::string name;
    std::string text;
    source::SourceId shown;
    uint32_t offset = 0;
    /// `const NAME = struct { .. }`: its fields.
    std::vector<std::string> fields;
  };
  /// Part of the generated text that somebody typed.
  struct Range {
    uint32_t begin = 0, end = 0;
    source::SourceId shown;
    uint32_t offset = 0;
  };
  struct ProgramText {
    std::string text;
    std::vector<Range> ranges;
    void typed(std::string_view part, source::SourceId shown, uint32_t offset);
  };
  struct Route {
    int color;
    PeCoord at;
    std::string rx, tx;
  };
  /// A variable's bytes per PE, kept while a program does not mention it.
  struct Saved {
    std::string type;
    std::vector<std::vector<uint8_t>> bytes;
  };
  using Plan = std::shared_ptr<const plan::FabricPlan>;

  Answer declare(const Entry& entry);
  Answer load(const std::string& path);
  Answer execute(const Entry& entry);
  /// A struct's value field by field; nothing for other types and for expressions that may do something.
  std::optional<Answer> executeFields(const Entry& entry, const std::string& type);
  Answer command(const std::string& text);
  Answer routeCommand(const std::vector<std::string>& words);
  Answer valuesCommand(const std::vector<std::string>& words);
  Answer saveCommand(const std::vector<std::string>& words);
  Answer memoryCommand(const std::vector<std::string>& words);
  Answer stateCommand(const std::string& which);
  Answer runFor(std::optional<uint64_t> cycles);

  /// The declarations of a parsed text; false: reported.
  bool piecesOf(source::SourceId shown, std::vector<Piece>& out);
  /// Adds the new pieces, compiles, moves to the new mesh; or leaves everything as it was.
  Answer keep(std::vector<Piece> fresh);
  [[nodiscard]] ProgramText programText() const;
  Result<Plan> compile(const ProgramText& program);
  /// A mesh for this plan with the memory of the one before.
  bool moveTo(const Plan& plan, const ProgramText& program);
  bool ensureMesh();
  void harvest();
  void restore();
  [[nodiscard]] Plan adjusted(const plan::FabricPlan& plan, const ProgramText& program);
  /// Runs until nothing moves; reports what stops it.
  void drive(Answer& answer, std::optional<uint64_t> cycles = std::nullopt);
  /// Takes the session's diagnostics and shows them as places in what was typed.
  void takeDiagnostics(Answer& answer);
  [[nodiscard]] source::Span shownSpan(source::Span span);
  /// A place in the program's text that nobody typed.
  [[nodiscard]] bool isGenerated(source::Span span) const;
  [[nodiscard]] int freeTaskId() const;
  [[nodiscard]] const tir::Symbol* symbolAt(PeCoord at, std::string_view name) const;
  /// A variable's value as text, also of one that the program of the last entry did not mention.
  [[nodiscard]] std::optional<std::string> valueAt(PeCoord at, const std::string& name) const;
  [[nodiscard]] bool hasPiece(std::string_view name) const;
  [[nodiscard]] std::optional<PeCoord> placeOf(const std::string& x, const std::string& y) const;
  static Answer wrong(std::string text);

  ReplOptions options_;
  std::unique_ptr<session::Session> session_;
  // Interner of the names in entries; apart from the session's.
  base::Interner names_;
  source::SourceManager shown_;
  std::map<uint32_t, source::SourceId> imported_;
  diag::Sink entry_sink_;
  std::vector<Piece> pieces_;
  std::vector<Route> routes_;
  std::map<std::string, Saved> saved_;
  std::unique_ptr<host::Simulation> simulation_;
  Plan plan_;
  /// Of the last compilation.
  ProgramText program_;
  std::string printed_, printed_before_, log_;
  /// Task ids whose activation at start has happened.
  uint64_t activated_ = 0;
  uint64_t cycles_before_ = 0;
  PeCoord at_;
  int entries_ = 0;
  /// While `:route` compiles: a route may still lack its other end.
  bool routes_change_ = false;
  /// Warnings about routes that were shown already.
  std::set<std::string> told_;
};

}  // namespace weft::repl
