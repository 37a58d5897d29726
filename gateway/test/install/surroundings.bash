# A scratch machine for one test: a home, a checkout with its repository, and a PATH of its own, so that
# docker is really missing where a test takes it away.
prepare() {
  unset UPSTREAM_URL MAX_CONCURRENT PORT GATEWAY_USER TUNNEL_TOKEN UPSTREAM_API_KEY SUDO_USER
  unset LLM_GATEWAY_DIR LLM_GATEWAY_VERSION LLM_GATEWAY_REPO
  export SCRATCH=$BATS_TEST_TMPDIR HOME=$BATS_TEST_TMPDIR/home USER=root
  export HEALTH_PATIENCE=3 GIT_CONFIG_GLOBAL=/dev/null LLM_GATEWAY_UNITS=$SCRATCH/units
  repository=$(cd "$BATS_TEST_DIRNAME/../../.." && pwd)
  stand_in=$BATS_TEST_DIRNAME/stand-in
  system_path=$PATH
  mkdir -p "$HOME" "$SCRATCH/state" "$SCRATCH/bin" "$SCRATCH/units" "$SCRATCH/src/gateway"
  : >"$SCRATCH/calls"
  REAL_CURL=$(type -P curl)
  export REAL_CURL
  # The scripts run on another bash where INSTALL_BASH names one: macOS has 3.2.
  ln -s "${INSTALL_BASH:-$(type -P bash)}" "$SCRATCH/bin/bash"
  for tool in sh cat grep sed awk tr od cut df date id mkdir mv cp rm chmod chown dirname basename head \
    tail uname hostname git base64 sha256sum sleep env tee ls stat timeout touch sort cmp ln seq wc; do
    ln -s "$(type -P "$tool")" "$SCRATCH/bin/$tool"
  done
  mkdir "$SCRATCH/kept"
  ln -s "$stand_in/docker" "$SCRATCH/kept/docker"
  ln -s "$stand_in/docker" "$SCRATCH/bin/docker"
  ln -s "$stand_in/curl" "$SCRATCH/bin/curl"
  cp "$repository/install.sh" "$repository/gateway.sh" "$repository/docker-compose.yml" "$SCRATCH/src/"
  cp "$repository/gateway/Dockerfile" "$SCRATCH/src/gateway/"
  printf '# the port\n# PORT=8000\n# NEW_SETTING=on\n' >"$SCRATCH/src/.env.example"
  printf 'data/\n.env*\n!.env.example\n' >"$SCRATCH/src/.gitignore"
  git -C "$SCRATCH/src" init -q
  git -C "$SCRATCH/src" add -A
  git -C "$SCRATCH/src" -c user.name=t -c user.email=t@example.com commit -qm one
  port=$((20000 + RANDOM % 20000))
  export PATH=$SCRATCH/bin
  dir=$HOME/llm-gateway
}

# Without a terminal of its own, whatever the terminal of the test.
# shellcheck disable=SC2097,SC2098
detached() { PATH=$system_path setsid -w env PATH="$PATH" "$@" </dev/null; }

# record NAME …: programs of this machine that only write down how they were called.
record() {
  local tool
  for tool in "$@"; do rm -f "$SCRATCH/bin/$tool" && ln -s "$stand_in/recorder" "$SCRATCH/bin/$tool"; done
}

# say_as PROGRAM TEXT [EXIT]: a program of this machine that says only this.
say_as() {
  rm -f "$SCRATCH/bin/$1"
  printf '#!/bin/sh\nprintf "%%s\\n" "%s"\nexit %s\n' "$2" "${3:-0}" >"$SCRATCH/bin/$1"
  chmod +x "$SCRATCH/bin/$1"
}

install() { detached bash "$SCRATCH/src/install.sh" --dir "$dir" --port "$port" "$@"; }

called() { grep -qF -- "$1" "$SCRATCH/calls"; }

mode_of() { stat -c %a "$1"; }

# Bash's own `!` does not fail a test.
absent() {
  if grep "$@"; then return 1; fi
}
