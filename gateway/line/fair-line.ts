import { GatewayError, shuttingDown } from "../errors.ts";
import { Changes } from "./changes.ts";
import { FairnessLog, type UserFairness } from "./fairness-log.ts";
import type { Teller } from "./forecast/forecast.ts";
import { Outlook } from "./forecast/outlook.ts";
import { PlaceBoard } from "./forecast/place-board.ts";
import { TimeEstimates } from "./forecast/time-estimates.ts";
import type { Coverage } from "./forecast/wait-ranges.ts";
import { Capacity } from "./gate/capacity.ts";
import type { TeamRule } from "./gate/teams.ts";
import type { Line, LineOptions } from "./line.ts";
import { LineSlots } from "./line-slots.ts";
import { listing, type OldestWaits, oldestWaits } from "./listing.ts";
import { FairQueue } from "./order/fair-queue.ts";
import { createEntry, type LineEntry } from "./order/line-entry.ts";
import { type Full, whatIsFull } from "./room.ts";
import { startOrder } from "./start-order.ts";
import type { ListedRequest, Slot, Ticket } from "./ticket.ts";
import { Waiters } from "./waiters.ts";

type State = "open" | "paused" | "draining";

/** The line slots hold the slots, the fair queue has the order, and the place board tells places. */
export class FairLine implements Line {
  readonly #options: LineOptions;
  readonly #now: () => number;
  readonly #mayStart: () => boolean;
  readonly #estimates = new TimeEstimates();
  readonly #queue: FairQueue;
  readonly #slots: LineSlots;
  readonly #waiters: Waiters;
  readonly #outlook: Outlook;
  readonly #board: PlaceBoard;
  readonly #changes: Changes;
  readonly #capacity: Capacity;
  readonly #fairness = new FairnessLog();
  #state: State = "open";

  constructor(options: LineOptions) {
    const { now = () => performance.now(), placesEveryMs: everyMs = 1000 } = options;
    const queue = new FairQueue(options);
    const estimates = this.#estimates;
    this.#options = options;
    this.#now = now;
    this.#queue = queue;
    this.#capacity = new Capacity(queue, options);
    this.#mayStart = options.mayStart ?? (() => true);
    const chargeMs = ({ request }: LineEntry): number => estimates.chargeMs(request);
    const order = startOrder(queue, now, chargeMs, this.#mayStart);
    this.#slots = new LineSlots(order, this.#capacity);
    this.#outlook = new Outlook({ queue, estimates, now, slots: () => this.#usable() });
    const forecast = (tell: Teller, most: number): void => this.#outlook.places(tell, most);
    const rangeOf = (id: string, ms: number) => this.#outlook.ranges.of(id, ms);
    this.#board = new PlaceBoard({ everyMs, now, forecast, rangeOf });
    this.#changes = new Changes(everyMs);
    const onLeave = ({ user }: Ticket): void => {
      this.#noteWaiting(user);
      this.#moved();
    };
    this.#waiters = new Waiters({ outlook: this.#outlook, board: this.#board, onLeave });
  }

  join(ticket: Ticket): Promise<Slot> {
    if (this.#state === "draining") return Promise.reject(shuttingDown());
    if (ticket.signal.aborted) return Promise.reject(ticket.signal.reason);
    const { id } = ticket;
    if (this.#has(id)) return Promise.reject(twice(id));
    const entry = createEntry(ticket, this.#estimates.chargeMs(ticket));
    this.#outlook.joined(entry);
    return new Promise((resolve, reject) => {
      if (this.#startsAtOnce(ticket)) resolve(this.#startNow(entry));
      else this.#enqueue(ticket, entry, resolve, reject);
      this.#moved();
    });
  }

  #enqueue(
    ticket: Ticket,
    entry: LineEntry,
    resolve: (slot: Slot) => void,
    reject: (error: unknown) => void,
  ): void {
    const waiter = this.#waiters.create(ticket);
    const hold = (): Promise<void> =>
      new Promise((end) => {
        this.#waiters.end(waiter);
        resolve(this.#began(entry, waiter.firstPlace, end));
      });
    const { id } = ticket;
    this.#slots.add(hold, { id, entry, signal: waiter.leaving.signal }).catch(reject);
    if (entry.state === "waiting") this.#waiters.wait(waiter, entry);
    this.#askAgain();
    if (entry.state === "waiting") this.#noteWaiting(ticket.user);
  }

  /** Starts a request for which a slot is free and which nobody is before. It needs no p-queue. */
  #startNow(entry: LineEntry): Slot {
    const now = this.#now();
    this.#queue.add(entry, now);
    this.#queue.start(entry, now, entry.estimateMs);
    return this.#began(entry, 0, this.#slots.take());
  }

  /** A request has started. `end` gives its slot back. */
  #began(entry: LineEntry, firstPlace: number, end: () => void): Slot {
    this.#outlook.started(entry);
    this.#noteStart(entry);
    if (entry.isSwap) this.#options.onSwap?.(entry.upstream, entry.request.model);
    return this.#slotOf(entry, firstPlace, end);
  }

  adopt(ticket: Ticket, upstream: string): Slot {
    if (this.#has(ticket.id)) throw twice(ticket.id);
    const entry = createEntry(ticket, this.#estimates.chargeMs(ticket));
    this.#queue.adopt(entry, upstream, this.#now(), entry.estimateMs);
    const giveBack = this.#slots.take();
    this.#outlook.joined(entry);
    this.#noteStart(entry);
    this.#moved();
    return this.#slotOf(entry, 0, giveBack);
  }

  #has(id: string): boolean {
    return this.#waiters.has(id) || this.#queue.running.has(id);
  }

  #noteStart({ request, weight, joinedAt, startedAt }: LineEntry): void {
    this.#fairness.started(request.user, weight, startedAt - joinedAt, startedAt);
    this.#noteWaiting(request.user);
  }

  #noteWaiting(user: string): void {
    this.#fairness.waiting(user, this.#queue.shares.of(user)?.waiting ?? 0, this.#now());
  }

  whatIsFull(user: string, maxQueued?: number | null, team?: TeamRule): Full | null {
    const { maxQueue, maxQueuedPerUser = null } = this.#options;
    const bounds = { maxQueue, maxQueued: maxQueued === undefined ? maxQueuedPerUser : maxQueued };
    return whatIsFull(this.#queue, user, this.#usable(), bounds, team);
  }

  retryAfterSeconds(): number {
    return this.#outlook.retryAfterSeconds();
  }

  nextFreeSeconds(): number | null {
    return this.#outlook.nextFreeSeconds();
  }

  view(): { waiting: number; active: number; capacity: number } {
    const { waiting, running } = this.#queue;
    return { waiting: waiting.size, active: running.size, capacity: this.#capacity.total };
  }

  state(): State {
    return this.#state;
  }

  list(): ListedRequest[] {
    const now = this.#now();
    return listing(this.#queue, {
      placeOf: (id) => this.#board.placeOf(id),
      waitsFor: ({ lane }) =>
        this.#state === "paused" ? "pause" : this.#queue.obstacleOf(lane?.group ?? null, now),
      epoch: Date.now() - now,
    });
  }

  oldestWaits(): OldestWaits {
    return oldestWaits(this.#queue, this.#now());
  }

  coverage(): Coverage {
    return this.#outlook.ranges.coverage();
  }

  fairness(): UserFairness[] {
    const running = Array.from(this.#queue.running.values(), ({ request, startedAt }) => {
      return { user: request.user, since: startedAt };
    });
    return this.#fairness.view(this.#now(), running);
  }

  activeAt(upstream: string): number {
    const { running } = this.#queue;
    if (!this.#queue.isPool) return running.size;
    return Array.from(running.values()).filter((entry) => entry.upstream === upstream).length;
  }

  onChange(listener: () => void): () => void {
    return this.#changes.listen(listener);
  }

  cancel(id: string, reason: GatewayError = removedFromQueue()): boolean {
    return this.#waiters.sendAway(id, reason);
  }

  setCapacity(capacity: number, upstream?: string): void {
    this.#capacity.set(capacity, upstream);
    this.#applyState();
  }

  reconsider(): void {
    this.#askAgain();
    this.#moved();
  }

  pause(): void {
    if (this.#state === "open") this.#state = "paused";
    this.#applyState();
  }

  resume(): void {
    this.#state = "open";
    this.#applyState();
  }

  drain(): void {
    this.#state = "draining";
    // Stop the starts first: each request that leaves would let the next one start.
    this.#applyState();
    this.#waiters.sendAllAway(shuttingDown);
  }

  /** The number of slots now; 0 unless the line is open. */
  #usable(): number {
    return this.#state === "open" ? this.#capacity.total : 0;
  }

  #applyState(): void {
    this.#queue.reconsider();
    this.#slots.open(this.#usable() > 0);
    this.#moved();
  }

  #askAgain(): void {
    this.#queue.reconsider();
    this.#slots.askAgain();
  }

  /** True only if this request is the very next to start. Then it needs no listener, and no p-queue. */
  #startsAtOnce(ticket: Ticket): boolean {
    if (!this.#slots.isFree || !this.#mayStart()) return false;
    return this.#queue.next(this.#now()) === null && this.#queue.admits(ticket, this.#now());
  }

  #slotOf(entry: LineEntry, firstPlace: number, end: () => void): Slot {
    return {
      waitedMs: entry.startedAt - entry.joinedAt,
      firstPlace,
      upstream: entry.upstream,
      release: (work) => {
        if (entry.state !== "running") return;
        const now = this.#now();
        this.#queue.end(entry.request.id, now);
        this.#fairness.ended(entry.request.user, entry.startedAt, now);
        this.#estimates.observe(entry.request, now - entry.startedAt, work);
        this.#outlook.ended(entry, now - entry.startedAt);
        end();
        this.#moved();
      },
    };
  }

  #moved(): void {
    this.#board.moved();
    this.#changes.happened();
  }
}

const twice = (id: string): Error => new Error(`Two requests with the id ${id} joined the line.`);

const removedFromQueue = (): GatewayError =>
  new GatewayError("cancelled", "The request was removed from the queue.");
