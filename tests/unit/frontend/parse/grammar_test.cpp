// The grammar over its corpus: every snippet parses, no decision is ambiguous, no prefix crashes.
// SPDX-License-Identifier: Apache-2.0
#include "frontend/parse/profile.h"
#include "tests/unit/frontend/parse/parsing.h"

#include <catch2/catch_test_macros.hpp>

namespace weft::parse {
namespace {

struct Snippet {
  std::string_view name;
  std::string_view text;
};
constexpr Snippet kCorpus[] = {
#include "grammar/corpus.inc"
};

}  // namespace

TEST_CASE("every snippet of the corpus parses") {
  for (const Snippet& s : kCorpus) {
    INFO(s.name);
    Parsed p(s.text);
    CHECK(p.messages() == "");
    CHECK(p.file->node_count > 0);
  }
}

TEST_CASE("the grammar has no ambiguity and needs little lookahead") {
  for (const Snippet& s : kCorpus) {
    INFO(s.name);
    const GrammarProfile profile = profileGrammar(s.text);
    CHECK_FALSE(profile.has_errors);
    INFO(profile.offenders);
    CHECK(profile.ambiguities == 0);
    CHECK(profile.full_context == 0);
    CHECK(profile.max_lookahead <= 3);
  }
}

TEST_CASE("a snippet cut at any byte gives a tree or a diagnostic") {
  for (const Snippet& s : kCorpus) {
    INFO(s.name);
    size_t disagreements = 0;
    for (size_t n = 0; n < s.text.size(); n += 3) {
      Parsed p(s.text.substr(0, n));
      if (p.file->has_errors != p.sink.hasErrors()) ++disagreements;
      if (p.sink.errorCount() > 3) ++disagreements;
    }
    CHECK(disagreements == 0);
  }
}

TEST_CASE("parsing again gives the same tree") {
  for (const Snippet& s : kCorpus) {
    INFO(s.name);
    CHECK(Parsed(s.text).tree() == Parsed(s.text).tree());
  }
}

}  // namespace weft::parse
