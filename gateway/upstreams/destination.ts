import type { Line, RouteSeats } from "../line/line.ts";
import type { PassThrough } from "./pass-through.ts";
import type { Upstream } from "./upstream.ts";

/** An upstream of a pool, and the way on which reads and WebSockets reach it. */
export type PoolMember = { readonly upstream: Upstream; readonly passThrough: PassThrough };

/** Where a generation goes: the line it waits in, and the upstreams that may answer. */
export type Destination = {
  readonly line: Line;
  /** The upstreams that may serve, in tiers. */
  readonly seats: RouteSeats;
  /** The model's name at each upstream that uses another name. */
  readonly names: ReadonlyMap<string, string>;
  /** By the upstream's name. */
  readonly members: ReadonlyMap<string, PoolMember>;
  /** The upstream that would serve if all were free. */
  readonly first: PoolMember;
};

/** The model's name at an upstream; null: the name in the request. */
export function modelAt(
  { names }: Pick<Destination, "names">,
  { name }: Pick<Upstream, "name">,
): string | null {
  return names.get(name) ?? null;
}

/** The upstream of a slot. */
export function memberIn(destination: Destination, upstream: string): PoolMember {
  return destination.members.get(upstream) ?? destination.first;
}
