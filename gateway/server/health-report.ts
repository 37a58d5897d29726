import type { Ledger } from "../ledger/ledger.ts";
import type { AllLines } from "../line/all-lines.ts";
import type { Health } from "../upstreams/health.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import type { UserDirectory } from "../users/user-directory.ts";
import { type ClusterState, lacksKeeper } from "./cluster-state.ts";

export type HealthReportParts = {
  version: string;
  upstreams: readonly Upstream[];
  /** The name of the upstream for models that no route names. */
  fallback: string | null;
  health: Pick<Health, "view">;
  lines: Pick<AllLines, "view" | "state">;
  users: Pick<UserDirectory, "state">;
  ledger: Pick<Ledger, "state">;
  draining: boolean;
  /** Null: the gateway is alone. */
  cluster: { current(): ClusterState } | null;
  findings: { current(): readonly { about: string; says: string; todo: string | null }[] };
};

/** Anything but `ok`: the gateway takes no new requests. */
export type ServedHealth = {
  readonly status: "ok" | "draining" | "no_keeper";
  readonly [more: string]: unknown;
};

/**
 * The answer of GET /health. It is about the gateway: `ok` while the gateway can serve, whatever its
 * upstreams do. A supervisor that restarted it because an upstream is down would only lose the queue.
 */
export function healthReport(parts: HealthReportParts): ServedHealth {
  const { version, upstreams, fallback, health, users, ledger } = parts;
  const cluster = parts.cluster?.current() ?? null;
  const file = users.state();
  const accounts = ledger.state();
  const main = upstreams.find(({ name }) => name === fallback) ?? upstreams[0];
  return {
    status: statusOf(parts, cluster),
    version,
    upstream: main?.name ?? null,
    upstream_state: main === undefined ? null : stateOf(main, health),
    ...(upstreams.length === 1
      ? {}
      : { upstreams: upstreams.map((one) => stateOfMany(one, health)) }),
    findings: parts.findings.current(),
    line: lineOf(parts, cluster),
    ...(cluster === null ? {} : { cluster: clusterShown(cluster) }),
    users_file: { ok: file.ok, users: file.users, keys: file.keys, error: file.error },
    ledger: {
      ok: accounts.ok,
      spooled: accounts.spooled,
      spool_limit: accounts.spoolLimit,
      dropped: accounts.dropped,
      error: accounts.error,
      notice: accounts.notice,
    },
  };
}

function statusOf(
  { draining }: HealthReportParts,
  cluster: ClusterState | null,
): ServedHealth["status"] {
  if (draining) return "draining";
  return cluster !== null && lacksKeeper(cluster) ? "no_keeper" : "ok";
}

/** Null: another gateway has the queue. */
function lineOf({ lines }: HealthReportParts, cluster: ClusterState | null): object | null {
  if (cluster !== null && cluster.role !== "keeper") return null;
  const { waiting, active, capacity, usable } = lines.view();
  return { state: lines.state(), waiting, active, capacity, usable };
}

const clusterShown = ({ role, keeperAddress, term, gateways, trouble }: ClusterState): object => ({
  ...{ role, keeper: keeperAddress, term, gateways, trouble },
});

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
  // `open` and `busy`: nothing is sent to it now.
  circuit: health.view(upstream.name).state,
});
