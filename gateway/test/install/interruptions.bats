#!/usr/bin/env bats
# install.sh stopped in the middle: by a real Ctrl-C on a terminal of its own, by a disk that is really full.

setup() {
  load surroundings
  prepare
}

teardown() {
  if [ -n "${disk:-}" ]; then PATH=$system_path umount "$disk"; fi
}

# on_terminal COMMAND: on a terminal of its own, whose keyboard is fd 7.
on_terminal() {
  script=$(PATH=$system_path type -P script) || skip "script(1) is missing"
  PATH=$system_path mkfifo "$SCRATCH/keyboard"
  # What a shell starts in the background is deaf to Ctrl-C, unless it is told not to be.
  env --default-signal=INT "$script" -qec "$1" /dev/null <"$SCRATCH/keyboard" >"$SCRATCH/said" 2>&1 3>&- &
  terminal=$!
  exec 7>"$SCRATCH/keyboard"
}

until_it() {
  for _ in $(seq 200); do
    if "$@" 2>/dev/null; then return; fi
    sleep 0.05
  done
  return 1
}

# A disk of so much; the rest of the test is told what df says of a larger one.
small_disk() {
  disk=$SCRATCH/disk
  mkdir "$disk"
  PATH=$system_path mount -t tmpfs -o "size=$1" tmpfs "$disk" 2>/dev/null || {
    disk=''
    skip "the right to mount a small disk is missing"
  }
  dir=$disk/llm-gateway
}

spacious_df() {
  say_as df "Filesystem 1024-blocks Used Available Capacity Mounted
/dev/x 9 9 9000000 1% /"
}

@test "Ctrl-C while the image is built leaves something that a second run completes" {
  touch "$SCRATCH/state/slow-build"
  on_terminal "bash '$SCRATCH/src/install.sh' --yes --dir '$dir' --port '$port'"
  until_it test -e "$SCRATCH/state/building"
  printf '\003' >&7
  wait "$terminal" || ended=$?
  exec 7>&-
  [ "$ended" -eq 130 ]
  grep -q "run it again to go on" "$SCRATCH/said"
  absent -q "compose up" "$SCRATCH/calls"
  rm -f "$SCRATCH"/state/*
  run install --yes
  [ "$status" -eq 0 ]
  [ ! -e "$dir/.env.draft"* ]
}

@test "Ctrl-C at a question changes nothing" {
  on_terminal "bash '$SCRATCH/src/install.sh' --dir '$dir'"
  until_it grep -q "How many generations\|URL of the server" "$SCRATCH/said"
  printf '\003' >&7
  wait "$terminal" || ended=$?
  exec 7>&-
  [ "$ended" -eq 130 ]
  [ ! -e "$dir/.env" ]
  [ ! -e "$dir/docker-compose.yml" ]
}

@test "an end by SIGTERM is one that a second run completes" {
  touch "$SCRATCH/state/slow-build"
  PATH=$system_path setsid bash -c "PATH=$PATH; exec bash '$SCRATCH/src/install.sh' --yes --dir '$dir' --port '$port'" </dev/null >"$SCRATCH/said" 2>&1 3>&- &
  group=$!
  until_it test -e "$SCRATCH/state/building"
  kill -TERM -- "-$group"
  wait "$group" || true
  grep -q "run it again to go on" "$SCRATCH/said"
}

@test "too small a disk is said, before anything is changed" {
  small_disk 1m
  run install --yes
  [ "$status" -eq 1 ]
  [[ $output == *"less than 2 GB are free"* ]]
  [ ! -e "$dir/.env" ]
}

@test "a disk that fills up while the source comes is said" {
  small_disk 40k
  spacious_df
  run install --yes
  [ "$status" -eq 1 ]
  [[ $output == *"free space"* || $output == *"disk full"* ]]
  [ ! -e "$dir/.env" ]
}

@test "a disk that is full at the settings or the key leaves the earlier ones whole, and a second run goes on" {
  small_disk 4m
  spacious_df
  install --yes --max-concurrent 2
  cp "$dir/.env" "$SCRATCH/env-before"
  cp "$dir/data/users.json" "$SCRATCH/users-before"
  dd=$(PATH=$system_path type -P dd)
  # Full to the last byte, so that not even the backup of the settings fits.
  "$dd" if=/dev/zero of="$disk/filler" bs=4k 2>/dev/null || true
  run detached bash "$dir/install.sh" --yes --max-concurrent 3
  [ "$status" -eq 1 ]
  [[ $output == *"space"* || $output == *"disk full"* ]]
  cmp "$dir/.env" "$SCRATCH/env-before"
  cmp "$dir/data/users.json" "$SCRATCH/users-before"
  rm "$disk/filler"
  run detached bash "$dir/install.sh" --yes --max-concurrent 3
  [ "$status" -eq 0 ]
  grep -qx "MAX_CONCURRENT='3'" "$dir/.env"
  ls -A "$dir" "$dir/data" | absent draft -
}
