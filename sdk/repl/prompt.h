// The loop around a ReplSession: lines from a terminal (with libedit) or a pipe, answers to standard output.
// SPDX-License-Identifier: Apache-2.0
#pragma once
#include "sdk/repl/repl_session.h"

namespace weft::repl {

/// Reads entries until the end of standard input or `:quit`. False: a piped entry failed.
bool runPrompt(ReplSession& session);

}  // namespace weft::repl
