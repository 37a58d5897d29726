import type { GatewayError } from "../errors.ts";
import { failureOf, isLimit } from "./failure.ts";
import { createHealth, type Health, type HealthOptions } from "./health.ts";
import { probeUpstream } from "./probe-upstream.ts";
import { createReturns, type Returns } from "./returns.ts";
import type { Upstream } from "./upstream.ts";

/** The health of every upstream, learnt from what is sent to it and what comes of that. */
export type UpstreamWatch = Pick<Returns, "whenBack"> & {
  readonly health: Health;
  /** Something is sent to it. */
  began(upstream: string): void;
  /** What was sent for a user has ended; `error` is null if the upstream answered. */
  ended(upstream: string, error: GatewayError | null, user: string): void;
  /** The gateway's own question for the models was not answered. */
  unanswered(upstream: string, error: GatewayError): void;
  /** Calls back when an upstream may be usable again; one listener. */
  whenUsable(listener: () => void): void;
};

/**
 * Asks an upstream that seems dead now and then, but never while it works for us: then it may be
 * slow to answer. For the same reason a question that it leaves unanswered meanwhile is no sign.
 */
export function watchUpstreams(
  upstreams: readonly Upstream[],
  onChange: HealthOptions["onChange"],
): UpstreamWatch {
  const atWork = new Map(upstreams.map(({ name }) => [name, 0]));
  const byName = new Map(upstreams.map((upstream) => [upstream.name, upstream]));
  const change = (name: string, by: number): void => {
    atWork.set(name, (atWork.get(name) ?? 0) + by);
  };
  let onUsable = (): void => {};
  const returns = createReturns(byName);
  const health = createHealth({
    onUsable: () => onUsable(),
    onChange(name, up, reason) {
      if (up) returns.answered(name);
      else returns.lost(name);
      onChange(name, up, reason);
    },
    probe(name) {
      const upstream = byName.get(name);
      return upstream === undefined || atWork.get(name) !== 0 ? null : probeUpstream(upstream);
    },
  });
  return {
    health,
    began(name) {
      change(name, 1);
      health.tried(name);
    },
    ended(name, error, user) {
      change(name, -1);
      // The limit of a client's own key does not concern other users.
      const isTheirs = error !== null && isLimit(error) && byName.get(name)?.passthrough === true;
      if (error === null || isTheirs) {
        health.noteAnswered(name);
        returns.answered(name);
      } else {
        if (failureOf(error).kind === "down") returns.lost(name);
        health.noteFailed(name, error, user);
      }
    },
    unanswered(name, error) {
      if (atWork.get(name) === 0) health.noteFailed(name, error);
    },
    whenBack: returns.whenBack,
    whenUsable(listener) {
      onUsable = listener;
    },
  };
}
