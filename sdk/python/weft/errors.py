"""The exception behind every diagnostic."""
# SPDX-License-Identifier: Apache-2.0


class WeftError(RuntimeError):
    """A diagnostic of the runtime.

    code: the first error's code, such as "E0611" (see `weft explain`).
    diagnostics: a list of dicts with code, severity, message and text.
    """

    def __init__(self, text, code="", diagnostics=()):
        super().__init__(text.rstrip())
        self.code = code
        self.diagnostics = list(diagnostics)
