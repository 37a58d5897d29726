#!/usr/bin/env bats
# npm run publish-to and npm run release, in a copy of this repository.

setup() {
  load surroundings
  prepare
  copy=$SCRATCH/copy
  mkdir -p "$copy/gateway"
  cd "$repository"
  PATH=$system_path cp -R README.md CHANGELOG.md package.json package-lock.json docker-compose.yml install publish install.sh \
    gateway.sh .env.example .gitignore "$copy"
  cp gateway/Dockerfile "$copy/gateway"
  cd "$copy"
  # npm would leave its compiled code in TMPDIR.
  export NODE_DISABLE_COMPILE_CACHE=1
  export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@example.com GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@example.com
  git init -q && git add -A && git commit -qm one
}

teardown() {
  if [ -n "${server:-}" ]; then kill "$server"; fi
}

publish_to() { PATH=$system_path publish/publish-to.sh "$@"; }

@test "the published line installs from its HTTP server and its git repository" {
  "${NODE:-$(PATH=$system_path type -P node)}" -e "
    const server = require('http').createServer((q, r) => r.end(require('fs').readFileSync('$copy' + q.url)));
    server.listen(0, '127.0.0.1', () => require('fs').writeFileSync('$SCRATCH/at', String(server.address().port)));" 3>&- &
  server=$!
  until [ -s "$SCRATCH/at" ]; do sleep 0.05; done
  publish_to "file://$copy" "http://127.0.0.1:$(cat "$SCRATCH/at")/install.sh"
  git commit -qam "publish it"
  line=$(grep -m 1 -o 'curl -fsSL .* | bash' README.md)
  export PORT=$port
  run detached bash -c "$line"
  [ "$status" -eq 0 ]
  [[ $output == *"Source into $HOME/llm-gateway"*"The first key, of "* ]]
  [ -f "$HOME/llm-gateway/docker-compose.yml" ]
}

@test "one address is written everywhere, and again for another one" {
  publish_to https://github.com/Alice/box
  publish_to https://github.com/Alice/llm-gateway.git
  version=$(sed -n 's/^  "version": "\(.*\)",/\1/p' package.json)
  grep -qx "REPO_URL='https://github.com/Alice/llm-gateway.git'" install.sh
  grep -qx "    curl -fsSL https://raw.githubusercontent.com/Alice/llm-gateway/HEAD/install.sh | bash  .*" README.md
  grep -q "image: \${LLM_GATEWAY_IMAGE:-ghcr.io/alice/llm-gateway:$version}" docker-compose.yml
  [ "$(grep -c 'ghcr.io/alice' docker-compose.yml)" -eq 2 ]
  grep -qx "ARG SOURCE=https://github.com/Alice/llm-gateway.git" gateway/Dockerfile
  absent -rq "Alice/box" . --include=*
  [ "$(PATH=$system_path bash install/build.sh | cksum_of)" = "$(cksum_of <install.sh)" ]
}

cksum_of() { sha256sum; }

@test "what is no address of a repository changes nothing" {
  for wrong in "" llm-gateway "https://x/'y" 'https://x/"y'; do
    run publish_to "$wrong"
    [ "$status" -eq 2 ]
  done
  [ -z "$(git status --porcelain)" ]
}

@test "a release sets the version, closes the changelog's section, commits and tags" {
  # There is something to release, whatever the repository's own section holds today.
  sed -i 's/^## \[Unreleased\]$/&\n\n### Added\n\n- A thing./' CHANGELOG.md
  git commit -qam "docs: a note"
  PATH=$system_path publish/release.sh 9.8.7
  grep -q '"version": "9.8.7"' package.json
  [ "$(git describe)" = v9.8.7 ]
  [ -z "$(git status --porcelain)" ]
  grep -A2 '^## \[Unreleased\]' CHANGELOG.md | grep -q '^## \[9.8.7\] - 20'
  # Nothing is left to release.
  run env PATH="$system_path" publish/release.sh 9.8.8
  [ "$status" -eq 1 ]
  [[ $output == *"nothing under Unreleased"* ]]
  run env PATH="$system_path" publish/release.sh next
  [ "$status" -eq 2 ]
}

@test "a published image is pulled, and built where it is not there" {
  cd "$SCRATCH/src"
  touch "$SCRATCH/state/published"
  run install --yes
  [ "$status" -eq 0 ]
  called "docker compose pull -q gateway"
  absent -q "compose build" "$SCRATCH/calls"
  rm -rf "$dir" "$SCRATCH/state/running"
  touch "$SCRATCH/state/not-pulled"
  run install --yes
  [ "$status" -eq 0 ]
  called "docker compose build gateway"
}
