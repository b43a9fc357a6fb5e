#!/usr/bin/env bash
# What test-full needs beside wheels: installed where that is possible, named where it is not. With the word `containers`
# also what builds and runs an image, for make soak.
set -euo pipefail

has() { # one of these programs, or one of PostgreSQL's own folder
    for program in "$@"; do
        command -v "$program" >/dev/null && return 0
        [ -x "/usr/sbin/$program" ] && return 0
        ls /usr/lib/postgresql/*/bin/"$program" >/dev/null 2>&1 && return 0
    done
    return 1
}

packages=()
has chromium chromium-browser google-chrome || packages+=(chromium)
has initdb || packages+=(postgresql)
has npm || packages+=(npm)
has promtool || packages+=(prometheus)
has amtool || packages+=(prometheus-alertmanager)
has haproxy || packages+=(haproxy)
has kubectl || packages+=(kubernetes-client) # that of Debian 12 is too old for the overlays, that of 13 is not
if [ "${1:-}" = containers ]; then
    for package in buildah podman runc containerd mmdebstrap; do has "$package" || packages+=("$package"); done
fi
[ ${#packages[@]} = 0 ] && exit 0

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo -n)
if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || { [ "${CI:-}" = true ] && sudo -n true; }; }; then
    # The tests start servers of their own; the packages shall start none.
    settings=/etc/postgresql-common/createcluster.conf policy=/usr/sbin/policy-rc.d
    [ -e "$settings" ] || echo "create_main_cluster = false" | "${as_root[@]}" install -D /dev/stdin "$settings"
    if [ ! -e "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" install -m 755 /dev/stdin "$policy"
        trap '"${as_root[@]}" rm -f "$policy"' EXIT
    fi
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        -o Dpkg::Options::=--force-confold "${packages[@]}" >/dev/null
else
    echo "make test-full looks at the page in a browser, asks a PostgreSQL server, lints with actionlint and runs what is in" \
        "deploy/: install ${packages[*]} (apt-get install ${packages[*]}; brew install --cask chromium; brew install" \
        "postgresql node prometheus alertmanager haproxy kubernetes-cli)." >&2
    exit 1
fi
