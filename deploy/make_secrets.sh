#!/usr/bin/env bash
# Make deploy/secrets once: what is there already stays. Files are readable in the containers, the folder by its owner alone.
set -euo pipefail
folder=$(cd "$(dirname "$0")" && pwd)/secrets
mkdir -p "$folder"
chmod 700 "$folder"

keep() { # what standard input gives becomes a secret, unless it is there
    if [ -s "$folder/$1" ]; then cat >/dev/null; else cat >"$folder/$1.part" && mv "$folder/$1.part" "$folder/$1"; fi
    chmod 644 "$folder/$1"
}

word() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

word | keep postgres_password
word | keep grafana_password
word | keep webhook_token
printf 'postgresql+psycopg://perennial:%s@postgres:5432/perennial' "$(cat "$folder/postgres_password")" | keep database_url
if [ ! -s "$folder/api_keys" ]; then
    made=$(perennial key prometheus --scopes metrics)
    rm -f "$folder/metrics_key" # it opens nothing without its line in api_keys
    sed -n 's/^the key, shown once: //p' <<<"$made" | tr -d '\n' | keep metrics_key
    tail -n 1 <<<"$made" | keep api_keys
fi
echo "$folder: add a line to api_keys for each caller (perennial key NAME), and write webhook_token"
