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
