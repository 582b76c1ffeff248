// launch and call: arguments become one 32-bit word each.
// SPDX-License-Identifier: Apache-2.0
#include "sdk/host/runtime_impl.h"

#include <bit>
#include <cstring>

namespace weft::host {

namespace {

std::string signatureOf(const plan::Export& function) {
  std::string text = function.name + "(";
  for (size_t i = 0; i < function.inputs.size(); ++i)
    text += fmt::format("{}{}: {}", i == 0 ? "" : ", ", function.inputs[i].name, function.inputs[i].type);
  return text + ")";
}

/// Whether an integer without a width fits the type; the word then holds its bits.
bool integerFits(const std::string& type, int64_t value, uint32_t& word) {
  word = static_cast<uint32_t>(value);
  if (type == "i16") word &= 0xffffu;
  if (type == "i16") return value >= -32768 && value <= 32767;
  if (type == "u16") return value >= 0 && value <= 65535;
  if (type == "i32") return value >= INT32_MIN && value <= INT32_MAX;
  if (type == "u32") return value >= 0 && value <= static_cast<int64_t>(UINT32_MAX);
  return false;
}

}  // namespace

Result<const plan::Export*> RuntimeImpl::checkFunction(const std::string& name) {
  const plan::Export* near = nullptr;
  for (const plan::Export& e : plan_->exports) {
    if (e.name == name && e.is_function) return &e;
    if (e.name == name) near = &e;
  }
  auto error = sink_.error(diag::Code::E0603, {}, "Cannot find exported function with name {}", name);
  if (near != nullptr) error.note(fmt::format("`{}` is exported as a variable", name));
  std::string known;
  for (const plan::Export& e : plan_->exports)
    if (e.is_function) known += fmt::format("{}`{}`", known.empty() ? "" : ", ", e.name);
  if (!known.empty()) error.note("exported functions: " + known);
  error.emit();
  return Reported{};
}

Result<uint32_t> RuntimeImpl::argumentWord(const plan::Export& function, size_t position,
                                           const LaunchArgument& argument) {
  const plan::Param& param = function.inputs[position];
  uint32_t word = 0;
  if (argument.type == param.type) {
    const bool narrow = param.type == "i16" || param.type == "u16" || param.type == "f16";
    return narrow ? argument.bits & 0xffffu : argument.bits;
  }
  if (argument.type == "float" && param.type == "f32")
    return std::bit_cast<uint32_t>(static_cast<float>(argument.real));
  if (argument.type == "int" && integerFits(param.type, argument.integer, word)) return word;
  sink_.error(diag::Code::E0606, {}, "functional protype does not match what is defined in the kernel")
      .note(fmt::format("argument {} of `{}` is `{}`, the call gives `{}`{}", position + 1, signatureOf(function),
                        param.type, argument.type,
                        argument.type == "int" ? fmt::format(" {}", argument.integer) : std::string()))
      .emit();
  return Reported{};
}

Status RuntimeImpl::launch(const std::string& name, const std::vector<LaunchArgument>& arguments, bool nonblock,
                           Task& task) {
  return call_([&]() -> Result<void> {
    WEFT_TRY_VOID(checkHostLink());
    WEFT_TRY(const plan::Export* function, checkFunction(name));
    if (arguments.size() != function->inputs.size()) {
      sink_.error(diag::Code::E0606, {}, "functional protype does not match what is defined in the kernel")
          .note(fmt::format("`{}` takes {} arguments, the call gives {}", signatureOf(*function),
                            function->inputs.size(), arguments.size()))
          .emit();
      return Reported{};
    }
    std::vector<uint32_t> words;
    for (size_t i = 0; i < arguments.size(); ++i) {
      WEFT_TRY(const uint32_t word, argumentWord(*function, i, arguments[i]));
      words.push_back(word);
    }
    return finish(simulation_->mesh().launch(name, std::move(words)), nonblock, task);
  });
}

Status RuntimeImpl::call(const std::string& name, const std::vector<uint32_t>& words, bool nonblock, Task& task) {
  return call_([&]() -> Result<void> {
    WEFT_TRY_VOID(checkHostLink());
    WEFT_TRY(const plan::Export* function, checkFunction(name));
    // Old scripts pass fewer or more words than there are parameters; what is missing is 0.
    std::vector<uint32_t> args(words);
    args.resize(function->inputs.size(), 0);
    return finish(simulation_->mesh().launch(name, std::move(args)), nonblock, task);
  });
}

}  // namespace weft::host
