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
