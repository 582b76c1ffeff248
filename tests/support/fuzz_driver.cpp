// A seeded stand-in for libFuzzer: runs a fuzz target on its seeds and on mutations of them for a number of seconds.
// Usage: weft_X_fuzz [--seconds=N] [--seed=N] [--runs=N] [FILE|FOLDER]...   Linked into every tests/fuzz target.
// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxBytes = 4096;
// The input under test, so that the crash handler can save it. One thread runs inputs.
std::string current;

void saveCrash(int signal_number) {
  // Only async-signal-safe calls here.
  if (FILE* out = std::fopen("fuzz-crash.bin", "wb")) {
    std::fwrite(current.data(), 1, current.size(), out);
    std::fclose(out);
  }
  constexpr std::string_view text = "fuzz: crash; input saved as fuzz-crash.bin\n";
  [[maybe_unused]] auto written = write(STDERR_FILENO, text.data(), text.size());
  std::signal(signal_number, SIG_DFL);
  std::raise(signal_number);
}

void runOne(std::string input) {
  current = std::move(input);
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(current.data()), current.size());
}

std::string readFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void loadSeeds(const fs::path& path, std::vector<std::string>& seeds) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(path))
      if (entry.is_regular_file()) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const auto& file : files) seeds.push_back(readFile(file));
  } else if (fs::is_regular_file(path, ignored)) {
    seeds.push_back(readFile(path));
  }
}

class Mutator {
 public:
  Mutator(const std::vector<std::string>& seeds, uint64_t seed) : seeds_(seeds), random_(seed) {}

  std::string next() {
    std::string text = pick(4) == 0 ? std::string() : seeds_[pick(seeds_.size())];
    const size_t steps = 1 + pick(6);
    for (size_t i = 0; i < steps; ++i) mutate(text);
    if (text.size() > kMaxBytes) text.resize(kMaxBytes);
    return text;
  }

 private:
  size_t pick(size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  void mutate(std::string& text) {
    const size_t at = pick(text.size() + 1);
    switch (pick(8)) {
      case 0: text.insert(at, 1, static_cast<char>(random_() & 0xff)); break;
      case 1:
        if (at < text.size()) text[at] = static_cast<char>(random_() & 0xff);
        break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << pick(8)));
        break;
      case 3: text.erase(at, 1 + pick(16)); break;
      case 4: {
        constexpr std::string_view kBrackets = "(){}[];,.:@*&|<>=\"'";
        text.insert(at, 1, kBrackets[pick(kBrackets.size())]);
        break;
      }
      case 5: {
        const std::string& other = seeds_[pick(seeds_.size())];
        const size_t from = pick(other.size());
        text.insert(at, other.substr(from, 1 + pick(64)));
        break;
      }
      case 6: text.insert(at, text.substr(pick(text.size()), 1 + pick(32))); break;
      case 7: {
        std::string block(1 + pick(256), '\0');
        for (char& c : block) c = static_cast<char>(random_() & 0xff);
        text.insert(at, block);
        break;
      }
    }
  }

  const std::vector<std::string>& seeds_;
  std::mt19937_64 random_;
};

}  // namespace

int main(int argc, char** argv) {
  double seconds = 5;
  uint64_t seed = 1;
  uint64_t max_runs = UINT64_MAX;
  std::vector<std::string> seeds = {""};
  for (int i = 1; i < argc; ++i) {
    std::string_view arg = argv[i];
    if (arg.starts_with("--seconds=")) {
      seconds = std::atof(argv[i] + 10);
    } else if (arg.starts_with("--seed=")) {
      seed = std::strtoull(argv[i] + 7, nullptr, 10);
    } else if (arg.starts_with("--runs=")) {
      max_runs = std::strtoull(argv[i] + 7, nullptr, 10);
    } else {
      loadSeeds(argv[i], seeds);
    }
  }
  for (int s : {SIGSEGV, SIGABRT, SIGFPE, SIGILL, SIGBUS}) std::signal(s, saveCrash);
  for (const auto& text : seeds) runOne(text);

  Mutator mutator(seeds, seed);
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  uint64_t runs = seeds.size();
  while (runs < max_runs && std::chrono::steady_clock::now() < end) {
    runOne(mutator.next());
    ++runs;
  }
  fmt::print("fuzz: {} runs from {} seeds, seed {}, no crash\n", runs, seeds.size(), seed);
  return 0;
}
