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
  # In a container, 127.0.0.1 is the container itself.
  [ "$docker_wanted" = no ] || upstream=$(printf '%s' "$upstream" |
    sed -E 's#^(https?://)(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])([:/]|$)#\1host.docker.internal\3#')
}
