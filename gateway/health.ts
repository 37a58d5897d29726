import type { Ledger } from "./ledger/ledger.ts";
import type { Line } from "./line/line.ts";
import type { Upstream } from "./upstreams/upstream.ts";
import type { UserDirectory } from "./users/user-directory.ts";

export type HealthParts = {
  version: string;
  upstream: Upstream;
  line: Line;
  users: UserDirectory;
  ledger: Ledger;
  draining: boolean;
};

/**
 * What GET /health says. It is about the gateway: `ok` while it can serve, whatever its upstream does, since
 * whoever restarts it on a bad answer would only lose the line.
 */
export function healthOf(parts: HealthParts): object {
  const { version, upstream, line, users, ledger, draining } = parts;
  const { waiting, active, capacity } = line.view();
  const file = users.state();
  const accounts = ledger.state();
  return {
    status: draining ? "draining" : "ok",
    version,
    upstream: upstream.name,
    upstream_state: {
      state: upstream.health === null ? "unknown" : upstream.health.up ? "up" : "down",
      reason: upstream.health?.reason ?? null,
      kind: upstream.kind,
    },
    line: { waiting, active, capacity },
    users_file: { ok: file.ok, users: file.users, keys: file.keys, error: file.error },
    ledger: {
      ok: accounts.ok,
      spooled: accounts.spooled,
      spool_limit: accounts.spoolLimit,
      dropped: accounts.dropped,
      error: accounts.error,
    },
  };
}
