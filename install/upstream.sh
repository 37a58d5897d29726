# The server that generates: looks for one, and asks whether it answers.

ask_upstream() {
  local found=''
  found=$(find_upstream)
  [ -z "$found" ] || say "Found a server that answers at $found"
  ask_right upstream "URL of the server that generates (echo: none yet)" "${found:-echo}" check_url
}

# llama-server, Ollama, LM Studio and vLLM on their usual ports.
find_upstream() {
  local candidate
  for candidate in 8080 11434 1234 8000 8081 5000; do
    [ "$candidate" != "$port" ] || continue
    if answers "http://127.0.0.1:$candidate"; then
      printf 'http://127.0.0.1:%s' "$candidate"
      return
    fi
  done
}

# The key goes in by standard input: `ps` shows a command's arguments. Ours is no upstream.
answers() {
  local base=${1%/}
  base=${base%/v1}
  { [ -z "$upstream_key" ] || printf 'header = "Authorization: Bearer %s"\n' "$upstream_key"; } |
    curl -fsS -m 4 -K - "$base/v1/models" 2>/dev/null | grep -q '"data"'
}

# The number of slots of a llama-server; nothing for any other server.
slots_of() {
  local base=${1%/}
  base=${base%/v1}
  [ "$base" != echo ] || return 0
  { [ -z "$upstream_key" ] || printf 'header = "Authorization: Bearer %s"\n' "$upstream_key"; } |
    curl -fsS -m 4 -K - "${base/host.docker.internal/127.0.0.1}/props" 2>/dev/null |
    grep -oE '"total_slots": ?[0-9]+' | head -n 1 | tr -dc 0-9
}

check_upstream() {
  [ "$upstream" != echo ] || return 0
  local here=${upstream/host.docker.internal/127.0.0.1}
  if answers "$here"; then
    say "The upstream answers: $here"
  else
    say "WARNING: $here does not answer at /v1/models now. The gateway will keep trying;"
    say "  start the server, or set UPSTREAM_URL in $dir/.env and run ./gateway.sh restart."
  fi
  warn_of_open_server "$here"
  # In a container, 127.0.0.1 is the container itself.
  [ "$docker_wanted" = no ] || upstream=$(printf '%s' "$upstream" |
    sed -E 's#^(https?://)(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])([:/]|$)#\1host.docker.internal\3#')
}

is_loopback() { case $1 in *://localhost[:/]* | *://localhost | *://127.* | *://0.0.0.0* | *://\[::1\]* | *://host.docker.internal*) return 0 ;; *) return 1 ;; esac; }

# The address of this machine that containers reach; nothing on a machine without it (Docker Desktop).
docker_address() { ip -4 addr show docker0 2>/dev/null | awk '/inet / { sub("/.*", "", $2); print $2; exit }'; }

# at URL ADDRESS: the same server at another address of this machine.
at() { printf '%s' "$1" | sed -E "s#^(https?://)(\\[[^]]*\\]|[^:/]+)#\\1$2#"; }

# Before anything is built: a server on 127.0.0.1 alone is out of a container's reach. The one that listens
# at Docker's address too needs nothing.
check_reach() {
  local address here
  [ "$docker_wanted" = yes ] && [ "$upstream" != echo ] && is_loopback "$upstream" || return 0
  address=$(docker_address)
  [ -n "$address" ] || return 0
  here=$(at "$upstream" 127.0.0.1)
  if ! answers "$here" || answers "$(at "$upstream" "$address")"; then return 0; fi
  say "The server at $here listens on 127.0.0.1 alone: a container cannot reach it. Choose:"
  say "  1  start it with --host $address (Ollama: OLLAMA_HOST=$address): only this machine reaches it"
  say "  2  start it with --host 0.0.0.0 --api-key SECRET, and run install.sh with UPSTREAM_API_KEY=SECRET"
  say "  3  install the gateway without Docker: install.sh --no-docker"
  if [ "$terminal" = yes ]; then
    agreed "Go on now, and do 1 afterwards?" || die "the server is out of reach of a container" "Choose one of the three ways above."
  else
    say "WARNING: the gateway answers with errors until one of them is done (1 needs no change here)."
  fi
}

# People who reach the server itself walk around keys, queue and accounts.
warn_of_open_server() {
  local address key=$upstream_key
  is_loopback "$1" || return 0
  for address in $(lan_addresses); do
    upstream_key=''
    if answers "$(at "$1" "$address")"; then
      say "WARNING: the model server answers the LAN without a key ($(at "$1" "$address"))."
      say "  People can walk around the gateway. Start it with another --host, or with --api-key: docs/operations.md."
      upstream_key=$key
      return 0
    fi
    upstream_key=$key
  done
}
