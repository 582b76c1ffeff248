// What finalize() does to control flow and copies, and what it must leave alone.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/tir/tir.h"
#include "tests/support/fake_device.h"

#include <catch2/catch_test_macros.hpp>

using namespace weft;
using namespace weft::tir;
using weft::testing::programFromTir;

namespace {

std::string finalText(std::string_view body) {
  const Program p =
      programFromTir(std::string("program \"p\" wse3 f16\nmemory 64\nslot i16\nslot bool\n") + std::string(body));
  return printFunction(p, FunctionId(0));
}

}  // namespace

TEST_CASE("copies disappear and a result goes straight to its variable") {
  CHECK(finalText(R"(fn 0 "f" function (%0: i16 "x") i16 {
  local %1: i16 "i"
  local %2: i16
  local %3: i16
b0:
  %i.1 = copy.i16 7
  %2 = add.i16 %i.1, %x.0
  %i.1 = copy.i16 %2
  %3 = copy.i16 %i.1
  ret %3
}
)") == R"(fn 0 "f" function (%0: i16 "x") i16 {
  local %1: i16 "i"
b0:
  segment 0
  %i.1 = add.i16 7, %x.0
  ret %i.1
}
)");
}

TEST_CASE("nothing is computed with constants, so that a slot in their place costs the same") {
  const std::string with_constant = finalText(R"(fn 0 "f" function () i16 {
  local %0: i16
  local %1: i16
  local %2: bool
b0:
  %0 = copy.i16 3
  %1 = add.i16 %0, 4
  %2 = eq.i16 %0, 3
  branch %2, b1, b2
b1:
  ret %1
b2:
  ret 0
}
)");
  std::string expected = finalText(R"(fn 0 "f" function () i16 {
  local %0: i16
  local %1: i16
  local %2: bool
b0:
  %0 = copy.i16 $0
  %1 = add.i16 %0, 4
  %2 = eq.i16 %0, 3
  branch %2, b1, b2
b1:
  ret %1
b2:
  ret 0
}
)");
  for (size_t at = expected.find("$0"); at != std::string::npos; at = expected.find("$0")) expected.replace(at, 2, "3");
  CHECK(with_constant == expected);
}

TEST_CASE("a branch made constant by the producer is decided, one on a copied constant is not") {
  const std::string decided =
      finalText("fn 0 \"f\" function () i16 {\nb0:\n  branch true, b1, b2\nb1:\n  ret 1\nb2:\n  ret 2\n}\n");
  CHECK(decided == "fn 0 \"f\" function () i16 {\nb0:\n  segment 0\n  ret 1\n}\n");
  const std::string kept = finalText(
      "fn 0 \"f\" function () i16 {\n  local %0: bool\nb0:\n  %0 = copy.bool true\n  branch %0, b1, b2\nb1:\n  ret "
      "1\nb2:\n  ret 2\n}\n");
  CHECK(kept.find("branch true, b1, b2") != std::string::npos);
}

TEST_CASE("empty blocks are jumped over and straight lines merged") {
  CHECK(finalText(R"(fn 0 "f" function (%0: bool "c") i16 {
b0:
  branch %c.0, b1, b2
b1:
  jump b3
b2:
  jump b4
b3:
  jump b4
b4:
  jump b5
b5:
  ret 1
}
)") == "fn 0 \"f\" function (%0: bool \"c\") i16 {\nb0:\n  segment 0\n  ret 1\n}\n");
}

TEST_CASE("loops are closed by marked jumps, a conditional one in a block of its own") {
  CHECK(finalText(R"(fn 0 "f" function (%0: i16 "n") void {
  local %1: bool
b0:
  %n.0 = sub.i16 %n.0, 1
  %1 = ne.i16 %n.0, 0
  branch %1, b0, b1
b1:
  ret
}
)") == R"(fn 0 "f" function (%0: i16 "n") void may_block {
  local %1: bool
b0:
  segment 0
  jump b1
b1:
  segment 1
  %n.0 = sub.i16 %n.0, 1
  %1 = ne.i16 %n.0, 0
  branch %1, b2, b3
b2:
  segment 2
  jump b1 back
b3:
  segment 3
  ret
}
)");
}

TEST_CASE("an endless loop stays and may block") {
  const std::string text = finalText("fn 0 \"f\" function () void {\nb0:\n  jump b1\nb1:\n  jump b0\n}\n");
  CHECK(text ==
        "fn 0 \"f\" function () void may_block {\nb0:\n  segment 0\n  jump b1\nb1:\n  segment 1\n  jump b1 back\n}\n");
}

TEST_CASE("a local that may be read before it is written starts as zero") {
  CHECK(finalText(R"(fn 0 "f" function (%0: bool "c") i16 {
  local %1: i16 "x"
  local %2: i16 "unused"
b0:
  %unused.2 = copy.i16 5
  branch %c.0, b1, b2
b1:
  %x.1 = load.i16 [10]
  jump b2
b2:
  ret %x.1
}
)") == R"(fn 0 "f" function (%0: bool "c") i16 {
  local %1: i16 "x"
b0:
  segment 0
  %x.1 = copy.i16 0
  branch %c.0, b1, b2
b1:
  segment 1
  %x.1 = load.i16 [10]
  jump b2
b2:
  segment 2
  ret %x.1
}
)");
}

TEST_CASE("results of calls may be dropped, the calls stay") {
  CHECK(finalText(R"(fn 0 "f" function () void {
  local %0: i64
  local %1: bool
b0:
  %0 = device.tsc_read()
  %1 = dsdop.mov16 pointer, none, scalar (4, 5)
  store.i16 [2], 1
  ret
}
)") == R"(fn 0 "f" function () void may_block {
b0:
  segment 0
  device.tsc_read()
  segment 1
  dsdop.mov16 pointer, none, scalar (4, 5)
  segment 2
  store.i16 [2], 1
  ret
}
)");
}

TEST_CASE("a variable is not overwritten before its last reader") {
  // t must not be moved into v: v is read between them.
  const std::string text = finalText(R"(fn 0 "f" function (%0: i16 "v") i16 {
  local %1: i16 "t"
b0:
  %t.1 = add.i16 %v.0, 1
  store.i16 [0], %v.0
  %v.0 = copy.i16 %t.1
  ret %v.0
}
)");
  CHECK(text.find("%t.1 = add.i16 %v.0, 1\n  store.i16 [0], %v.0\n") != std::string::npos);
}

TEST_CASE("callers of what may block may block, others stay plain") {
  Program p = programFromTir(R"(program "p" wse3 f16
memory 0
fn 0 "top" task () void {
b0:
  call.void @middle.1()
  ret
}
fn 1 "middle" function () void {
b0:
  call.void @leaf.2()
  ret
}
fn 2 "leaf" function () void {
b0:
  device.activate(8)
  ret
}
fn 3 "plain" function () void {
b0:
  store.i16 [0], 1
  ret
}
)");
  CHECK(p.functions[0].may_block);
  CHECK(p.functions[1].may_block);
  CHECK(p.functions[2].may_block);
  CHECK_FALSE(p.functions[3].may_block);
  CHECK(suspendPoints(p, FunctionId(3)).empty());
}

TEST_CASE("finalizing twice changes nothing") {
  Program p = programFromTir(R"(program "p" wse3 f16
memory 100
file "a.csl"
sites 0:9:9 0:1:1 0:1:1
fn 0 "f" task (%0: i16 "n") void !1 {
  local %1: i16 "i"
  local %2: bool
  local %3: i16
b0:
  %i.1 = copy.i16 0 !2
  jump b1 !2
b1:
  %2 = ult.i16 %i.1, %n.0
  branch %2, b2, b3
b2:
  %3 = load.i16 [%i.1 + 10]
  store.i16 [%i.1 + 30], %3
  device.activate(%3)
  %3 = add.i16 %i.1, 1
  %i.1 = copy.i16 %3
  jump b1 !0
b3:
  ret
}
)");
  const std::string once = print(p);
  CHECK(once.find("sites 0:1:1 0:9:9\n") != std::string::npos);
  finalize(p);
  CHECK(print(p) == once);
}
