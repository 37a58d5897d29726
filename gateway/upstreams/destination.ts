import type { RouteSeats } from "../line/line.ts";
import type { PassThrough } from "./pass-through.ts";
import type { Way } from "./routing.ts";
import type { Upstream } from "./upstream.ts";

/** An upstream of a pool, and the way on which reads and WebSockets reach it. */
export type PoolMember = { readonly upstream: Upstream; readonly passThrough: PassThrough };

/** Where a generation goes: the upstreams that may answer. They are all behind one line. */
export type Destination = {
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

/**
 * Makes the destination of a way. It is made when the way is first taken, and the same object from
 * then on.
 */
export function createDestinations(
  members: ReadonlyMap<string, PoolMember>,
): (way: Way) => Destination {
  const made = new Map<Way, Destination>();
  return (way) => {
    let destination = made.get(way);
    if (destination === undefined) {
      const name = way.seats.list[0]?.upstream ?? "";
      const first = members.get(name);
      if (first === undefined) throw new Error(`no upstream ${name}`);
      destination = { first, members, names: way.names, seats: way.seats };
      made.set(way, destination);
    }
    return destination;
  };
}

/** The same destination under a name that its upstreams know, unless a route renames the model. */
export function withModelName(destination: Destination, model: string): Destination {
  const { members, names, seats } = destination;
  const all = Array.from(members.keys(), (name) => [name, names.get(name) ?? model] as const);
  // The line knows it by that name too: for an upstream with one model at a time it is the same.
  const list = seats.list.map((seat) => ({ ...seat, model: seat.model ?? model }));
  const key = `${seats.key}\u0000${model}`;
  return { ...destination, names: new Map(all), seats: { key, list } };
}
