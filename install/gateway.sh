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
