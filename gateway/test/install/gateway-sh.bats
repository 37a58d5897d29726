#!/usr/bin/env bats
# gateway.sh and users.sh, with a docker that only writes down how it was called.

setup() {
  load surroundings
  prepare
  cp "$repository/users.sh" "$SCRATCH/src/"
  cd "$SCRATCH/src"
  touch "$SCRATCH/state/running"
}

@test "commands go into the running container, with every argument whole" {
  detached ./gateway.sh users add alice --note "two words"
  called "docker compose exec -T gateway node gateway/main.ts users add alice --note two words"
}

@test "an invite is told the address of this machine, which its container does not know" {
  say_as hostname "172.17.0.1 192.0.2.7 192.0.2.8"
  detached ./gateway.sh users invite erin
  called "docker compose exec -T -e LAN_ADDRESS=192.0.2.7 gateway node gateway/main.ts users invite erin"
}

@test "where nothing runs they get a container of their own" {
  rm "$SCRATCH/state/running"
  detached ./gateway.sh usage --days 3
  called "docker compose run --rm -T gateway node gateway/main.ts usage --days 3"
}

@test "users.sh is gateway.sh users" {
  detached ./users.sh list
  called "gateway/main.ts users list"
}

@test "restore stops, brings back through standard input, and starts" {
  echo backup >"$SCRATCH/a backup"
  detached ./gateway.sh restore "$SCRATCH/a backup"
  grep -E 'compose (stop|run|up)' "$SCRATCH/calls" >"$SCRATCH/order"
  [ "$(sed 's/docker compose \([a-z]*\).*/\1/' "$SCRATCH/order" | tr '\n' ' ')" = "stop run up " ]
  called "restore --yes -"
}

@test "doctor asks the connector whether it is connected, where there is one" {
  run detached ./gateway.sh doctor
  [ "$status" -eq 1 ]
  [[ $output == *"the tunnel is not connected"*"logs tunnel"* ]]
  touch "$SCRATCH/state/tunnel-ready"
  run detached ./gateway.sh doctor
  [ "$status" -eq 0 ]
  rm "$SCRATCH/state/running"
  run detached ./gateway.sh doctor
  [[ $output == *"there is no tunnel"* ]]
}

@test "restore without a file changes nothing" {
  run detached ./gateway.sh restore "$SCRATCH/not-there"
  [ "$status" -eq 2 ]
  absent -q "compose stop" "$SCRATCH/calls"
}

@test "a backup that fails leaves no file that looks like one" {
  printf '#!/bin/sh\ncase "$*" in *backup*) exit 1;; *ps*) echo 1;; esac\n' >"$SCRATCH/failing"
  chmod +x "$SCRATCH/failing" && rm "$SCRATCH/bin/docker" && ln -s "$SCRATCH/failing" "$SCRATCH/bin/docker"
  run detached ./gateway.sh backup "$SCRATCH/out.tar.gz"
  [ "$status" -ne 0 ]
  [ ! -e "$SCRATCH/out.tar.gz" ]
  [ ! -e "$SCRATCH/out.tar.gz.draft" ]
}

@test "a question about a command never runs it, and neither does a flag that it has not" {
  : >"$SCRATCH/calls"
  for command in start stop restart status logs backup restore upgrade; do
    run detached ./gateway.sh "$command" --help
    [ "$status" -eq 0 ]
    [[ $output == *"upgrade [VERSION]"* ]]
    run detached ./gateway.sh "$command" --no-such-flag
    [ "$status" -eq 2 ]
    [[ $output == *"$command knows no --no-such-flag"* ]]
  done
  [ ! -s "$SCRATCH/calls" ]
}

@test "upgrade runs the installer over this directory" {
  printf '#!/usr/bin/env bash\necho "install $*" >>"$SCRATCH/calls"\n' >install.sh
  detached ./gateway.sh upgrade v2
  called "install --yes --dir $SCRATCH/src --version v2"
}

@test "the completion knows every command of the help" {
  source <(detached ./gateway.sh completion)
  COMP_WORDS=(./gateway.sh "") COMP_CWORD=1 _llm_gateway
  for word in users usage key queue doctor status logs start stop restart backup restore upgrade migrate; do
    [[ " ${COMPREPLY[*]} " == *" $word "* ]]
  done
  COMP_WORDS=(./gateway.sh users ro) COMP_CWORD=2
  _llm_gateway
  [ "${COMPREPLY[*]}" = rotate ]
}

@test "zsh completes commands, their own words, and files" {
  zsh=$(PATH=$system_path type -P zsh) || skip "zsh is missing"
  touch README.md
  PATH=$system_path "$zsh" "$stand_in/type-in-zsh" './gateway.sh us' 'usage  users' './gateway.sh users ro' ' rotate' \
    'gateway.sh config c' ' check' './gateway.sh restore REA' ' README.md'
}

@test "upgrade on a branch pulls, on a tag fetches, and tells the installer where it came from" {
  printf '#!/usr/bin/env bash\necho "from $LLM_GATEWAY_FROM" >>"$SCRATCH/calls"\n' >install.sh
  git -c user.name=t -c user.email=t@example.com commit -qam installer
  git clone -q . "$SCRATCH/mine"
  git -c user.name=t -c user.email=t@example.com commit -q --allow-empty -m newer
  cd "$SCRATCH/mine"
  for start in "$(git rev-parse --abbrev-ref HEAD)" HEAD~0; do
    git checkout -q "$start"
    before=$(git rev-parse HEAD)
    detached ./gateway.sh upgrade
    called "from $before"
    [ "$(git rev-parse HEAD)" = "$(git -C "$SCRATCH/src" rev-parse HEAD)" ]
    git -C "$SCRATCH/src" -c user.name=t -c user.email=t@example.com commit -q --allow-empty -m "newer still"
  done
}

@test "before the first start the image is built, then the command runs" {
  rm "$SCRATCH/state/running"
  touch "$SCRATCH/state/no-image"
  detached ./gateway.sh users add alice
  grep -E 'compose (build|run)' "$SCRATCH/calls" | sed 's/docker compose \([a-z]*\).*/\1/' >"$SCRATCH/order"
  [ "$(tr '\n' ' ' <"$SCRATCH/order")" = "build run " ]
}

@test "a restore that fails starts nothing that did not run, and what ran again" {
  echo backup >"$SCRATCH/a backup"
  touch "$SCRATCH/state/run-fails"
  rm "$SCRATCH/state/running"
  run detached ./gateway.sh restore "$SCRATCH/a backup"
  [ "$status" -eq 1 ]
  absent -q "compose up" "$SCRATCH/calls"
  touch "$SCRATCH/state/running"
  run detached ./gateway.sh restore "$SCRATCH/a backup"
  [ "$status" -eq 1 ]
  called "compose up"
}

@test "the first key is shown by a stopped gateway too" {
  rm "$SCRATCH/state/running"
  detached ./gateway.sh key
  called "docker compose run --rm -T gateway node gateway/main.ts key"
}

# Packages whose only command writes down how it was called.
packages_here() {
  mkdir -p node_modules/.bin
  ln -s "$stand_in/recorder" node_modules/.bin/node
}

@test "without Docker the commands go to the gateway's own Node" {
  rm "$SCRATCH/bin/docker"
  packages_here
  for command in "users add alice" "usage --days 7" queue doctor key backup "config check"; do
    # shellcheck disable=SC2086
    detached ./gateway.sh $command
    called "node gateway/main.ts $command"
  done
  echo backup >"$SCRATCH/a backup"
  detached ./gateway.sh restore "$SCRATCH/a backup"
  called "node gateway/main.ts restore --yes -"
  run detached ./gateway.sh restart
  [ "$status" -eq 1 ]
  [[ $output == *"npm start"* ]]
}

@test "a gateway of npm start is found although there is Docker, and containers come first" {
  packages_here
  rm "$SCRATCH/state/running"
  detached ./gateway.sh users list
  called "node gateway/main.ts users list"
  touch "$SCRATCH/state/running"
  detached ./gateway.sh usage
  called "docker compose exec -T gateway node gateway/main.ts usage"
}

@test "with neither Docker nor packages it says what to do" {
  rm "$SCRATCH/bin/docker"
  run detached ./gateway.sh users list
  [ "$status" -eq 1 ]
  [[ $output == *"npm ci --omit=dev"* ]]
}

@test "the log of a tunnel that is not there is one line" {
  rm "$SCRATCH/state/running"
  run detached ./gateway.sh logs tunnel
  [ "$status" -eq 1 ]
  [ "$output" = "gateway.sh: there is no tunnel; cloudflared/README.md says how to make one" ]
}

@test "a Node that is too old is one line" {
  rm "$SCRATCH/bin/docker"
  mkdir node_modules
  say_as node false
  run detached ./gateway.sh doctor
  [ "$status" -eq 1 ]
  [[ $output == *"Node 24 or newer is missing"* ]]
  [ "$(wc -l <<<"$output")" -eq 1 ]
}
