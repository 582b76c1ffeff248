// The container and the content hash.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/tir/tir.h"
#include "tests/support/fake_device.h"

#include <catch2/catch_test_macros.hpp>

#include <random>

using namespace weft;
using namespace weft::tir;
using weft::testing::programFromTir;

namespace {

constexpr const char* kText = R"(program "pe.csl" wse2 cb16
file "pe.csl"
sites 0:3:4 0:5:6
slot i16
shape 1:5 -8:3
dsr_config async activate=8
string "text"
memory 256
image_bytes 4
image 0 01020304
patch 2 2 $0
symbol "x" 16 4 "[2]u16" exported !1
host "go" function @f.0
task local 9 @f.0 !0
active 0x200
input_queue 2 5 high 0 !0
fifo 64 16 4 8 -1 terminate suspend medium !0
dsr_init src1.3 0x1000400100020 0
fn 0 "f" task (%0: i16 "n") void !0 {
  local %1: i16 "i"
b0:
  %i.1 = add.i16 %n.0, -3 !1
  dsdop.fmacs dsd, dsr.src0.3, dsd (0x1, 0x2, 0.25) async ut=2
  device.activate(%i.1)
  ret
}
)";

}  // namespace

TEST_CASE("a program survives the container") {
  const Program p = programFromTir(kText);
  diag::Sink sink;
  auto read = deserialize(serialize(p), sink);
  REQUIRE(read);
  CHECK(print(*read) == print(p));
  CHECK(contentHash(*read) == contentHash(p));
}

TEST_CASE("damaged and foreign containers are refused with E0803") {
  const std::string good = serialize(programFromTir(kText));
  auto refused = [](const std::string& bytes) {
    diag::Sink sink;
    auto read = deserialize(bytes, sink);
    return !read && sink.errorCount() == 1 && sink.all()[0].code == diag::Code::E0803;
  };
  CHECK(refused(""));
  CHECK(
      refused("\x7f"
              "ELF and so on, long enough"));
  size_t refusals = 0;
  for (size_t n = 0; n < good.size(); ++n) refusals += refused(good.substr(0, n)) ? 1 : 0;
  CHECK(refusals == good.size());
  std::mt19937 random(5);
  for (int k = 0; k < 300; ++k) {
    std::string bad = good;
    bad[random() % bad.size()] ^= static_cast<char>(1 << random() % 8);
    CHECK(refused(bad));
  }
  CHECK(refused(good + "x"));
}

TEST_CASE("the hash covers the program, not where it stands") {
  const Hash base = contentHash(programFromTir(kText));
  auto changed = [&](std::string_view from, std::string_view to) {
    std::string text = kText;
    const size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
    return contentHash(programFromTir(text)) != base;
  };
  CHECK_FALSE(changed("sites 0:3:4 0:5:6", "sites 0:13:4 0:15:6"));
  CHECK_FALSE(changed("file \"pe.csl\"", "file \"elsewhere/pe.csl\""));
  CHECK(changed("%n.0, -3", "%n.0, -4"));
  CHECK(changed("image 0 01020304", "image 0 01020305"));
  CHECK(changed("ut=2", "ut=3"));
  CHECK(changed("cb16", "f16"));
  CHECK(changed("0.25", "0.5"));
}
