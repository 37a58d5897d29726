#!/usr/bin/env bash
# Puts install.sh together from the parts in this directory: `curl | bash` needs one file.
# Prints it; `npm run build:install` writes it. A test compares the two.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# The first part has the head of the script, and the last line of the last part starts it.
cat start.sh
for part in answers env upstream machine docker source first-key gateway webui containers service finish uninstall main; do
  printf '\n# --- install/%s.sh %s\n\n' "$part" "$(printf '%*s' $((80 - ${#part})) '' | tr ' ' -)"
  cat "$part.sh"
done
