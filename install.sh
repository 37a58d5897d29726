#!/usr/bin/env bash
# llm-gateway: install, upgrade, uninstall. Run it from a checkout, or
#   curl -fsSL URL/install.sh | bash            (flags: … | bash -s -- --yes)
# `npm run build:install` puts it together from install/*.sh: change it there.
# Bash 3.2 (macOS) is enough. Everything is in functions and the last line starts it, so a download
# that was cut off does nothing.
#
# `a && b || die`: die ends everything, so it cannot run after a success.
# shellcheck disable=SC2015
REPO_URL=''

set -uo pipefail
umask 077

usage() {
  cat <<'E'
install.sh: installs llm-gateway, or upgrades it where it is installed

  --yes                 asks nothing; takes earlier answers, the environment and defaults
  --upstream URL        the server that generates (UPSTREAM_URL); "echo" for none yet
  --max-concurrent N    generations it runs at once (MAX_CONCURRENT)
  --port N              the gateway's port on this machine (PORT)
  --user NAME           the user of the first key
  --tunnel-token TOKEN  starts the Cloudflare tunnel; better as TUNNEL_TOKEN in the environment
  --webui               Open WebUI too, on port 3000, with a secret and a key of its own
  --dir DIR             where to install (LLM_GATEWAY_DIR; ~/llm-gateway, or this checkout)
  --version TAG         a tag or branch of the source (LLM_GATEWAY_VERSION)
  --no-docker           a systemd service on Node 26 in place of containers
  --uninstall           stops and removes it, keeps data and .env; with --purge those go too
E
}

say() { printf '%s\n' "$*" >&2; }
step() { printf '==> %s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Says what went wrong and what to do, and ends. Each step may be run again.
die() {
  printf 'install.sh: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  printf '  Then run it again; nothing has to be undone first.\n' >&2
  exit 1
}

interrupted() {
  printf '\ninstall.sh: stopped. Nothing has to be undone; run it again to go on.\n' >&2
  exit 130
}

# --- install/answers.sh -------------------------------------------------------------------------

# The flags, the questions and their answers.

# The terminal is on fd 3 even when the script itself comes through a pipe. /dev/tty may exist and
# still not open.
open_terminal() {
  terminal=no
  [ "$yes" = no ] || return 0
  if { exec 3</dev/tty; } 2>/dev/null; then terminal=yes; fi
  [ "$terminal" = yes ] || say "No terminal to ask on: taking earlier answers and defaults."
}

# ask VARIABLE "Question" DEFAULT: the default also where nobody can be asked.
ask() {
  local answer=''
  if [ "$terminal" = yes ]; then
    printf '%s [%s]: ' "$2" "$3" >&2
    IFS= read -r answer <&3 || answer=''
  fi
  printf -v "$1" '%s' "${answer:-$3}"
}

# True for a yes at the terminal, or with --yes.
agreed() {
  local answer=''
  [ "$yes" = no ] || return 0
  [ "$terminal" = yes ] || return 1
  printf '%s [y/N]: ' "$1" >&2
  IFS= read -r answer <&3 || answer=''
  case $answer in [yY]*) return 0 ;; *) return 1 ;; esac
}

read_flags() {
  kept_image=no backup_made='' env_backup=''
  yes=no docker_wanted=yes action=install purge=no webui=ask
  upstream=${UPSTREAM_URL:-} capacity=${MAX_CONCURRENT:-} port=${PORT:-} user=${GATEWAY_USER:-}
  token=${TUNNEL_TOKEN:-} upstream_key=${UPSTREAM_API_KEY:-}
  dir=${LLM_GATEWAY_DIR:-} version=${LLM_GATEWAY_VERSION:-} source=${LLM_GATEWAY_REPO:-$REPO_URL}
  while [ $# -gt 0 ]; do
    case $1 in
      --yes | -y) yes=yes ;;
      --no-docker) docker_wanted=no ;;
      --webui) webui=yes ;;
      --uninstall) action=uninstall ;;
      --purge) purge=yes ;;
      --help | -h) usage && exit 0 ;;
      --upstream=* | --max-concurrent=* | --port=* | --user=* | --tunnel-token=* | --dir=* | --version=*)
        take "${1%%=*}" "${1#*=}" ;;
      --upstream | --max-concurrent | --port | --user | --tunnel-token | --dir | --version)
        [ $# -ge 2 ] || die "$1 needs a value" "See --help."
        take "$1" "$2" && shift ;;
      *) die "no such flag: ${1%%=*}" "See --help." ;;
    esac
    shift
  done
}

take() {
  case $1 in
    --upstream) upstream=$2 ;;
    --max-concurrent) capacity=$2 ;;
    --port) port=$2 ;;
    --user) user=$2 ;;
    --tunnel-token) token=$2 ;;
    --dir) dir=$2 ;;
    --version) version=$2 ;;
  esac
}

# ask_right VARIABLE "Question" DEFAULT CHECK: asks again until CHECK has no fault to tell.
ask_right() {
  local fault name=$1
  while :; do
    ask "$1" "$2" "$3"
    fault=$("$4" "${!name}") && return 0
    [ "$terminal" = yes ] || return 0
    say "$fault"
  done
}

# Each prints what is wrong with a value, and then fails.
check_port_number() {
  case $1 in '' | *[!0-9]* | ??????*) ;; *) if [ "$1" -ge 1 ] && [ "$1" -le 65535 ]; then return 0; fi ;; esac
  echo "the port must be a number from 1 to 65535, such as 8000"
  return 1
}

check_capacity() {
  case $1 in auto) return 0 ;; '' | 0* | *[!0-9]*) ;; *) return 0 ;; esac
  echo "MAX_CONCURRENT must be a number from 1 on, or auto"
  return 1
}

# The same rule as gateway/users/user-name.ts; a key in the wrong place must not become a name.
check_user() {
  case $1 in sk-* | [!A-Za-z0-9]* | *[!A-Za-z0-9._@+-]* | '') ;; *) return 0 ;; esac
  echo "a user's name is of letters, digits and . _ @ + -, a letter or digit first"
  return 1
}

check_token() {
  if [ -z "$1" ] || token_is_right "$1"; then return 0; fi
  echo "the tunnel's token is not one (it is long, and begins with eyJ)"
  return 1
}

check_url() {
  case $1 in echo | http://?* | https://?*) return 0 ;; esac
  echo "the upstream must be a URL, such as http://127.0.0.1:8080"
  return 1
}

check_answers() {
  local fault
  fault=$(check_port_number "$port") || die "$fault" "Give --port 8000."
  fault=$(check_capacity "$capacity") || die "$fault" "Give --max-concurrent 1."
  fault=$(check_user "$user") || die "$fault" "Give --user alice."
  [ "$docker_wanted:$webui" != no:yes ] || die "Open WebUI comes as a container, so --webui needs Docker" "Leave out --no-docker, or --webui."
  fault=$(check_url "$upstream") || die "$fault" "Give --upstream URL, or --upstream echo."
  # No way of writing it down that compose or Node reads back as it is.
  case $docker_wanted:$upstream_key in *'
'*) die "UPSTREAM_API_KEY has two lines" "Give it without a line's end." ;;
    no:*\'*\`* | no:*\`*\'*) die "UPSTREAM_API_KEY has both ' and \`, which no .env can hold" "Choose another key." ;; esac
  fault=$(check_token "$token") || die "$fault" \
    "Copy it again from the tunnel's page, without spaces: cloudflared/README.md says where."
}

# A token is base64 of JSON with the account (a), the tunnel (t) and a secret (s).
token_is_right() {
  case $1 in *[!A-Za-z0-9+/=]*) return 1 ;; esac
  [ $((${#1} % 4)) -eq 0 ] || return 1
  case $(printf '%s' "$1" | base64 --decode 2>/dev/null) in
    *'"t":'*) return 0 ;;
    *) return 1 ;;
  esac
}

# Earlier answers win over defaults; a flag or the environment wins over both.
gather_answers() {
  case $(head -c 2 "$dir/.env" 2>/dev/null | od -An -tx1 | tr -d ' ') in
    fffe | feff) die "$dir/.env is in UTF-16, which compose cannot read" "Save it as UTF-8: iconv -f UTF-16 -t UTF-8 .env >env && mv env .env" ;;
  esac
  [ -n "$upstream" ] || upstream=$(env_get UPSTREAM_URL || env_get BACKEND_URL || env_get VLLM_BASE_URL)
  [ -n "$capacity" ] || capacity=$(env_get MAX_CONCURRENT)
  [ -n "$port" ] || port=$(env_get PORT || env_get PROXY_PORT)
  [ -n "$token" ] || token=$(env_get TUNNEL_TOKEN)
  [ -n "$upstream_key" ] || upstream_key=$(env_get UPSTREAM_API_KEY)
  if [ "$installed" = no ]; then
    [ -n "$upstream" ] || ask_upstream
    [ -n "$capacity" ] || ask_capacity
    [ -n "$port" ] || ask_right port "Port of the gateway on this machine" 8000 check_port_number
    [ -n "$user" ] || ask_right user "Name of the first user" "$(default_user)" check_user
    [ -n "$token" ] || ask_right token "Cloudflare tunnel token (none: LAN only)" '' check_token
  fi
  ask_webui
  : "${upstream:=echo}" "${capacity:=1}" "${port:=8000}"
  [ -n "$user" ] || user=$(default_user)
  upstream=${upstream%/}
  check_answers
}

# Of llama-server it knows how many slots there are: 1 is the default, since more share one context.
ask_capacity() {
  local slots
  slots=$(slots_of "$upstream")
  if [ -n "$slots" ]; then
    # Without a question there is nothing to explain.
    [ "$terminal" = no ] ||
      say "It has $slots slot(s). With 1, one request runs at a time and all others wait. With auto, all slots are used."
    ask_right capacity "How many requests may run at once (1, auto, or a number)" 1 check_capacity
  else
    ask_right capacity "How many requests may it run at once (a number; auto asks llama-server)" 1 check_capacity
  fi
}

default_user() {
  local name=${SUDO_USER:-${USER:-admin}}
  case $name in root | *[!A-Za-z0-9._-]* | [!A-Za-z0-9]* | '') name='admin' ;; esac
  printf '%s' "$name"
}

# --- install/env.sh -----------------------------------------------------------------------------

# Reading and writing .env.

# env_get NAME: the value in .env as compose reads it; status 1 where it is not set.
env_get() {
  [ -f "$dir/.env" ] || return 1
  local line value
  line=$(grep -E "^(export )?$1=" "$dir/.env" | tail -n 1) || return 1
  value=${line#*=}
  case $value in
    \'*) value=${value#\'} && value=${value%%\'*} ;;
    \"*) value=${value#\"} && value=${value%\"*} && value=$(printf '%s' "$value" | sed 's/\\\([\\"$]\)/\1/g') ;;
    \`*) value=${value#\`} && value=${value%\`*} ;;
    *) value=${value%% #*} ;;
  esac
  [ -n "$value" ] || return 1
  printf '%s' "$value"
}

# In single quotes nothing is special to compose or to Node: not $, not #, not a space. What has one
# itself is escaped for compose, which alone knows escapes, or put in backquotes, which Node alone knows.
quoted() {
  case $docker_wanted:$1 in
    yes:*\'*) printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"$]/\\&/g')" ;;
    no:*\'*) printf "\`%s\`" "$1" ;;
    *) printf "'%s'" "$1" ;;
  esac
}

# env_set NAME VALUE: the old file or the new one, never half of one.
env_set() {
  local draft="$dir/.env.draft.$$" others=''
  [ ! -f "$dir/.env" ] || others=$(grep -vE "^(export )?$1=" "$dir/.env")
  printf '%s%s=%s\n' "${others:+$others
}" "$1" "$(quoted "$2")" >"$draft" 2>/dev/null && mv "$draft" "$dir/.env" || {
    rm -f "$draft"
    die "cannot write $dir/.env" "Is the disk full?"
  }
}

write_env() {
  step "Settings: $dir/.env"
  if [ -f "$dir/.env" ]; then
    env_backup="$dir/.env.backup-$(date +%Y%m%d-%H%M%S)"
    cp -p "$dir/.env" "$env_backup" || {
      rm -f "$env_backup"
      die "cannot write into $dir" "Free some space there."
    }
  fi
  [ "$upstream" = echo ] || keep UPSTREAM_URL "$upstream"
  keep MAX_CONCURRENT "$capacity"
  keep PORT "$port"
  [ -z "$token" ] || keep TUNNEL_TOKEN "$token"
  [ -z "$upstream_key" ] || keep UPSTREAM_API_KEY "$upstream_key"
  write_webui_secret
  # The gateway runs as the user who installs it, so that this user owns the data; after root, as uid 1000.
  if [ "$docker_wanted" = yes ] && [ "$(id -u)" != 0 ]; then
    keep GATEWAY_UID "$(id -u)"
    keep GATEWAY_GID "$(id -g)"
  fi
  # Old copies hold secrets; the newest three are enough.
  keep_newest 3 "$dir"/.env.backup-*
  chmod 600 "$dir/.env"
}

keep() {
  local foreign='"[^"]*[\]'
  [ "$docker_wanted" = no ] || foreign=\`
  if grep -qE "^(export )?$1=$foreign" "$dir/.env" 2>/dev/null || [ "$(env_get "$1")" != "$2" ]; then env_set "$1" "$2"; fi
}

# keep_newest N FILE …: removes all but the last N, whose names end in a date.
keep_newest() {
  local most=$1
  shift
  while [ $# -gt "$most" ]; do
    rm -f "$1"
    shift
  done
}

# --- install/upstream.sh ------------------------------------------------------------------------

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

# --- install/machine.sh -------------------------------------------------------------------------

# Is this machine able to run it, and what is missing?

check_machine() {
  case $(uname -s) in
    Linux | Darwin) ;;
    *) die "$(uname -s) is not supported" "Use Linux, macOS, or WSL on Windows." ;;
  esac
  case $(uname -m) in
    x86_64 | amd64 | aarch64 | arm64) ;;
    *) die "$(uname -m) is not supported: Node has no build for it" "Use a 64-bit system; for a Raspberry Pi, the 64-bit Raspberry Pi OS." ;;
  esac
  [ "$(getconf LONG_BIT 2>/dev/null || echo 64)" = 64 ] || die "this system is a 32-bit one" "Use its 64-bit version."
  have curl || die "curl is missing" "$(how_to_get curl)"
  case $docker_wanted:$dir in no:*[\"\\\$]*)
    die "a systemd unit cannot hold the directory $dir" "Choose one without quotes, backslashes and dollars with --dir." ;; esac
  mkdir -p "$dir" 2>/dev/null && [ -w "$dir" ] || die "no right to write in $dir" "Choose another place with --dir."
  local free
  free=$(df -Pk "$dir" | awk 'NR == 2 { print $4 }')
  [ "${free:-0}" -ge 2000000 ] || die "less than 2 GB are free in $dir" "Free some space, or choose another place with --dir."
}

how_to_get() {
  local tool
  for tool in apt-get dnf pacman zypper apk brew; do
    have "$tool" || continue
    case $tool in
      pacman) printf 'sudo pacman -S %s' "$1" ;;
      apk) printf 'sudo apk add %s' "$1" ;;
      brew) printf 'brew install %s' "$1" ;;
      *) printf 'sudo %s install %s' "$tool" "$1" ;;
    esac
    return
  done
  printf 'Install it with your package manager.'
}

# 0 where something listens on the port of this machine.
taken() { (exec 9<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

check_port() {
  [ "$running" = no ] || [ "$port" != "$(env_get PORT || env_get PROXY_PORT || echo 8000)" ] || return 0
  while taken "$port"; do
    [ "$terminal" = yes ] || die "another program listens on port $port" "Stop it, or choose another with --port."
    say "Another program listens on port $port."
    ask port "Another port" "$((port + 1))"
    check_answers
  done
}

# --- install/docker.sh --------------------------------------------------------------------------

# Docker and its compose plugin.

find_docker() {
  docker=(docker)
  if ! have docker; then
    agreed "Docker is missing. Install it with Docker's own script (https://get.docker.com)?" ||
      die "Docker is missing" "Install Docker Engine with the compose plugin: https://docs.docker.com/engine/install/" \
        "or choose --no-docker."
    install_docker
  fi
  if ! docker info >/dev/null 2>&1; then
    if have sudo && [ "$(id -u)" != 0 ] && sudo docker info >/dev/null 2>&1; then
      docker=(sudo docker)
    else
      die "Docker does not answer: it is not running, or you may not use it" \
        "Start it (sudo systemctl start docker, or Docker Desktop), or: sudo usermod -aG docker $(id -un), then log in again."
    fi
  fi
  local found
  found=$("${docker[@]}" compose version --short 2>/dev/null) ||
    die "Docker's compose plugin is missing" "Install docker-compose-plugin, 2.24 or newer, from Docker's packages: https://docs.docker.com/compose/install/linux/" \
      "(the docker-compose of Debian 12 is version 1: too old)."
  recent_enough "${found#v}" || die "docker compose $found is too old: 2.24 or newer is needed" "Upgrade the docker-compose-plugin."
}

recent_enough() {
  local major=${1%%.*} rest=${1#*.}
  local minor=${rest%%[!0-9]*}
  case $major$minor in '' | *[!0-9]*) return 0 ;; esac
  [ "$major" -gt 2 ] || { [ "$major" -eq 2 ] && [ "$minor" -ge 24 ]; }
}

install_docker() {
  [ "$(uname -s)" = Linux ] || die "Docker is missing" "Install Docker Desktop: https://docs.docker.com/desktop/"
  step "Installing Docker"
  if have pacman; then
    as_root pacman -S --noconfirm docker docker-compose docker-buildx ||
      die "Docker could not be installed" "Bring the system up to date first: sudo pacman -Syu"
  else
    curl -fsSL https://get.docker.com -o "$dir/get-docker.sh" && as_root sh "$dir/get-docker.sh" ||
      die "Docker could not be installed" "Install it by hand: https://docs.docker.com/engine/install/"
    rm -f "$dir/get-docker.sh"
  fi
  # Debian's packages start it; Fedora's and Arch's do not. WSL may have no systemd.
  docker info >/dev/null 2>&1 || as_root systemctl enable --now docker 2>/dev/null || as_root service docker start || true
}

# --- install/source.sh --------------------------------------------------------------------------

# The source: a checkout, a clone, a newer version, and the way back.

# Where the script itself stands, when that is a checkout; nothing when it came through a pipe.
find_checkout() {
  checkout=''
  local self=${BASH_SOURCE[0]:-}
  [ -f "$self" ] || return 0
  self=$(cd "$(dirname "$self")" && pwd)
  if [ -f "$self/docker-compose.yml" ] && [ -f "$self/gateway/Dockerfile" ]; then checkout=$self; fi
}

choose_dir() {
  find_checkout
  if [ -z "$dir" ]; then dir=${checkout:-$HOME/llm-gateway}; fi
  case $dir in /*) ;; *) dir=$PWD/$dir ;; esac
  [ -n "$source" ] || [ "$dir" = "$checkout" ] || source=$checkout
  installed=no
  if [ -f "$dir/.env" ] && [ -e "$dir/data/users.json" ]; then installed=yes; fi
}

# What gateway.sh stood on before it fetched newer source, or what stands here now.
remember_source() {
  previous_commit=${LLM_GATEWAY_FROM:-$(git -C "$dir" rev-parse -q --verify HEAD 2>/dev/null)}
  previous_branch=$(git -C "$dir" symbolic-ref -q --short HEAD 2>/dev/null)
}

# A branch that has moved on goes back itself, so that the next upgrade finds it where it was.
return_to_source() {
  [ -n "${previous_commit:-}" ] || return 0
  if [ -n "$(git -C "$dir" symbolic-ref -q HEAD)" ]; then
    git -C "$dir" reset -q --keep "$previous_commit"
  else
    git -C "$dir" checkout -q "${previous_branch:-$previous_commit}"
  fi
}

get_source() {
  remember_source
  if [ "$dir" = "$checkout" ] && [ -z "$version" ]; then return 0; fi
  [ -n "$source" ] || [ -d "$dir/.git" ] ||
    die "where is the source? Set LLM_GATEWAY_REPO to the repository's URL" "Or run install.sh from a checkout."
  have git || die "git is missing" "$(how_to_get git)"
  if [ -d "$dir/.git" ]; then
    step "Newer source into $dir"
    git -C "$dir" fetch -q --tags ${source:+"$source"} "${version:-HEAD}" && umask 022 &&
      git -C "$dir" checkout -q --detach FETCH_HEAD ||
      die "the source could not be brought up to date" "Look at it: git -C $dir status"
  else
    step "Source into $dir"
    # Not a clone into it: an installation of the Python original may stand there.
    rm -rf "$dir/.source"
    umask 022
    git clone -q --depth 1 ${version:+--branch "$version"} "$source" "$dir/.source" ||
      die "the source could not be fetched from $source" "Check the address, the network and the free space."
    cp -R "$dir/.source/." "$dir/" && rm -rf "$dir/.source" || die "cannot write into $dir" "Is the disk full?"
  fi
  # The source is nobody's secret; everything after it is.
  umask 077
}

# The Python original kept users.json beside its code, and its totals in data/metrics.json.
take_over() {
  mkdir -p "$dir/data"
  [ -f "$dir/users.json" ] && [ ! -e "$dir/data/users.json" ] || return 0
  step "Taking over users.json of the earlier installation"
  mv "$dir/users.json" "$dir/data/users.json"
}

# --- install/first-key.sh -----------------------------------------------------------------------

# The key of the first user.

sha256() {
  if have sha256sum; then sha256sum; elif have shasum; then shasum -a 256; else openssl dgst -sha256 -r; fi | cut -c1-64
}

# users.json has the digest; the key itself waits in data/first-key, so that a first run that fails later
# (a build, a start) does not lose it. `./gateway.sh key` and the gateway remove that file.
make_first_key() {
  first_key=''
  if [ -e "$dir/data/users.json" ]; then
    [ "$running" = yes ] || first_key=$(head -n 1 "$dir/data/first-key" 2>/dev/null || true)
    return 0
  fi
  local draft="$dir/data/.users.json.$$"
  first_key=sk-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  [ "${#first_key}" -eq 35 ] || die "no random numbers from /dev/urandom" "Is this system whole?"
  printf '%s\n' "$first_key" >"$dir/data/first-key" &&
    printf '{\n  "sha256:%s": { "user": "%s", "role": "admin", "hint": "%s" }\n}\n' \
      "$(printf '%s' "$first_key" | sha256)" "$user" "$(printf '%s' "$first_key" | cut -c1-7)" >"$draft" &&
    mv "$draft" "$dir/data/users.json" || {
      rm -f "$draft" "$dir/data/first-key"
      die "cannot write $dir/data/users.json" "Is the disk full?"
    }
  own_data
}

own_data() {
  [ "$(id -u)" != 0 ] || chown -R 1000:1000 "$dir/data" 2>/dev/null || true
}

# --- install/gateway.sh -------------------------------------------------------------------------

# The gateway that is installed, in containers or as a service.

is_running() {
  running=no
  if [ "$docker_wanted" = no ]; then
    [ ! -f "$units/llm-gateway.service" ] || ! systemctl -q is-active llm-gateway || running=yes
    return 0
  fi
  [ ! -f "$dir/docker-compose.yml" ] || [ -z "$(compose ps -q gateway 2>/dev/null)" ] || running=yes
}

# Runs as late as possible: a roll-back loses what is written after the backup.
back_up() {
  [ "$installed" = yes ] && [ "$running" = yes ] || return 0
  step "Backup before the upgrade"
  local name
  name=backups/before-upgrade-$(date +%Y%m%d-%H%M%S).tar.gz
  if run_gateway backup "data/$name" >/dev/null; then
    backup_made=$name
    say "  $dir/data/$name"
    keep_newest 5 "$dir"/data/backups/before-upgrade-*
  elif [ -f "$dir/data/gateway.db" ]; then
    return_to_source
    return_env
    [ "$docker_wanted" = no ] || "${docker[@]}" tag llm-gateway:previous "$(image_name)" >/dev/null 2>&1
    die "the database could not be backed up; nothing was changed" "See: ./gateway.sh doctor"
  fi
}

return_env() { [ -z "$env_backup" ] || cp -p "$env_backup" "$dir/.env"; }

run_gateway() {
  if [ "$docker_wanted" = yes ]; then
    compose exec -T gateway node gateway/main.ts "$@"
  else
    (cd "$dir" && as_owner node_modules/.bin/node gateway/main.ts "$@")
  fi
}

healthy() {
  local end=$((SECONDS + $1))
  while [ "$SECONDS" -lt "$end" ]; do
    if curl -fsS -m 3 "http://127.0.0.1:$port/health" 2>/dev/null | grep -q '"status"'; then return 0; fi
    sleep 1
  done
  return 1
}

told_return() { if healthy "${HEALTH_PATIENCE:-60}"; then say "The earlier version runs again."; else say "The earlier version does not start either."; fi; }

import_totals() {
  [ -f "$dir/data/metrics.json" ] || return 0
  step "Importing the totals of data/metrics.json"
  if run_gateway migrate metrics data/metrics.json; then
    mv "$dir/data/metrics.json" "$dir/data/metrics.json.imported"
  else
    say "They were not imported; later: ./gateway.sh migrate metrics data/metrics.json"
  fi
}

# --- install/webui.sh ---------------------------------------------------------------------------

# Open WebUI beside the gateway: compose's profile webui, a secret and a key of its own.

# The answer of an earlier run is COMPOSE_PROFILES in .env.
has_webui() { case ,$(env_get COMPOSE_PROFILES), in *,webui,*) return 0 ;; *) return 1 ;; esac }

ask_webui() {
  [ "$webui" = ask ] || return 0
  webui=no
  if has_webui; then webui=yes && return 0; fi
  if [ "$docker_wanted" = no ] || [ "$terminal" = no ] || [ "$installed" = yes ]; then return 0; fi
  local answer=''
  ask answer "Open WebUI too, on port 3000, where everybody has a name of their own (y/n)" n
  case $answer in [yY]*) webui=yes ;; esac
}

# The secret comes before the gateway starts, since it reads its environment once.
write_webui_secret() {
  [ "$webui" = yes ] || return 0
  has_webui || keep COMPOSE_PROFILES "$(join_profiles "$(env_get COMPOSE_PROFILES)")"
  [ -z "$(env_get WEBUI_JWT_SECRET)" ] || return 0
  local secret
  secret=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
  [ "${#secret}" -eq 64 ] || die "no random numbers from /dev/urandom" "Is this system whole?"
  env_set WEBUI_JWT_SECRET "$secret"
}

join_profiles() { printf '%s' "${1:+$1,}webui"; }

# Before its first start: Open WebUI keeps the key that it finds then.
make_webui_key() {
  [ "$webui" = yes ] && [ -z "$(env_get WEBUI_KEY)" ] || return 0
  step "A key for Open WebUI"
  local key
  key=$(compose run --rm -T gateway node gateway/main.ts users add webui --json \
    --speaks-for open-webui --signed WEBUI_JWT_SECRET </dev/null 2>/dev/null | grep -oE 'sk-[A-Za-z0-9_-]{16,}' | head -n 1)
  if [ -z "$key" ]; then
    say "It could not be made. Make it: ./gateway.sh users add webui --speaks-for open-webui --signed WEBUI_JWT_SECRET"
    say "Put it into .env as WEBUI_KEY, and then: docker compose up -d --force-recreate webui"
    return 0
  fi
  env_set WEBUI_KEY "$key"
  chmod 600 "$dir/.env"
}

# --- install/containers.sh ----------------------------------------------------------------------

# Docker Compose: build, start, roll back.

compose() { (cd "$dir" && "${docker[@]}" compose "$@"); }

# The name of the gateway's image, with its tag.
image_name() {
  local name
  name=$(compose config --images gateway 2>/dev/null | head -n 1)
  name=${name:-llm-gateway}
  case ${name##*/} in *:*) ;; *) name=$name:latest ;; esac
  printf '%s' "$name"
}

# Only a name with a registry in it is a published image; without one, or if it is not there, it is built.
get_image() {
  case $(image_name) in */*) if compose pull -q gateway; then return 0; fi ;; esac
  compose build gateway
}

# The image of what runs now gets a name of its own, before the newer one takes its name.
keep_image() {
  [ "$installed" = yes ] && "${docker[@]}" tag "$(image_name)" llm-gateway:previous >/dev/null 2>&1 && kept_image=yes
}

# Two copies of one project name would take over each other's containers.
check_project() {
  local other
  [ -z "${COMPOSE_PROJECT_NAME:-}" ] || return 0
  other=$("${docker[@]}" ps -a --filter label=com.docker.compose.project=llm-gateway \
    --format '{{.Label "com.docker.compose.project.working_dir"}}' 2>/dev/null | grep -vxF "$dir" | head -n 1)
  [ -z "$other" ] || die "the containers of another copy, in $other, have the same name" \
    "Install there (--dir $other), or give this one a name of its own: export COMPOSE_PROJECT_NAME=llm-gateway-2, also in .env."
}

start_containers() {
  step "Building and starting"
  keep_image
  if ! get_image; then
    roll_back
    die "the image could not be built" "See the lines above; often it is the network."
  fi
  back_up
  make_webui_key
  if ! compose up -d --remove-orphans; then
    roll_back
    die "the containers could not be started" "See the lines above."
  fi
  step "Waiting for health"
  healthy "${HEALTH_PATIENCE:-120}" && return 0
  compose logs --tail 20 gateway >&2
  roll_back
  die "the gateway did not become healthy" "Its last lines are above; all of them: cd $dir && docker compose logs gateway"
}

# An upgrade that fails leaves what ran before: source, settings, image, and the ledger of then.
roll_back() {
  [ "$installed" = yes ] || return 0
  step "Going back to what ran before"
  return_to_source
  return_env
  [ "$kept_image" = yes ] && "${docker[@]}" tag llm-gateway:previous "$(image_name)" >/dev/null 2>&1 || return 0
  # Without a backup the newer one has not run, or nothing ran before it.
  if [ -n "$backup_made" ]; then
    compose stop gateway >/dev/null 2>&1
    compose run --rm -T --no-deps gateway node gateway/main.ts restore --yes "data/$backup_made" >/dev/null 2>&1
  fi
  compose up -d --no-build --remove-orphans >/dev/null 2>&1
  told_return
}

# The tunnel is waited for apart: a token that is refused must not fail a gateway that works.
report_tunnel() {
  [ -n "$token" ] || return 0
  local left=20
  while [ "$left" -gt 0 ]; do
    if compose exec -T cloudflared cloudflared tunnel --metrics 127.0.0.1:20241 ready >/dev/null 2>&1; then
      say "The tunnel is connected."
      return 0
    fi
    left=$((left - 1))
    sleep 1
  done
  say "WARNING: the tunnel is not connected yet. See: cd $dir && docker compose logs cloudflared"
}

# --- install/service.sh -------------------------------------------------------------------------

# The systemd service on the gateway's own Node 26: --no-docker.
units=${LLM_GATEWAY_UNITS:-/etc/systemd/system}

install_service() {
  have systemctl || die "there is no systemd here" "Use Docker, or: cd $dir && npm ci && npm start"
  have npm || die "npm is missing" "Install Node.js 20 or newer with npm; the service itself brings Node 26."
  step "Packages"
  packages || {
    roll_back_service
    die "the packages could not be installed" "See the lines above; often it is the network."
  }
  # systemd takes quotes around a path in every line but WorkingDirectory, and reads % as its own sign.
  local account=${SUDO_USER:-$(id -un)} path=${dir//%/%%} unit
  chown -R "$account" "$dir/data" "$dir/.env" 2>/dev/null || true
  unit=$(cat <<E
[Unit]
Description=llm-gateway
After=network-online.target
Wants=network-online.target

[Service]
User=$account
WorkingDirectory=$path
ExecStart="$path/node_modules/.bin/node" "$path/gateway/main.ts"
Environment=NODE_ENV=production "NODE_COMPILE_CACHE=$path/data/.compile-cache"
Restart=always
RestartSec=2
# Longer than DRAIN_TIMEOUT, so that running generations may finish.
TimeoutStopSec=45
NoNewPrivileges=true
ProtectSystem=strict
ReadWritePaths="$path/data"
PrivateTmp=true
CapabilityBoundingSet=

[Install]
WantedBy=multi-user.target
E
  )
  step "Service llm-gateway"
  printf '%s\n' "$unit" | as_root tee "$units/llm-gateway.service" >/dev/null &&
    as_root systemctl daemon-reload && as_root systemctl enable llm-gateway && as_root systemctl restart llm-gateway ||
    die "the service could not be started" "See: journalctl -u llm-gateway -n 50"
  step "Waiting for health"
  healthy "${HEALTH_PATIENCE:-60}" && return 0
  roll_back_service
  die "the gateway did not become healthy" "See: journalctl -u llm-gateway -n 50"
}

packages() { (cd "$dir" && npm ci --omit=dev); }

# The service's files may belong to another account than the caller's.
as_owner() {
  local owner
  owner=$(stat -c %U "$dir/data" 2>/dev/null || id -un)
  if [ "$(id -un)" = "$owner" ]; then "$@"; else as_root runuser -u "$owner" -- "$@"; fi
}

roll_back_service() {
  [ "$installed" = yes ] || return 0
  step "Going back to what ran before"
  return_to_source
  return_env
  packages >/dev/null 2>&1
  as_root systemctl stop llm-gateway
  [ -z "$backup_made" ] || run_gateway restore --yes "data/$backup_made" >/dev/null 2>&1
  as_root systemctl restart llm-gateway
  told_return
}

# --- install/finish.sh --------------------------------------------------------------------------

# The last words: addresses, the key, a request to try, what comes next.

lan_addresses() {
  { hostname -I 2>/dev/null || ifconfig 2>/dev/null | awk '/inet / { print $2 }'; } | tr ' ' '\n' |
    grep -E '^[0-9.]+$' | grep -vE '^(127\.|172\.(1[7-9]|2[0-9]|3[01])\.)' || true
}

# A model for the example, since some servers answer nothing that names none. Empty where nobody's key
# is at hand (an upgrade), where none is listed yet, and where its name would not fit into the line.
listed_model() {
  [ -n "$first_key" ] || return 0
  printf 'header = "Authorization: Bearer %s"\n' "$first_key" |
    curl -fsS -m 10 -K - "http://127.0.0.1:$port/v1/models" 2>/dev/null |
    grep -oE '"id": ?"[A-Za-z0-9][A-Za-z0-9._:/@+-]*"' | head -n 1 | cut -d '"' -f 4
}

finish() {
  local address key=${first_key:-YOUR_KEY} model
  model=$(listed_model)
  say ""
  say "llm-gateway runs. Its page, for a browser:"
  for address in localhost $(lan_addresses); do say "  http://$address:$port/"; done
  say "Sign in there with a key. Point OpenAI clients at"
  for address in localhost $(lan_addresses); do say "  http://$address:$port/v1"; done
  say "and Anthropic clients at the same without /v1."
  if [ -n "$first_key" ]; then
    say ""
    say "The first key, of $user:  $first_key"
    say "Keep it. For 24 hours, ./gateway.sh key shows it once more."
  fi
  say ""
  say "Try it:"
  say "  curl -N http://localhost:$port/v1/chat/completions -H 'Authorization: Bearer $key' \\"
  say "    -H 'Content-Type: application/json' \\"
  say "    -d '{${model:+\"model\":\"$model\",}\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'"
  [ -n "$model" ] || say "  If the answer is \"The request must name a model\": put \"model\":\"…\" into the body; the answer lists the models."
  if [ "$webui" = yes ]; then
    say ""
    say "Open WebUI: http://localhost:${WEBUI_PORT:-$(env_get WEBUI_PORT || echo 3000)} in a minute. The first person who signs up is its administrator, and adds the others."
  fi
  say ""
  say "Next, in $dir:"
  say "  ./gateway.sh users invite NAME  a link for each person, which opens the page and gives them a key"
  say "  ./gateway.sh users add NAME     or the key itself"
  say "  ./gateway.sh doctor             is all well?"
  say "  ./gateway.sh backup             and upgrade, usage, logs: see ./gateway.sh help"
  [ "$upstream" != echo ] || say "  UPSTREAM_URL in .env            answers are echoes until it is set; then ./gateway.sh restart"
  [ -n "$token" ] || say "  cloudflared/README.md           to reach it from outside"
}

# --- install/uninstall.sh -----------------------------------------------------------------------

uninstall() {
  [ -f "$dir/docker-compose.yml" ] || die "nothing is installed in $dir" "Give --dir."
  if [ -f "$units/llm-gateway.service" ]; then
    as_root systemctl disable --now llm-gateway
    as_root rm -f "$units/llm-gateway.service"
    as_root systemctl daemon-reload
  elif have docker; then
    find_docker
    local volumes=()
    [ "$purge" = no ] || volumes=(-v)
    compose down --remove-orphans --rmi local ${volumes[@]+"${volumes[@]}"} || die "the containers could not be removed" "See the lines above."
    "${docker[@]}" rmi llm-gateway:previous >/dev/null 2>&1 || true
  fi
  if [ "$purge" = yes ]; then
    agreed "Delete keys, accounts and settings in $dir for good?" || die "data and .env were kept" "Say yes, or give --yes."
    rm -rf "$dir/data" "$dir/.env" "$dir"/.env.backup-* || as_root rm -rf "$dir/data"
    say "Removed, with its data. The source is still in $dir."
  else
    say "Removed. Kept: $dir/data and $dir/.env; install.sh finds them again. --purge deletes them."
  fi
}

# --- install/main.sh ----------------------------------------------------------------------------

main() {
  read_flags "$@"
  trap interrupted INT TERM
  open_terminal
  choose_dir
  if [ "$action" = uninstall ]; then
    uninstall
    exit 0
  fi
  check_machine
  # First of all, so that a user without Docker loses no time with questions and downloads.
  [ "$docker_wanted" = no ] || find_docker
  is_running
  gather_answers
  check_port
  check_reach
  [ "$docker_wanted" = no ] || check_project
  [ "$docker_wanted" = yes ] || back_up
  get_source
  take_over
  check_upstream
  write_env
  make_first_key
  if [ "$docker_wanted" = yes ]; then
    start_containers
    import_totals
    report_tunnel
    step "Doctor"
    compose exec -T gateway node gateway/main.ts doctor >&2 || true
  else
    install_service
    import_totals
    (cd "$dir" && node_modules/.bin/node gateway/main.ts doctor) >&2 || true
  fi
  finish
}

main "$@"
