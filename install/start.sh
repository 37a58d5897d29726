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
