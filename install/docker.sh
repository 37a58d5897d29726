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
