# What shell tests are written with: each check prints one line of TAP, and tap_done the plan. Sourced, never run.
#     . "$(dirname "$0")/tap.sh"
#     tap_is "$(chard --version)" "chard 0.1.0" "says its version"
#     tap_check "refuses a directory" test "$status" -eq 3
#     tap_done
# SPDX-License-Identifier: Apache-2.0
tap_count=0
tap_failed=0

tap_ok () {
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1"
}

# tap_fail NAME: a failed check; tap_note may say more about it afterwards.
tap_fail () {
    tap_count=$((tap_count + 1))
    tap_failed=$((tap_failed + 1))
    echo "not ok $tap_count - $1"
}

# Indents standard input as a TAP comment.
tap_note () {
    sed 's/^/#     /'
}

# tap_is GOT WANTED NAME
tap_is () {
    if [ "$1" = "$2" ]; then
        tap_ok "$3"
    else
        tap_fail "$3"
        printf 'wanted: %s\n' "$2" | tap_note
        printf 'got:    %s\n' "$1" | tap_note
    fi
}

# tap_has TEXT PATTERN NAME: TEXT holds PATTERN, a fixed string.
tap_has () {
    case $1 in
    *"$2"*) tap_ok "$3" ;;
    *)
        tap_fail "$3"
        printf 'wanted within: %s\n' "$2" | tap_note
        printf 'got: %s\n' "$1" | tap_note
        ;;
    esac
}

# tap_check NAME COMMAND…: passes if COMMAND does.
tap_check () {
    local name=$1
    shift
    if "$@"; then
        tap_ok "$name"
    else
        tap_fail "$name"
    fi
}

tap_skip () {
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1 # SKIP $2"
}

tap_done () {
    echo "1..$tap_count"
    [ "$tap_failed" -eq 0 ]
}
