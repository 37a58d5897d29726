import type { AllLines } from "../../line/all-lines.ts";
import type { Claim, FromKeeper, ToKeeper } from "../messages.ts";
import type { KeeperRow } from "./ports.ts";

/** Where the keeper of a later term is. Who cannot ask the database learns it from others. */
export type NewerKeeper = Omit<KeeperRow, "lapsed">;

/** All that a member says to the keeper. */
export type FromMember =
  | ToKeeper
  /** May I go on? The number is that of the question; true: the database answers me. */
  | ["beat", number, boolean]
  /** Some of all that I have; the first words of each session. True: it was the last part. */
  | ["claims", readonly Claim[], boolean]
  /** I hold nothing any more, and leave. */
  | ["bye"]
  /** Another gateway is the keeper now. */
  | ["newer", NewerKeeper];

/** All that the keeper says to a member. */
export type ToMember =
  | FromKeeper
  | ["welcome"]
  /** This gateway may not be of the cluster; why. */
  | ["unwelcome", string]
  /** This gateway does not keep the queue; who does, if it knows. */
  | ["not here", NewerKeeper | null]
  /** You may go on; the number of the question, and how the queue is. */
  | ["beaten", number, LineState];

/** Whether requests start, wait, or are sent away, as an administrator wants it. */
export type LineState = ReturnType<AllLines["state"]>;

/** So many messages are in one text at most: a text has a largest size. */
export const mostInText = 200;

/** A batch of messages of one term. */
export const inTerm = (term: number, batch: string): string => `${term} ${batch}`;

/** One message as a batch of its own. */
export const oneInTerm = (term: number, message: ToMember): string =>
  inTerm(term, JSON.stringify([message]));

/** The term of a batch, and the batch; null: no such text. */
export function splitTerm(text: string): { term: number; batch: string } | null {
  const space = text.indexOf(" ");
  const term = Number(text.slice(0, space));
  if (space <= 0 || !Number.isSafeInteger(term)) return null;
  return { term, batch: text.slice(space + 1) };
}
