# The key of the first user.

sha256() {
  if have sha256sum; then sha256sum; elif have shasum; then shasum -a 256; else openssl dgst -sha256 -r; fi | cut -c1-64
}

# users.json has the digest; the key itself waits in data/first-key, so that a first run that fails later
# (a build, a start) does not lose it. `./gateway.sh key` and the gateway remove that file.
make_first_key() {
  first_key=''
  if [ -e "$dir/data/users.json" ]; then
    [ "$running" = yes ] || first_key=$(head -n 1 "$dir/data/first-key" 2>/dev/null || true)
    return 0
  fi
  local draft="$dir/data/.users.json.$$"
  first_key=sk-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  [ "${#first_key}" -eq 35 ] || die "no random numbers from /dev/urandom" "Is this system whole?"
  printf '%s\n' "$first_key" >"$dir/data/first-key" &&
    printf '{\n  "sha256:%s": { "user": "%s", "role": "admin", "hint": "%s" }\n}\n' \
      "$(printf '%s' "$first_key" | sha256)" "$user" "$(printf '%s' "$first_key" | cut -c1-7)" >"$draft" &&
    mv "$draft" "$dir/data/users.json" || {
      rm -f "$draft" "$dir/data/first-key"
      die "cannot write $dir/data/users.json" "Is the disk full?"
    }
  own_data
}

own_data() {
  [ "$(id -u)" != 0 ] || chown -R 1000:1000 "$dir/data" 2>/dev/null || true
}
