// The express way against the general one: random streams, the same words in the same cycles.
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sdk/mesh/rig.h"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <random>
#include <tuple>

using namespace weft;
using namespace weft::testing;

namespace {

/// Every row is a chain of operations on words that run east (colors 1 and 2 in turn); color 3 runs south through the
/// routers of the PEs in between. Lengths, operations, starts and ends are drawn from the seed.
void streams(Rig& rig, unsigned seed) {
  std::mt19937 draw(seed);
  const auto pick = [&](unsigned n) { return static_cast<int>(draw() % n); };
  const uint32_t w = rig.plan.extent.width, h = rig.plan.extent.height;
  const bool wse2 = rig.arch == Arch::Wse2;
  std::vector<int> down(w);
  for (int& n : down) n = 10 + pick(60);
  for (uint32_t y = 0; y < h; ++y) {
    const int n = 20 + pick(70);
    for (uint32_t x = 0; x < w; ++x) {
      const int out = x % 2 == 0 ? 1 : 2, in = 3 - out;
      const bool first = x == 0, last = x + 1 == w, top = y == 0, bottom = y + 1 == h;
      std::string header = startTask() + "task local 10 @again.1 !0\n";
      if (!first) header += fmt::format("input_queue 2 {} default 0 !0\n", in);
      if (bottom) header += "input_queue 4 3 default 0 !0\n";
      header += fmt::format("output_queue 3 {} !0\noutput_queue 5 {} !0\n", wse2 ? 255 : out, wse2 ? 255 : 3);
      std::string body = "fn 0 \"main\" task () void !0 {\n  local %0: bool\n  local %1: i16\nb0:\n";
      body += fmt::format("  %1 = device.random16()\n  store.i16 [{}], %1\n", 64 + 2 * pick(20));
      // A PE that comes late finds its links full.
      if (pick(3) == 0)
        body += fmt::format("  %0 = dsdop.mov16 dsd, none, dsd ({}, {}) !1\n", mem(300, 60), mem(64, 60));
      const std::string to = lit(fabout(3, out, static_cast<uint16_t>(n)));
      const std::string from = lit(fabin(2, static_cast<uint16_t>(n)));
      const std::string data = mem(64, static_cast<uint16_t>(n), static_cast<int16_t>(pick(2)));
      const bool async = pick(4) != 0;
      const std::string end = async ? ", 10) async activate !2\n" : ") !2\n";
      if (first) {
        body += fmt::format("  %0 = dsdop.add16 dsd, dsd, scalar ({}, {}, {}{}", to, data, pick(100), end);
      } else if (last) {
        const std::string where = mem(64, static_cast<uint16_t>(n), static_cast<int16_t>(pick(2)));
        body += pick(2) == 0 ? fmt::format("  %0 = dsdop.add16 dsd, dsd, dsd ({}, {}, {}{}", where, where, from, end)
                             : fmt::format("  %0 = dsdop.mov16 dsd, none, dsd ({}, {}{}", where, from, end);
      } else {
        switch (pick(4)) {
          case 0: body += fmt::format("  %0 = dsdop.add16 dsd, dsd, dsd ({}, {}, {}{}", to, data, from, end); break;
          case 1: body += fmt::format("  %0 = dsdop.xor16 dsd, dsd, dsd ({}, {}, {}{}", to, from, data, end); break;
          case 2: body += fmt::format("  %0 = dsdop.faddh dsd, dsd, dsd ({}, {}, {}{}", to, data, from, end); break;
          default: body += fmt::format("  %0 = dsdop.mov16 dsd, none, dsd ({}, {}{}", to, from, end); break;
        }
      }
      const auto length = static_cast<uint16_t>(down[x]);
      if (top)
        body += fmt::format("  %0 = dsdop.mov16 dsd, none, dsd ({}, {}) async !3\n", lit(fabout(5, 3, length)),
                            mem(64, length, 0));
      if (bottom)
        body += fmt::format("  %0 = dsdop.mov16 dsd, none, dsd ({}, {}) async !3\n", mem(200, length, 0),
                            lit(fabin(4, length)));
      body +=
          "  ret\n}\nfn 1 \"again\" task () void !0 {\n  local %0: i16\nb0:\n  %0 = load.i16 [2]\n  %0 = add.i16 %0, "
          "1\n  store.i16 [2], %0\n  ret\n}\n";
      rig.put(x, y, rig.add(programText(rig.arch, header, body, 512)));
      // Some routers hand the words of the row on as well as to their PE's neighbours.
      if (!last) rig.route(out, x, y, R, E);
      if (!first) rig.route(in, x, y, W, R);
      rig.route(3, x, y, top ? R : N, bottom ? R : S);
    }
  }
}

/// Columns of adds, the even ones southward, the odd ones northward, all at work for a while: rows may run ahead.
void columns(Rig& rig) {
  const uint32_t w = rig.plan.extent.width, h = rig.plan.extent.height;
  const bool wse2 = rig.arch == Arch::Wse2;
  const auto n = [](uint32_t x) { return static_cast<uint16_t>(300 + 20 * x); };
  for (uint32_t y = 0; y < h; ++y) {
    for (uint32_t x = 0; x < w; ++x) {
      const bool south = x % 2 == 0, first = y == (south ? 0 : h - 1), last = y == (south ? h - 1 : 0);
      const int out = y % 2 == 0 ? 1 : 2, in = 3 - out;
      std::string header = startTask() + "task local 10 @again.1 !0\n";
      if (!first) header += fmt::format("input_queue 2 {} default 0 !0\n", in);
      header += fmt::format("output_queue 3 {} !0\n", wse2 ? 255 : out);
      const std::string to = lit(fabout(3, out, n(x))), from = lit(fabin(2, n(x))), data = mem(64, n(x), 0);
      std::string body = "fn 0 \"main\" task () void !0 {\n  local %0: bool\n  local %1: i16\nb0:\n";
      body += "  %1 = device.random16()\n  store.i16 [64], %1\n";
      if (first) {
        body += fmt::format("  %0 = dsdop.add16 dsd, dsd, scalar ({}, {}, 3, 10) async activate !1\n", to, data);
      } else {
        body += fmt::format("  %0 = dsdop.add16 dsd, dsd, dsd ({}, {}, {}, 10) async activate !1\n", last ? data : to,
                            data, from);
      }
      body +=
          "  ret\n}\nfn 1 \"again\" task () void !0 {\n  local %0: i16\nb0:\n  %0 = load.i16 [2]\n  %0 = add.i16 %0, "
          "1\n  store.i16 [2], %0\n  ret\n}\n";
      rig.put(x, y, rig.add(programText(rig.arch, header, body)));
      if (!last) rig.route(out, x, y, R, south ? S : N);
      if (!first) rig.route(in, x, y, south ? N : S, R);
    }
  }
}

using Event = std::tuple<Cycles, uint32_t, uint32_t, int, int, uint32_t>;
struct Outcome {
  uint64_t memory = 0, trace = 0, hops = 0, elements = 0;
  Cycles end = 0, last_move = 0;
  std::vector<Event> events;
  std::vector<std::string> looks;
  bool operator==(const Outcome&) const = default;
};

mesh::MeshOptions cut(int edge, int threads) {
  mesh::MeshOptions options;
  options.threads = threads;
  options.block_edge = edge;
  options.trace_hash = true;
  return options;
}

Outcome outcome(Arch arch, unsigned seed, int express_after, bool looking = false, int edge = 0, int threads = 1) {
  Rig rig(arch, 7, 5);
  streams(rig, seed);
  mesh::MeshOptions options = cut(edge, threads);
  options.express_after = express_after;
  rig.make(options);
  if (!looking) rig.mesh->setWaveletListener(nullptr);
  Outcome o;
  for (Cycles limit = 37; looking && limit < 200; limit += 37) {
    rig.run(limit);
    const auto s = rig.mesh->snapshot({3, 2});
    for (const auto* list : {&s.queues, &s.threads, &s.routes})
      o.looks.insert(o.looks.end(), list->begin(), list->end());
  }
  CHECK(rig.run() == mesh::RunEnd::Complete);
  const auto stats = rig.mesh->stats();
  o.memory = rig.mesh->memoryHash();
  o.trace = rig.mesh->traceHash();
  o.hops = stats.wavelet_hops;
  o.elements = stats.dsd_elements;
  o.end = rig.mesh->cycle();
  o.last_move = stats.last_move;
  for (const auto& e : rig.events) o.events.emplace_back(e.cycle, e.pe.x, e.pe.y, e.color, e.port, e.payload);
  return o;
}

std::string text(const Outcome& o) {
  return fmt::format("memory {:x} trace {:x} hops {} elements {} end {} last move {}", o.memory, o.trace, o.hops,
                     o.elements, o.end, o.last_move);
}

}  // namespace

TEST_CASE("the express way changes nothing") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  for (unsigned seed = 1; seed <= 25; ++seed) {
    INFO("seed " << seed);
    const Outcome plain = outcome(arch, seed, 0);
    CHECK(plain.hops > 500);
    CHECK(text(outcome(arch, seed, 1)) == text(plain));
    CHECK(text(outcome(arch, seed, 8)) == text(plain));
    CHECK(text(outcome(arch, seed, 2, false, 3)) == text(plain));
  }
}

TEST_CASE("who listens to instructions changes nothing and hears them in order") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  using Kind = mesh::InstructionEvent::Kind;
  for (unsigned seed = 1; seed <= 10; ++seed) {
    INFO("seed " << seed);
    const Outcome plain = outcome(arch, seed, 8);
    std::vector<std::string> first;
    for (const auto& [edge, threads] : {std::pair{0, 1}, std::pair{3, 2}, std::pair{2, 1}}) {
      Rig rig(arch, 7, 5);
      streams(rig, seed);
      rig.make(cut(edge, threads));
      std::vector<std::string> heard;
      uint64_t begun = 0, elements = 0;
      std::tuple<Cycles, uint32_t, uint32_t> before;
      rig.mesh->setInstructionListener([&](const mesh::InstructionEvent& e) {
        const std::tuple at{e.cycle, e.pe.y, e.pe.x};
        CHECK(before <= at);
        before = at;
        begun += e.kind == Kind::Task ? 1 : 0;
        // One that works on memory alone has a single event.
        if (e.kind == Kind::Element)
          elements += e.places[2].kind == mesh::InstructionEvent::Place::Kind::Memory ? e.step + 1 : e.lanes;
        heard.push_back(fmt::format("{} {} {} {} {} {} {} {} {}", e.cycle, e.pe.x, e.pe.y, static_cast<int>(e.kind),
                                    e.what, e.thread, e.task, e.number, e.step));
      });
      CHECK(rig.run() == mesh::RunEnd::Complete);
      const auto stats = rig.mesh->stats();
      CHECK(rig.mesh->memoryHash() == plain.memory);
      CHECK(rig.mesh->traceHash() == plain.trace);
      CHECK(rig.mesh->cycle() == plain.end);
      CHECK(begun == stats.tasks_started);
      CHECK(elements == stats.dsd_elements);
      if (first.empty()) first = heard;
      CHECK(heard == first);
    }
  }
}

TEST_CASE("rows run ahead while nothing can happen, and change nothing") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  const auto run = [arch](int lookahead, bool expect) {
    Rig rig(arch, 6, 11);
    columns(rig);
    mesh::MeshOptions options;
    options.trace_hash = true;
    options.lookahead = lookahead;
    rig.make(options);
    rig.mesh->setWaveletListener(nullptr);
    std::vector<std::string> seen;
    const auto look = [&] {
      const auto s = rig.mesh->stats();
      seen.push_back(fmt::format("{}: {:x} {:x} {} {} {}", rig.mesh->cycle(), rig.mesh->memoryHash(),
                                 rig.mesh->traceHash(), s.wavelet_hops, s.dsd_elements, s.last_move));
    };
    for (const Cycles limit : {Cycles{150}, Cycles{151}, Cycles{203}, Cycles{300}}) {
      rig.run(limit);
      look();
    }
    CHECK(rig.run() == mesh::RunEnd::Complete);
    look();
    CHECK(rig.word(0, 10, 2, 2) == 1);
    CHECK((rig.mesh->stats().ahead_cycles > 50) == expect);
    return seen;
  };
  const auto plain = run(1, false);
  CHECK(run(4, true) == plain);
  CHECK(run(16, true) == plain);
}

TEST_CASE("looking at a PE in express state shows what the general way would show") {
  const Arch arch = GENERATE(Arch::Wse2, Arch::Wse3);
  for (unsigned seed = 30; seed <= 34; ++seed) {
    INFO("seed " << seed);
    const Outcome plain = outcome(arch, seed, 0, true);
    CHECK(plain.events.size() > 500);
    CHECK(plain.looks.size() > 8);
    CHECK(outcome(arch, seed, 1, true) == plain);
    CHECK(outcome(arch, seed, 5, true) == plain);
    CHECK(outcome(arch, seed, 1, true, 2, 2) == plain);
  }
}
