#!/usr/bin/env bats
# install.sh --no-docker, with a systemd that only writes down how it was called.

setup() {
  load surroundings
  prepare
  rm "$SCRATCH/bin/docker"
  record systemctl npm sudo
}

# What the gateway itself makes of the installed .env.
value_of() {
  (cd "$dir" && "$NODE" -e 'import(process.argv[1]).then(({ readEnvFile }) => process.stdout.write(readEnvFile(process.cwd())[process.argv[2]] ?? ""))' \
    "$repository/gateway/settings/read-env-file.ts" "$1")
}

# A gateway whose only command writes down how it was called.
stand_in_gateway() {
  mkdir -p "$dir/node_modules/.bin"
  printf '#!/bin/sh\necho "node $*" >>"%s/calls"\ncase "$*" in *backup*) mkdir -p data/backups && touch "$3";; esac\n' "$SCRATCH" >"$dir/node_modules/.bin/node"
  chmod +x "$dir/node_modules/.bin/node"
}

@test "--no-docker installs a service from the same files" {
  run install --yes --no-docker --upstream http://127.0.0.1:8080
  [ "$status" -eq 0 ]
  grep -qx "WorkingDirectory=$dir" "$SCRATCH/units/llm-gateway.service"
  grep -qx "UPSTREAM_URL='http://127.0.0.1:8080'" "$dir/.env"
  called "npm ci --omit=dev"
  called "systemctl enable llm-gateway"
  run install --uninstall
  [ "$status" -eq 0 ]
  [ ! -e "$SCRATCH/units/llm-gateway.service" ]
}

@test "a directory with spaces and a percent sign is whole in the unit" {
  dir="$HOME/my 100 % gateway"
  run install --yes --no-docker
  [ "$status" -eq 0 ]
  unit=$SCRATCH/units/llm-gateway.service
  escaped="$HOME/my 100 %% gateway"
  # systemd takes no quotes in this line, and needs them in the others.
  grep -qxF "WorkingDirectory=$escaped" "$unit"
  grep -qxF "ExecStart=\"$escaped/node_modules/.bin/node\" \"$escaped/gateway/main.ts\"" "$unit"
  grep -qxF "ReadWritePaths=\"$escaped/data\"" "$unit"
  grep -qF "\"NODE_COMPILE_CACHE=$escaped/data/.compile-cache\"" "$unit"
}

@test "systemd has nothing to say about the unit" {
  analyze=$(PATH=$system_path type -P systemd-analyze) || skip "systemd-analyze is missing"
  dir="$HOME/my 100 % gateway"
  install --yes --no-docker
  mkdir -p "$dir/node_modules/.bin" && ln -s "$(PATH=$system_path type -P true)" "$dir/node_modules/.bin/node"
  PATH=$system_path "$analyze" verify "$SCRATCH/units/llm-gateway.service" >"$SCRATCH/said" 2>&1 || cat "$SCRATCH/said"
  absent -F llm-gateway.service "$SCRATCH/said"
}

@test "a directory that no unit can hold is refused before anything is done" {
  dir="$HOME/\$HOME"
  run install --yes --no-docker
  [ "$status" -eq 1 ]
  [[ $output == *"cannot hold the directory"*"--dir"* ]]
  [ ! -e "$dir/.env" ]
}

@test "the Python original's totals are imported, once, by the service's own gateway" {
  mkdir -p "$dir/data"
  echo '{}' >"$dir/data/metrics.json"
  stand_in_gateway
  run install --yes --no-docker
  [ "$status" -eq 0 ]
  called "node gateway/main.ts migrate metrics data/metrics.json"
  [ -e "$dir/data/metrics.json.imported" ]
  run install --yes --no-docker
  [ "$status" -eq 0 ]
  [ "$(grep -c "migrate metrics" "$SCRATCH/calls")" -eq 1 ]
}

@test "values with dollars, hashes, spaces and both kinds of quotes reach the service as they are" {
  [ -n "${NODE:-}" ] || skip "NODE, the gateway's own Node, is missing"
  for value in 'a$b' 'a #b' "it's" 'say "x"' 'back\slash' 'two words' '$(id)' "q'\$x\"y \\ #z" 'tick`s' 'new\nline'; do
    rm -rf "$dir" "$SCRATCH/state/running" "$SCRATCH/units/llm-gateway.service"
    UPSTREAM_API_KEY=$value install --yes --no-docker
    [ "$(value_of UPSTREAM_API_KEY)" = "$value" ]
    detached bash "$dir/install.sh" --yes --no-docker
    [ "$(value_of UPSTREAM_API_KEY)" = "$value" ]
  done
}

@test "what no .env can hold is refused" {
  UPSTREAM_API_KEY="a'b\`c" run install --yes --no-docker
  [ "$status" -eq 1 ]
  UPSTREAM_API_KEY="a
b" run install --yes --no-docker
  [ "$status" -eq 1 ]
  [ ! -e "$dir/.env" ]
}

@test "a change from the service to containers writes the values as compose reads them" {
  value="q'\$x\"y"
  UPSTREAM_API_KEY=$value install --yes --no-docker
  rm -f "$SCRATCH/state/running" "$SCRATCH/units/llm-gateway.service"
  ln -s "$SCRATCH/kept/docker" "$SCRATCH/bin/docker"
  detached bash "$dir/install.sh" --yes
  grep -qxF 'UPSTREAM_API_KEY="q'"'"'\$x\"y"' "$dir/.env"
}

@test "an upgrade of the service backs up first, and its own port is not taken" {
  install --yes --no-docker
  stand_in_gateway
  run detached bash "$dir/install.sh" --yes --no-docker
  [ "$status" -eq 0 ]
  called "main.ts backup data/backups/before-upgrade-"
}

@test "an upgrade of the service that does not become healthy goes back to what ran before" {
  install --yes --no-docker --max-concurrent 2
  stand_in_gateway
  before=$(git -C "$dir" rev-parse HEAD)
  git -C "$SCRATCH/src" -c user.name=t -c user.email=t@example.com commit -qm two --allow-empty
  touch "$SCRATCH/state/unhealthy"
  run install --yes --no-docker --max-concurrent 7
  [ "$status" -eq 1 ]
  [[ $output == *"Going back to what ran before"* ]]
  grep -qx "MAX_CONCURRENT='2'" "$dir/.env"
  [ "$(git -C "$dir" rev-parse HEAD)" = "$before" ]
  called "main.ts restore --yes data/backups/before-upgrade-"
}
