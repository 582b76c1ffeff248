"""Errors of appliance scripts."""
# SPDX-License-Identifier: Apache-2.0


class ApplianceClientException(Exception):
    pass


class ApplianceUnknownError(ApplianceClientException):
    pass


class ApplianceDeadlockError(ApplianceClientException):
    pass
