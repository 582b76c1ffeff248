// The text of a generated program, line by line. The base of the generators that nest statements.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace weft::testing {

class SourceWriter {
 protected:
  void line(std::string_view text) {
    out_.append(static_cast<size_t>(indent_) * 2, ' ');
    out_ += text;
    out_ += '\n';
  }

  std::string out_;
  int indent_ = 0;
};

}  // namespace weft::testing
