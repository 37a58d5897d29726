#!/usr/bin/env bash
# npm run publish-to URL [SCRIPT_URL]: makes this copy one that others install from URL, a git repository.
# It sets REPO_URL in install/start.sh, and from it the line `curl … | bash` of the README and of the
# installer, the image in docker-compose.yml and the label of the image. SCRIPT_URL is the address of
# install.sh, where it is not that of GitHub or of a forge with /raw/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

url=${1:-}
case $url in https://?* | http://?* | file:///?*) ;; *)
  echo "publish-to: give the URL of the git repository: npm run publish-to https://github.com/NAME/llm-gateway" >&2
  exit 2
  ;;
esac
case $url in *[\'\"\ \&\~\\]*) echo "publish-to: this URL has signs that cannot be written down" >&2 && exit 2 ;; esac
url=${url%/}
bare=${url%.git}
path=${bare#https://github.com/}
if [ "$path" != "$bare" ]; then
  script=https://raw.githubusercontent.com/$path/HEAD/install.sh
  image=ghcr.io/$(printf '%s' "$path" | tr '[:upper:]' '[:lower:]'):$(node -p 'require("./package.json").version')
else
  script=$bare/raw/HEAD/install.sh
  image=llm-gateway
fi
script=${2:-$script}

# replace FILE PATTERN TEXT: each line that matches becomes TEXT; there must be one.
replace() {
  grep -qE "$2" "$1" || { echo "publish-to: $1 has no line like $2" >&2 && exit 1; }
  sed -E "s~$2~$3~" "$1" >"$1.draft" && cat "$1.draft" >"$1" && rm "$1.draft"
}

replace install/start.sh "^REPO_URL='.*'$" "REPO_URL='$url'"
replace install/start.sh "^#   curl -fsSL [^ ]+" "#   curl -fsSL $script"
replace README.md "^    curl -fsSL [^ ]+ [|] bash.*" "    curl -fsSL $script | bash    # fetches the source and installs it"
replace docker-compose.yml '^    image: \$\{LLM_GATEWAY_IMAGE:-[^}]+\}$' "    image: \${LLM_GATEWAY_IMAGE:-$image}"
replace gateway/Dockerfile "^ARG SOURCE=.*$" "ARG SOURCE=$url"
install/build.sh >install.sh.draft && chmod 755 install.sh.draft && mv install.sh.draft install.sh
echo "Others now install with: curl -fsSL $script | bash"
echo "Look at it (git diff), commit it, and push it to $url."
