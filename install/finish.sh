# The last words: addresses, the key, a request to try, what comes next.

lan_addresses() {
  { hostname -I 2>/dev/null || ifconfig 2>/dev/null | awk '/inet / { print $2 }'; } | tr ' ' '\n' |
    grep -E '^[0-9.]+$' | grep -vE '^(127\.|172\.(1[7-9]|2[0-9]|3[01])\.)' || true
}

# A model for the example, since some servers answer nothing that names none. Empty where nobody's key
# is at hand (an upgrade), where none is listed yet, and where its name would not fit into the line.
listed_model() {
  [ -n "$first_key" ] || return 0
  printf 'header = "Authorization: Bearer %s"\n' "$first_key" |
    curl -fsS -m 10 -K - "http://127.0.0.1:$port/v1/models" 2>/dev/null |
    grep -oE '"id": ?"[A-Za-z0-9][A-Za-z0-9._:/@+-]*"' | head -n 1 | cut -d '"' -f 4
}

finish() {
  local address key=${first_key:-YOUR_KEY} model
  model=$(listed_model)
  say ""
  say "llm-gateway runs. Its page, for a browser:"
  for address in localhost $(lan_addresses); do say "  http://$address:$port/"; done
  say "Sign in there with a key. Point OpenAI clients at"
  for address in localhost $(lan_addresses); do say "  http://$address:$port/v1"; done
  say "and Anthropic clients at the same without /v1."
  if [ -n "$first_key" ]; then
    say ""
    say "The first key, of $user:  $first_key"
    say "Keep it. For 24 hours, ./gateway.sh key shows it once more."
  fi
  say ""
  say "Try it:"
  say "  curl -N http://localhost:$port/v1/chat/completions -H 'Authorization: Bearer $key' \\"
  say "    -H 'Content-Type: application/json' \\"
  say "    -d '{${model:+\"model\":\"$model\",}\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'"
  [ -n "$model" ] || say "  If the answer is \"The request must name a model\": put \"model\":\"…\" into the body; the answer lists the models."
  if [ "$webui" = yes ]; then
    say ""
    say "Open WebUI: http://localhost:${WEBUI_PORT:-$(env_get WEBUI_PORT || echo 3000)} in a minute. The first person who signs up is its administrator, and adds the others."
  fi
  say ""
  say "Next, in $dir:"
  say "  ./gateway.sh users invite NAME  a link for each person, which opens the page and gives them a key"
  say "  ./gateway.sh users add NAME     or the key itself"
  say "  ./gateway.sh doctor             is all well?"
  say "  ./gateway.sh backup             and upgrade, usage, logs: see ./gateway.sh help"
  [ "$upstream" != echo ] || say "  UPSTREAM_URL in .env            answers are echoes until it is set; then ./gateway.sh restart"
  [ -n "$token" ] || say "  cloudflared/README.md           to reach it from outside"
}
