# Sourced by scripts that hold `decant serve` against others: a folder for work, which is removed at the end, and in it a server of
# models of the tiny domain. It sets `root`, `cases`, `decant`, `work`, and, once it serves, `server` and `url`.
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)"
cases="$root/Tests/Fixtures/serving"
decant="${DECANT_BINARY:-$root/.build/release/decant}"
[ -x "$decant" ] || { echo "build first: swift build -c release --product decant" >&2; exit 3; }
work="$(mktemp -d)"
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"

# Makes stages of the tiny recipe: make_tiny STAGE…
make_tiny() {
    "$decant" build "$cases/tiny.yaml" "$@" --cache store > build.log 2>&1 || { cat build.log >&2; exit 1; }
}

# Serves until the end: serve_tiny NAME=STAGE… [OPTION…]
serve_tiny() {
    "$decant" serve "$@" --cache store --port 0 --json > access.log 2> server.log &
    server=$!
    url=
    for _ in $(seq 300); do
        url="$(sed -n '1s/.*"url":"\([^"]*\)".*/\1/p' access.log)"
        [ -z "$url" ] || return 0
        sleep 0.1
    done
    cat server.log >&2
    exit 1
}

# Lets the server end; fails where it does not end well.
stop_tiny() {
    local ending="$server"
    server=
    kill -TERM "$ending"
    wait "$ending"
}
