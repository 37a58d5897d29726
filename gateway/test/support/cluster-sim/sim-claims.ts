import type { Ticket } from "../../../line/line.ts";
import type { SimHistory } from "./sim-history.ts";
import type { SimProcess } from "./sim-machine.ts";

export type ClaimState = "asks" | "waits" | "runs" | "over";

/** A request of a client, as the simulation follows it. */
export type SimClaim = {
  readonly id: string;
  readonly process: SimProcess;
  readonly upstream: string;
  state: ClaimState;
  since: number;
  /** When it was accepted, among all: by term, then by arrival. Null: not yet. */
  order: number | null;
  /** Its first turn is over: it joins the line anew. */
  isRetry: boolean;
  /** How it ended; null: not yet. */
  end: string | null;
  /** How often its row was opened, and closed. */
  opened: number;
  closed: number;
};

/** The line of a keeper in one term: when it began, and when each request joined it. */
type KeptLine = { readonly term: number; begunAt: number | null; readonly at: Map<string, number> };

/** The order is by term, then by arrival. No run has more arrivals. */
const termOrder = 1e6;

/** All requests of a run, and the rules about their ends and their order. */
export class SimClaims {
  readonly #history: SimHistory;
  readonly #now: () => number;
  readonly #all = new Map<string, SimClaim>();
  /** When a line took it, among all: of those that are not accepted yet. */
  readonly #joined = new Map<string, number>();
  readonly #lines = new Map<SimProcess, KeptLine>();
  #joins = 0;
  /** When a keeper was elected last. */
  electedAt = 0;

  constructor(history: SimHistory, now: () => number) {
    this.#history = history;
    this.#now = now;
  }

  get all(): readonly SimClaim[] {
    return [...this.#all.values()];
  }

  /** Those that are not over, and whose gateway lives. */
  get open(): readonly SimClaim[] {
    return this.all.filter(({ state, process }) => state !== "over" && process.isAlive);
  }

  asks(id: string, process: SimProcess, upstream: string): SimClaim {
    const claim: SimClaim = {
      ...{ id, process, upstream, state: "asks", since: this.#now() },
      ...{ order: null, isRetry: false, end: null, opened: 0, closed: 0 },
    };
    this.#all.set(id, claim);
    this.#history.note(`${process.name} asks for ${id}`);
    return claim;
  }

  moves(claim: SimClaim, state: ClaimState, how: string): void {
    if (claim.state === "over") this.#history.fault(`${claim.id} ends twice: ${how}`);
    claim.state = state;
    claim.since = this.#now();
    if (state === "over") claim.end = how;
    if (state === "waits" && claim.order === null) claim.order = this.#joined.get(claim.id) ?? null;
    this.#history.note(`${claim.process.name} ${claim.id} ${how}`);
  }

  row(id: string, what: "opened" | "closed"): void {
    const claim = this.#all.get(id);
    if (claim === undefined) {
      this.#history.fault(`the row of ${id}, which nobody asked for, is ${what}`);
      return;
    }
    claim[what] += 1;
    if (claim[what] > 1) this.#history.fault(`the row of ${id} is ${what} twice`);
    if (claim.closed > claim.opened) this.#history.fault(`the row of ${id} is closed before`);
  }

  joined(by: SimProcess, { id }: Ticket): void {
    this.#joins += 1;
    const claim = this.#all.get(id);
    const line = this.#lineOf(by);
    if (claim?.order === null) this.#joined.set(id, line.term * termOrder + this.#joins);
    line.at.set(id, this.#now());
    this.#history.note(`${id} joins the line of ${by.name}`);
  }

  elected(by: SimProcess, term: number): void {
    this.#lines.set(by, { term, begunAt: null, at: new Map() });
    this.electedAt = this.#now();
  }

  /** It has taken over what it was told of. */
  begins(by: SimProcess): void {
    this.#lineOf(by).begunAt ??= this.#now();
  }

  /** No request that was accepted later goes before one of the same user and session. */
  started(by: SimProcess, { id, user, session }: Ticket, waiting: readonly Ticket[]): void {
    this.#history.note(`${by.name} gives a slot to ${id}`);
    const order = this.#orderOf(id);
    for (const other of waiting) {
      if (other.user !== user || other.session !== session) continue;
      // Its client has left, or its gateway is gone, which the line may not know yet.
      const claim = this.#all.get(other.id);
      if (claim?.state !== "waits" || !claim.process.isAlive) continue;
      // Its gateway could not tell this keeper of it before.
      if (!this.#wasThere(by, other.id, id)) continue;
      if (this.#orderOf(other.id) < order) {
        this.#history.fault(`${id} goes before ${other.id}, which was accepted earlier`);
      }
    }
  }

  /** At the end nothing is open, and each row was closed once, or by the next process. */
  judge(): void {
    for (const { id, process, state, opened, closed } of this.#all.values()) {
      if (!process.isAlive) continue;
      if (state !== "over") this.#history.fault(`${id} of ${process.name} still ${state}`);
      if (opened !== closed) {
        this.#history.fault(`the row of ${id} was opened ${opened} times, closed ${closed} times`);
      }
    }
  }

  /** Whether `other` came to this keeper before `id`, or before this keeper began. */
  #wasThere(by: SimProcess, other: string, id: string): boolean {
    const { begunAt, at } = this.#lineOf(by);
    return (at.get(other) ?? 0) <= Math.max(at.get(id) ?? 0, begunAt ?? 0);
  }

  #lineOf(by: SimProcess): KeptLine {
    const line = this.#lines.get(by) ?? { term: 0, begunAt: null, at: new Map() };
    this.#lines.set(by, line);
    return line;
  }

  #orderOf(id: string): number {
    const claim = this.#all.get(id);
    if (claim === undefined || claim.isRetry) return Number.NaN;
    return claim.order ?? this.#joined.get(id) ?? Number.NaN;
  }
}
