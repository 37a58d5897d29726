# The source: a checkout, a clone, a newer version, and the way back.

# Where the script itself stands, when that is a checkout; nothing when it came through a pipe.
find_checkout() {
  checkout=''
  local self=${BASH_SOURCE[0]:-}
  [ -f "$self" ] || return 0
  self=$(cd "$(dirname "$self")" && pwd)
  if [ -f "$self/docker-compose.yml" ] && [ -f "$self/gateway/Dockerfile" ]; then checkout=$self; fi
}

choose_dir() {
  find_checkout
  if [ -z "$dir" ]; then dir=${checkout:-$HOME/llm-gateway}; fi
  case $dir in /*) ;; *) dir=$PWD/$dir ;; esac
  [ -n "$source" ] || [ "$dir" = "$checkout" ] || source=$checkout
  installed=no
  if [ -f "$dir/.env" ] && [ -e "$dir/data/users.json" ]; then installed=yes; fi
}

# What gateway.sh stood on before it fetched newer source, or what stands here now.
remember_source() {
  previous_commit=${LLM_GATEWAY_FROM:-$(git -C "$dir" rev-parse -q --verify HEAD 2>/dev/null)}
  previous_branch=$(git -C "$dir" symbolic-ref -q --short HEAD 2>/dev/null)
}

# A branch that has moved on goes back itself, so that the next upgrade finds it where it was.
return_to_source() {
  [ -n "${previous_commit:-}" ] || return 0
  if [ -n "$(git -C "$dir" symbolic-ref -q HEAD)" ]; then
    git -C "$dir" reset -q --keep "$previous_commit"
  else
    git -C "$dir" checkout -q "${previous_branch:-$previous_commit}"
  fi
}

get_source() {
  remember_source
  if [ "$dir" = "$checkout" ] && [ -z "$version" ]; then return 0; fi
  [ -n "$source" ] || [ -d "$dir/.git" ] ||
    die "where is the source? Set LLM_GATEWAY_REPO to the repository's URL" "Or run install.sh from a checkout."
  have git || die "git is missing" "$(how_to_get git)"
  if [ -d "$dir/.git" ]; then
    step "Newer source into $dir"
    git -C "$dir" fetch -q --tags ${source:+"$source"} "${version:-HEAD}" && umask 022 &&
      git -C "$dir" checkout -q --detach FETCH_HEAD ||
      die "the source could not be brought up to date" "Look at it: git -C $dir status"
  else
    step "Source into $dir"
    # Not a clone into it: an installation of the Python original may stand there.
    rm -rf "$dir/.source"
    umask 022
    git clone -q --depth 1 ${version:+--branch "$version"} "$source" "$dir/.source" ||
      die "the source could not be fetched from $source" "Check the address, the network and the free space."
    cp -R "$dir/.source/." "$dir/" && rm -rf "$dir/.source" || die "cannot write into $dir" "Is the disk full?"
  fi
  # The source is nobody's secret; everything after it is.
  umask 077
}

# The Python original kept users.json beside its code, and its totals in data/metrics.json.
take_over() {
  mkdir -p "$dir/data"
  [ -f "$dir/users.json" ] && [ ! -e "$dir/data/users.json" ] || return 0
  step "Taking over users.json of the earlier installation"
  mv "$dir/users.json" "$dir/data/users.json"
}
