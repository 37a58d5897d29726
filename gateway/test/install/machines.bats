#!/usr/bin/env bats
# install.sh on other machines: their package managers, systems and processors, as stand-ins that write
# down how they were called.

setup() {
  load surroundings
  prepare
  dir=$HOME/llm-gateway
}

# machine SYSTEM PROCESSOR
machine() {
  rm "$SCRATCH/bin/uname"
  printf '#!/bin/sh\ncase $1 in -m) echo %s ;; *) echo %s ;; esac\n' "$2" "$1" >"$SCRATCH/bin/uname"
  chmod +x "$SCRATCH/bin/uname"
}

somebody() {
  rm "$SCRATCH/bin/id"
  printf '#!/bin/sh\ncase $1 in -un) echo alice ;; *) echo 1000 ;; esac\n' >"$SCRATCH/bin/id"
  chmod +x "$SCRATCH/bin/id"
  record sudo
}

@test "Docker missing: it offers to install it, and changes nothing where nobody says yes" {
  rm "$SCRATCH/bin/docker"
  run install
  [ "$status" -eq 1 ]
  [[ $output == *"Docker is missing"*"docs.docker.com"* ]]
  [ ! -e "$dir/.env" ]
}

@test "Debian, Ubuntu, Raspberry Pi OS: Docker's own script, and it goes on" {
  rm "$SCRATCH/bin/docker"
  machine Linux aarch64
  record apt-get systemctl
  run install --yes
  [ "$status" -eq 0 ]
  called "curl -fsSL https://get.docker.com"
  called installed
  absent -q "systemctl enable" "$SCRATCH/calls"
  called "docker compose up"
  [ ! -e "$dir/get-docker.sh" ]
}

@test "Fedora, as somebody else than root: Docker's own script by sudo, which does not start it" {
  rm "$SCRATCH/bin/docker"
  touch "$SCRATCH/state/not-started"
  somebody
  record dnf systemctl
  run install --yes
  [ "$status" -eq 0 ]
  called "sudo sh $dir/get-docker.sh"
  called "sudo systemctl enable --now docker"
  grep -qx "GATEWAY_UID='1000'" "$dir/.env"
}

@test "Arch: its own packages, started" {
  rm "$SCRATCH/bin/docker"
  somebody
  record pacman systemctl
  run install --yes
  [ "$status" -eq 0 ]
  called "sudo pacman -S --noconfirm docker docker-compose docker-buildx"
  called "systemctl enable --now docker"
  absent -q get.docker.com "$SCRATCH/calls"
}

@test "WSL without systemd: Docker is started as a service" {
  rm "$SCRATCH/bin/docker"
  touch "$SCRATCH/state/not-started"
  record service
  run install --yes
  [ "$status" -eq 0 ]
  called "service docker start"
}

@test "macOS without Docker Desktop is told of it" {
  rm "$SCRATCH/bin/docker"
  machine Darwin arm64
  run install --yes
  [ "$status" -eq 1 ]
  [[ $output == *"docs.docker.com/desktop"* ]]
  absent -q get.docker.com "$SCRATCH/calls"
}

@test "macOS with it: shasum for sha256sum, ifconfig for hostname -I" {
  machine Darwin arm64
  rm "$SCRATCH/bin/sha256sum"
  printf '#!/bin/sh\nexec %s\n' "$(PATH=$system_path type -P sha256sum)" >"$SCRATCH/bin/shasum"
  chmod +x "$SCRATCH/bin/shasum"
  say_as hostname "hostname: illegal option -- I" 1
  say_as ifconfig "	inet 192.168.7.5 netmask 0xffffff00"
  run install --yes
  [ "$status" -eq 0 ]
  key=$(grep -o 'sk-[0-9a-f]\{32\}' <<<"$output" | head -n 1)
  grep -q "sha256:$(printf %s "$key" | shasum | cut -c1-64)" "$dir/data/users.json"
  [[ $output == *"http://192.168.7.5:$port/v1"* ]]
}

@test "a 32-bit system is refused with what to do, before anything is changed" {
  machine Linux armv7l
  run install --yes
  [ "$status" -eq 1 ]
  [[ $output == *"64-bit Raspberry Pi OS"* ]]
  # The kernel may have 64 bits and the rest 32.
  machine Linux aarch64
  say_as getconf 32
  run install --yes
  [ "$status" -eq 1 ]
  [[ $output == *"32-bit"* ]]
  [ ! -e "$dir/.env" ]
}

@test "a missing program is said with the command that brings it" {
  rm "$SCRATCH/bin/git"
  for pair in "apt-get:sudo apt-get install git" "dnf:sudo dnf install git" "pacman:sudo pacman -S git" "brew:brew install git"; do
    record "${pair%%:*}"
    run install --yes
    rm "$SCRATCH/bin/${pair%%:*}"
    [ "$status" -eq 1 ]
    [[ $output == *"git is missing"*"${pair#*:}"* ]]
  done
}

@test "other systems are refused" {
  machine FreeBSD amd64
  run install --yes
  [ "$status" -eq 1 ]
  [[ $output == *"FreeBSD is not supported"* ]]
}
