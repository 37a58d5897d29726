#!/usr/bin/env bash
# ./users.sh add alice: who may use the gateway.
exec "$(dirname "$0")/gateway.sh" users "$@"
