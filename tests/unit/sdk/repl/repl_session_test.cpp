// The prompt's session without a terminal: values, redefinition, errors, wavelets, interruption.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/repl/repl_session.h"

#include <catch2/catch_test_macros.hpp>

#include <utility>

using namespace weft;
using repl::Answer;
using repl::ReplOptions;
using repl::ReplSession;

namespace {

ReplOptions interpreter(Extent2 size = {1, 1}, target::Arch arch = target::Arch::Wse2) {
  ReplOptions options;
  options.size = size;
  options.arch = arch;
  options.simulation.engine = "interp";
  options.simulation.mesh.heartbeat_seconds = 0;
  return options;
}

std::string valueOf(ReplSession& session, std::string_view text) {
  const Answer answer = session.enter(text);
  INFO(text << "\n" << answer.errors);
  CHECK(answer.good);
  return answer.text;
}

}  // namespace

TEST_CASE("entries are told apart by their tokens") {
  using repl::EntryKind;
  CHECK(repl::classify("  ").kind == EntryKind::Empty);
  CHECK(repl::classify("// note").kind == EntryKind::Empty);
  CHECK(repl::classify(":run 5").kind == EntryKind::Command);
  CHECK(repl::classify("use pe.csl").kind == EntryKind::Use);
  CHECK(repl::classify("fn f() void {}").kind == EntryKind::Declarations);
  CHECK(repl::classify("x = 1").kind == EntryKind::Statement);
  CHECK(repl::classify("x += 1").kind == EntryKind::Statement);
  CHECK(repl::classify("x == 1").kind == EntryKind::Expression);
  CHECK(repl::classify("f(.{ .a = 1 })").kind == EntryKind::Expression);
  const repl::Entry placed = repl::classify("@(2, 1) x = 3;");
  REQUIRE(placed.at.has_value());
  CHECK(*placed.at == PeCoord{2, 1});
  CHECK(placed.text == "x = 3;");
  CHECK(repl::isIncomplete("fn f() void {"));
  CHECK_FALSE(repl::isIncomplete("fn f() void { } // {"));
}

TEST_CASE("expressions have values and types") {
  ReplSession session(interpreter());
  CHECK(valueOf(session, "1 + 2") == "3: comptime_int");
  CHECK(valueOf(session, "@as(i16, 1) + 2") == "3: i16");
  CHECK(valueOf(session, "@as(f32, 0.5) * 3.0") == "1.5: f32");
  valueOf(session, "var a = [3]i16{ 1, -2, 3 };");
  CHECK(valueOf(session, "a") == "{ 1, -2, 3 }: [3]i16");
  CHECK(valueOf(session, "a[0] < a[1]") == "false: bool");
}

TEST_CASE("variables keep their values when a function is defined again") {
  ReplSession session(interpreter());
  valueOf(session, "var x: i16 = 5;");
  valueOf(session, "fn step() void { x += 1; }");
  CHECK(valueOf(session, "step()").empty());
  CHECK(valueOf(session, "x") == "6: i16");
  valueOf(session, "fn step() void { x += 10; }");
  valueOf(session, "step();");
  // An entry that does not mention x must not lose it either.
  CHECK(valueOf(session, "@as(i16, 7)") == "7: i16");
  CHECK(valueOf(session, "x") == "16: i16");
  valueOf(session, "var x: i16 = 1;");
  CHECK(valueOf(session, "x") == "1: i16");
}

TEST_CASE("an entry with errors changes nothing") {
  ReplSession session(interpreter());
  valueOf(session, "var x: i16 = 5;");
  for (const char* text :
       {"x +", "y + 1", "fn f( void {", "x = ;", "}", "const", ":nothing", "\"open", "@(9,9) x", "use none.csl",
        "var z: f32 = true; comptime { @comptime_print(z); }", "\x01\xff", "if (", ")))", "layout { }"}) {
    const Answer answer = session.enter(text);
    INFO(text);
    CHECK_FALSE(answer.good);
    CHECK_FALSE(answer.errors.empty());
  }
  const Answer undeclared = session.enter("y + 1");
  CHECK(undeclared.errors.find("repl:1:1: error[E0201]") == 0);
  CHECK(valueOf(session, "x") == "5: i16");
}

TEST_CASE("a wavelet goes from one PE to the next") {
  for (const target::Arch arch : {target::Arch::Wse2, target::Arch::Wse3}) {
    ReplSession session(interpreter({2, 1}, arch));
    valueOf(session, "var got: u32 = 0;");
    valueOf(session, "const c = @get_color(4); const iq = @get_input_queue(2);");
    valueOf(session,
            "const id: data_task_id = if (@is_arch(\"wse3\")) @get_data_task_id(iq) else @get_data_task_id(c);");
    valueOf(session, "task word(value: u32) void { got = value + pe_x; }");
    valueOf(session,
            "comptime { @bind_data_task(word, id); if (@is_arch(\"wse3\")) @initialize_queue(iq, .{ .color = c }); }");
    valueOf(session, ":route 4 0 0 RAMP EAST");
    valueOf(session, ":route 4 1 0 WEST RAMP");
    valueOf(session, ":send 0 0 4 41");
    CHECK(valueOf(session, "got") == "0: u32");
    CHECK(valueOf(session, "@(1,0) got") == "42: u32");
    CHECK(valueOf(session, ":at 1 0") == "PE (1, 0)");
    CHECK(valueOf(session, "got") == "42: u32");
    CHECK(valueOf(session, ":mem got").ends_with("u32 = 42"));
    CHECK(valueOf(session, ":routes").starts_with("color 4: rx WEST tx RAMP"));
  }
}

TEST_CASE("an endless entry is stopped and memory is kept") {
  ReplOptions options = interpreter();
  // Once: on a busy machine the entries after it may run long enough to be asked, too.
  options.poll = [asked = false]() mutable { return !std::exchange(asked, true); };
  ReplSession session(std::move(options));
  valueOf(session, "var n: u32 = 0;");
  const Answer answer = session.enter("while (true) { n += 1; }");
  CHECK(answer.interrupted);
  const std::string n = valueOf(session, "n");
  CHECK(n != "0: u32");
  CHECK(valueOf(session, "n") == n);
}

TEST_CASE("tasks activated at start run once") {
  ReplSession session(interpreter());
  valueOf(session, "var count: i16 = 0;");
  valueOf(session, "task go() void { count += 1; }");
  valueOf(session, "comptime { @bind_local_task(go, @get_local_task_id(9)); @activate(@get_local_task_id(9)); }");
  valueOf(session, ":run");
  CHECK(valueOf(session, "count") == "1: i16");
  CHECK(valueOf(session, "count") == "1: i16");
  valueOf(session, ":activate 0 0 9");
  CHECK(valueOf(session, "count") == "2: i16");
  valueOf(session, ":reset");
  CHECK_FALSE(session.enter("count").good);
}
