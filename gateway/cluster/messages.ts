import type { StoredUse } from "../dialects/openai-responses/stored-use.ts";
import type { Candidate, Closing, KnownPast, Turn, Work } from "../generation/keeper.ts";
import type { LinePlace } from "../line/line.ts";
import type { HeardRequest } from "../telemetry/ear.ts";
import type { WireError } from "./wire-error.ts";
import type { Told } from "./workers/telling.ts";

/** When a keeper accepted a generation: its term, and the number in it. Earlier ones go first. */
export type Order = readonly [term: number, number: number];

/**
 * What a process says of a generation that it has, to a keeper that may not know it: it asks to be
 * accepted, waits for a slot (after the failures named), holds one (at the upstream named), is
 * between two slots, or is closed.
 */
export type Claim =
  | ["asks", string, Candidate]
  | ["waits", string, Candidate, Order, readonly string[], KnownPast]
  | ["runs", string, Candidate, Order, string, KnownPast]
  | ["rests", string]
  | ["closes", string, Closing];

/** What a generation asks of a keeper in another process. The text after the name is its id. */
export type ToKeeper =
  | ["take", string, Candidate]
  /** Another turn, after the upstreams that have failed. */
  | ["turn", string, readonly string[]]
  /** It waits no longer: its client has left, or it was stopped. */
  | ["leave", string]
  /** Its client has left; it still holds its slot. */
  | ["left", string]
  /** The slot is free; null: the upstream has answered. */
  | ["free", string, WireError | null, Work]
  /** Closes the accounts. */
  | ["close", string, Closing]
  /** It is over without a closing. */
  | ["end", string];

/** What the keeper answers. */
export type FromKeeper =
  /** It is accepted, with the headers of its answer. */
  | ["taken", string, Readonly<Record<string, string>>, Order]
  | ["refused", string, WireError]
  | ["place", string, LinePlace]
  | ["slot", string, Omit<Turn, "end">]
  /** The line has sent it away. */
  | ["away", string, WireError]
  /** Somebody stops it: an administrator, its user, a shutdown. */
  | ["stop", string, WireError]
  /** Its accounts are closed. */
  | ["closed", string];

/** All that a worker says. */
export type FromWorker =
  | ToKeeper
  | ["tell", Told]
  /** What somebody listens for has come: user, id and request. */
  | ["heard", string, string, HeardRequest]
  /** The user has made this id at the upstream, and knows it by these names. */
  | ["made", string, string, string, readonly string[]]
  /** May the user use these ids at these upstreams? The number is that of the question. */
  | ["may use", number, StoredUse, string, readonly string[]]
  /** A connection has opened; the number is that of the connection. */
  | ["connected", number, string]
  | ["disconnected", number];

/** All that a worker is told. */
export type ToWorker =
  | FromKeeper
  /** Somebody listens until then (epoch ms). */
  | ["listen", string, number]
  /** The answer to `may use`; null: yes. */
  | ["used", number, WireError | null]
  /** The address of this connection has too many. */
  | ["drop", number]
  /** The gateway stops: it takes no new work. */
  | ["drain"];

/** What a worker needs to begin. It comes as an object, and once. */
export type Begin = {
  readonly settings: unknown;
  readonly version: string;
  /** Where the keeper answers what is passed on. */
  readonly path: string;
  readonly port: number;
  readonly publicPort: number | null;
  /** How many workers there are. */
  readonly share: number;
};

/** What comes from a worker as an object, beside its batches of messages. */
export type WorkerNotice =
  /** It has loaded, and waits for `Begin`. */
  | { readonly loaded: true }
  /** Its ports are open. */
  | { readonly serves: true }
  /** It cannot start; one line. */
  | { readonly failed: string };

/** What goes to a worker as an object. */
export type WorkerOrder = { readonly begin: Begin } | { readonly stopWithinMs: number };
