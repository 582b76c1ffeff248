"""What is left of the packages of releases before 1.0."""
# SPDX-License-Identifier: Apache-2.0
