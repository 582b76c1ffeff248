// A table of options, and argparse's rules for spelling them.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/driver/compile_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <limits>
#include <string_view>

namespace weft::driver {

namespace {

using Set = void (*)(ParsedOptions&, std::string_view name, std::string_view value);

enum class Takes : uint8_t { Nothing, Value, MaybeValue };

struct Option {
  const char* name;
  Takes takes;
  const char* metavar;
  const char* help;
  Set set;
};

void fail(ParsedOptions& p, std::string text) { p.errors.push_back(std::move(text)); }

template <class T>
bool number(std::string_view text, T& out) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
    base = 16;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

template <class T>
void setNumber(ParsedOptions& p, std::string_view name, std::string_view value, T& out) {
  if (!number(value, out)) fail(p, fmt::format("argument {}: invalid int value: '{}'", name, value));
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// "8,3"
void setPair(ParsedOptions& p, std::string_view name, std::string_view value, uint32_t& a, uint32_t& b) {
  const size_t comma = value.find(',');
  if (comma == std::string_view::npos || !number(trimmed(value.substr(0, comma)), a) ||
      !number(trimmed(value.substr(comma + 1)), b))
    fail(p, fmt::format("argument {}: two numbers such as 8,3 are expected, not '{}'", name, value));
}

bool isInteger(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  uint64_t value = 0;
  return number(text, value);
}

/// "a:1,b:2" appended to `list`.
void setBindings(ParsedOptions& p, std::string_view name, std::string_view value,
                 std::vector<std::pair<std::string, std::string>>& list) {
  while (!value.empty()) {
    const size_t comma = value.find(',');
    const std::string_view item = trimmed(value.substr(0, comma));
    value = comma == std::string_view::npos ? std::string_view() : value.substr(comma + 1);
    if (item.empty()) continue;
    const size_t colon = item.find(':');
    if (colon == std::string_view::npos || colon == 0) {
      fail(p, fmt::format("argument {}: `name:value` is expected, not '{}'", name, item));
      continue;
    }
    const std::string_view number_text = trimmed(item.substr(colon + 1));
    if (!isInteger(number_text)) {
      fail(p, fmt::format("argument {}: the value of '{}' is not an integer: '{}'", name, item.substr(0, colon),
                          number_text));
      continue;
    }
    const std::string key(trimmed(item.substr(0, colon)));
    const auto same = std::find_if(list.begin(), list.end(), [&](const auto& entry) { return entry.first == key; });
    if (same != list.end())
      same->second = number_text;
    else
      list.emplace_back(key, number_text);
  }
}

void noEffect(ParsedOptions& p, std::string_view name, std::string_view) {
  p.warnings.push_back(fmt::format("option {} has no effect", name));
}
void quiet(ParsedOptions&, std::string_view, std::string_view) {}

const std::vector<Option>& options() {
  static const std::vector<Option> table{
      {"--help", Takes::Nothing, "", "print this and exit", [](ParsedOptions& p, auto, auto) { p.help = true; }},
      {"--arch", Takes::Value, "wse2|wse3", "architecture (default wse2)",
       [](ParsedOptions& p, std::string_view name, std::string_view v) {
         if (v == "wse2")
           p.options.arch = target::Arch::Wse2;
         else if (v == "wse3")
           p.options.arch = target::Arch::Wse3;
         else
           fail(p, fmt::format("argument {}: invalid choice: '{}' (choose from 'wse2', 'wse3')", name, v));
       }},
      {"--fabric-dims", Takes::Value, "W,H", "size of the fabric in PEs",
       [](ParsedOptions& p, std::string_view name, std::string_view v) {
         Extent2 e;
         setPair(p, name, v, e.width, e.height);
         p.options.fabric = e;
       }},
      {"--fabric-offsets", Takes::Value, "X,Y", "place of PE (0,0) on the fabric",
       [](ParsedOptions& p, std::string_view name, std::string_view v) {
         FabricCoord c;
         setPair(p, name, v, c.x, c.y);
         p.options.offset = c;
       }},
      {"--params", Takes::Value, "N:V[,N:V]", "values of the layout file's params; repeatable",
       [](ParsedOptions& p, std::string_view name, std::string_view v) { setBindings(p, name, v, p.options.params); }},
      {"--colors", Takes::Value, "N:V[,N:V]", "values of the layout file's color params; repeatable",
       [](ParsedOptions& p, std::string_view name, std::string_view v) { setBindings(p, name, v, p.options.colors); }},
      {"-o", Takes::Value, "DIR", "output directory (default out)",
       [](ParsedOptions& p, std::string_view name, std::string_view v) {
         p.options.output = v;
         if (v.empty()) fail(p, fmt::format("argument {}: expected one argument", name));
       }},
      {"--memcpy", Takes::Nothing, "", "add the host interface",
       [](ParsedOptions& p, auto, auto) { p.options.memcpy = true; }},
      {"--channels", Takes::Value, "N", "number of I/O channels, 1..16",
       [](ParsedOptions& p, std::string_view n, std::string_view v) {
         setNumber(p, n, v, p.options.channels);
         // 0 is what the driver refuses, with the text that scripts know.
         if (p.options.channels < 0 || p.options.channels > 16)
           fail(p, fmt::format("argument {}: invalid choice: '{}' (choose from 1 to 16)", n, v));
       }},
      {"--import-path", Takes::Value, "DIR", "also search DIR for <...> names; repeatable",
       [](ParsedOptions& p, std::string_view, std::string_view v) { p.options.import_paths.emplace_back(v); }},
      {"--width-west-buf", Takes::Value, "N", "columns of buffer PEs on the west side",
       [](ParsedOptions& p, std::string_view n, std::string_view v) { setNumber(p, n, v, p.options.west_buffer); }},
      {"--width-east-buf", Takes::Value, "N", "columns of buffer PEs on the east side",
       [](ParsedOptions& p, std::string_view n, std::string_view v) { setNumber(p, n, v, p.options.east_buffer); }},
      {"--fp16-format", Takes::Value, "f16|bf16|cb16", "meaning of 16-bit floats (default f16)",
       [](ParsedOptions& p, std::string_view name, std::string_view v) {
         if (v == "f16")
           p.options.fp16 = target::Fp16Format::F16;
         else if (v == "bf16")
           p.options.fp16 = target::Fp16Format::BF16;
         else if (v == "cb16")
           p.options.fp16 = target::Fp16Format::CB16;
         else
           fail(p, fmt::format("argument {}: invalid choice: '{}' (choose from 'f16', 'bf16', 'cb16')", name, v));
       }},
      {"--max-inlined-iterations", Takes::Value, "N", "limit on comptime loop iterations",
       [](ParsedOptions& p, std::string_view n, std::string_view v) {
         setNumber(p, n, v, p.options.max_inlined_iterations.emplace());
       }},
      {"--comptime-func-depth-limit", Takes::Value, "N", "limit on comptime recursion",
       [](ParsedOptions& p, std::string_view n, std::string_view v) {
         setNumber(p, n, v, p.options.comptime_depth.emplace());
       }},
      {"--max-parallelism", Takes::Value, "N", "programs compiled at once",
       [](ParsedOptions& p, std::string_view n, std::string_view v) { setNumber(p, n, v, p.options.parallelism); }},
      {"--warnings-as-errors", Takes::Nothing, "", "any warning fails the compilation",
       [](ParsedOptions& p, auto, auto) { p.options.warnings_as_errors = true; }},
      {"--out-routes", Takes::Nothing, "", "print the routes of each PE and color",
       [](ParsedOptions& p, auto, auto) { p.options.out_routes = true; }},
      {"--verbose", Takes::Nothing, "", "say what is done",
       [](ParsedOptions& p, auto, auto) { p.options.verbose = true; }},
      {"--stdlib", Takes::Value, "DIR", "use another standard library (Weft)",
       [](ParsedOptions& p, std::string_view, std::string_view v) { p.options.stdlib = v; }},
      {"--output-json", Takes::MaybeValue, "PATH", "also write the resolved params to PATH",
       [](ParsedOptions& p, std::string_view, std::string_view v) { p.options.output_json = v; }},
      {"--g0", Takes::Nothing, "", nullptr, quiet},
      {"--dump-dsr-alloc-graph", Takes::Nothing, "", nullptr, noEffect},
      {"--single-pe", Takes::Nothing, "", nullptr, noEffect},
      {"--disable-auto-microthread-id", Takes::Nothing, "", nullptr, noEffect},
      {"--lomem-reservation-end", Takes::Value, "", nullptr, noEffect},
      {"--link-section-address-bytes", Takes::Value, "", nullptr, noEffect},
      {"--link-section-start-address-bytes", Takes::Value, "", nullptr, noEffect},
      {"--print-after-all", Takes::Nothing, "", nullptr, noEffect},
      {"--print-before-all", Takes::Nothing, "", nullptr, noEffect},
  };
  return table;
}

/// The option that `name` ("--arch", "-arch", "--fabric-dim") means, or null; an ambiguous prefix is an error.
const Option* find(ParsedOptions& p, std::string_view name) {
  std::string full(name);
  if (name == "-h")
    full = "--help";
  else if (!name.starts_with("--") && name.size() > 2)
    full = "-" + full;
  const Option* prefix = nullptr;
  bool several = false;
  for (const Option& option : options()) {
    if (full == option.name) return &option;
    if (full.size() > 2 && std::string_view(option.name).starts_with(full)) {
      several = prefix != nullptr;
      prefix = &option;
      if (several) break;
    }
  }
  if (several) {
    fail(p, fmt::format("ambiguous option: {} could be more than one option", name));
    return nullptr;
  }
  return prefix;
}

}  // namespace

ParsedOptions parseCompileOptions(const std::vector<std::string>& args) {
  ParsedOptions p;
  for (size_t i = 0; i < args.size(); ++i) {
    const std::string& word = args[i];
    if (word.empty()) continue;
    if (!word.starts_with('-') || word == "-") {
      if (p.options.source.empty())
        p.options.source = word;
      else
        fail(p, fmt::format("unrecognized arguments: {}", word));
      continue;
    }
    // -o joins its value in three ways; no other option has a short name.
    if (word.starts_with("-o") && word != "-out-routes" && !word.starts_with("-output-json")) {
      std::string value = word.substr(2);
      if (value.starts_with('=')) value.erase(0, 1);
      if (value.empty() && word == "-o") {
        if (i + 1 >= args.size()) {
          fail(p, "argument -o: expected one argument");
          continue;
        }
        value = args[++i];
      }
      p.options.output = value;
      if (value.empty()) fail(p, "argument -o: expected one argument");
      continue;
    }
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const size_t before = p.errors.size();
    const Option* option = find(p, name);
    if (option == nullptr) {
      if (name == "-g0" || name == "-g") continue;
      if (p.errors.size() == before) fail(p, fmt::format("unrecognized arguments: {}", word));
      continue;
    }
    if (option->takes == Takes::Nothing) {
      if (equals != std::string::npos)
        fail(p, fmt::format("argument {}: ignored explicit argument", name));
      else
        option->set(p, option->name, {});
      continue;
    }
    if (equals != std::string::npos) {
      option->set(p, option->name, std::string_view(word).substr(equals + 1));
    } else if (option->takes == Takes::MaybeValue) {
      option->set(p, option->name, {});
    } else if (i + 1 < args.size()) {
      option->set(p, option->name, args[++i]);
    } else {
      fail(p, fmt::format("argument {}: expected one argument", option->name));
    }
  }
  return p;
}

std::string compileOptionsHelp() {
  std::string text;
  for (const Option& option : options()) {
    if (option.help == nullptr) continue;
    std::string left = option.name;
    if (left == "--help") left = "-h, --help";
    if (*option.metavar != '\0') left += fmt::format(" {}", option.metavar);
    text += fmt::format("  {:<32} {}\n", left, option.help);
  }
  return text;
}

}  // namespace weft::driver
