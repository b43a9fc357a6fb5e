#!/usr/bin/env bash
# What test-full needs beside wheels: installed where that is possible, named where it is not.
set -euo pipefail
for browser in chromium chromium-browser google-chrome; do
    command -v "$browser" >/dev/null && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null
else
    echo "make test-full looks at the page in a browser: install chromium (apt-get install chromium; brew install --cask chromium)." >&2
    exit 1
fi
