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


def error(code, message, *notes):
    """A WeftError for a mistake that is found before the runtime is asked; `notes` are lines below the message."""
    text = f"error[{code}]: {message}" + "".join(f"\n  = {note}" for note in notes)
    return WeftError(text, code, [{"code": code, "severity": "error", "message": message, "text": text}])
