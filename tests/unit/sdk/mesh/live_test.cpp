// What a person does to a running mesh: inject words, activate tasks, watch a run that does not end.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sdk/mesh/rig.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

using namespace weft;
using namespace weft::testing;

TEST_CASE("injected words arrive all and in order, however many, control words too") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Rig rig(arch, 2, 1);
  const int data = arch == Arch::Wse2 ? 7 : 2;
  // The data task counts the words and keeps the last one; the control task keeps its datum.
  rig.put(1, 0,
          rig.add(programText(arch,
                              fmt::format("task data {} @word.0 !0\ntask control 40 @stop.1 !0\n"
                                          "input_queue 2 7 default 0 !0\n",
                                          data),
                              "fn 0 \"word\" task (%0: i32) void !0 {\n  local %1: i16\nb0:\n  store.i32 [8], %0\n"
                              "  %1 = load.i16 [0]\n  %1 = add.i16 %1, 1\n  store.i16 [0], %1\n  ret\n}\n"
                              "fn 1 \"stop\" task (%0: i16) void !0 {\nb0:\n  store.i16 [4], %0\n  ret\n}\n")));
  rig.put(0, 0, rig.add(programText(arch, "", "fn 0 \"none\" task () void !0 {\nb0:\n  ret\n}\n")));
  rig.route(7, 0, 0, R, E);
  rig.route(7, 1, 0, W, R);
  rig.make();
  CHECK(rig.run() == mesh::RunEnd::Complete);
  // Far more than the queue holds.
  for (uint32_t k = 1; k <= 50; ++k) rig.mesh->inject({0, 0}, 7, k, false);
  rig.mesh->inject({0, 0}, 7, 40u << 16 | 99, true);
  CHECK(rig.run() == mesh::RunEnd::Complete);
  CHECK(rig.word(1, 0, 0, 2) == 50);
  CHECK(rig.word(1, 0, 8) == 50);
  CHECK(rig.word(1, 0, 4, 2) == 99);
  CHECK(rig.sink.all().empty());
}

TEST_CASE("words injected before a closed port wait without keeping the mesh busy") {
  Rig rig(Arch::Wse2, 1, 1);
  rig.putAll(rig.add(programText(Arch::Wse2, "", "fn 0 \"none\" task () void !0 {\nb0:\n  ret\n}\n")));
  rig.route(7, 0, 0, W, R);
  rig.make();
  for (uint32_t k = 0; k < 50; ++k) rig.mesh->inject({0, 0}, 7, k, false);
  CHECK(rig.run(5000) == mesh::RunEnd::Complete);
  CHECK(rig.mesh->cycle() < 100);
}

TEST_CASE("a task activated from outside runs once, a blocked one waits") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  Rig rig(arch, 1, 1);
  rig.putAll(rig.add(programText(arch, "task local 9 @main.0 !0\ntask local 10 @other.1 !0\nblocked 0x400\n",
                                 "fn 0 \"main\" task () void !0 {\n  local %0: i16\nb0:\n  %0 = load.i16 [0]\n"
                                 "  %0 = add.i16 %0, 1\n  store.i16 [0], %0\n  ret\n}\n"
                                 "fn 1 \"other\" task () void !0 {\nb0:\n  store.i16 [2], 1\n  ret\n}\n")));
  rig.make();
  CHECK(rig.run() == mesh::RunEnd::Complete);
  CHECK(rig.word(0, 0, 0, 2) == 0);
  rig.mesh->activate({0, 0}, 9);
  rig.mesh->activate({0, 0}, 10);
  CHECK(rig.run() == mesh::RunEnd::Complete);
  CHECK(rig.word(0, 0, 0, 2) == 1);
  CHECK(rig.word(0, 0, 2, 2) == 0);
  rig.mesh->activate({0, 0}, 9);
  CHECK(rig.run() == mesh::RunEnd::Complete);
  CHECK(rig.word(0, 0, 0, 2) == 2);
}

TEST_CASE("a run that does not end says where it is") {
  Rig rig(Arch::Wse3, 2, 1);
  rig.put(1, 0,
          rig.add(programText(Arch::Wse3, startTask(),
                              "fn 0 \"main\" task () void !0 {\nb0:\n  jump b1\nb1:\n  jump b1\n}\n")));
  rig.beat_seconds = 1;
  rig.make();
  std::FILE* caught = std::tmpfile();
  REQUIRE(caught != nullptr);
  std::fflush(stderr);
  const int terminal = dup(2);
  dup2(fileno(caught), 2);
  mesh::Mesh::RunRequest request;
  const auto begin = std::chrono::steady_clock::now();
  // Until the line is there; a busy machine may need many seconds for it.
  request.poll = [&] {
    struct stat now = {};
    fstat(fileno(caught), &now);
    return now.st_size > 0 || std::chrono::steady_clock::now() - begin > std::chrono::seconds(60);
  };
  const mesh::RunEnd end = rig.mesh->run(request);
  std::fflush(stderr);
  dup2(terminal, 2);
  close(terminal);
  std::rewind(caught);
  char text[400] = {};
  const size_t n = std::fread(text, 1, sizeof text - 1, caught);
  std::fclose(caught);
  CHECK(end == mesh::RunEnd::Interrupted);
  REQUIRE(n > 0);
  const std::string line(text);
  INFO(line);
  CHECK(line.find("cycle ") != std::string::npos);
  CHECK(line.find("busiest PE (1, 0)") != std::string::npos);
  CHECK(line.find("`main`") != std::string::npos);
}
