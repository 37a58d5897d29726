import type { Line } from "../line/line.ts";
import type { PassThrough } from "../upstreams/pass-through.ts";
import type { Seats } from "../upstreams/routing.ts";
import type { Upstream } from "../upstreams/upstream.ts";

/** One upstream of a pool, and the way around the road to it. */
export type Member = { readonly upstream: Upstream; readonly passThrough: PassThrough };

/** Where a generation goes: the line it waits in, and who may answer. */
export type Destination = {
  readonly line: Line;
  /** Who may serve, in tiers. */
  readonly seats: Seats;
  /** What the model is called at an upstream, where it is another name. */
  readonly names: ReadonlyMap<string, string>;
  /** By the name the line knows it by. */
  readonly members: ReadonlyMap<string, Member>;
  /** The one that would serve if all were free. */
  readonly first: Member;
};

/** What the model is called at an upstream; null: as it was asked for. */
export function modelAt(
  { names }: Pick<Destination, "names">,
  { name }: Pick<Upstream, "name">,
): string | null {
  return names.get(name) ?? null;
}

/** Who serves in this slot. */
export function memberIn(destination: Destination, upstream: string): Member {
  return destination.members.get(upstream) ?? destination.first;
}
