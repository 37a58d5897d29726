import type { Identity } from "../auth/identity.ts";
import { charsPerToken } from "../dialects/input-size.ts";
import type { LinePlace, TeamRule, Ticket } from "../line/line.ts";
import { BACKGROUND } from "../line/order/line-entry.ts";
import type { Accepted } from "./reserve.ts";
import { sessionOf } from "./session-of.ts";

export type TicketParts = {
  affinity: {
    /** The upstream that served a conversation last: its prompt is still in memory there. */
    preferred(conversation: string): string | null;
  };
};

/** What the line needs to know of a generation. */
export function ticketOf(
  { affinity }: TicketParts,
  accepted: Accepted,
  avoid: ReadonlySet<string> | undefined,
  onPlace: (place: LinePlace) => void,
): Ticket {
  const { exchange, identity, request, destination, conversation } = accepted;
  const { model, maxTokens, inputChars } = request.fields;
  const { user, weight, maxConcurrent, maxQueued } = identity;
  return {
    id: exchange.id,
    user,
    model: model ?? "",
    weight,
    session: sessionOf(request.headers) ?? undefined,
    streamed: request.fields.stream,
    priority: priorityOf(
      accepted.reservation.background ? Math.min(identity.priority, BACKGROUND) : identity.priority,
      request.headers["x-priority"],
    ),
    // Null leaves the line's default in force.
    maxConcurrent: maxConcurrent ?? undefined,
    maxQueued: maxQueued ?? undefined,
    team: teamOf(identity),
    inputTokens: inputChars === 0 ? undefined : Math.ceil(inputChars / charsPerToken),
    maxTokens: maxTokens ?? undefined,
    seats: destination.seats,
    prefers: conversation === null ? null : affinity.preferred(conversation),
    avoid,
    signal: exchange.signal,
    onPlace,
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
function priorityOf(users: number, header: string | string[] | undefined): number {
  if (header === undefined) return users;
  if (header === "background") return Math.min(users, BACKGROUND);
  const wish = Number(header);
  return Number.isInteger(wish) && wish >= lowest ? Math.min(users, wish) : users;
}
