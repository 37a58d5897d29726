#!/usr/bin/env bash
# The whole life of an installation with a real Docker engine: install, use, kill, back up, upgrade,
# restore, uninstall. Prints the seconds of each step. Needs: docker with its compose plugin, git, curl.
# Everything it makes is named llm-gateway-journey and removed at the end; the image llm-gateway stays.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(cd "$here/../../.." && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/llm-gateway-journey.XXXXXX")
port=${JOURNEY_PORT:-18741}
dir=$scratch/one
export COMPOSE_PROJECT_NAME=llm-gateway-journey LLM_GATEWAY_REPO=$scratch/source CLOUDFLARED_VERSION=stand-in
# A repository of its own: its next versions are made here.
git clone -q "$source" "$LLM_GATEWAY_REPO"
unset PORT UPSTREAM_URL TUNNEL_TOKEN

clean() {
  COMPOSE_PROJECT_NAME=llm-gateway-journey remove "$scratch/one"
  COMPOSE_PROJECT_NAME=llm-gateway-journey-two remove "$scratch/two"
  docker rmi -f cloudflare/cloudflared:stand-in >/dev/null 2>&1 || true
  rm -rf "$scratch"
}
remove() { [ ! -f "$1/docker-compose.yml" ] || (cd "$1" && docker compose down -t 3 -v --remove-orphans >/dev/null 2>&1) || true; }
trap clean EXIT

begin=$(date +%s.%N)
done_with() {
  local now
  now=$(date +%s.%N)
  awk -v a="$begin" -v b="$now" -v what="$1" 'BEGIN { printf "%6.1f s  %s\n", b - a, what }'
  begin=$(date +%s.%N)
}
fail() { echo "FAILED: $*" >&2 && exit 1; }
chat() { # KEY TEXT [STREAM]
  curl -fsSN -m 120 "http://127.0.0.1:$port/v1/chat/completions" -H "Authorization: Bearer $1" \
    -H 'Content-Type: application/json' -d "{\"stream\":${3:-false},\"messages\":[{\"role\":\"user\",\"content\":\"$2\"}]}"
}
status_with() { curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/v1/models" -H "Authorization: Bearer $1"; }
# until_it SECONDS WHAT COMMAND …: waits until the command succeeds. The machine may be slow.
until_it() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || fail "$what"
    sleep 0.2
  done
}
healthy() { until_it 120 "not healthy in 120 s" curl -fs -m 5 "http://127.0.0.1:$port/health"; }
# Sum of a column of `usage --json`'s total.
total() { ./gateway.sh usage --json </dev/null | sed -n '/"total"/,$ s/.*"'"$1"'": \([0-9]*\).*/\1/p'; }

bash "$source/install.sh" --yes --dir "$dir" --port "$port" --user alice >"$scratch/said" 2>&1 || { cat "$scratch/said" && fail install; }
alice=$(grep -o 'sk-[0-9a-f]\{32\}' "$scratch/said" | head -n 1)
cd "$dir"
done_with "install.sh --yes: source, image, start, health, doctor"

[[ $(chat "$alice" "hello there" true) == *'[DONE]'* ]] || fail "no stream"
done_with "a LAN client streams through the published port"

bob=$(./gateway.sh users add bob </dev/null 2>/dev/null | grep -o 'sk-[0-9a-f]*')
[ "$(status_with "$bob")" = 200 ] || fail "a new key does not work at once"
done_with "a user added by gateway.sh works at once"

mkdir "$scratch/edge"
cp "$here/../support/edge.ts" "$here/stand-in/cloudflared" "$scratch/edge/"
cat >"$scratch/edge/Dockerfile" <<'E'
FROM node:26-bookworm-slim
COPY edge.ts cloudflared /edge/
RUN ln -s /edge/cloudflared /usr/local/bin/cloudflared
USER 65532
ENTRYPOINT ["cloudflared"]
E
docker build -q -t cloudflare/cloudflared:stand-in "$scratch/edge" >/dev/null
printf "TUNNEL_TOKEN='%s'\n" "$(printf '{"a":"a","t":"t","s":"c2VjcmV0"}' | base64)" >>.env
docker compose up -d --wait >/dev/null 2>&1 || fail "the tunnel does not start"
# From inside the connector's container: its edge is not published.
visit() { docker compose exec -T cloudflared node -e "fetch('http://127.0.0.1:8080$1',{method:'$2',headers:{authorization:'Bearer $alice','content-type':'application/json'}$3}).then(async(r)=>console.log(r.status,await r.text()))" </dev/null; }
# The connector has no check of its own that --wait could wait for.
until_it 60 "the connector does not answer" visit /v1/models GET ""
[[ $(visit /v1/chat/completions POST ",body:JSON.stringify({stream:true,messages:[{role:'user',content:'x'}]})") == 200*'[DONE]'* ]] || fail "no stream through the tunnel"
[[ $(visit /health GET "") == 404* && $(visit /metrics GET "") == 404* ]] || fail "health or metrics seen from outside"
! docker compose exec -T gateway env </dev/null | grep -q 'TUNNEL_TOKEN=.' || fail "the gateway knows the tunnel's token"
done_with "TUNNEL_TOKEN alone starts the tunnel; it streams; health and metrics are hidden"

sed -i '/TUNNEL_TOKEN/d' .env
docker compose up -d --remove-orphans >/dev/null 2>&1
[ -z "$(docker compose ps -aq cloudflared 2>/dev/null)" ] || fail "the tunnel is still there"
printf 'ECHO_TOKENS_PER_SECOND=5\n' >>.env
./gateway.sh restart >/dev/null 2>&1
healthy
done_with "without it nothing of it is left; restart with a new setting"

for n in 1 2 3; do chat "$alice" "$n" >/dev/null; done
before=$(total requests)
container=$(docker compose ps -q gateway)
# At 5 tokens a second it takes a minute.
chat "$alice" "$(printf 'word%.0s ' $(seq 300))" true >"$scratch/stream" 2>/dev/null &
stream=$!
until_it 60 "the stream does not begin" test -s "$scratch/stream"
docker kill "$container" >/dev/null
wait "$stream" || true
./gateway.sh start >/dev/null 2>&1
healthy
[ "$(total requests)" -eq $((before + 1)) ] || fail "rows were lost: $before, then $(total requests)"
[ "$(total interrupted)" -eq 1 ] || fail "what was running is not marked"
done_with "docker kill in mid-stream: no finished row lost, the running one interrupted"

./gateway.sh backup "$scratch/kept.tar.gz" </dev/null 2>/dev/null
carol=$(./gateway.sh users add carol </dev/null 2>/dev/null | grep -o 'sk-[0-9a-f]*')
[ "$(status_with "$carol")" = 200 ] || fail "carol"
done_with "backup while serving"
./gateway.sh restore "$scratch/kept.tar.gz" >/dev/null 2>&1 || fail restore
healthy
[ "$(status_with "$carol") $(status_with "$bob")" = "401 200" ] || fail "restore did not bring back the keys"
[ "$(total requests)" -eq $((before + 1)) ] || fail "restore did not bring back the accounts"
done_with "restore"

./gateway.sh upgrade </dev/null >"$scratch/said" 2>&1 || { cat "$scratch/said" && fail upgrade; }
[ "$(status_with "$alice") $(total requests)" = "200 $((before + 1))" ] || fail "upgrade lost something"
ls data/backups/before-upgrade-*.tar.gz >/dev/null
done_with "upgrade, with its backup"

# next_version MESSAGE: what stands in the repository's working tree becomes its newest version.
next_version() { git -C "$LLM_GATEWAY_REPO" -c user.name=journey -c user.email=journey@example.com commit -qam "$1"; }
running_version=$(git rev-parse HEAD)
container=$(docker compose ps -q gateway)

printf 'RUN false\n' >>"$LLM_GATEWAY_REPO/gateway/Dockerfile"
next_version "cannot be built"
./gateway.sh upgrade </dev/null >"$scratch/said" 2>&1 && fail "an image that cannot be built was no failure"
grep -q "the image could not be built" "$scratch/said" || { cat "$scratch/said" && fail "the failed build was not said"; }
[ "$(git rev-parse HEAD)" = "$running_version" ] || fail "the source did not go back"
[ "$(docker compose ps -q gateway)" = "$container" ] || fail "a failed build touched what runs"
done_with "an upgrade that cannot be built: what runs was not touched"

sed -i '$d' "$LLM_GATEWAY_REPO/gateway/Dockerfile"
cat >"$LLM_GATEWAY_REPO/gateway/broken.mjs" <<'E'
import { existsSync } from "node:fs";
import Database from "better-sqlite3";
if (existsSync("/app/data/users.json") && process.argv[2] === undefined) {
  new Database("/app/data/gateway.db").pragma("user_version = 999");
  throw new Error("this version changes the ledger and does not start");
}
E
sed -i '1i import "./broken.mjs";' "$LLM_GATEWAY_REPO/gateway/main.ts"
git -C "$LLM_GATEWAY_REPO" add -A
next_version "changes the ledger and does not start"
HEALTH_PATIENCE=60 ./gateway.sh upgrade </dev/null >"$scratch/said" 2>&1 &
upgrade=$!
sleep 1
chat "$alice" "while it builds" >/dev/null
wait "$upgrade" && fail "a version that does not start was no failure"
grep -q "does not start" "$scratch/said" || { cat "$scratch/said" && fail "its last lines were not shown"; }
grep -q "The earlier version runs again" "$scratch/said" || { cat "$scratch/said" && fail "it did not go back"; }
[ "$(git rev-parse HEAD)" = "$running_version" ] || fail "the source did not go back"
[ "$(status_with "$alice") $(total requests)" = "200 $((before + 2))" ] || fail "the return lost something"
[ "$(chat "$bob" "after" | grep -c 'after')" = 1 ] || fail "no answer after the return"
done_with "an upgrade that changes the ledger and does not start: back, with every row and the source"

sed -i '1d' "$LLM_GATEWAY_REPO/gateway/main.ts"
next_version "mended"
./gateway.sh upgrade </dev/null >"$scratch/said" 2>&1 || { cat "$scratch/said" && fail "upgrade after a return"; }
[ "$(git rev-parse HEAD)" = "$(git -C "$LLM_GATEWAY_REPO" rev-parse HEAD)" ] || fail "not the mended version"
[ "$(status_with "$bob") $(total requests)" = "200 $((before + 3))" ] || fail "the mended version lost something"
done_with "the mended version after it"

# The mended version went on from the ledger of before; now one that changes the ledger, works, and is left again.
running_version=$(git rev-parse HEAD)
sed -i '1i import "./newer.mjs";' "$LLM_GATEWAY_REPO/gateway/main.ts"
cat >"$LLM_GATEWAY_REPO/gateway/newer.mjs" <<'E'
import { existsSync } from "node:fs";
import Database from "better-sqlite3";
if (existsSync("/app/data/gateway.db") && process.argv[2] === undefined) {
  setTimeout(() => new Database("/app/data/gateway.db").pragma("user_version = 999"), 1_000);
}
E
git -C "$LLM_GATEWAY_REPO" add -A
next_version "changes the ledger and works"
sleep 1.1
./gateway.sh upgrade </dev/null >"$scratch/said" 2>&1 || { cat "$scratch/said" && fail "upgrade to a version that changes the ledger"; }
chat "$alice" "on the newer version" >/dev/null
changed() { docker compose exec -T gateway node -e 'process.exit(new (require("better-sqlite3"))("/app/data/gateway.db").pragma("user_version", { simple: true }) === 999 ? 0 : 1)' </dev/null; }
until_it 60 "the newer version has not changed the ledger" changed
newest=$(find data/backups -name 'before-upgrade-*.tar.gz' | sort | tail -n 1)
./gateway.sh stop >/dev/null 2>&1
git checkout -q "$running_version"
docker compose build gateway >/dev/null 2>&1
./gateway.sh restore "$newest" >"$scratch/said" 2>&1 || { cat "$scratch/said" && fail "the way back"; }
healthy
[ "$(status_with "$bob") $(total requests)" = "200 $((before + 3))" ] || fail "the way back lost something"
[ "$(chat "$bob" "back" | grep -c 'back')" = 1 ] || fail "no answer after the way back"
done_with "one version back, from a ledger that the newer one has changed (docs/operations.md)"

# The new machine gets a version that leaves the ledger alone.
sed -i '1d' "$LLM_GATEWAY_REPO/gateway/main.ts"
next_version "without the change of the ledger"
# The new machine has no image yet, and the first command is not "up".
docker rmi -f llm-gateway llm-gateway:previous >/dev/null 2>&1
git clone -q "$LLM_GATEWAY_REPO" "$scratch/two"
cd "$scratch/two"
export COMPOSE_PROJECT_NAME=llm-gateway-journey-two
port=$((port + 1))
printf "PORT='%s'\n" "$port" >.env
echo "no backup" >"$scratch/broken.tar.gz"
./gateway.sh restore "$scratch/broken.tar.gz" >"$scratch/said" 2>&1 && fail "a file that is no backup was restored"
[ -z "$(docker compose ps -q gateway)" ] && [ ! -e data/users.json ] || fail "a failed restore started an empty gateway"
done_with "on a new machine without an image: a failed restore builds it and starts nothing"
./gateway.sh restore "$scratch/kept.tar.gz" >"$scratch/said" 2>&1 || { cat "$scratch/said" && fail "restore on a new machine"; }
healthy
[ "$(status_with "$bob") $(total requests)" = "200 $((before + 1))" ] || fail "the new machine lacks something"
[ ! -e data/first-key ] || fail "a first key of an empty gateway is left"
done_with "restore onto a new machine"

export COMPOSE_PROJECT_NAME=llm-gateway-journey
cd "$dir"
bash install.sh --uninstall --yes 2>/dev/null
[ -z "$(docker ps -aq --filter label=com.docker.compose.project=llm-gateway-journey)" ] || fail "containers are left"
[ -s data/users.json ] || fail "uninstalling took the data"
bash install.sh --uninstall --purge --yes 2>/dev/null
if [ -e data ] || [ -e .env ]; then fail "purging left data"; fi
done_with "uninstall keeps the data, purge does not"
