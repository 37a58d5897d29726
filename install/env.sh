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
