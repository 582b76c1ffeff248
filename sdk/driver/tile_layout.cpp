// JSON to session::TileProgram, and painted routes into the finished plan.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/driver/tile_layout.h"

#include "frontend/session/session.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace weft::driver {

namespace {

using Json = nlohmann::json;

std::vector<std::pair<std::string, std::string>> bindings(const Json& object) {
  std::vector<std::pair<std::string, std::string>> list;
  for (const auto& [name, value] : object.items()) list.emplace_back(name, value.get<std::string>());
  return list;
}

PeCoord place(const Json& pair) { return {pair.at(0).get<uint32_t>(), pair.at(1).get<uint32_t>()}; }

target::PortMask sides(const Json& names) {
  target::PortMask mask = 0;
  for (const auto& name : names) {
    if (name.get<std::string>() == "HOST") mask = static_cast<target::PortMask>(mask | plan::kHostPortBit);
    for (int p = 0; p < target::kPortCount; ++p)
      if (name.get<std::string>() == target::portName(static_cast<target::Port>(p)))
        mask = static_cast<target::PortMask>(mask | (1u << p));
  }
  return mask;
}

plan::ColorConfig config(const Json& positions) {
  plan::ColorConfig c;
  for (size_t i = 0; i < positions.size() && i <= c.positions.size(); ++i) {
    const target::PortMask rx = sides(positions[i].at(0));
    const target::PortMask tx = sides(positions[i].at(1));
    if (i == 0) {
      c.rx = rx;
      c.tx = tx;
    } else {
      c.positions[i - 1].valid = true;
      if (rx != 0) c.positions[i - 1].rx = rx;
      if (tx != 0) c.positions[i - 1].tx = tx;
    }
  }
  return c;
}

Result<void> addRoutes(const Json& routes, plan::FabricPlan& plan, diag::Sink& sink) {
  for (const Json& route : routes) {
    const PeCoord at = place(route.at("at"));
    const auto color = route.at("color").get<size_t>();
    if (color >= plan.config_of.size() || !plan.extent.contains(at)) continue;
    auto& plane = plan.config_of[color];
    if (plane.empty()) plane.assign(plan.extent.area(), 0);
    const plan::ColorConfig wanted = config(route.at("positions"));
    uint32_t& place_of = plane[plan.extent.index(at)];
    if (place_of != 0 && !(plan.color_configs[place_of] == wanted)) {
      sink.error(diag::Code::E0507, {}, "color {} has two routes on PE ({}, {})", color, at.x, at.y).emit();
      return Reported{};
    }
    auto same = std::find(plan.color_configs.begin() + 1, plan.color_configs.end(), wanted);
    if (same == plan.color_configs.end()) {
      plan.color_configs.push_back(wanted);
      same = plan.color_configs.end() - 1;
    }
    place_of = static_cast<uint32_t>(same - plan.color_configs.begin());
  }
  return {};
}

Result<void> addStreams(const Json& streams, plan::FabricPlan& plan, diag::Sink& sink) {
  for (const Json& s : streams) {
    plan::PortStream stream{s.at("name").get<std::string>(), s.at("input").get<bool>(), place(s.at("at")),
                            s.at("color").get<uint8_t>(), s.at("buffer").get<uint32_t>()};
    for (const plan::PortStream& other : plan.streams) {
      if (other.at != stream.at || other.color != stream.color || other.input != stream.input) continue;
      sink.error(diag::Code::E0616, {}, "streams `{}` and `{}` share color {} of PE ({}, {})", other.name, stream.name,
                 stream.color, stream.at.x, stream.at.y)
          .emit();
      return Reported{};
    }
    plan.streams.push_back(std::move(stream));
  }
  return {};
}

std::string fromHex(const std::string& text) {
  std::string bytes;
  for (size_t i = 0; i + 1 < text.size(); i += 2) bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  return bytes;
}

Result<void> addPresets(const Json& symbols, plan::FabricPlan& plan, diag::Sink& sink) {
  for (const Json& s : symbols) {
    const PeCoord at = place(s.at("at"));
    const auto name = s.at("name").get<std::string>();
    const auto program = plan.programAt(at);
    const tir::Symbol* symbol = nullptr;
    if (program)
      for (const tir::Symbol& candidate : plan.programs[*program]->symbols)
        if (candidate.name == name) symbol = &candidate;
    if (symbol == nullptr) {
      sink.error(diag::Code::E0603, {}, "there is no variable `{}` on PE ({}, {}) to set", name, at.x, at.y)
          .help("declare it `export var`, so that it is kept")
          .emit();
      return Reported{};
    }
    std::string bytes = fromHex(s.at("bytes").get<std::string>());
    if (bytes.size() != symbol->bytes || symbol->address + symbol->bytes > plan.programs[*program]->private_bytes) {
      auto error = sink.error(diag::Code::E0615, {}, "`{}` cannot be set to {} bytes: it is {}", name, bytes.size(),
                              bytes.size() != symbol->bytes ? fmt::format("{} bytes of {}", symbol->bytes, symbol->type)
                                                            : std::string("a constant"));
      error.note(fmt::format("on PE ({}, {})", at.x, at.y));
      error.emit();
      return Reported{};
    }
    plan.presets.push_back({at, symbol->address, std::move(bytes)});
  }
  return {};
}

std::vector<std::pair<std::string, uint32_t>> executablesOf(const Json& tiles, const plan::FabricPlan& plan) {
  std::vector<std::pair<std::string, uint32_t>> list;
  for (const Json& tile : tiles) {
    for (const Json& at : tile.at("at")) {
      const auto program = plan.programAt(place(at));
      std::pair<std::string, uint32_t> entry(tile.value("region", "region"), program.value_or(0));
      if (program && std::find(list.begin(), list.end(), entry) == list.end()) list.push_back(std::move(entry));
    }
  }
  return list;
}

}  // namespace

TileLayoutOutcome compileTileLayout(const std::string& text) {
  TileLayoutOutcome outcome;
  const Json description = Json::parse(text, nullptr, false);
  if (!description.is_object()) {
    outcome.messages = "the layout description is no JSON object\n";
    return outcome;
  }
  session::Session session;
  session::CompileOptions options;
  std::vector<session::TileProgram> tiles;
  options.arch = description.value("arch", "wse3") == "wse2" ? target::Arch::Wse2 : target::Arch::Wse3;
  const std::string fp16 = description.value("fp16", "f16");
  options.fp16 = fp16 == "bf16"   ? target::Fp16Format::BF16
                 : fp16 == "cb16" ? target::Fp16Format::CB16
                                  : target::Fp16Format::F16;
  const Extent2 extent{description.value("width", 1u), description.value("height", 1u)};
  options.fabric = extent;
  options.offset = FabricCoord{};
  for (const auto& path : description.value("import_paths", Json::array()))
    options.import_paths.push_back(path.get<std::string>());
  for (const Json& tile : description.value("tiles", Json::array())) {
    session::TileProgram program;
    program.source = tile.at("source").get<std::string>();
    for (const Json& at : tile.at("at")) program.at.push_back(place(at));
    program.params = bindings(tile.at("params"));
    program.colors = bindings(tile.at("colors"));
    tiles.push_back(std::move(program));
  }
  auto plan = session.compileTiles(options, extent, tiles);
  if (plan) {
    auto copy = std::make_shared<plan::FabricPlan>(**plan);
    diag::Sink& sink = session.sink();
    if (addRoutes(description.value("routes", Json::array()), *copy, sink) &&
        addStreams(description.value("streams", Json::array()), *copy, sink) &&
        addPresets(description.value("symbols", Json::array()), *copy, sink)) {
      outcome.plan = copy;
      outcome.executables = executablesOf(description.value("tiles", Json::array()), *copy);
    }
  }
  for (const diag::Diagnostic& d : session.sink().drain()) outcome.messages += diag::renderText(d, session.sources());
  return outcome;
}

}  // namespace weft::driver
