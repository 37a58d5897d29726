#!/usr/bin/env bash
# Two gateways by docker-compose.scale.yml, with a real Docker engine: start, use, kill one, replace one after the other
# while requests run. Prints the seconds of each step. Needs: docker with its compose plugin, git, curl, openssl.
# Caddy and PostgreSQL are Debian's, in images made here, unless CADDY_IMAGE and POSTGRES_IMAGE name others.
# Everything it makes is named llm-gateway-scale-journey and removed at the end; the image llm-gateway stays.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source=$(cd "$here/../../.." && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/llm-gateway-scale.XXXXXX")
port=${JOURNEY_PORT:-18743}
export COMPOSE_PROJECT_NAME=llm-gateway-scale-journey COMPOSE_FILE=docker-compose.scale.yml
unset PORT UPSTREAM_URL TUNNEL_TOKEN DATABASE_URL

clean() {
  [ ! -f "$scratch/one/.env" ] || (cd "$scratch/one" && docker compose down -t 3 -v --remove-orphans >/dev/null 2>&1) || true
  docker rm -f llm-gateway-scale-journey-upstream >/dev/null 2>&1 || true
  docker rmi -f llm-gateway-journey-caddy llm-gateway-journey-postgres >/dev/null 2>&1 || true
  rm -rf "$scratch"
}
trap clean EXIT

begin=$(date +%s.%N)
done_with() {
  local now
  now=$(date +%s.%N)
  awk -v a="$begin" -v b="$now" -v what="$1" 'BEGIN { printf "%6.1f s  %s\n", b - a, what }'
  begin=$(date +%s.%N)
}
fail() {
  docker compose logs --tail 20 gateway gateway-2 caddy >&2 || true
  cat "$scratch/lost" >&2 2>/dev/null || true
  echo "FAILED: $*" >&2
  exit 1
}
url=http://127.0.0.1:$port
# chat TOKENS: a stream; status 1 if it does not come to its end.
chat() {
  local answer
  answer=$(curl -sSN -m 120 -w '\nstatus %{http_code} after %{time_total} s\n' "$url/v1/chat/completions" -H "Authorization: Bearer $key" -H 'Content-Type: application/json' \
    -d "{\"model\":\"any\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"$(seq -s ' ' "$1")\"}]}" 2>&1)
  [[ $answer == *'[DONE]'* ]] || {
    printf '%s\n' "$answer" | tail -c 500 >>"$scratch/lost"
    return 1
  }
}
until_it() {
  local end=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || fail "$what"
    sleep 0.2
  done
}
served_by() { docker compose logs "$1" 2>/dev/null | grep -c '"path":"/v1/chat' || true; }
both_served() { [ "$(served_by gateway)" -gt 0 ] && [ "$(served_by gateway-2)" -gt 0 ]; }
has_keeper() { docker compose exec -T "$1" node -e 'fetch("http://127.0.0.1:8000/ready").then((it) => process.exit(it.ok ? 0 : 1), () => process.exit(1))' </dev/null; }

stand_in() { # IMAGE PACKAGES, and a Dockerfile's further lines from stdin
  { printf 'FROM debian:bookworm-slim\nRUN apt-get update -q && apt-get install -y -q --no-install-recommends %s\n' "$2" && cat; } >"$scratch/Dockerfile"
  docker build -q -t "$1" -f "$scratch/Dockerfile" "$scratch" >/dev/null
}
if [ -z "${CADDY_IMAGE:-}" ]; then
  export CADDY_IMAGE=llm-gateway-journey-caddy
  stand_in "$CADDY_IMAGE" "caddy wget libcap2-bin" <<'E2'
RUN setcap cap_net_bind_service=+ep /usr/bin/caddy
ENV XDG_CONFIG_HOME=/config XDG_DATA_HOME=/data
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]
E2
fi
if [ -z "${POSTGRES_IMAGE:-}" ]; then
  export POSTGRES_IMAGE=llm-gateway-journey-postgres
  cat >"$scratch/start-postgres" <<'E2'
#!/bin/sh
set -eu
if [ "$(id -u)" = 0 ]; then
  chown postgres "$PGDATA" /var/run/postgresql
  chmod 700 "$PGDATA"
  exec gosu postgres "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  echo "$POSTGRES_PASSWORD" >/tmp/password
  initdb -U "$POSTGRES_USER" --pwfile /tmp/password -A scram-sha-256 --auth-local trust >/dev/null
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  pg_ctl -w start -o "-c listen_addresses=" >/dev/null
  createdb -U "$POSTGRES_USER" "$POSTGRES_DB"
  pg_ctl -w stop >/dev/null
fi
exec postgres -c "listen_addresses=*"
E2
  stand_in "$POSTGRES_IMAGE" "postgresql-15 gosu" <<'E2'
ENV PATH=$PATH:/usr/lib/postgresql/15/bin PGDATA=/var/lib/postgresql/data LANG=C.UTF-8
VOLUME /var/lib/postgresql/data
COPY --chmod=755 start-postgres /usr/local/bin/
STOPSIGNAL SIGINT
ENTRYPOINT ["start-postgres"]
E2
fi
done_with "images of Caddy and PostgreSQL"

git clone -q -c advice.detachedHead=false "$source" "$scratch/one"
cd "$scratch/one"
mkdir data
printf 'PORT=%s\nSCALE_SUBNET=10.213.8.0/24\n' "$port" >.env
docker compose up -d >"$scratch/said" 2>&1 && fail "it starts without secrets"
grep -Eq '(POSTGRES_PASSWORD|CLUSTER_SECRET) is missing a value: .*openssl rand' "$scratch/said" || { cat "$scratch/said" && fail "the missing secret is not named"; }
for name in POSTGRES_PASSWORD CLUSTER_SECRET; do echo "$name=$(openssl rand -hex 32)" >>.env; done
printf 'upstreams:\n  box:\n    url: http://upstream:8000\n    type: openai\n    key: sk-journey-upstream-key-0000000000\n    max_concurrent: 4\nroutes:\n  - { model: "*", upstream: box }\n' >data/config.yaml
docker compose build -q gateway >"$scratch/said" 2>&1 || { cat "$scratch/said" && fail build; }
docker compose up -d --no-deps postgres >"$scratch/said" 2>&1 || { cat "$scratch/said" && fail postgres; }
# A gateway of its own is the server that generates: its echo.
docker run -d --name llm-gateway-scale-journey-upstream --network "${COMPOSE_PROJECT_NAME}_gateways" --network-alias upstream \
  -e API_KEY=sk-journey-upstream-key-0000000000 -e ECHO_TOKENS_PER_SECOND=20 -e MAX_CONCURRENT=64 llm-gateway >/dev/null
done_with "source, image, a server that generates"

docker compose up -d >"$scratch/said" 2>&1 || { cat "$scratch/said" && fail "up"; }
until_it 60 "the second gateway does not keep the queue with the first" has_keeper gateway-2
until_it 60 "Caddy does not answer" curl -fs -m 5 "$url/ready"
key=$(./gateway.sh key 2>/dev/null </dev/null | grep -o 'sk-[0-9a-f]*' | head -n 1)
[ -n "$key" ] || fail "no first key"
done_with "docker compose up: two gateways, PostgreSQL, Caddy"

# Caddy gives the second one nothing until its own next look, a second after that one was ready.
rounds=0
until [ "$rounds" -gt 0 ] && both_served; do
  [ "$rounds" -lt 20 ] || fail "only one gateway was used"
  for _ in 1 2 3 4 5 6; do { chat 5 || echo lost >>"$scratch/failed"; } & done
  wait
  [ ! -e "$scratch/failed" ] || fail "a request was not served"
  rounds=$((rounds + 1))
done
has_rows() { [ "$(./gateway.sh usage --json </dev/null | sed -n '/"total"/,$ s/.*"requests": \([0-9]*\).*/\1/p')" = "$1" ]; }
until_it 20 "the ledger does not have $((6 * rounds)) requests" has_rows $((6 * rounds))
done_with "requests through both, in one ledger"

# load: one request after the other, by six clients, until there is a file `enough`; each that is lost leaves a line.
load() {
  for _ in 1 2 3 4 5 6; do
    (
      until [ -e "$scratch/enough" ]; do
        chat 10 || echo lost >>"$scratch/failed"
        echo >>"$scratch/asked"
      done
    ) &
  done
  wait
}
load &
loading=$!
sleep 3
before=$(docker compose ps -q gateway gateway-2 | sort)
# Both gateways differ now. docs/scale.md has these commands: compose alone would take both away at once.
echo GATEWAY_MEMORY=900m >>.env
for one in gateway-2 gateway; do
  docker compose up -d --no-deps --wait "$one" >"$scratch/said" 2>&1 || { cat "$scratch/said" && fail "replacing $one"; }
done
sleep 5
touch "$scratch/enough"
wait "$loading"
[ -z "$(comm -12 <(echo "$before") <(docker compose ps -q gateway gateway-2 | sort))" ] || fail "a gateway was not replaced"
[ ! -s "$scratch/failed" ] || { cat "$scratch/said" && docker ps && fail "$(wc -l <"$scratch/failed") of $(wc -l <"$scratch/asked") requests were lost in a rolling restart"; }
done_with "both gateways replaced, one after the other: none of $(wc -l <"$scratch/asked") requests was lost"

docker compose kill -s KILL gateway >/dev/null 2>&1
until_it 30 "no request is served after one gateway was killed" chat 2
done_with "a gateway killed: the other one serves"
