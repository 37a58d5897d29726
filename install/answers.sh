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
  yes=no docker_wanted=yes action=install purge=no
  upstream=${UPSTREAM_URL:-} capacity=${MAX_CONCURRENT:-} port=${PORT:-} user=${GATEWAY_USER:-}
  token=${TUNNEL_TOKEN:-} upstream_key=${UPSTREAM_API_KEY:-}
  dir=${LLM_GATEWAY_DIR:-} version=${LLM_GATEWAY_VERSION:-} source=${LLM_GATEWAY_REPO:-$REPO_URL}
  while [ $# -gt 0 ]; do
    case $1 in
      --yes | -y) yes=yes ;;
      --no-docker) docker_wanted=no ;;
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

check_answers() {
  case $port in '' | *[!0-9]*) die "the port must be a number, not '$port'" "Give --port 8000." ;; esac
  [ "$port" -ge 1 ] && [ "$port" -le 65535 ] || die "the port must be from 1 to 65535" "Give --port 8000."
  case $capacity in auto) ;; '' | 0 | *[!0-9]*)
    die "MAX_CONCURRENT must be a number from 1 on, or auto" "Give --max-concurrent 1." ;; esac
  # The same rule as gateway/users/user-name.ts; a key in the wrong place must not become a name.
  case $user in sk-* | [!A-Za-z0-9]* | *[!A-Za-z0-9._@+-]* | '')
    die "a user's name is of letters, digits and . _ @ + -, a letter or digit first" "Give --user alice." ;; esac
  # No way of writing it down that compose or Node reads back as it is.
  case $docker_wanted:$upstream_key in *'
'*) die "UPSTREAM_API_KEY has two lines" "Give it without a line's end." ;;
    no:*\'*\`* | no:*\`*\'*) die "UPSTREAM_API_KEY has both ' and \`, which no .env can hold" "Choose another key." ;; esac
  [ -z "$token" ] || token_is_right || die "the tunnel's token is not one (it is long, and begins with eyJ)" \
    "Copy it again from the tunnel's page, without spaces: cloudflared/README.md says where."
}

# A token is base64 of JSON with the account (a), the tunnel (t) and a secret (s).
token_is_right() {
  case $token in *[!A-Za-z0-9+/=]*) return 1 ;; esac
  [ $((${#token} % 4)) -eq 0 ] || return 1
  case $(printf '%s' "$token" | base64 --decode 2>/dev/null) in
    *'"t":'*) return 0 ;;
    *) return 1 ;;
  esac
}

# Earlier answers win over defaults; a flag or the environment wins over both.
gather_answers() {
  [ -n "$upstream" ] || upstream=$(env_get UPSTREAM_URL || env_get BACKEND_URL || env_get VLLM_BASE_URL)
  [ -n "$capacity" ] || capacity=$(env_get MAX_CONCURRENT)
  [ -n "$port" ] || port=$(env_get PORT || env_get PROXY_PORT)
  [ -n "$token" ] || token=$(env_get TUNNEL_TOKEN)
  [ -n "$upstream_key" ] || upstream_key=$(env_get UPSTREAM_API_KEY)
  if [ "$installed" = no ]; then
    [ -n "$upstream" ] || ask_upstream
    [ -n "$capacity" ] || ask capacity "How many generations may it run at once" 1
    [ -n "$port" ] || ask port "Port of the gateway on this machine" 8000
    [ -n "$user" ] || ask user "Name of the first user" "$(default_user)"
    [ -n "$token" ] || ask token "Cloudflare tunnel token (none: LAN only)" ''
  fi
  : "${upstream:=echo}" "${capacity:=1}" "${port:=8000}"
  [ -n "$user" ] || user=$(default_user)
  upstream=${upstream%/}
  check_answers
}

default_user() {
  local name=${SUDO_USER:-${USER:-admin}}
  case $name in root | *[!A-Za-z0-9._-]* | [!A-Za-z0-9]* | '') name='admin' ;; esac
  printf '%s' "$name"
}
