// Streams between the host and single PEs: transfers, their completion, and the movement of words at the port.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/mesh/host_streams.h"

#include "sdk/mesh/mesh_impl.h"

#include <algorithm>

namespace weft::mesh {

// ---- at the PE ----

void Block::feedStreams(uint32_t pe, Core& c, Cycles t) {
  const auto arrival = [this](const Transfer& x, uint64_t word) {
    return x.base + (word - x.first) * 1000 / params_.h2d_rate;
  };
  for (PortStream* s = c.host->streams; s != nullptr; s = s->next) {
    if (!s->input) continue;
    if (!s->words.empty()) {
      // A transfer stays in the list until its words have left.
      const auto at =
          std::find_if(s->transfers.begin(), s->transfers.end(), [s](const Transfer& x) { return s->moved < x.end; });
      const Cycles due = arrival(*at, s->moved);
      if (due > t) {
        schedule(pe, due);
      } else if (giveHostWord(pe, c, s->color, s->words.front(), t)) {
        s->words.pop_front();
        ++s->moved;
        if (!s->words.empty()) schedule(pe, t + 1);
      }
    }
    for (Transfer& x : s->transfers) {
      if (x.complete != kNever) continue;
      const Cycles last = arrival(x, x.end - 1);
      if (last > t) schedule(pe, last);
      if (last > t || s->moved + s->capacity < x.end) break;
      x.complete = t;
      stream_done = true;
    }
  }
}

void Block::drainStreams(uint32_t pe, Core& c, Cycles t) {
  for (PortStream* s = c.host->streams; s != nullptr; s = s->next) {
    if (s->input) continue;
    const Slot* word = hostWord(pe, c, s->color, t);
    if (word == nullptr) continue;
    // Streams carry data; what steers switches on the way ends here.
    if (!word->control()) {
      const auto at =
          std::find_if(s->transfers.begin(), s->transfers.end(), [s](const Transfer& x) { return s->moved < x.end; });
      if (at != s->transfers.end()) {
        at->out[s->moved++ - at->first] = word->payload;
        if (s->moved == at->end) {
          at->complete = std::max(t, at->base + (at->end - at->first) * 1000 / params_.d2h_rate);
          stream_done = true;
        }
      } else if (s->keep_all || s->words.size() < s->capacity) {
        s->words.push_back(word->payload);
      } else {
        continue;
      }
    }
    takeHostWord(pe, c, s->color, t);
    schedule(pe, t + 1);
  }
}

// ---- the host's side ----

void MeshImpl::makeStreams() {
  for (const plan::PortStream& from : plan_->streams) {
    auto stream = std::make_unique<PortStream>();
    stream->color = from.color;
    stream->input = from.input;
    stream->capacity = std::max(1u, from.buffer_words);
    Block& block = blockAt(from.at);
    Core& core = block.core(block.indexOf(from.at));
    if (core.host == nullptr) core.host = block.make<HostStream>();
    core.has_extras = true;
    stream->next = core.host->streams;
    core.host->streams = stream.get();
    streams_.push_back(std::move(stream));
  }
}

CommandId MeshImpl::addTransfer(size_t stream, Transfer x) {
  PortStream& s = *streams_[stream];
  x.id = next_transfer_++;
  x.first = s.promised;
  s.promised = x.end = s.promised + x.end;
  x.base = time_ + params_.command_start;
  if (s.input && !s.transfers.empty()) {
    const Transfer& before = s.transfers.back();
    x.base = std::max(x.base, before.base + (before.end - before.first) * 1000 / params_.h2d_rate);
  }
  if (x.first == x.end) return x.id;
  open_transfers_.insert(x.id);
  const PeCoord at = plan_->streams[stream].at;
  s.transfers.push_back(x);
  if (!s.input) {
    Transfer& own = s.transfers.back();
    while (!s.words.empty() && s.moved < own.end && s.moved >= own.first) {
      own.out[s.moved++ - own.first] = s.words.front();
      s.words.pop_front();
    }
    if (s.moved == own.end) own.complete = own.base + (own.end - own.first) * 1000 / params_.d2h_rate;
  }
  Block& block = blockAt(at);
  block.catchUp(time_);
  block.schedule(block.indexOf(at), std::max(s.input ? x.base : time_, block.wheel_.now()));
  return x.id;
}

CommandId MeshImpl::send(size_t stream, std::vector<uint32_t> words) {
  std::deque<uint32_t>& waiting = streams_[stream]->words;
  waiting.insert(waiting.end(), words.begin(), words.end());
  Transfer x;
  x.end = words.size();
  return addTransfer(stream, x);
}

CommandId MeshImpl::receive(size_t stream, uint32_t* words, size_t count) {
  Transfer x;
  x.end = count;
  x.out = words;
  return addTransfer(stream, x);
}

void MeshImpl::keepAll(size_t stream) {
  streams_[stream]->keep_all = true;
  const PeCoord at = plan_->streams[stream].at;
  Block& block = blockAt(at);
  block.catchUp(time_);
  block.schedule(block.indexOf(at), std::max(time_, block.wheel_.now()));
}

std::vector<uint32_t> MeshImpl::takeKept(size_t stream) {
  std::deque<uint32_t>& words = streams_[stream]->words;
  std::vector<uint32_t> out(words.begin(), words.end());
  words.clear();
  return out;
}

Cycles MeshImpl::streamStep(Cycles now) {
  Cycles next = kNever;
  if (open_transfers_.empty()) return next;
  for (const auto& s : streams_) {
    for (const Transfer& x : s->transfers) {
      if (x.complete == kNever) break;
      if (x.complete <= now) {
        open_transfers_.erase(x.id);
      } else {
        next = std::min(next, x.complete);
        break;
      }
    }
    while (!s->transfers.empty() && s->transfers.front().complete <= now && s->moved >= s->transfers.front().end)
      s->transfers.pop_front();
  }
  return next;
}

void MeshImpl::collectStreams(std::vector<Block::Stuck>& out) const {
  for (size_t i = 0; i < streams_.size(); ++i) {
    const PortStream& s = *streams_[i];
    const plan::PortStream& named = plan_->streams[i];
    const auto open =
        std::find_if(s.transfers.begin(), s.transfers.end(), [](const Transfer& x) { return x.complete == kNever; });
    if (open == s.transfers.end()) continue;
    Block::Stuck stuck;
    stuck.at = named.at;
    stuck.key = "stream " + named.name;
    if (s.input) {
      stuck.message =
          fmt::format("the host still has {} words for stream `{}`, color {}", s.words.size(), named.name, named.color);
      stuck.cause = whyStuck(named.at, named.color, kHostPort);
    } else {
      stuck.message =
          fmt::format("the host waits for {} of {} words of stream `{}`, color {}",
                      open->end - std::max(s.moved, open->first), open->end - open->first, named.name, named.color);
      std::optional<PeCoord> sender;
      stuck.cause = whyNothingComes(named.at, named.color, &sender, true);
    }
    out.push_back(std::move(stuck));
  }
}

}  // namespace weft::mesh
