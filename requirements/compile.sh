#!/usr/bin/env bash
# Rewrite every lock file from its .in file; one joint resolution keeps the versions equal in all of them.
set -euo pipefail
cd "$(dirname "$0")"
uv=${UV:-../.venv/bin/uv}
options=(--quiet --universal --python-version 3.11 --no-emit-index-url --no-header --annotation-style=line)
joint=$(mktemp)
trap 'rm -f "$joint"' EXIT
"$uv" pip compile "${options[@]}" --no-annotate dev.in full.in dask.in postgres.in -o "$joint"
for name in uv serve serve_estimators runtime dev full s3 dask postgres; do
    "$uv" pip compile "${options[@]}" --generate-hashes --no-annotate --upgrade -c "$joint" "$name.in" -o "$name.txt"
done
# The peers have versions of their own; those of bench.in are ours where we have the package too.
"$uv" pip compile "${options[@]}" --generate-hashes --no-annotate --upgrade quality.in -o quality.txt
"$uv" pip compile "${options[@]}" --generate-hashes --no-annotate --upgrade -c "$joint" bench.in -o bench.txt
