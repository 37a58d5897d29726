import PQueue from "p-queue";
import { GatewayError } from "../errors.ts";

export type Place = { position: number; of: number; etaSeconds: number | null };

export type Ticket = {
  id: string;
  user: string;
  model: string;
  weight?: number;
  priority?: number;
  inputTokens?: number;
  maxTokens?: number;
  /** The client's leaving. */
  signal: AbortSignal;
  /** Told inside `join` when the ticket must wait, then on change, at most once a second. */
  onPlace?: (place: Place) => void;
};

export type Slot = {
  waitedMs: number;
  /** 0 for one that did not wait. */
  firstPlace: number;
  /** Gives the slot back; may be called twice. */
  release(): void;
};

export type Line = {
  refusal(user: string): "queue_full" | null;
  retryAfterSeconds(): number;
  join(ticket: Ticket): Promise<Slot>;
  view(): { waiting: number; active: number; capacity: number };
  drain(): void;
};

type Waiter = { ticket: Ticket; leaving: AbortController; told: Place; toldAt: number };

/** One line for one pool: first come, first served. */
export function createLine(options: {
  capacity: number;
  maxQueue: number | null;
  now?: () => number;
}): Line {
  const { capacity, maxQueue, now = () => performance.now() } = options;
  const queue = new PQueue({ concurrency: capacity });
  const waiters = new Set<Waiter>();
  let active = 0;
  let draining = false;
  let timer: NodeJS.Timeout | undefined;

  const shuttingDown = () =>
    new GatewayError("shutting_down", "The gateway is shutting down; try again in a moment.");

  function tellPlaces(): void {
    let position = 0;
    for (const waiter of waiters) {
      const { told } = waiter;
      position++;
      if (told.position === position && told.of === waiters.size) continue;
      if (now() - waiter.toldAt < 950) continue;
      waiter.told = { position, of: waiters.size, etaSeconds: null };
      waiter.toldAt = now();
      waiter.ticket.onPlace?.(waiter.told);
    }
    if (waiters.size === 0) timer = void clearInterval(timer);
  }

  function join(ticket: Ticket): Promise<Slot> {
    if (draining) return Promise.reject(shuttingDown());
    if (ticket.signal.aborted) return Promise.reject(ticket.signal.reason);
    return new Promise((resolve, reject) => {
      const joinedAt = now();
      let started = false;
      let firstPlace = 0;
      let waiter: Waiter | null = null;
      const leave = () => {
        if (waiter === null) return;
        waiters.delete(waiter);
        waiter.leaving.abort(ticket.signal.reason);
      };
      const run = () =>
        new Promise<void>((end) => {
          started = true;
          active++;
          if (waiter !== null) waiters.delete(waiter);
          ticket.signal.removeEventListener("abort", leave);
          let held = true;
          const release = () => {
            if (!held) return;
            held = false;
            active--;
            end();
          };
          resolve({ waitedMs: now() - joinedAt, firstPlace, release });
        });
      const full = queue.pending >= queue.concurrency || queue.size > 0;
      const leaving = full ? new AbortController() : null;
      const signal = leaving?.signal;
      const added = queue.add(
        run,
        signal === undefined ? { id: ticket.id } : { id: ticket.id, signal },
      );
      added.catch((error) => {
        if (waiter !== null) waiters.delete(waiter);
        ticket.signal.removeEventListener("abort", leave);
        reject(error);
      });
      if (started || leaving === null) return;
      firstPlace = waiters.size + 1;
      const told = { position: firstPlace, of: firstPlace, etaSeconds: null };
      waiter = { ticket, leaving, told, toldAt: joinedAt };
      waiters.add(waiter);
      ticket.signal.addEventListener("abort", leave);
      timer ??= setInterval(tellPlaces, 1000).unref();
      ticket.onPlace?.(told);
    });
  }

  return {
    join,
    refusal: () =>
      maxQueue !== null && waiters.size >= maxQueue && (waiters.size > 0 || active >= capacity)
        ? "queue_full"
        : null,
    retryAfterSeconds: () => 5,
    view: () => ({ waiting: waiters.size, active, capacity }),
    drain() {
      draining = true;
      for (const waiter of [...waiters]) {
        waiters.delete(waiter);
        waiter.leaving.abort(shuttingDown());
      }
    },
  };
}
