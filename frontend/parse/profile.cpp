// Runs the generated parser under ANTLR's profiler.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/parse/profile.h"

#include "frontend/parse/lex.h"
#include "frontend/parse/streams.h"

#include "CslParser.h"

#include <algorithm>

namespace weft::parse {

GrammarProfile profileGrammar(std::string_view text) {
  GrammarProfile out;
  diag::Sink sink;
  const Tokens tokens = lex(text, source::SourceId(0), sink);
  if (sink.hasErrors()) {
    out.has_errors = true;
    return out;
  }
  TokenWindow window(tokens.list, 0, tokens.list.size(), tokens.eof.get(), tokens.lexer.get());
  csl::CslParser parser(&window);
  parser.removeErrorListeners();
  parser.setBuildParseTree(false);
  parser.setProfile(true);
  parser.file();
  out.has_errors = parser.getNumberOfSyntaxErrors() > 0;
  for (const auto& decision : parser.getParseInfo().getDecisionInfo()) {
    out.ambiguities += decision.ambiguities.size();
    out.full_context += static_cast<size_t>(decision.LL_Fallback);
    out.max_lookahead = std::max(out.max_lookahead, static_cast<size_t>(std::max<long long>(0, decision.SLL_MaxLook)));
    if (!decision.ambiguities.empty() || decision.LL_Fallback > 0) {
      const auto* state = parser.getATN().getDecisionState(decision.decision);
      out.offenders += parser.getRuleNames()[state->ruleIndex] + " ";
    }
  }
  return out;
}

}  // namespace weft::parse
