main() {
  read_flags "$@"
  trap interrupted INT TERM
  open_terminal
  choose_dir
  if [ "$action" = uninstall ]; then
    uninstall
    exit 0
  fi
  check_machine
  # First of all, so that a user without Docker loses no time with questions and downloads.
  [ "$docker_wanted" = no ] || find_docker
  is_running
  gather_answers
  check_port
  check_reach
  [ "$docker_wanted" = no ] || check_project
  [ "$docker_wanted" = yes ] || back_up
  get_source
  take_over
  check_upstream
  write_env
  make_first_key
  if [ "$docker_wanted" = yes ]; then
    start_containers
    import_totals
    report_tunnel
    step "Doctor"
    compose exec -T gateway node gateway/main.ts doctor >&2 || true
  else
    install_service
    import_totals
    (cd "$dir" && node_modules/.bin/node gateway/main.ts doctor) >&2 || true
  fi
  finish
}

main "$@"
