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
