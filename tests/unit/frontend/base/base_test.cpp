// Unit tests of frontend/base: arena, interner, ids and results.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/base/arena.h"
#include "frontend/base/id.h"
#include "frontend/base/interner.h"
#include "frontend/base/result.h"

#include <catch2/catch_test_macros.hpp>

#include <memory>
#include <string>
#include <thread>
#include <vector>

using namespace weft;

TEST_CASE("an arena gives aligned memory that does not overlap") {
  base::Arena arena;
  std::vector<std::pair<uintptr_t, size_t>> blocks;
  for (size_t i = 1; i < 300; ++i) {
    const size_t align = size_t{1} << (i % 5);
    const auto at = reinterpret_cast<uintptr_t>(arena.allocate(i * 7, align));
    REQUIRE(at % align == 0);
    for (const auto& [begin, size] : blocks) REQUIRE((at >= begin + size || at + i * 7 <= begin));
    blocks.emplace_back(at, i * 7);
  }
}

TEST_CASE("an arena serves a block larger than its chunks") {
  base::Arena arena;
  auto* bytes = static_cast<char*>(arena.allocate(1 << 20, 16));
  bytes[0] = 'a';
  bytes[(1 << 20) - 1] = 'z';
  auto* after = static_cast<char*>(arena.allocate(8, 8));
  *after = 'x';
  CHECK(bytes[0] == 'a');
  CHECK(bytes[(1 << 20) - 1] == 'z');
}

TEST_CASE("equal texts are interned as one symbol") {
  base::Interner names;
  const base::Symbol red = names.intern("red");
  const base::Symbol blue = names.intern("blue");
  CHECK(red == names.intern(std::string("re") + "d"));
  CHECK(red != blue);
  CHECK(names.text(blue) == "blue");
  CHECK(names.size() == 2);
}

TEST_CASE("finding a name that was never interned gives an invalid symbol") {
  base::Interner names;
  CHECK_FALSE(names.find("green").valid());
  names.intern("green");
  CHECK(names.find("green").valid());
}

TEST_CASE("symbols keep their text over many chunks and from several threads") {
  base::Interner names;
  auto work = [&] {
    for (int i = 0; i < 10000; ++i) names.intern("n" + std::to_string(i));
  };
  std::thread other(work);
  work();
  other.join();
  REQUIRE(names.size() == 10000);
  for (int i = 0; i < 10000; i += 997) {
    const std::string text = "n" + std::to_string(i);
    CHECK(names.text(names.find(text)) == text);
  }
}

namespace {

struct ThingTag;

Result<int> half(int value) {
  if (value % 2 != 0) return Reported{};
  return value / 2;
}

Result<int> quarter(int value) {
  WEFT_TRY(const int once, half(value));
  WEFT_TRY(const int twice, half(once));
  return twice;
}

Result<void> mustHalve(int value) {
  WEFT_TRY_VOID(half(value));
  return {};
}

}  // namespace

TEST_CASE("a default id is invalid and differs from every index") {
  CHECK_FALSE(Id<ThingTag>().valid());
  CHECK(Id<ThingTag>(0).valid());
  CHECK(Id<ThingTag>(0) != Id<ThingTag>());
}

TEST_CASE("WEFT_TRY passes a value on and stops at a reported failure") {
  REQUIRE(quarter(8));
  CHECK(*quarter(8) == 2);
  CHECK_FALSE(quarter(6));
  CHECK_FALSE(quarter(7));
  CHECK(mustHalve(2));
  CHECK_FALSE(mustHalve(3));
}

TEST_CASE("a result can hold what only moves") {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  REQUIRE(result);
  const std::unique_ptr<int> taken = *std::move(result);
  CHECK(*taken == 7);
}
