uninstall() {
  [ -f "$dir/docker-compose.yml" ] || die "nothing is installed in $dir" "Give --dir."
  if [ -f "$units/llm-gateway.service" ]; then
    as_root systemctl disable --now llm-gateway
    as_root rm -f "$units/llm-gateway.service"
    as_root systemctl daemon-reload
  elif have docker; then
    find_docker
    local volumes=()
    [ "$purge" = no ] || volumes=(-v)
    compose down --remove-orphans --rmi local ${volumes[@]+"${volumes[@]}"} || die "the containers could not be removed" "See the lines above."
    "${docker[@]}" rmi llm-gateway:previous >/dev/null 2>&1 || true
  fi
  if [ "$purge" = yes ]; then
    agreed "Delete keys, accounts and settings in $dir for good?" || die "data and .env were kept" "Say yes, or give --yes."
    rm -rf "$dir/data" "$dir/.env" "$dir"/.env.backup-* || as_root rm -rf "$dir/data"
    say "Removed, with its data. The source is still in $dir."
  else
    say "Removed. Kept: $dir/data and $dir/.env; install.sh finds them again. --purge deletes them."
  fi
}
