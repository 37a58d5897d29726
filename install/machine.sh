# Is this machine able to run it, and what is missing?

check_machine() {
  case $(uname -s) in
    Linux | Darwin) ;;
    *) die "$(uname -s) is not supported" "Use Linux, macOS, or WSL on Windows." ;;
  esac
  case $(uname -m) in
    x86_64 | amd64 | aarch64 | arm64) ;;
    *) die "$(uname -m) is not supported: Node has no build for it" "Use a 64-bit system; for a Raspberry Pi, the 64-bit Raspberry Pi OS." ;;
  esac
  [ "$(getconf LONG_BIT 2>/dev/null || echo 64)" = 64 ] || die "this system is a 32-bit one" "Use its 64-bit version."
  have curl || die "curl is missing" "$(how_to_get curl)"
  case $docker_wanted:$dir in no:*[\"\\\$]*)
    die "a systemd unit cannot hold the directory $dir" "Choose one without quotes, backslashes and dollars with --dir." ;; esac
  mkdir -p "$dir" 2>/dev/null && [ -w "$dir" ] || die "no right to write in $dir" "Choose another place with --dir."
  local free
  free=$(df -Pk "$dir" | awk 'NR == 2 { print $4 }')
  [ "${free:-0}" -ge 2000000 ] || die "less than 2 GB are free in $dir" "Free some space, or choose another place with --dir."
}

how_to_get() {
  local tool
  for tool in apt-get dnf pacman zypper apk brew; do
    have "$tool" || continue
    case $tool in
      pacman) printf 'sudo pacman -S %s' "$1" ;;
      apk) printf 'sudo apk add %s' "$1" ;;
      brew) printf 'brew install %s' "$1" ;;
      *) printf 'sudo %s install %s' "$tool" "$1" ;;
    esac
    return
  done
  printf 'Install it with your package manager.'
}

# 0 where something listens on the port of this machine.
taken() { (exec 9<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

check_port() {
  [ "$running" = no ] || [ "$port" != "$(env_get PORT || env_get PROXY_PORT || echo 8000)" ] || return 0
  while taken "$port"; do
    [ "$terminal" = yes ] || die "another program listens on port $port" "Stop it, or choose another with --port."
    say "Another program listens on port $port."
    ask port "Another port" "$((port + 1))"
    check_answers
  done
}
