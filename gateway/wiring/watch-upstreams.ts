import type { GatewayError } from "../errors.ts";
import { isLimit } from "../upstreams/failure.ts";
import { createHealth, type Health, type HealthOptions } from "../upstreams/health.ts";
import { probeUpstream } from "../upstreams/probe-upstream.ts";
import type { Upstream } from "../upstreams/upstream.ts";

/** The health of every upstream, as the road sees it: by what it sends, and what comes of that. */
export type UpstreamWatch = {
  readonly health: Health;
  /** Something is sent to it. */
  began(upstream: string): void;
  /** That has ended, for a user; null: it answered. */
  ended(upstream: string, error: GatewayError | null, user: string): void;
  /** A question of the gateway's own, for its models, was not answered. */
  unanswered(upstream: string, error: GatewayError): void;
};

/**
 * One that looks dead is asked now and then, but never while it is at work for us: it may be slow
 * to say. For the same reason what it leaves unanswered meanwhile is no sign.
 */
export function watchUpstreams(
  upstreams: readonly Upstream[],
  options: Pick<HealthOptions, "onChange" | "onUsable">,
): UpstreamWatch {
  const atWork = new Map(upstreams.map(({ name }) => [name, 0]));
  const byName = new Map(upstreams.map((upstream) => [upstream.name, upstream]));
  const change = (name: string, by: number): void => {
    atWork.set(name, (atWork.get(name) ?? 0) + by);
  };
  const health = createHealth({
    ...options,
    onChange(name, up, reason) {
      // It may have come back as another version, which knows more.
      if (up) byName.get(name)?.lacks.clear();
      options.onChange(name, up, reason);
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
      // The limit of a client's own key is nobody else's.
      const isTheirs = error !== null && isLimit(error) && byName.get(name)?.passthrough === true;
      if (error === null || isTheirs) health.noteAnswered(name);
      else health.noteFailed(name, error, user);
    },
    unanswered(name, error) {
      if (atWork.get(name) === 0) health.noteFailed(name, error);
    },
  };
}
