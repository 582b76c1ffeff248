// send and receive on the streams of a host-side layout.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/host/artifact.h"
#include "sdk/host/runtime_impl.h"

#include <filesystem>
#include <utility>

namespace weft::host {

std::vector<StreamInfo> RuntimeImpl::streams() const {
  std::vector<StreamInfo> all;
  for (const plan::PortStream& s : plan_->streams)
    all.push_back({s.name, s.input, s.color, s.at.x + plan_->offset.x, s.at.y + plan_->offset.y, s.buffer_words});
  return all;
}

Result<void> RuntimeImpl::checkStream(size_t stream, bool input) {
  WEFT_TRY_VOID(checkRunning());
  if (stream >= plan_->streams.size()) {
    sink_
        .error(diag::Code::E0614, {}, "{} is not the id of a stream; the program has {}", stream, plan_->streams.size())
        .emit();
    return Reported{};
  }
  const plan::PortStream& s = plan_->streams[stream];
  if (s.input == input) return {};
  sink_
      .error(diag::Code::E0614, {}, "stream `{}` is an {} stream: the host can only {}", s.name,
             s.input ? "input" : "output", s.input ? "send to it" : "receive from it")
      .emit();
  return Reported{};
}

Result<void> RuntimeImpl::finishTransfer(mesh::CommandId id, bool nonblock, Task& task) {
  task = id;
  idle_polls_ = 0;
  if (nonblock) return {};
  return runUntil(id);
}

Status RuntimeImpl::send(size_t stream, const uint32_t* words, size_t count, bool nonblock, Task& task) {
  return call_([&]() -> Result<void> {
    WEFT_TRY_VOID(checkStream(stream, true));
    return finishTransfer(simulation_->mesh().send(stream, {words, words + count}), nonblock, task);
  });
}

Status RuntimeImpl::receive(size_t stream, uint32_t* words, size_t count, std::function<void()> on_complete,
                            bool nonblock, Task& task) {
  return call_([&]() -> Result<void> {
    WEFT_TRY_VOID(checkStream(stream, false));
    const mesh::CommandId id = simulation_->mesh().receive(stream, words, count);
    receives_.push_back({id, std::move(on_complete)});
    return finishTransfer(id, nonblock, task);
  });
}

Status RuntimeImpl::receiveToFile(size_t stream, const std::string& path, bool nonblock) {
  return call_([&]() -> Result<void> {
    WEFT_TRY_VOID(checkStream(stream, false));
    std::error_code ignored;
    kept_.emplace_back(stream, std::filesystem::absolute(path, ignored).string());
    simulation_->mesh().keepAll(stream);
    if (nonblock) return {};
    WEFT_TRY_VOID(runUntil(std::nullopt));
    return writeKept();
  });
}

Result<void> RuntimeImpl::writeKept() {
  for (const auto& [stream, path] : std::exchange(kept_, {})) {
    std::string bytes;
    for (const uint32_t word : simulation_->mesh().takeKept(stream))
      for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(word >> shift & 0xff);
    WEFT_TRY_VOID(writeWholeFile(path, bytes, sink_));
  }
  return {};
}

}  // namespace weft::host
