#!/usr/bin/env bash
# npm run release VERSION: sets the version, closes the section Unreleased of CHANGELOG.md, commits, tags.
# It pushes nothing; the tag, once pushed, builds the image (.github/workflows/release.yml).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() {
  echo "release: $1" >&2
  exit "${2:-1}"
}

version=${1:-}
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9a-z.]+)?$ ]] || die "give a version: npm run release 0.2.0" 2
[ -z "$(git status --porcelain)" ] || die "commit first: $(git status --porcelain | head -n 1)"
git rev-parse -q --verify "refs/tags/v$version" >/dev/null && die "the tag v$version is there already"
notes=$(awk '/^## \[/ { on = /\[Unreleased\]/; next } on' CHANGELOG.md | grep -c '^- ' || true)
[ "$notes" -gt 0 ] || die "CHANGELOG.md has nothing under Unreleased"

npm version --no-git-tag-version "$version" >/dev/null
awk -v line="## [$version] - $(date +%Y-%m-%d)" '{ print } /^## \[Unreleased\]/ { print ""; print line }' CHANGELOG.md >CHANGELOG.draft
mv CHANGELOG.draft CHANGELOG.md
# A published image has the version in its name.
sed -E 's|(LLM_GATEWAY_IMAGE:-[^}]+/[^}:]+):[^}]+\}|\1:'"$version"'}|' docker-compose.yml >docker-compose.draft
cat docker-compose.draft >docker-compose.yml && rm docker-compose.draft
git commit -qam "release: $version"
git tag -a "v$version" -m "llm-gateway $version"
echo "Tagged v$version. Publish it: git push --follow-tags"
