#!/usr/bin/env bash
# Passes commands to the gateway of this directory, however it runs: in its container, as a service
# (install.sh --no-docker), or by `npm start`. Completion: source <(./gateway.sh completion)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here"

help() {
  cat <<'E'
gateway.sh: the gateway of this directory, with and without Docker

  users …            who may use it: users add alice, users list, users --help
  usage …            who used how much
  ledger …           checks and exports the accounts, and shows who changed what
  key                the first key, within its first 24 hours
  queue              who waits and who runs
  doctor             is all well? what to do if not
  backup [FILE]      keys, settings and accounts in one file (default: data/backups/)
  restore FILE       brings them back, also onto a new machine
  migrate …          from the Python original, LiteLLM, llama-swap
  completion         for bash and zsh
Everything else goes to the gateway's own command line: config check, --version, …

With Docker, and as a service:

  status             what runs
  logs [tunnel]      what it says, as it says it
  start, stop, restart
  upgrade [VERSION]  newer source, backup, restart, and back if that fails
E
}

say() { printf 'gateway.sh: %s\n' "$*" >&2; }

# way: service, docker, or local (npm start). Docker where this directory has containers, or no packages.
find_way() {
  docker=(docker)
  if [ -f "${LLM_GATEWAY_UNITS:-/etc/systemd/system}/llm-gateway.service" ]; then
    way=service
    return
  fi
  way=docker
  if ! command -v docker >/dev/null; then
    way=local
  elif ! docker info >/dev/null 2>&1; then
    if [ -d node_modules ]; then
      way=local
    elif command -v sudo >/dev/null; then
      docker=(sudo docker)
    fi
  elif [ -d node_modules ] && [ -z "$(compose ps -aq gateway 2>/dev/null)" ]; then
    way=local
  fi
  if [ "$way" = local ] && [ ! -d node_modules ]; then
    say "there is neither Docker nor node_modules here: install Docker, or run npm ci --omit=dev"
    exit 1
  fi
}

compose() { "${docker[@]}" compose "$@"; }
root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
# The service's files may belong to another account than the caller's.
local_node() {
  local owner node=$here/node_modules/.bin/node
  if ! [ -x "$node" ]; then
    node=node
    if [ "$(node -p 'process.versions.node.split(".")[0] >= 24' 2>/dev/null)" != true ]; then
      say "Node 24 or newer is missing: npm ci brings it for Linux and macOS; or install it from https://nodejs.org"
      return 1
    fi
  fi
  owner=$(stat -c %U data 2>/dev/null || id -un)
  if [ "$way" = local ] || [ "$(id -un)" = "$owner" ]; then "$node" "$@"; else root runuser -u "$owner" -- "$node" "$@"; fi
}

# Compose makes the container that prepares the data first, and that one neither builds nor pulls its image.
image() {
  local name
  name=$(compose config --images gateway 2>/dev/null | head -n 1)
  [ -z "$("${docker[@]}" images -q "${name:-llm-gateway}" 2>/dev/null)" ] || return 0
  # Only a name with a registry in it is a published image.
  case $name in */*) if compose pull -q gateway >&2; then return 0; fi ;; esac
  compose build gateway >&2
}

is_running() { [ -n "$(compose ps -q --status running gateway 2>/dev/null)" ]; }

# The address of this machine in its network, which a container does not know.
lan_address() {
  { hostname -I 2>/dev/null || ifconfig 2>/dev/null | awk '/inet / { print $2 }'; } | tr ' ' '\n' |
    grep -E '^[0-9.]+$' | grep -vE -m 1 '^(127\.|172\.(1[7-9]|2[0-9]|3[01])\.)' || true
}

# In the running container; where it does not run, in one of its own.
gateway() {
  if [ "$way" != docker ]; then
    local_node gateway/main.ts "$@"
    return
  fi
  local plain=()
  if ! [ -t 0 ] || ! [ -t 1 ]; then plain=(-T); fi
  if [ -n "${LLM_GATEWAY_KEY:-}" ]; then plain+=(-e LLM_GATEWAY_KEY); fi
  if [ "${1:-} ${2:-}" = "users invite" ]; then plain+=(-e "LAN_ADDRESS=$(lan_address)"); fi
  if is_running; then
    compose exec ${plain[@]+"${plain[@]}"} gateway node gateway/main.ts "$@"
  else
    image && compose run --rm ${plain[@]+"${plain[@]}"} gateway node gateway/main.ts "$@"
  fi
}

control() {
  if [ "$way" = local ]; then
    say "it runs by npm start: stop it with Ctrl-C in its terminal, start it with npm start"
    return 1
  elif [ "$way" = service ]; then
    root systemctl "$1" llm-gateway
  elif [ "$1" = stop ]; then
    compose stop
  elif [ "$1" = restart ]; then
    compose up -d --force-recreate --remove-orphans
  else
    compose up -d --remove-orphans
  fi
}

backup() {
  if [ $# -eq 0 ]; then
    gateway backup
  else
    (umask 077 && gateway backup - </dev/null >"$1.draft" && mv "$1.draft" "$1") || {
      rm -f "$1.draft"
      return 1
    }
    echo "$1" >&2
  fi
}

# The connector's own metrics port is in its container alone, so it is asked there.
doctor() {
  local status=0
  gateway doctor "$@" || status=$?
  if [ "$way" != docker ] || [[ " $* " == *" --json "* || " $* " == *" --help "* ]]; then return "$status"; fi
  if [ -z "$(compose ps -aq cloudflared 2>/dev/null)" ]; then
    echo "-     connector  there is no tunnel; cloudflared/README.md says how to make one"
  elif compose exec -T cloudflared cloudflared tunnel --metrics 127.0.0.1:20241 ready </dev/null >/dev/null 2>&1; then
    echo "ok    connector  the tunnel is connected"
  else
    echo "FAIL  connector  the tunnel is not connected"
    echo "                 -> Is the token right, and the tunnel not deleted? ./gateway.sh logs tunnel"
    status=1
  fi
  return "$status"
}

restore() {
  if [ $# -ne 1 ] || ! [ -r "$1" ]; then
    say "restore needs a backup's file"
    return 2
  fi
  local file
  file=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
  # A local gateway that runs is refused by the command itself.
  local ran=no
  if [ "$way" = docker ]; then
    image || return
    if is_running; then ran=yes; fi
  elif [ "$way" = service ] && systemctl -q is-active llm-gateway; then
    ran=yes
  fi
  [ "$way" = local ] || control stop
  # Through standard input: the file may lie outside the container and belong to another account.
  if [ "$way" = docker ]; then
    compose run --rm -T gateway node gateway/main.ts restore --yes - <"$file"
  else
    local_node gateway/main.ts restore --yes - <"$file"
  fi || {
    # What did not run stays as it is: an empty gateway would make a first key of its own.
    [ "$ran" = no ] || control start
    return 1
  }
  if [ "$way" = local ]; then say "start it with npm start"; else control start; fi
}

# The newer source comes first, as it may have a newer install.sh; that one goes back where it fails.
upgrade() {
  if [ "$way" = local ]; then
    say "without Docker: ./gateway.sh backup, git pull, npm ci --omit=dev, then start it again"
    return 1
  fi
  local flags=(--yes --dir "$here")
  [ "$way" = docker ] || flags+=(--no-docker)
  if [ $# -gt 0 ]; then
    flags+=(--version "$1")
  elif [ -d .git ]; then
    LLM_GATEWAY_FROM=$(git rev-parse HEAD)
    export LLM_GATEWAY_FROM
    if git symbolic-ref -q HEAD >/dev/null; then git pull -q --ff-only; else git fetch -q origin HEAD && git checkout -q --detach FETCH_HEAD; fi ||
      return
  fi
  exec ./install.sh "${flags[@]}"
}

completion() {
  cat <<'E'
_llm_gateway_words() {
  case $1 in
    '') echo users usage ledger key queue doctor status logs start stop restart backup restore upgrade migrate config completion help ;;
    users) echo list add invite set limits remove rotate disable enable show hash ;;
    queue) echo show pause resume drain remove ;;
    migrate) echo metrics litellm llama-swap ;;
    config) echo check schema ;;
    ledger) echo check export changes copy ;;
    logs) echo tunnel ;;
  esac
}
if [ -n "${ZSH_VERSION:-}" ]; then
  _llm_gateway() {
    case $CURRENT:${words[2]} in
      2:*) compadd -- $(_llm_gateway_words '') ;;
      3:restore | 3:backup) _files ;;
      3:*) compadd -- $(_llm_gateway_words "${words[2]}") ;;
    esac
  }
  whence compdef >/dev/null || { autoload -Uz compinit && compinit; }
  compdef _llm_gateway gateway.sh
else
  _llm_gateway() {
    local word=${COMP_WORDS[COMP_CWORD]} words=''
    case $COMP_CWORD:${COMP_WORDS[1]} in
      1:*) words=$(_llm_gateway_words '') ;;
      2:restore | 2:backup) COMPREPLY=($(compgen -f -- "$word")) && return ;;
      2:*) words=$(_llm_gateway_words "${COMP_WORDS[1]}") ;;
    esac
    COMPREPLY=($(compgen -W "$words" -- "$word"))
  }
  complete -F _llm_gateway ./gateway.sh gateway.sh
fi
E
}

logs() {
  local name=gateway
  if [ "$way" = local ]; then
    say "its log is in the terminal of npm start"
    return 1
  fi
  if [ "$way" = service ]; then exec journalctl -u llm-gateway -f -n 100; fi
  if [ "${1:-}" = tunnel ]; then
    name=cloudflared
    if [ -z "$(compose ps -aq cloudflared 2>/dev/null)" ]; then
      say "there is no tunnel; cloudflared/README.md says how to make one"
      return 1
    fi
  fi
  compose logs -f --tail 100 "$name"
}

status() {
  case $way in
    service) systemctl status llm-gateway ;;
    docker) compose ps ;;
    local) gateway doctor --no-generate ;;
  esac
}

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
  help | --help | -h) help && exit ;;
  completion) completion && exit ;;
esac
# A question never does the thing. The other commands answer it themselves.
case $command in start | stop | restart | status | logs | backup | restore | upgrade)
  for word in "$@"; do
    case $word in
      --help | -h) help && exit ;;
      -*) say "$command knows no $word; ./gateway.sh help shows what there is" && exit 2 ;;
    esac
  done
  ;;
esac
find_way
case $command in
  start | stop | restart) control "$command" ;;
  status) status ;;
  logs) logs "$@" ;;
  doctor) doctor "$@" ;;
  backup) backup "$@" ;;
  restore) restore "$@" ;;
  upgrade) upgrade "$@" ;;
  *) gateway "$command" "$@" ;;
esac
