#!/bin/bash
# Makes the extension's .vsix in the given folder (default: build/editors) with vsce, which npm brings.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
out=$(mkdir -p "${1:-$root/build/editors}" && cd "${1:-$root/build/editors}" && pwd)
command -v npm >/dev/null || { echo "package.sh: npm is not installed; nothing was packaged" >&2; exit 77; }
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
cp "$root"/editors/vscode/{package.json,language-configuration.json,README.md} "$root/LICENSE" "$stage"
mkdir "$stage/syntaxes"
cp "$root/editors/textmate/csl.tmLanguage.json" "$stage/syntaxes"
cd "$stage"
npx --yes --package @vscode/vsce@3 vsce package --no-dependencies --allow-missing-repository --out "$out/weft-csl.vsix"
