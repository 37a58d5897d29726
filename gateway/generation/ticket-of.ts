import type { LinePlace, Ticket } from "../line/line.ts";
import { BACKGROUND } from "../line/order/line-entry.ts";
import type { RoadParts } from "./parts.ts";
import type { Accepted } from "./reserve.ts";

/** Characters of a prompt for each token, roughly, in most languages and tokenizers. */
const charsPerToken = 4;

/** What the line needs to know of a generation. */
export function ticketOf(
  { affinity }: Pick<RoadParts, "affinity">,
  accepted: Accepted,
  avoid: ReadonlySet<string> | undefined,
  onPlace: (place: LinePlace) => void,
): Ticket {
  const { exchange, identity, asked, destination, conversation } = accepted;
  const { model, maxTokens, inputChars } = asked.fields;
  const { user, weight, maxConcurrent, maxQueued } = identity;
  return {
    id: exchange.id,
    user,
    model: model ?? "",
    weight,
    priority: priorityOf(
      accepted.reservation.background ? Math.min(identity.priority, BACKGROUND) : identity.priority,
      asked.headers["x-priority"],
    ),
    // What is null here leaves the line's own default in force.
    maxConcurrent: maxConcurrent ?? undefined,
    maxQueued: maxQueued ?? undefined,
    inputTokens: inputChars === 0 ? undefined : Math.ceil(inputChars / charsPerToken),
    maxTokens: maxTokens ?? undefined,
    seats: destination.seats,
    prefers: conversation === null ? null : affinity.preferred(conversation),
    avoid,
    signal: exchange.signal,
    onPlace,
  };
}

/** What a request may ask for; far beyond, numbers have no next one, and classes could not rise. */
const lowest = -100;

/** A request may lower its priority, never raise it above its user's. */
function priorityOf(users: number, header: string | string[] | undefined): number {
  if (header === undefined) return users;
  if (header === "background") return Math.min(users, BACKGROUND);
  const asked = Number(header);
  return Number.isInteger(asked) && asked >= lowest ? Math.min(users, asked) : users;
}
