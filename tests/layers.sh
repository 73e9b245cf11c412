#!/usr/bin/env bash
# Fails on an include that points up the layers, and on a third-party library that two files include:
#     base <- doc <- compiler <- {engine, client} <- {kernel, cli}
# `tests/layers.sh DIR` looks at another tree (that is how it is tested itself). Prints TAP.
# SPDX-License-Identifier: Apache-2.0
set -u
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/tap.sh
. "$here/tap.sh"
cd "${1:-$here/..}" || exit 99

# Which folders a folder's files may include.
allowed () {
    case $1 in
    base) echo base ;;
    doc) echo base doc ;;
    compiler) echo base doc compiler ;;
    engine) echo base doc compiler engine ;;
    client) echo base doc compiler client ;;
    kernel) echo base doc compiler engine client kernel cli ;;
    cli) echo base doc compiler engine client kernel cli ;;
    esac
}

# "FILE includes HEADER" for each quoted include of FOLDER's files that isn't allowed there.
wrong_includes () {
    local folder=$1 may file header
    may=" $(allowed "$folder") "
    find "$folder" -name '*.[ch]' -type f 2> /dev/null | sort | while read -r file; do
        sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$file" | while read -r header; do
            case $may in
            *" ${header%%/*} "*) ;;
            *) echo "$file includes $header" ;;
            esac
        done
    done
}

# The files that include one of the headers matching PATTERN.
users_of () {
    grep -lE "^[[:space:]]*#[[:space:]]*include[[:space:]]*<($1)>" -r base doc compiler engine client kernel cli \
        --include='*.[ch]' 2> /dev/null | sort
}

for folder in base doc compiler engine client kernel cli; do
    wrong=$(wrong_includes "$folder")
    tap_is "$wrong" "" "$folder/ includes only what lies left of it"
done

# Third-party libraries but jansson: at most one file each. Tree-sitter's is the syntax files'.
while read -r library pattern; do
    count=$(users_of "$pattern" | wc -l)
    tap_check "at most one file includes $library" test "$count" -le 1
    if [ "$count" -gt 1 ]; then
        users_of "$pattern" | tap_note
    fi
done << 'LIBRARIES'
libyaml yaml\.h
libcurl curl/.*
libgit2 git2.*
libzmq zmq\.h
sqlite sqlite3\.h
nettle nettle/.*
md4c md4c.*
openssl openssl/.*
zlib zlib\.h
zstd zstd\.h
graphviz graphviz/.*|gvc\.h|cgraph\.h
LIBRARIES

outside=$(users_of 'tree_sitter/.*' | grep -v '^compiler/syntax[a-z_]*\.[ch]$')
tap_is "$outside" "" "only compiler/syntax*.[ch] include tree-sitter"

# Each source file opens with what it is for, and says its licence.
without=$(find base doc compiler engine client kernel cli tests -name '*.[ch]' -type f 2> /dev/null | sort |
    while read -r file; do
        if ! head -n 1 "$file" | grep -q '^/\*' || ! grep -q 'SPDX-License-Identifier: Apache-2.0' "$file"; then
            echo "$file"
        fi
    done)
tap_is "$without" "" "every source file opens with a comment and has its licence line"

# Whose first line says "Made from" is made by make.
long=$(find base doc compiler engine client kernel cli -name '*.[ch]' -type f -exec grep -L '^/\* Made from ' {} + 2> /dev/null |
    sort | LC_ALL=C.UTF-8 xargs -r grep -nE '^.{121,}' | cut -d: -f1,2)
tap_is "$long" "" "no line of the program is longer than 120 columns"

tap_done
