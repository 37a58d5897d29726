import type { Ledger } from "./ledger/ledger.ts";
import type { Line } from "./line/line.ts";
import type { Health } from "./upstreams/health.ts";
import type { Upstream } from "./upstreams/upstream.ts";
import type { UserDirectory } from "./users/user-directory.ts";

export type HealthParts = {
  version: string;
  /** The one shown first: the default, else the first of them. */
  upstream: Upstream;
  /** All of them, where there are several. */
  upstreams?: readonly Upstream[];
  /** How they fare, by what exchanges show. */
  fares?: Health;
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
    upstream_state: stateOf(upstream, parts.fares),
    ...(parts.upstreams === undefined ? {} : { upstreams: statesOf(parts.upstreams, parts.fares) }),
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

type State = { state: string; reason: string | null; kind: string | null };

function stateOf(upstream: Upstream, fares: Health | undefined): State {
  const { health, kind } = upstream;
  const { up, reason } =
    fares?.view(upstream.name) ??
    (health === null ? { up: null, reason: null } : { up: health.up, reason: health.reason });
  return { state: up === null ? "unknown" : up ? "up" : "down", reason, kind };
}

const statesOf = (upstreams: readonly Upstream[], fares: Health | undefined): object[] =>
  upstreams.map((upstream) => ({
    name: upstream.name,
    type: upstream.type,
    ...stateOf(upstream, fares),
    // Whether it is tried now: `open` and `busy` mean not.
    circuit: fares?.view(upstream.name).state ?? "closed",
  }));
