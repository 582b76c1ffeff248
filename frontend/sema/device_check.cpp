// Checks over the whole device configuration of a program: resources that are used twice, or that belong to memcpy.
// All of them warn only: what happens on the machine may still be what was meant.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/sema/device_support.h"
#include "frontend/target/host_link.h"

#include <algorithm>

namespace weft::sema {

using diag::Code;

namespace {

const char* dsrFileName(tir::DsrFile file) {
  switch (file) {
    case tir::DsrFile::Dest: return "dsr_dest";
    case tir::DsrFile::Src0: return "dsr_src0";
    case tir::DsrFile::Src1: return "dsr_src1";
  }
  return "?";
}

}  // namespace

bool Sema::isLibrarySpan(Span span) const {
  return std::any_of(modules_.begin(), modules_.end(), [&](const ModuleInstance& m) {
    return m.file->source->is_library && m.file->source->tree->source == span.file;
  });
}

int Sema::queueColor(bool is_input, uint8_t queue) const {
  if (queue >= 8) return -1;
  const DeviceState::QueueInit& init = is_input ? device.input_queues[queue] : device.output_queues[queue];
  const auto& implied = is_input ? device.implied_input_color : device.implied_output_color;
  return init.set && init.color >= 0 ? init.color : implied[queue];
}

void Sema::noteAsync(uint32_t microthread, Span span) {
  if (builder_ != real_builder_.get() || !current_fn_.valid()) return;
  DeviceState::InFlight& f = device.in_flight;
  const uint32_t block = builder_->currentBlock();
  if (f.function != current_fn_ || f.block != block) {
    f = {};
    f.function = current_fn_;
    f.block = block;
  }
  Span& before = f.started[microthread];
  if (before.valid() && before != span && !isLibrarySpan(span)) {
    warning(Code::W0508, span, "microthread {} is still busy with the operation before this one", microthread)
        .label(before, "started here, on the same queue or microthread")
        .note("an asynchronous operation keeps its queue and its microthread until it completes")
        .help(isWse3() ? "start this one from a task that the first activates, or give it another queue and `.ut_id`"
                       : "start this one from a task that the first activates, or give it another queue")
        .emit();
  }
  before = span;
}

void alreadyBound(Sema& s, Span at, Span before, const std::string& what) {
  s.error(Code::E0517, at, "task has already been bound")
      .label(before, what + " is bound here")
      .note(s.device.separate_control_table
                ? "an id is one entry of a task table, which data and local tasks share; control tasks have another"
                : "an id is one entry of the PE's task table, which data, local and control tasks share")
      .emit();
}

void Sema::checkTaskTable() {
  const auto clash = [&](Span at, Span before, const std::string& what) { alreadyBound(*this, at, before, what); };
  const auto isControl = [](const DeviceState::BoundTask& t) { return t.kind == tir::TaskKind::Control; };
  // Without a table of its own a control task shares the numbers of the data and local tasks.
  if (!device.separate_control_table) {
    for (size_t j = 0; j < device.tasks.size(); ++j) {
      for (size_t i = 0; i < j; ++i) {
        const DeviceState::BoundTask &first = device.tasks[i], &second = device.tasks[j];
        if (isControl(first) == isControl(second) || first.id != second.id) continue;
        clash(second.span, first.span, fmt::format("{} id {}", isControl(first) ? "control task" : "task", first.id));
      }
    }
  }
  // The other one of a rotating pair is control task 0 of the table that its input queue names.
  const auto entryOf = [&](const tir::RotatingTask& r) {
    return device.separate_control_table && r.id < 8 ? device.input_queues[r.id].control_table * device.control_stride
                                                     : 0;
  };
  for (size_t j = 0; j < device.rotating.size(); ++j) {
    const int entry = entryOf(device.rotating[j]);
    const Span at = device.rotating_spans[j];
    for (size_t i = 0; i < j; ++i) {
      if (entryOf(device.rotating[i]) == entry)
        clash(at, device.rotating_spans[i], fmt::format("control task id {}", entry));
    }
    for (const DeviceState::BoundTask& t : device.tasks) {
      if (t.id == entry && (isControl(t) || !device.separate_control_table))
        clash(at, t.span, fmt::format("{} id {}", isControl(t) ? "control task" : "task", entry));
    }
  }
}

void Sema::checkDevice() {
  checkTaskTable();
  // Activations that nothing answers.
  for (const DeviceState::Activation& a : device.activations) {
    const bool bound = std::any_of(device.tasks.begin(), device.tasks.end(), [&](const DeviceState::BoundTask& t) {
      return t.id == a.id && t.kind != tir::TaskKind::Control;
    });
    if (bound || isLibrarySpan(a.span)) continue;
    warning(Code::W0509, a.span, "task id {} is activated, but no task is bound to it", a.id)
        .note("the scheduler ignores the activation")
        .help("bind a task with @bind_local_task in a top-level comptime block")
        .emit();
  }
  // One color arrives in one queue.
  for (size_t q = 0; q < 8; ++q) {
    const DeviceState::QueueInit& second = device.input_queues[q];
    if (!second.set) continue;
    for (size_t p = 0; p < q; ++p) {
      const DeviceState::QueueInit& first = device.input_queues[p];
      if (!first.set || first.color != second.color) continue;
      warning(Code::W0506, second.span, "input queues {} and {} both take color {}", p, q, second.color)
          .label(first.span, fmt::format("queue {} is initialised here", p))
          .note("the router delivers a color to one queue; which one is up to the machine")
          .help("use one input queue per color")
          .emit();
    }
  }
  // On WSE-3 a queue has its color for good; a descriptor cannot name another one.
  if (isWse3()) {
    for (const DeviceState::FabricDsd& d : device.fabric_dsds) {
      const DeviceState::QueueInit& init = d.is_input ? device.input_queues[d.queue] : device.output_queues[d.queue];
      if (!init.set || init.color < 0 || init.color == d.color || isLibrarySpan(d.span)) continue;
      warning(Code::W0507, d.span, "the DSD names color {}, its {} queue {} is initialised with color {}", d.color,
              d.is_input ? "input" : "output", d.queue, init.color)
          .label(init.span, "queue initialised here")
          .note("on 'wse3' a queue has one color, and the DSD's own is ignored")
          .help("leave `.fabric_color` out, or use a queue of that color")
          .emit();
    }
  }
  if (device.host_link) checkHostLink();
}

void Sema::checkHostLink() {
  namespace link = target::host_link;
  const auto holds = [](uint64_t mask, int number) { return number >= 0 && number < 64 && (mask >> number & 1) != 0; };
  const auto reserved = [&](Span span, const std::string& what) {
    if (!span.valid() || isLibrarySpan(span)) return;
    warning(Code::W0505, span, "{} is reserved by memcpy", what)
        .note("the host link of every PE uses it to receive commands and to move data")
        .help("choose another one")
        .emit();
  };
  for (const DeviceState::BoundTask& t : device.tasks) {
    if (t.kind == tir::TaskKind::Local && holds(link::kLocalTasks, t.id))
      reserved(t.span, fmt::format("local task id {}", t.id));
    if (t.kind == tir::TaskKind::Control && holds(link::kControlTasks, t.id))
      reserved(t.span, fmt::format("control task id {}", t.id));
  }
  for (int q = 0; q < target::kInputQueueCount; ++q)
    if (holds(link::inputQueues(ctx.options.arch), q))
      reserved(device.input_queues[q].span, fmt::format("input queue {}", q));
  for (int q = 0; q < target::kMaxOutputQueueCount; ++q)
    if (holds(link::kOutputQueues, q)) reserved(device.output_queues[q].span, fmt::format("output queue {}", q));
  for (const LocalColorConfig& c : device.color_configs)
    if (holds(link::kColors, c.color)) reserved(c.span, fmt::format("color {}", c.color));
  for (const DeviceState::NamedDsr& d : device.named_dsrs) {
    const uint32_t mask = d.dsr.file == tir::DsrFile::Dest   ? link::kDestinationDsrs
                          : d.dsr.file == tir::DsrFile::Src1 ? link::kSecondSourceDsrs
                                                             : 0;
    if (holds(mask, d.dsr.number))
      reserved(d.span, fmt::format("DSR {} of file {}", d.dsr.number, dsrFileName(d.dsr.file)));
  }
}

}  // namespace weft::sema
