"""The appliance client, run on this machine: SdkCompiler, SdkLauncher, SdkRuntime over cslc and the emulator."""
# SPDX-License-Identifier: Apache-2.0
from cerebras.sdk.client._compiler import SdkCompiler
from cerebras.sdk.client._launcher import SdkLauncher
from cerebras.sdk.client._runtime import SdkRuntime

__all__ = ["SdkCompiler", "SdkLauncher", "SdkRuntime"]
