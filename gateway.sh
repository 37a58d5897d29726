#!/usr/bin/env bash
# Passes commands to the gateway of this directory, in its container or (installed with --no-docker) beside
# it: ./gateway.sh users add alice. Completion: source <(./gateway.sh completion)
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cd "$here"

help() {
  cat <<'E'
gateway.sh: the gateway of this directory

  users …            who may use it: users add alice, users list, users --help
  usage …            who used how much
  key                the first key, where nobody has taken it yet
  queue              who waits and who runs
  doctor             is all well? what to do if not
  status             what runs
  logs [tunnel]      what it says, as it says it
  start, stop, restart
  backup [FILE]      keys, settings and accounts in one file (default: data/backups/)
  restore FILE       brings them back, also onto a new machine
  upgrade [VERSION]  newer source, backup, restart, and back if that fails
  migrate …          from the Python original, LiteLLM, llama-swap
  completion         for bash and zsh
Everything else goes to the gateway's own command line: config check, --version, …
E
}

service=no
if [ -f "${LLM_GATEWAY_UNITS:-/etc/systemd/system}/llm-gateway.service" ]; then service=yes; fi
docker=(docker)
if [ "$service" = no ] && ! docker info >/dev/null 2>&1 && command -v sudo >/dev/null; then docker=(sudo docker); fi

compose() { "${docker[@]}" compose "$@"; }
root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
# The systemd service's files may belong to another account than the caller's.
local_node() {
  local owner
  owner=$(stat -c %U data 2>/dev/null || id -un)
  if [ "$(id -un)" = "$owner" ]; then node_modules/.bin/node "$@"; else root runuser -u "$owner" -- "$here/node_modules/.bin/node" "$@"; fi
}

# In the running container; where it does not run, in one of its own.
gateway() {
  if [ "$service" = yes ]; then
    local_node gateway/main.ts "$@"
    return
  fi
  local plain=()
  if ! [ -t 0 ] || ! [ -t 1 ]; then plain=(-T); fi
  if [ -n "${LLM_GATEWAY_KEY:-}" ]; then plain+=(-e LLM_GATEWAY_KEY); fi
  if [ -n "$(compose ps -q --status running gateway 2>/dev/null)" ]; then
    compose exec ${plain[@]+"${plain[@]}"} gateway node gateway/main.ts "$@"
  else
    compose run --rm ${plain[@]+"${plain[@]}"} gateway node gateway/main.ts "$@"
  fi
}

control() {
  if [ "$service" = yes ]; then
    root systemctl "$1" llm-gateway
  elif [ "$1" = stop ]; then
    compose stop
  elif [ "$1" = restart ]; then
    compose up -d --force-recreate --remove-orphans
  else
    compose up -d --remove-orphans
  fi
}

first_key() {
  if [ "$service" = yes ]; then root cat data/first-key; else compose exec -T gateway cat data/first-key; fi 2>/dev/null || {
    echo "gateway.sh: no first key waits to be taken; make one with ./gateway.sh users add NAME" >&2
    return 1
  }
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
  if [ "$service" = yes ] || [[ " $* " == *" --json "* || " $* " == *" --help "* ]]; then return "$status"; fi
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
    echo "gateway.sh: restore needs a backup's file" >&2
    return 2
  fi
  local file
  file=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
  control stop
  # Through standard input: the file may lie outside the container and belong to another account.
  if [ "$service" = yes ]; then local_node gateway/main.ts restore --yes - <"$file"; else
    compose run --rm -T gateway node gateway/main.ts restore --yes - <"$file"
  fi || { control start && return 1; }
  control start
}

# The newer source comes first, as it may have a newer install.sh; that one goes back where it fails.
upgrade() {
  local flags=(--yes --dir "$here")
  [ "$service" = no ] || flags+=(--no-docker)
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
    '') echo users usage key queue doctor status logs start stop restart backup restore upgrade migrate config completion help ;;
    users) echo list add remove rotate disable enable show hash ;;
    migrate) echo metrics litellm llama-swap ;;
    config) echo check ;;
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

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
  help | --help | -h) help ;;
  key) first_key ;;
  start | stop | restart) control "$command" ;;
  status) if [ "$service" = yes ]; then systemctl status llm-gateway; else compose ps; fi ;;
  logs)
    if [ "$service" = yes ]; then exec journalctl -u llm-gateway -f -n 100; fi
    name=gateway
    if [ "${1:-}" = tunnel ]; then name=cloudflared; fi
    compose logs -f --tail 100 "$name"
    ;;
  doctor) doctor "$@" ;;
  backup) backup "$@" ;;
  restore) restore "$@" ;;
  upgrade) upgrade "$@" ;;
  completion) completion ;;
  *) gateway "$command" "$@" ;;
esac
