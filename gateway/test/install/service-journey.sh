#!/usr/bin/env bash
# The life of an installation without Docker: the real packages from npm, the Node 26 they bring, and a
# stand-in for systemd that really runs the unit. Prints the seconds of each step. Needs: npm, git, curl.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/llm-gateway-service.XXXXXX")
port=${JOURNEY_PORT:-18751}
dir="$scratch/one with 100 % spaces"
mkdir "$scratch/bin" "$scratch/units"
ln -s "$here/stand-in/systemctl" "$scratch/bin/systemctl"
export LLM_GATEWAY_REPO=$scratch/source LLM_GATEWAY_UNITS=$scratch/units HEALTH_PATIENCE=60
# Without the Node that runs the tests: only the packages' own may make it work.
PATH=$scratch/bin:$(tr ':' '\n' <<<"$PATH" | grep -v node_modules | paste -sd :)
export PATH
unset PORT UPSTREAM_URL TUNNEL_TOKEN NODE_COMPILE_CACHE SUDO_USER
git clone -q "$here/../../.." "$LLM_GATEWAY_REPO"

clean() {
  systemctl stop llm-gateway || true
  rm -rf "$scratch"
}
trap clean EXIT
fail() {
  echo "FAILED: $*" >&2
  cat "$scratch/said" "$scratch/units/log" >&2 || true
  exit 1
}
begin=$(date +%s.%N)
done_with() {
  awk -v a="$begin" -v b="$(date +%s.%N)" -v what="$1" 'BEGIN { printf "%6.1f s  %s\n", b - a, what }'
  begin=$(date +%s.%N)
}
status_with() { curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/v1/models" -H "Authorization: Bearer $1"; }
next_version() { git -C "$LLM_GATEWAY_REPO" -c user.name=journey -c user.email=journey@example.com commit -qam "$1"; }

secret="q'\$x\"y\\#z"
mkdir "$dir"
echo HOST=127.0.0.1 >"$dir/.env"
UPSTREAM_API_KEY=$secret bash "$LLM_GATEWAY_REPO/install.sh" --yes --no-docker --dir "$dir" --port "$port" --user alice >"$scratch/said" 2>&1 || fail install
cd "$dir"
alice=$(grep -o 'sk-[0-9a-f]\{32\}' "$scratch/said" | head -n 1)
[ "$(status_with "$alice")" = 200 ] || fail "the first key does not work"
[[ $("/proc/$(cat "$scratch/units/pid")/exe" --version) == v26.* ]] || fail "not Node 26"
done_with "install.sh --no-docker: source, packages, service, health, doctor; it runs on Node 26"

tr '\0' '\n' <"/proc/$(cat "$scratch/units/pid")/environ" | grep -q UPSTREAM_API_KEY && fail "the key is in the environment"
[ "$(node_modules/.bin/node -p 'util.parseEnv(fs.readFileSync(".env", "utf8")).UPSTREAM_API_KEY')" = "$secret" ] || fail "the key's quotes"
bob=$(./gateway.sh users add bob </dev/null 2>/dev/null | grep -o 'sk-[0-9a-f]*')
[ "$(status_with "$bob")" = 200 ] || fail "a new key does not work at once"
./gateway.sh backup "$scratch/kept.tar.gz" </dev/null 2>"$scratch/said" || fail backup
done_with "users add, backup"

git -C "$LLM_GATEWAY_REPO" -c user.name=journey -c user.email=journey@example.com commit -q --allow-empty -m newer
./gateway.sh upgrade </dev/null >"$scratch/said" 2>&1 || fail upgrade
[ "$(status_with "$bob")" = 200 ] || fail "upgrade lost a key"
ls data/backups/before-upgrade-*.tar.gz >/dev/null || fail "no backup before the upgrade"
done_with "upgrade, with its backup"

before=$(git rev-parse HEAD)
sed -i '1i if (process.argv[2] === undefined) process.exit(1);' "$LLM_GATEWAY_REPO/gateway/main.ts"
next_version "does not start"
./gateway.sh upgrade </dev/null >"$scratch/said" 2>&1 && fail "a version that does not start was no failure"
grep -q "The earlier version runs again" "$scratch/said" || fail "it did not go back"
[ "$(git rev-parse HEAD) $(status_with "$bob")" = "$before 200" ] || fail "the return lost something"
done_with "an upgrade that does not start: back to what ran"

bash install.sh --uninstall --yes --dir "$dir" >"$scratch/said" 2>&1 || fail uninstall
if [ -e "$scratch/units/llm-gateway.service" ] || [ -e "$scratch/units/pid" ]; then fail "the service is still there"; fi
[ -s data/users.json ] || fail "uninstalling took the data"
done_with "uninstall keeps the data"
