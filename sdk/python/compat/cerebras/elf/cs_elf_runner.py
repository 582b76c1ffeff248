"""The runner of releases before 1.0: the name can be imported, and says what takes its place."""
# SPDX-License-Identifier: Apache-2.0


class CSELFRunner:
    """Host programs of releases before 1.0 place tensors on ports; later ones copy by `SdkRuntime`."""

    def __init__(self, *_args, **_options):
        raise NotImplementedError(
            "error[E0612]: CSELFRunner belongs to releases before 1.0 and is not supported: compile with "
            "--memcpy --channels=1 and use cerebras.sdk.runtime.sdkruntimepybind.SdkRuntime")
