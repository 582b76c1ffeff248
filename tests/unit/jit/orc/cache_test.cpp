// The object cache: hits, damaged files, several writers at once, the limit; and that neither it nor parallel compiling
// changes what comes out.
// SPDX-License-Identifier: Apache-2.0
#include "jit/engine.h"
#include "jit/orc/cache_folder.h"
#include "tests/support/fake_device.h"
#include "tests/support/random_program.h"

#include <catch2/catch_test_macros.hpp>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace weft;
using jit::orc::CacheFolder;
namespace fs = std::filesystem;

namespace {

class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "weft-cache-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Scratch() { fs::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  [[nodiscard]] fs::path operator/(const std::string& name) const { return path_ / name; }
  [[nodiscard]] std::string string() const { return path_.string(); }
  [[nodiscard]] std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> out;
    for (const auto& entry : fs::directory_iterator(path_)) {
      std::ifstream in(entry.path(), std::ios::binary);
      std::stringstream text;
      text << in.rdbuf();
      out[entry.path().filename().string()] = text.str();
    }
    return out;
  }

 private:
  fs::path path_;
};

std::string keyOf(int n) { return fmt::format("{:032x}", n); }

ino_t inodeOf(const fs::path& path) {
  struct stat s{};
  REQUIRE(stat(path.c_str(), &s) == 0);
  return s.st_ino;
}

std::unique_ptr<jit::Engine> engineWith(const std::string& cache, int level = 0, int threads = 1) {
  diag::Sink sink;
  jit::EngineOptions options;
  options.opt_level = level;
  options.cache_dir = cache;
  options.compile_threads = threads;
  auto engine = jit::makeOrc(options, sink);
  REQUIRE(engine);
  return *std::move(engine);
}

uint64_t resultOf(jit::Engine& engine, const tir::Program& p) {
  auto image = weft::testing::compileOne(engine, p);
  weft::testing::FakeDevice device(p, engine.kernels(p.fp16));
  const std::vector<uint64_t> args{0x1234, 0x89abcdef, 0x3fc00000};
  device.run(*image, tir::FunctionId(0), args);
  return device.result;
}

void age(const fs::path& path, int hours) {
  fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(hours));
}

}  // namespace

TEST_CASE("a file comes back as it was stored") {
  const Scratch folder;
  const CacheFolder cache(folder.string());
  CHECK_FALSE(cache.load(keyOf(1)));
  for (const size_t bytes : {0, 1, 31, 32, 33, 5000}) {
    const std::string content(bytes, static_cast<char>(bytes));
    cache.store(keyOf(1), content);
    CHECK(cache.load(keyOf(1)) == content);
  }
  CHECK(folder.files().size() == 1);
  CHECK_FALSE(CacheFolder("").enabled());
}

TEST_CASE("a damaged file counts as absent") {
  const Scratch folder;
  const CacheFolder cache(folder.string());
  cache.store(keyOf(1), std::string(1000, 'x'));
  const fs::path path = folder / (keyOf(1) + ".o");
  const std::string good = folder.files().begin()->second;
  const auto put = [&](const std::string& text) { std::ofstream(path, std::ios::binary) << text; };
  for (size_t at = 0; at < good.size(); at += 7) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    put(bad);
    CHECK_FALSE(cache.load(keyOf(1)));
  }
  for (const size_t length : {size_t{0}, size_t{8}, size_t{24}, good.size() - 1}) {
    put(good.substr(0, length));
    CHECK_FALSE(cache.load(keyOf(1)));
  }
  put(good + "more");
  CHECK_FALSE(cache.load(keyOf(1)));
  put(good);
  CHECK(cache.load(keyOf(1)).has_value());
}

TEST_CASE("the least recently used files go when there are too many bytes") {
  const Scratch folder;
  const CacheFolder cache(folder.string(), 100'000);
  for (int k = 0; k < 9; ++k) {
    cache.store(keyOf(k), std::string(10'000, 'x'));
    age(folder / (keyOf(k) + ".o"), 20 - k);
  }
  // Used just now, although it is the oldest.
  CHECK(cache.load(keyOf(0)).has_value());
  std::ofstream(folder / "notes.txt") << "somebody else's";
  std::ofstream(folder / "main.o") << "somebody else's";
  std::ofstream(folder / (keyOf(7) + ".o.99.0")) << "of a writer that died";
  age(folder / (keyOf(7) + ".o.99.0"), 5);
  for (int k = 9; k < 12; ++k) cache.store(keyOf(k), std::string(10'000, 'x'));
  uint64_t total = 0;
  const auto files = folder.files();
  for (const auto& [name, text] : files) total += text.size();
  CHECK(total <= 100'000);
  CHECK(files.count(keyOf(0) + ".o") == 1);
  CHECK(files.count(keyOf(1) + ".o") == 0);
  CHECK(files.count(keyOf(11) + ".o") == 1);
  CHECK(files.count("notes.txt") == 1);
  CHECK(files.count("main.o") == 1);
  CHECK(files.count(keyOf(7) + ".o.99.0") == 0);
}

TEST_CASE("readers never see half a file, whoever writes") {
  const Scratch folder;
  const auto content = [](int writer) { return std::string(200'000, static_cast<char>('a' + writer)); };
  std::vector<pid_t> children;
  for (int writer = 0; writer < 3; ++writer) {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const CacheFolder cache(folder.string());
      for (int k = 0; k < 40; ++k) cache.store(keyOf(1), content(writer));
      _exit(0);
    }
    children.push_back(child);
  }
  const CacheFolder cache(folder.string());
  int seen = 0;
  const auto look = [&] {
    const auto bytes = cache.load(keyOf(1));
    if (!bytes) return;
    ++seen;
    const int writer = bytes->front() - 'a';
    CHECK((writer >= 0 && writer < 3 && *bytes == content(writer)));
  };
  for (int k = 0; k < 200; ++k) look();
  for (const pid_t child : children) {
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(status == 0);
  }
  look();
  CHECK(seen > 0);
  CHECK(folder.files().size() == 1);
}

TEST_CASE("a second engine takes the object code of the first, unless it is damaged") {
  const Scratch folder;
  const tir::Program p = weft::testing::randomProgram(77, target::Fp16Format::F16);
  const uint64_t expected = resultOf(*engineWith(""), p);
  CHECK(resultOf(*engineWith(folder.string()), p) == expected);
  const auto first = folder.files();
  REQUIRE_FALSE(first.empty());
  std::map<std::string, ino_t> inodes;
  for (const auto& [name, text] : first) {
    inodes[name] = inodeOf(folder / name);
    age(folder / name, 3);
  }
  CHECK(resultOf(*engineWith(folder.string()), p) == expected);
  for (const auto& [name, inode] : inodes) {
    CHECK(inodeOf(folder / name) == inode);  // not written again
    CHECK(fs::last_write_time(folder / name) > fs::file_time_type::clock::now() - std::chrono::hours(1));
  }
  for (const auto& [name, text] : first) std::ofstream(folder / name, std::ios::binary) << text.substr(0, 100);
  CHECK(resultOf(*engineWith(folder.string()), p) == expected);
  CHECK(folder.files() == first);
}

TEST_CASE("compiling in parallel gives the same code") {
  std::vector<tir::Program> programs;
  std::vector<jit::CostTable> costs;
  std::vector<const tir::Program*> pointers;
  for (uint64_t seed = 500; seed < 512; ++seed)
    programs.push_back(weft::testing::randomProgram(seed, target::Fp16Format::F16));
  for (const tir::Program& p : programs) {
    pointers.push_back(&p);
    costs.push_back(weft::testing::sampleCosts(p));
  }
  for (const int level : {0, 2}) {
    const Scratch one, four;
    diag::Sink sink;
    CHECK(engineWith(one.string(), level, 1)->compile(pointers, costs, sink));
    CHECK(engineWith(four.string(), level, 4)->compile(pointers, costs, sink));
    CHECK(one.files().size() == programs.size());
    CHECK(one.files() == four.files());
  }
}
