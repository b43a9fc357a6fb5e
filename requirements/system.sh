#!/usr/bin/env bash
# What the project needs beside wheels: OpenMP, which LightGBM loads.
set -euo pipefail
if [ "$(uname)" = Darwin ]; then
    for place in /opt/homebrew /usr/local; do
        [ -e "$place/opt/libomp/lib/libomp.dylib" ] && exit 0
    done
    brew install --quiet libomp
elif ! ldconfig -p 2>/dev/null | grep -q 'libgomp\.so\.1'; then
    root=$([ "$(id -u)" = 0 ] || echo sudo)
    $root apt-get update -qq
    $root apt-get install -y -qq libgomp1 >/dev/null
fi
