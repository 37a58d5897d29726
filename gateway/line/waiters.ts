import { Roster } from "../roster.ts";
import type { Outlook } from "./forecast/outlook.ts";
import type { PlaceBoard } from "./forecast/place-board.ts";
import type { LineEntry } from "./order/line-entry.ts";
import type { Ticket } from "./ticket.ts";

/** A request that p-queue starts, and what ends its waiting. */
export type Waiter = {
  readonly ticket: Ticket;
  /** Ends only the waiting: p-queue frees the slot of a running task if its signal aborts. */
  readonly leaving: AbortController;
  readonly leave: () => void;
  firstPlace: number;
};

export type WaitersParts = {
  outlook: Outlook;
  board: PlaceBoard;
  /** A request has left without a start. */
  onLeave(ticket: Ticket): void;
};

/** The requests that wait: each is told its place, and leaves when its signal aborts. */
export class Waiters {
  readonly #parts: WaitersParts;
  readonly #waiting = new Roster<Waiter>();

  constructor(parts: WaitersParts) {
    this.#parts = parts;
  }

  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  /** For a request that may have to wait; it does so from `wait` on. */
  create(ticket: Ticket): Waiter {
    const leave = (): void => this.#sendAway(waiter, ticket.signal.reason);
    const waiter: Waiter = { ticket, leaving: new AbortController(), leave, firstPlace: 0 };
    return waiter;
  }

  /** If telling the place throws, the request leaves: nobody would give its slot back. */
  wait(waiter: Waiter, entry: LineEntry): void {
    try {
      this.#wait(waiter, entry);
    } catch (error) {
      this.#sendAway(waiter, error);
    }
  }

  #wait(waiter: Waiter, entry: LineEntry): void {
    const { outlook, board } = this.#parts;
    const { ticket, leave } = waiter;
    const place = outlook.firstPlace(entry);
    waiter.firstPlace = place.position;
    this.#waiting.set(ticket.id, waiter);
    ticket.signal.addEventListener("abort", leave, { once: true });
    board.watch(ticket.id, ticket.onPlace, place);
  }

  /** It waits no longer. True if it waited. */
  end({ ticket, leave }: Waiter): boolean {
    if (!this.#waiting.delete(ticket.id)) return false;
    ticket.signal.removeEventListener("abort", leave);
    this.#parts.board.unwatch(ticket.id);
    return true;
  }

  /** True if a request of this id waited. */
  sendAway(id: string, reason: unknown): boolean {
    const waiter = this.#waiting.get(id);
    if (waiter === undefined) return false;
    this.#sendAway(waiter, reason);
    return true;
  }

  sendAllAway(reason: () => unknown): void {
    for (const waiter of [...this.#waiting.values()]) this.#sendAway(waiter, reason());
  }

  /** The abort makes p-queue remove it, reject its promise, and start the next request. */
  #sendAway(waiter: Waiter, reason: unknown): void {
    const { outlook, onLeave } = this.#parts;
    if (this.end(waiter)) outlook.left(waiter.ticket);
    waiter.leaving.abort(reason);
    onLeave(waiter.ticket);
  }
}
