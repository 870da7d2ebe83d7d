#!/usr/bin/env bash
# Lists a directory of loopback users with `userdir users list --all --format ndjson` and with a client that only
# downloads the pages; prints wall time and peak memory of both. Usage: benches/list.sh COUNT…
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --quiet --release -p userdir-cli -p userdir-bench
bin=${CARGO_TARGET_DIR:-target}/release
data=$(mktemp -d)
trap 'kill $vendor 2>/dev/null; rm -rf "$data"' EXIT
export TOKEN=loopback-token

measure() { # label, command…
    local label=$1 best=
    shift
    for _ in 1 2 3 4 5; do
        /usr/bin/time -f '%e %M' -o "$data/time" "$@" >"$data/out"
        if [ -z "$best" ] || [ "$(sort -n <(echo "$best") "$data/time" | head -1)" != "$best" ]; then best=$(cat "$data/time"); fi
    done
    printf '%9s users  %-28s %6s s  %7s KiB\n' "$users" "$label" $best
}

for users in "$@"; do
    rm -f "$data/address"
    "$bin/vendor" "$users" >"$data/address" &
    vendor=$!
    until [ -s "$data/address" ]; do sleep 0.05; done
    address=$(cat "$data/address")
    rm -rf "$data/state"
    userdir="$bin/userdir --data-dir $data/state --allow-private-networks"
    $userdir accounts add okta --name bench --set base_url="$address" --secret api_token=env:TOKEN --no-check >/dev/null 2>&1
    measure "downloading only" "$bin/floor" "$address"
    measure "userdir, ndjson" $userdir users list --account bench --all --format ndjson
    kill $vendor
    wait $vendor 2>/dev/null || true
done
