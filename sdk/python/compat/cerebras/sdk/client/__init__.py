"""The appliance client's names. Running locally on the emulator comes later; the helpers are here."""
# SPDX-License-Identifier: Apache-2.0
