import type { LineRequest } from "../order/line-entry.ts";
import type { GateMember } from "./gate-member.ts";
import type { Team } from "./teams.ts";

/** A seat that a request may take. */
export type MemberSeat = {
  readonly member: GateMember;
  /** The name of the model there. */
  readonly there: string;
};

/** Seats by tier, lowest first. No tier is empty. */
export type Tiers = readonly (readonly MemberSeat[])[];

/** Requests that the same rules hold back. */
export type HeldGroup = {
  readonly key: string;
  /** The rules of the members that hold it back, as `keyOf` names them; null: none does. */
  readonly rule: string | null;
  /** The team of all its requests; null: they are of none. */
  readonly team: Team | null;
  /**
   * The model that the client asked for. If several models share a group, it is any of them: there
   * it makes no difference.
   */
  readonly model: string;
  readonly tiers: Tiers;
  /** The number of lanes with requests of it. */
  lanes: number;
};

/** Null: the requests that no rule holds back, in a line of one upstream, of no team. */
export type Group = HeldGroup | null;

/** The members of a line. Says which of them a request may use. */
export type GateMembers = {
  /** The key of the request's group; null if no rule can hold it back. */
  keyOf(request: LineRequest): string | null;
  tiersOf(request: LineRequest): Tiers;
  /** The member where the request runs; null if no rule counts it. */
  at(request: LineRequest, upstream: string): GateMember | null;
  /**
   * The seat of a request that runs at this upstream; null if no rule counts it.
   * @throws Error if the pool has no upstream of that name
   */
  seatAt(request: LineRequest, upstream: string): MemberSeat | null;
  setCapacity(upstream: string, capacity: number): void;
  /**
   * No request waits for this model. A member that was made for this name alone may go if it is
   * idle.
   */
  forget(model: string): void;
  copy(): GateMembers;
};
