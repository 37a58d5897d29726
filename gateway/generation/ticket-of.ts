import type { Identity } from "../auth/identity.ts";
import { charsPerToken } from "../dialects/input-size.ts";
import type { RouteSeats, TeamRule, Ticket } from "../line/line.ts";
import { BACKGROUND } from "../line/order/line-entry.ts";
import type { Candidate, LineWish } from "./keeper.ts";
import type { GenerationRequest } from "./read-request.ts";
import { sessionOf } from "./session-of.ts";

/** What the keeper adds to the wish of a request. */
type TicketTerms = Pick<Ticket, "avoid" | "prefers" | "signal" | "onPlace"> & {
  /** A limit of the user only slows: the request waits behind all users within their limits. */
  isBackground: boolean;
};

/** What the line needs to know of a generation. */
export function ticketOf({ opening, identity, wish }: Candidate, terms: TicketTerms): Ticket {
  const { user, weight, priority, maxConcurrent, maxQueued } = identity;
  const { isBackground, avoid, prefers, signal, onPlace } = terms;
  const { session, streamed, inputTokens, maxTokens, seats } = wish;
  return {
    id: opening.id,
    user,
    model: opening.model ?? "",
    weight,
    session,
    streamed,
    priority: priorityOf(isBackground ? Math.min(priority, BACKGROUND) : priority, wish.priority),
    // Null leaves the line's default in force.
    maxConcurrent: maxConcurrent ?? undefined,
    maxQueued: maxQueued ?? undefined,
    team: teamOf(identity),
    ...{ inputTokens, maxTokens, seats, prefers, avoid, signal },
    ...(onPlace === undefined ? {} : { onPlace }),
  };
}

/** What the line must know of an accepted request, as plain data. */
export function wishOf(
  { headers, fields, conversation }: Pick<GenerationRequest, "headers" | "fields" | "conversation">,
  seats: RouteSeats,
): LineWish {
  const { stream, inputChars, maxTokens } = fields;
  const wished = headers["x-priority"];
  return {
    session: sessionOf(headers) ?? undefined,
    streamed: stream,
    priority: wished === undefined ? null : String(wished),
    inputTokens: inputChars === 0 ? undefined : Math.ceil(inputChars / charsPerToken),
    maxTokens: maxTokens ?? undefined,
    seats,
    conversation: seats.list.length < 2 ? null : conversation,
  };
}

/** The people behind a key with bounds of its own; undefined for everybody else. */
export function teamOf({ behind }: Identity): TeamRule | undefined {
  if (behind === undefined) return undefined;
  const { keyId, maxConcurrent, maxQueued } = behind;
  if (maxConcurrent === null && maxQueued === null) return undefined;
  return { id: keyId, maxConcurrent, maxQueued };
}

/** The lowest priority a request may ask for: far below, numbers have no next one. */
const lowest = -100;

/** A request may lower its priority, never raise it above its user's. */
function priorityOf(users: number, header: string | null): number {
  if (header === null) return users;
  if (header === "background") return Math.min(users, BACKGROUND);
  const wish = Number(header);
  return Number.isInteger(wish) && wish >= lowest ? Math.min(users, wish) : users;
}
