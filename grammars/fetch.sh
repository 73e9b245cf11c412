#!/usr/bin/env bash
# Brings the pinned sources of tree-sitter and its grammars into grammars/vendor/ (git-ignored) and checks their
# hashes; ./bootstrap calls it, configure asks for it. Nothing is done when what lies there fits the pins.
# CHARD_SOURCES=DIR takes the source packages from DIR instead of the package registry.
#
#   vendor/tree-sitter/include/tree_sitter/api.h    the core's interface
#   vendor/tree-sitter/include/tree_sitter/parser.h array.h …   what a grammar's parser.c includes
#   vendor/tree-sitter/src/lib.c                    the whole core, compiled as one file
#   vendor/python/parser.c scanner.c                the grammar of Python
#
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail
cd "$(dirname "$0")" # here fetch.sh lies

# package, version, file name, SHA-256; all are source packages on PyPI
pins='
tree-sitter        0.23.2 tree-sitter-0.23.2.tar.gz        66bae8dd47f1fed7bdef816115146d3a41c39b5c482d7bad36d9ba1def088450
tree-sitter-python 0.23.6 tree_sitter_python-0.23.6.tar.gz 354bfa0a2f9217431764a631516f85173e9711af2c13dbd796a8815acfe505d9
'

stamp=$(sha256sum fetch.sh | cut -d" " -f1)
if [ -f vendor/stamp ] && [ "$(cat vendor/stamp)" = "$stamp" ]; then
    exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

python=${PYTHON:-python3}

# get PACKAGE VERSION FILE HASH: the source package, checked, unpacked into $work
get () {
    echo "grammars: fetching $1 $2"
    if [ -n "${CHARD_SOURCES:-}" ]; then
        cp "$CHARD_SOURCES/$3" "$work/"
    else
        "$python" -m pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: \
            --dest "$work" "$1==$2"
    fi
    if ! printf '%s  %s\n' "$4" "$work/$3" | sha256sum --check --status; then
        echo "grammars: $3 is not the file that is pinned here (SHA-256 differs)" >&2
        exit 3
    fi
    tar -xzf "$work/$3" -C "$work" --no-same-owner
}

while read -r package version file hash; do
    if [ -n "$package" ]; then
        get "$package" "$version" "$file" "$hash" < /dev/null
    fi
done <<< "$pins"

core=$work/tree-sitter-0.23.2
python_grammar=$work/tree_sitter_python-0.23.6
rm -rf vendor.new
mkdir -p vendor.new/tree-sitter vendor.new/python
cp -R "$core/tree_sitter/core/lib/include" "$core/tree_sitter/core/lib/src" "$core/LICENSE" vendor.new/tree-sitter/
cp "$core"/tree_sitter/core/lib/src/{parser.h,array.h,alloc.h,ts_assert.h} vendor.new/tree-sitter/include/tree_sitter/
cp "$python_grammar"/src/{parser.c,scanner.c} "$python_grammar/LICENSE" vendor.new/python/
echo "$stamp" > vendor.new/stamp
rm -rf vendor
mv vendor.new vendor
echo "grammars: ready in grammars/vendor"
