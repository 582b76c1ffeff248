// The text form: what print() writes, parse() reads back.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/tir/tir.h"

#include <catch2/catch_test_macros.hpp>

using namespace weft;
using namespace weft::tir;

namespace {

// Something of everything that has a text form.
constexpr const char* kEverything = R"(program "every \"thing\"" wse3 f16
file "a.csl"
file "b\\c.csl"
sites 0:1:2 1:30:4
slot i16
slot f32
shape -1:5 8:3
dsr_config
dsr_config async save_address single_step activate=8 unblock=2 on_control=activate on_control_id=9 ut=3
string "hello \x0a world"
memory 256
stack 200 56
image_bytes 40
image 0 0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20
image 32 0000000000000080
shared_bytes 2
shared 0 abcd
patch 4 2 $0
symbol "m.x" 16 4 "[2]u16" exported const !1
host "x" data 20 2 pointer
host "y" data 22 4
host "go" function @helper.1
task local 9 @main.0 !0
rotating 12 @main.0 10 3
active 0x200
blocked 0x400
unblocked 0x4
blocked_ut 0x2
high_priority 0x200
separate_control_table 2
input_queue 2 5 high 1 !0
output_queue 3 255 !1
fifo 64 16 4 8 -1 terminate suspend medium !0
dsr_init src1.3 0x1000400100020 1
teardown 3 @helper.1
empty_queue 258 @helper.1
config 0x7f20 0x1f
fn 0 "main" task (%0: i16 "argument") void frame=8 !0 {
  local %1: i32 "total"
  local %2: i32
  local %3: f32
  local %4: f16
  local %5: bool
  local %6: i64
  local %7: i16
b0:
  %total.1 = copy.i32 4000000000 !1
  %2 = sext.i32.i16 %argument.0
  %total.1 = add.i32 %total.1, %2
  %total.1 = ashr.i32 %total.1, -1
  %3 = sitofp.f32.i32 %total.1
  %3 = ffma.f32 %3, 1.5, f0x7fc00000
  %3 = fadd.f32 %3, -0.0
  %3 = fmul.f32 %3, 1e+30
  %4 = fptrunc.f16.f32 %3
  %4 = fsub.f16 %4, 0.3333
  %5 = fle.f16 %4, f0x7e00
  %5 = and.bool %5, true
  %5 = lnot %5
  %5 = tobool.i16 $0
  %6 = dsd.setbase 0x1000400100020, 17
  %7 = dsd.length %6
  %7 = dsd.element %6, 3, 4
  %7 = frameaddr 4
  %7 = load.i16 [%7 + 12]
  store.i16 [100], %7
  memcopy 0, %7, 16
  memzero %7, 8
  branch %5, b1, b2
b1:
  %7 = call.i16 @helper.1(%7, 2.5)
  call.i16 @helper.1(-1, 0.0)
  %7 = callind.i16 1(%7, 65535)
  %5 = dsdop.fmacs dsd, dsr.src0.3, dsd (%6, 0x1000400100020, 0.25, 7, 8, 9) async index activate unblock on_control=terminate priority=low ut=2
  %5 = dsdop.mov16 pointer, none, fifo.0 (20)
  %5 = dsdop.mov32 dsd, none, dsd (%6, 0x1000400100020, %7) async on_control=activate on_control_id=-2
  %6 = device.tsc_read()
  device.activate(9)
  jump b0 back
b2:
  ret
}
fn 1 "helper" function (%0: i16 "x", %1: f32) i16 may_block recursive {
b0:
  unreachable
b1:
  ret %x.0
}
)";

Program parsed(std::string_view text) {
  diag::Sink sink;
  auto p = parse(text, sink);
  if (!sink.all().empty()) FAIL(sink.all().front().message);
  REQUIRE(p);
  return *std::move(p);
}

std::string failure(std::string_view text) {
  diag::Sink sink;
  auto p = parse(text, sink);
  CHECK_FALSE(p);
  CHECK(sink.all().at(0).code == diag::Code::E0802);
  return sink.all().empty() ? "" : sink.all().front().message;
}

}  // namespace

TEST_CASE("every part of a program survives printing and parsing") {
  std::string text = kEverything;
  // tobool carries the operand's type behind the result's.
  text.replace(text.find("tobool.i16"), 10, "tobool.bool.i16");
  const Program p = parsed(text);
  CHECK(print(p) == text);
  CHECK(print(parsed(print(p))) == text);
}

TEST_CASE("values read back with their bits") {
  const Program p = parsed(R"(program "p" wse2 bf16
memory 0
fn 0 "f" function () void {
  local %0: f16
  local %1: i8
  local %2: i64
b0:
  %0 = copy.f16 6.0
  %1 = copy.i8 -128
  %2 = copy.i64 0xffffffffffffffff
  ret
}
)");
  REQUIRE(p.constants.size() == 3);
  CHECK(p.constants[0] == 0x40c0);
  CHECK(p.constants[1] == 0x80);
  CHECK(p.constants[2] == ~0ull);
}

TEST_CASE("a dump of one function holds that function only") {
  std::string text = kEverything;
  text.replace(text.find("tobool.i16"), 10, "tobool.bool.i16");
  const std::string out = printFunction(parsed(text), FunctionId(1));
  CHECK(out.starts_with("fn 1 \"helper\" function"));
  CHECK(out.ends_with("  ret %x.0\n}\n"));
}

TEST_CASE("malformed text names the line") {
  CHECK(failure("program \"p\" wse9 f16\n") == "malformed TIR text, line 1: `wse9` is not known here");
  CHECK(failure("memory 10\nfn 0 \"f\" function () void {\nb0:\n  frob\n}\n") ==
        "malformed TIR text, line 4: operation `frob` is not known");
  CHECK(failure("fn 0 \"f\" function () void {\nb0:\n  ret\n").find("`}` expected") != std::string::npos);
  CHECK(failure("fn 0 \"f\" function () i16 {\nb0:\n  ret %5\n}\n").find("local 5 of 0") != std::string::npos);
  CHECK(failure("image 0 00\n").find("bytes outside the image") != std::string::npos);
  CHECK(failure("string \"abc\n").find("unfinished") != std::string::npos);
}

TEST_CASE("text cut anywhere is refused or read, never worse") {
  const std::string text = kEverything;
  size_t read = 0;
  for (size_t n = 0; n < text.size(); n += 7) {
    diag::Sink sink;
    auto p = parse(std::string_view(text).substr(0, n), sink);
    read += p ? 1 : 0;
    CHECK(static_cast<bool>(p) != sink.hasErrors());
  }
  CHECK(read > 0);
}
