import type { LineRequest } from "../order/line-entry.ts";
import type { GateMember } from "./gate-member.ts";

/** A seat as a request may take it. */
export type MemberSeat = {
  readonly member: GateMember;
  /** What the model is called there. */
  readonly there: string;
};

/** Openings by tier, lowest first; no tier is empty. */
export type Tiers = readonly (readonly MemberSeat[])[];

/** Requests that the same rules hold back. */
export type HeldGroup = {
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
export type Group = HeldGroup | null;

/** The members of a line, and which of them a request may use. */
export type GateMembers = {
  /** What tells the group of a request from others; null where no rule can hold it back. */
  keyOf(request: LineRequest): string | null;
  tiersOf(request: LineRequest): Tiers;
  /** The member in whose slot it runs; null where no rule counts it. */
  at(request: LineRequest, upstream: string): GateMember | null;
  setCapacity(upstream: string, capacity: number): void;
  /** Nobody waits for this model: what is idle and was made for its name alone may go. */
  forget(model: string): void;
  copy(): GateMembers;
};
