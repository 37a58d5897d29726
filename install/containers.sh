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
