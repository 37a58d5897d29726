#!/usr/bin/env bats
# install.sh on a scratch machine, with a docker that only writes down how it was called.

setup() {
  load surroundings
  prepare
}

good_token=eyJhIjoiYWNjIiwidCI6InR1biIsInMiOiJjMlZqY21WMCJ9

@test "a fresh installation ends with a key that users.json knows only by its digest" {
  run install --yes --user alice
  [ "$status" -eq 0 ]
  key=$(grep -o 'sk-[0-9a-f]\{32\}' <<<"$output" | sort -u)
  [ "$(wc -l <<<"$key")" -eq 1 ]
  grep -q "sha256:$(printf %s "$key" | sha256sum | cut -c1-64)" "$dir/data/users.json"
  absent -q "$key" "$dir/data/users.json" "$dir/.env" "$SCRATCH/calls"
  grep -q '"user": "alice"' "$dir/data/users.json"
  [ "$(mode_of "$dir/data/users.json") $(mode_of "$dir/.env") $(mode_of "$dir/data")" = "600 600 700" ]
  grep -qx "PORT='$port'" "$dir/.env"
  called "docker compose build gateway"
  called "docker compose up -d --remove-orphans"
  [[ $output == *"http://localhost:$port/v1"* ]]
}

@test "the example names a model that the gateway lists, where it lists one" {
  echo '{"object":"list","data":[{"id":"qwen3:4b","object":"model"},{"id":"other"}]}' >"$SCRATCH/state/listed"
  run install --yes
  [ "$status" -eq 0 ]
  [[ $output == *"-d '{\"model\":\"qwen3:4b\",\"stream\":true,"* ]]
  # Of an upgrade nobody's key is known, so nothing can be asked.
  run detached bash "$dir/install.sh" --yes
  [ "$status" -eq 0 ]
  [[ $output == *"-d '{\"stream\":true,"* ]]
  [[ $output == *"put \"model\":"* ]]
}

@test "a name that would break out of the example's line is not in it" {
  echo '{"data":[{"id":"a'"'"'$(reboot)"},{"id": "plain"}]}' >"$SCRATCH/state/listed"
  run install --yes
  [[ $output == *"-d '{\"model\":\"plain\",\"stream\":true,"* ]]
}

@test "a second run keeps every answer and every key, and backs up first" {
  install --yes --upstream http://10.0.0.9:8080/v1 --max-concurrent 4
  cp "$dir/data/users.json" "$SCRATCH/users-before"
  run detached bash "$dir/install.sh" --yes
  [ "$status" -eq 0 ]
  cmp "$dir/data/users.json" "$SCRATCH/users-before"
  grep -qx "UPSTREAM_URL='http://10.0.0.9:8080/v1'" "$dir/.env"
  grep -qx "MAX_CONCURRENT='4'" "$dir/.env"
  grep -qx "PORT='$port'" "$dir/.env"
  ls "$dir"/.env.backup-* "$dir"/data/backups/before-upgrade-*.tar.gz
  [[ $output != *"The first key, of"* ]]
}

@test "an older .env keeps its values, its names and its comments, and gets no others" {
  mkdir -p "$dir"
  printf '# mine\nPROXY_PORT=%s\nBACKEND_URL="http://10.0.0.7:8080"\nENABLE_RATE_LIMITING=true\n' "$port" >"$dir/.env"
  run detached bash "$SCRATCH/src/install.sh" --yes --dir "$dir"
  [ "$status" -eq 0 ]
  grep -qx "# mine" "$dir/.env"
  grep -qx "PROXY_PORT=$port" "$dir/.env"
  grep -qx "ENABLE_RATE_LIMITING=true" "$dir/.env"
  grep -qx "UPSTREAM_URL='http://10.0.0.7:8080'" "$dir/.env"
  # .env.example has the others, with what they mean.
  absent -q NEW_SETTING "$dir/.env"
}

@test "with --webui it makes a secret and a key for Open WebUI, once" {
  run install --yes --webui
  [ "$status" -eq 0 ]
  grep -qx "COMPOSE_PROFILES='webui'" "$dir/.env"
  grep -qx "WEBUI_KEY='sk-webui0123456789abcdef01234567'" "$dir/.env"
  grep -qE "^WEBUI_JWT_SECRET='[0-9a-f]{64}'$" "$dir/.env"
  [ "$(mode_of "$dir/.env")" = 600 ]
  [[ $output == *"Open WebUI: http://localhost:3000"* ]]
  [[ $output != *"sk-webui"* ]]
  called "users add webui --json --speaks-for open-webui --signed WEBUI_JWT_SECRET"
  # The key is there before Open WebUI starts: it keeps what it then finds.
  [ "$(grep -nF "users add webui" "$SCRATCH/calls" | cut -d: -f1)" -lt "$(grep -nF "compose up -d" "$SCRATCH/calls" | head -n 1 | cut -d: -f1)" ]
  grep WEBUI "$dir/.env" | sort >"$SCRATCH/first"
  run detached bash "$dir/install.sh" --yes
  [ "$status" -eq 0 ]
  grep WEBUI "$dir/.env" | sort | cmp - "$SCRATCH/first"
  [ "$(grep -cF "users add webui" "$SCRATCH/calls")" -eq 1 ]
}

@test "without --webui there is no Open WebUI, and with --no-docker it is refused" {
  install --yes
  absent -q "WEBUI\|COMPOSE_PROFILES" "$dir/.env"
  absent -qF "users add webui" "$SCRATCH/calls"
  run install --yes --webui --no-docker
  [ "$status" -eq 1 ]
  [[ $output == *"--webui needs Docker"* ]]
}

@test "a key for Open WebUI that cannot be made is told, and the gateway runs" {
  touch "$SCRATCH/state/no-webui-key"
  run install --yes --webui
  [ "$status" -eq 0 ]
  [[ $output == *"./gateway.sh users add webui --speaks-for open-webui --signed WEBUI_JWT_SECRET"* ]]
  absent -q WEBUI_KEY "$dir/.env"
}

@test "an upgrade brings the newer source" {
  install --yes
  echo two >"$SCRATCH/src/two"
  git -C "$SCRATCH/src" add -A
  git -C "$SCRATCH/src" -c user.name=t -c user.email=t@example.com commit -qm two
  install --yes
  [ -f "$dir/two" ]
}

@test "without a terminal and without --yes it takes the defaults and says so" {
  run install
  [ "$status" -eq 0 ]
  [[ $output == *"No terminal to ask on"* ]]
  grep -qx "MAX_CONCURRENT='1'" "$dir/.env"
  absent -q UPSTREAM_URL "$dir/.env"
}

@test "through a pipe without a terminal" {
  export LLM_GATEWAY_REPO=$SCRATCH/src PORT=$port
  run detached bash -c "cat '$SCRATCH/src/install.sh' | bash -s -- --yes"
  [ "$status" -eq 0 ]
  [ -f "$HOME/llm-gateway/docker-compose.yml" ]
  [[ $output == *"The first key, of"* ]]
}

@test "through a pipe with a terminal it asks, and goes on after the answers" {
  script=$(PATH=$system_path type -P script) || skip "script(1) is missing"
  export LLM_GATEWAY_REPO=$SCRATCH/src
  printf 'http://10.1.1.1:9999\n3\n%s\nzoe\n\n' "$port" >"$SCRATCH/answers"
  run "$script" -qec "cat '$SCRATCH/src/install.sh' | bash" /dev/null <"$SCRATCH/answers"
  [ "$status" -eq 0 ]
  grep -qx "UPSTREAM_URL='http://10.1.1.1:9999'" "$dir/.env"
  grep -qx "MAX_CONCURRENT='3'" "$dir/.env"
  grep -q '"user": "zoe"' "$dir/data/users.json"
}

@test "a download cut off anywhere does nothing" {
  size=$(wc -c <"$SCRATCH/src/install.sh" 2>/dev/null || stat -c %s "$SCRATCH/src/install.sh")
  export LLM_GATEWAY_REPO=$SCRATCH/src
  # The last line starts it: its first 5 characters are the first that could.
  for part in 1 7 20 35 50 65 80 93 99; do
    head -c $((size * part / 100)) "$SCRATCH/src/install.sh" >"$SCRATCH/part"
    detached bash -c "cat '$SCRATCH/part' | bash -s -- --yes" || true
  done
  head -c $((size - 11)) "$SCRATCH/src/install.sh" >"$SCRATCH/part"
  detached bash -c "cat '$SCRATCH/part' | bash -s -- --yes" || true
  [ ! -e "$dir" ]
  [ ! -s "$SCRATCH/calls" ]
}

@test "a port that is taken is said, before anything is changed" {
  "${NODE:-$(PATH=$system_path type -P node)}" -e "require('net').createServer().listen($port,'127.0.0.1',()=>require('fs').writeFileSync('$SCRATCH/listening',''))" 3>&- &
  listener=$!
  until [ -e "$SCRATCH/listening" ]; do sleep 0.05; done
  run install --yes
  kill "$listener"
  [ "$status" -eq 1 ]
  [[ $output == *"another program listens on port $port"* ]]
  [ ! -e "$dir/.env" ]
}

@test "a place that cannot be written is said" {
  dir=/proc/llm-gateway
  run install --yes
  [ "$status" -eq 1 ]
  [[ $output == *"no right to write in /proc/llm-gateway"* ]]
}

@test "Docker that may not be used is said, with what to do" {
  touch "$SCRATCH/state/no-rights"
  run install --yes
  [ "$status" -eq 1 ]
  [[ $output == *"usermod -aG docker"* ]]
}

@test "compose too old is said with the version that is needed" {
  touch "$SCRATCH/state/old-compose"
  run install --yes
  [ "$status" -eq 1 ]
  [[ $output == *"docker compose 2.17.3 is too old: 2.24"* ]]
}

@test "an upstream that does not answer is a warning: it may be started later" {
  run install --yes --upstream http://127.0.0.1:9
  [ "$status" -eq 0 ]
  [[ $output == *"WARNING: http://127.0.0.1:9 does not answer"* ]]
}

@test "an upstream on this machine is written as the container reaches it" {
  echo http://127.0.0.1:8080 >"$SCRATCH/state/upstreams"
  run install --yes
  [ "$status" -eq 0 ]
  [[ $output == *"The upstream answers"* ]]
  grep -qx "UPSTREAM_URL='http://host.docker.internal:8080'" "$dir/.env"
  run detached bash "$dir/install.sh" --yes
  [[ $output == *"The upstream answers: http://127.0.0.1:8080"* ]]
}

@test "a malformed tunnel token is refused, and not repeated" {
  for token in "not a token" abcd bm9qc29u; do
    run install --yes --tunnel-token "$token"
    [ "$status" -eq 1 ]
    [[ $output == *"the tunnel's token is not one"* ]]
    [[ $output != *"$token"* ]]
  done
  [ ! -e "$dir/.env" ]
}

@test "a tunnel that does not connect is reported and does not fail the gateway" {
  export TUNNEL_TOKEN=$good_token
  ln -sf /bin/true "$SCRATCH/bin/sleep"
  run install --yes
  [ "$status" -eq 0 ]
  [[ $output == *"the tunnel is not connected yet"* ]]
  [[ $output != *"$good_token"* ]]
  grep -qx "TUNNEL_TOKEN='$good_token'" "$dir/.env"
}

@test "values with dollars, hashes, quotes and spaces survive, also a second run" {
  for value in 'a$b' 'a #b' "it's" 'say "x"' 'back\slash' 'two words' '$(id)' "q'\$x\"y"; do
    rm -rf "$dir" "$SCRATCH/state/running"
    UPSTREAM_API_KEY=$value install --yes
    grep '^UPSTREAM_API_KEY=' "$dir/.env" >"$SCRATCH/first"
    case $value in *\'*) ;; *) grep -qxF "UPSTREAM_API_KEY='$value'" "$SCRATCH/first" ;; esac
    detached bash "$dir/install.sh" --yes
    grep '^UPSTREAM_API_KEY=' "$dir/.env" | cmp - "$SCRATCH/first"
  done
}

@test "compose reads each of these values as it was given" {
  [ -n "${COMPOSE_PLUGIN:-}" ] || skip "the compose plugin is missing"
  [ -n "${NODE:-}" ] || skip "NODE, the gateway's own Node, is missing"
  for value in 'a$b' 'a #b' "it's" 'say "x"' 'back\slash' 'two words' '$(id)' "q'\$x\"y"; do
    rm -rf "$dir" "$SCRATCH/state/running"
    UPSTREAM_API_KEY=$value install --yes
    detached bash "$dir/install.sh" --yes
    printf 'services: {a: {image: x, env_file: [.env]}}\n' >"$dir/check.yml"
    "$COMPOSE_PLUGIN" -f "$dir/check.yml" --project-directory "$dir" config --format json >"$SCRATCH/config"
    printf %s "$value" >"$SCRATCH/value"
    "$NODE" -e 'const fs=require("fs"),s=process.env.SCRATCH;const is=JSON.parse(fs.readFileSync(s+"/config")).services.a.environment.UPSTREAM_API_KEY.replaceAll("$$","$");const was=fs.readFileSync(s+"/value","utf8");if(is!==was){console.log({is,was});process.exit(1)}'
  done
}

@test "an upgrade that does not become healthy goes back to what ran before" {
  install --yes --max-concurrent 2
  touch "$SCRATCH/state/unhealthy"
  run detached bash "$dir/install.sh" --yes --max-concurrent 7
  [ "$status" -eq 1 ]
  [[ $output == *"The earlier version runs again"* ]]
  grep -qx "MAX_CONCURRENT='2'" "$dir/.env"
  called "docker tag llm-gateway:previous llm-gateway:latest"
  called "restore --yes data/backups/before-upgrade-"
}

@test "an upgrade whose image cannot be built leaves what runs as it is" {
  install --yes --max-concurrent 2
  before=$(git -C "$dir" rev-parse HEAD)
  git -C "$SCRATCH/src" -c user.name=t -c user.email=t@example.com commit -q --allow-empty -m two
  touch "$SCRATCH/state/build-fails"
  run install --yes --max-concurrent 7
  [ "$status" -eq 1 ]
  [[ $output == *"The earlier version runs again"*"the image could not be built"* ]]
  grep -qx "MAX_CONCURRENT='2'" "$dir/.env"
  [ "$(git -C "$dir" rev-parse HEAD)" = "$before" ]
  absent -q "compose stop\|restore" "$SCRATCH/calls"
}

@test "an upgrade whose backup fails changes nothing" {
  install --yes
  touch "$SCRATCH/state/backup-fails" "$dir/data/gateway.db"
  run detached bash "$dir/install.sh" --yes --max-concurrent 7
  [ "$status" -eq 1 ]
  [[ $output == *"nothing was changed"* ]]
  absent -q "MAX_CONCURRENT='7'" "$dir/.env"
}

@test "an installation of the Python original keeps its users, and its totals are imported" {
  mkdir -p "$dir/data"
  echo '{"sk-old":"alice"}' >"$dir/users.json"
  echo '{}' >"$dir/data/metrics.json"
  run install --yes
  [ "$status" -eq 0 ]
  [ "$(cat "$dir/data/users.json")" = '{"sk-old":"alice"}' ]
  [ ! -e "$dir/users.json" ]
  called "migrate metrics data/metrics.json"
  [[ $output != *"The first key, of"* ]]
}

@test "without a source it says so in one line" {
  cp "$SCRATCH/src/install.sh" "$SCRATCH/alone.sh"
  run detached bash "$SCRATCH/alone.sh" --yes --port "$port"
  [ "$status" -eq 1 ]
  [ "$(grep -c 'LLM_GATEWAY_REPO' <<<"$output")" -eq 1 ]
}

@test "uninstalling keeps data and settings, unless they are to be purged" {
  install --yes
  run install --uninstall
  [ "$status" -eq 0 ]
  called "docker compose down --remove-orphans --rmi local"
  called "docker rmi llm-gateway:previous"
  [ -f "$dir/data/users.json" ]
  [ -f "$dir/.env" ]
  run install --uninstall --purge
  [ "$status" -eq 1 ]
  [ -f "$dir/data/users.json" ]
  run install --uninstall --purge --yes
  [ "$status" -eq 0 ]
  [ ! -e "$dir/data" ]
  [ ! -e "$dir/.env" ]
}

@test "a wrong flag or value is refused before anything is changed" {
  for wrong in "--prot 80" "--port 99999" "--port x" "--max-concurrent 0" "--user sk-12345" "--user a\"b" "--upstream ftp://x" --dir; do
    run install --yes $wrong
    [ "$status" -eq 1 ]
  done
  [ ! -e "$dir/.env" ]
}

@test "bash 3.2 understands every line" {
  absent -nE '\$\{[a-z_]+(,,|\^\^|@)|declare -A|local -n|mapfile|readarray|&>>|\|&|\bcoproc\b' "$repository"/{install,gateway,users}.sh
}

@test "shellcheck has nothing to say" {
  shellcheck=$(PATH=$system_path type -P shellcheck) || skip "shellcheck is missing"
  "$shellcheck" "$repository/install.sh" "$repository/gateway.sh" "$repository/users.sh"
}

@test "a first build that fails keeps the first key: the second run shows it" {
  touch "$SCRATCH/state/build-fails"
  run install --yes --user alice
  [ "$status" -eq 1 ]
  [ "$(mode_of "$dir/data/first-key")" = 600 ]
  key=$(cat "$dir/data/first-key")
  rm "$SCRATCH/state/build-fails"
  run install --yes
  [ "$status" -eq 0 ]
  [[ $output == *"The first key, of "*"$key"* ]]
  grep -q "sha256:$(printf %s "$key" | sha256sum | cut -c1-64)" "$dir/data/users.json"
  # An upgrade of what runs does not show it again.
  run install --yes
  [[ $output != *"$key"* ]]
}

@test "a wrong answer is asked again, and nothing else; the slots of a llama-server are told" {
  script=$(PATH=$system_path type -P script) || skip "script(1) is missing"
  export LLM_GATEWAY_REPO=$SCRATCH/src
  echo http://127.0.0.1:8080 >"$SCRATCH/state/upstreams"
  echo '{"total_slots":4}' >"$SCRATCH/state/props"
  printf '\nmany\nauto\nx\n%s\nzoe\nabc\n\n' "$port" >"$SCRATCH/answers"
  run "$script" -qec "cat '$SCRATCH/src/install.sh' | bash" /dev/null <"$SCRATCH/answers"
  [ "$status" -eq 0 ]
  [[ $output == *"It has 4 slot(s)."*"MAX_CONCURRENT must be a number"*"the port must be a number"*"token is not one"* ]]
  grep -qx "MAX_CONCURRENT='auto'" "$dir/.env"
  grep -qx "PORT='$port'" "$dir/.env"
  grep -q '"user": "zoe"' "$dir/data/users.json"
}

@test "a model server on 127.0.0.1 alone is out of a container's reach: the ways are said before the build" {
  say_as ip "    inet 172.17.0.1/16 brd 172.17.255.255 scope global docker0"
  echo http://127.0.0.1:8080 >"$SCRATCH/state/upstreams"
  run install --yes --upstream http://127.0.0.1:8080
  [ "$status" -eq 0 ]
  [[ $output == *"listens on 127.0.0.1 alone"*"--host 172.17.0.1"*"--api-key"*"--no-docker"*"==> Building"* ]]
  # One that listens at Docker's address too is fine.
  rm -rf "$dir" "$SCRATCH/state/running"
  echo http://172.17.0.1:8080 >>"$SCRATCH/state/upstreams"
  run install --yes --upstream http://127.0.0.1:8080
  [[ $output != *"127.0.0.1 alone"* ]]
}

@test "at the question about it, no ends before anything is built" {
  script=$(PATH=$system_path type -P script) || skip "script(1) is missing"
  say_as ip "    inet 172.17.0.1/16 brd 172.17.255.255 scope global docker0"
  export LLM_GATEWAY_REPO=$SCRATCH/src
  echo http://127.0.0.1:8080 >"$SCRATCH/state/upstreams"
  printf '\n1\n%s\nzoe\n\nn\n' "$port" >"$SCRATCH/answers"
  run "$script" -qec "cat '$SCRATCH/src/install.sh' | bash" /dev/null <"$SCRATCH/answers"
  [ "$status" -ne 0 ]
  [[ $output == *"out of reach of a container"* ]]
  absent -q "compose build" "$SCRATCH/calls"
}

@test "a model server that the LAN reaches without a key is a warning" {
  say_as hostname 192.168.7.5
  printf 'http://127.0.0.1:8080\nhttp://192.168.7.5:8080\n' >"$SCRATCH/state/upstreams"
  run install --yes --upstream http://127.0.0.1:8080
  [ "$status" -eq 0 ]
  [[ $output == *"the model server answers the LAN without a key (http://192.168.7.5:8080)"* ]]
}

@test "a .env in UTF-16 is said, before anything is changed" {
  mkdir -p "$dir"
  printf '\377\376P\0O\0' >"$dir/.env"
  run install --yes
  [ "$status" -eq 1 ]
  [[ $output == *".env is in UTF-16"*"iconv"* ]]
}

@test "of the copies that upgrades make the newest ones stay" {
  install --yes
  for n in 1 2 3 4 5 6 7; do touch "$dir/.env.backup-2020010$n-000000" "$dir/data/backups/before-upgrade-2020010$n-000000.tar.gz" 2>/dev/null || { mkdir -p "$dir/data/backups"; touch "$dir/data/backups/before-upgrade-2020010$n-000000.tar.gz"; }; done
  run detached bash "$dir/install.sh" --yes
  [ "$status" -eq 0 ]
  [ "$(ls -d "$dir"/.env.backup-* | wc -l)" -eq 3 ]
  [ "$(ls -d "$dir"/data/backups/before-upgrade-* | wc -l)" -eq 5 ]
  absent -q . <(ls "$dir"/.env.backup-20200101-000000 2>/dev/null)
}

@test "a second copy does not take over the containers of the first" {
  echo /home/alice/llm-gateway >"$SCRATCH/state/project"
  run install --yes
  [ "$status" -eq 1 ]
  [[ $output == *"another copy, in /home/alice/llm-gateway"*"COMPOSE_PROJECT_NAME"* ]]
  absent -q "compose build\|compose up" "$SCRATCH/calls"
  export COMPOSE_PROJECT_NAME=llm-gateway-2
  run install --yes
  [ "$status" -eq 0 ]
}
