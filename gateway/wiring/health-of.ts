import type { Ledger } from "../ledger/ledger.ts";
import type { AllLines } from "../line/all-lines.ts";
import type { Health } from "../upstreams/health.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import type { UserDirectory } from "../users/user-directory.ts";

export type HealthParts = {
  version: string;
  upstreams: readonly Upstream[];
  /** The name of the one for all that no route names. */
  fallback: string | null;
  health: Pick<Health, "view">;
  lines: Pick<AllLines, "view" | "state">;
  users: UserDirectory;
  ledger: Ledger;
  draining: boolean;
};

/**
 * What GET /health says. It is about the gateway: `ok` while it can serve, whatever its upstreams
 * do, since whoever restarts it on a bad answer would only lose the line.
 */
export function healthOf(parts: HealthParts): object {
  const { version, upstreams, fallback, health, lines, users, ledger, draining } = parts;
  const { waiting, active, capacity, usable } = lines.view();
  const file = users.state();
  const accounts = ledger.state();
  const main = upstreams.find(({ name }) => name === fallback) ?? upstreams[0];
  return {
    status: draining ? "draining" : "ok",
    version,
    upstream: main?.name ?? null,
    upstream_state: main === undefined ? null : stateOf(main, health),
    ...(upstreams.length === 1
      ? {}
      : { upstreams: upstreams.map((one) => stateOfMany(one, health)) }),
    line: { state: lines.state(), waiting, active, capacity, usable },
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

function stateOf(upstream: Upstream, health: Pick<Health, "view">): object {
  const { up, reason } = health.view(upstream.name);
  return {
    state: up === null ? "unknown" : up ? "up" : "down",
    reason,
    kind: upstream.kind,
  };
}

const stateOfMany = (upstream: Upstream, health: Pick<Health, "view">): object => ({
  name: upstream.name,
  type: upstream.type,
  ...stateOf(upstream, health),
  // Whether it is tried now: `open` and `busy` mean not.
  circuit: health.view(upstream.name).state,
});
