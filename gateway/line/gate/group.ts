import type { Ask } from "../order/entry.ts";
import type { Member } from "./member.ts";

/** A seat as a request may take it. */
export type Opening = {
  readonly member: Member;
  /** What the model is called there. */
  readonly there: string;
};

/** Openings by tier, lowest first; no tier is empty. */
export type Tiers = readonly (readonly Opening[])[];

/** Requests that the same rules hold back. */
export type Held = {
  readonly key: string;
  /**
   * As it was asked for. Where several models share a group, any of them: it makes no difference
   * then.
   */
  readonly model: string;
  readonly tiers: Tiers;
  /** How many lanes hold requests of it. */
  lanes: number;
};

/** Null: the requests of a line of one upstream that no rule holds back. */
export type Group = Held | null;

/** The members of a line, and which of them a request may use. */
export type Members = {
  /** What tells the group of a request from others; null where no rule can hold it back. */
  keyOf(ask: Ask): string | null;
  tiersOf(ask: Ask): Tiers;
  /** The member in whose slot it runs; null where no rule counts it. */
  at(ask: Ask, upstream: string): Member | null;
  setCapacity(upstream: string, capacity: number): void;
  /** Nobody waits for this model: what is idle and was made for its name alone may go. */
  forget(model: string): void;
  copy(): Members;
};
