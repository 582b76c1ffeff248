// Unit tests of frontend/source: positions in texts.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/source/source.h"

#include <catch2/catch_test_macros.hpp>

using weft::source::SourceManager;

TEST_CASE("offsets become one-based lines and byte columns") {
  SourceManager sources;
  const auto id = sources.add("a.csl", "ab\n\ncd");
  auto at = [&](uint32_t offset) {
    const auto place = sources.lineColumn(id, offset);
    return std::pair(place.line, place.column);
  };
  CHECK(at(0) == std::pair(1u, 1u));
  CHECK(at(2) == std::pair(1u, 3u));
  CHECK(at(3) == std::pair(2u, 1u));
  CHECK(at(4) == std::pair(3u, 1u));
  // One past the end is where something is missing.
  CHECK(at(6) == std::pair(3u, 3u));
}

TEST_CASE("a line's text has neither newline nor carriage return") {
  SourceManager sources;
  const auto id = sources.add("a.csl", "first\r\nsecond\n");
  CHECK(sources.lineText(id, 1) == "first");
  CHECK(sources.lineText(id, 2) == "second");
  CHECK(sources.lineText(id, 3).empty());
  CHECK(sources.lineText(id, 0).empty());
  CHECK(sources.lineText(id, 4).empty());
  CHECK(sources.lineCount(id) == 3);
}

TEST_CASE("an empty text has one empty line") {
  SourceManager sources;
  const auto id = sources.add("empty.csl", "");
  CHECK(sources.lineCount(id) == 1);
  CHECK(sources.lineColumn(id, 0).line == 1);
  CHECK(sources.text(id).empty());
  CHECK(sources.path(id) == "empty.csl");
}

TEST_CASE("texts stay where they are when more are added") {
  SourceManager sources;
  const auto first = sources.add("a", "short");
  const char* where = sources.text(first).data();
  for (int i = 0; i < 100; ++i) sources.add("b", "more");
  CHECK(sources.text(first).data() == where);
  CHECK(sources.size() == 101);
}
