import type { ServerResponse } from "node:http";
import type { AllLines } from "../line/all-lines.ts";
import { headOf, shownRequest } from "./queue-view.ts";

/** Who follows the queue: a user, or null for somebody who sees the requests of all. */
type Sees = string | null;

type Follower = {
  readonly sees: Sees;
  readonly response: ServerResponse;
  told: Buffer | null;
  /** When more may be sent. Monotonic milliseconds. */
  nextAt: number;
};

/** A rendered text serves all who see the same for so long. Milliseconds. */
const freshMs = 1_000;

/** A long queue is told less often: each follower costs at most so many bytes a second. */
const mostBytesPerSecond = 256 * 1024;

/**
 * Tells all who follow the queue how it is. The requests are rendered once for all of them, and each
 * follower gets its text in a turn of the event loop of its own: a hundred who follow thousands do
 * not keep the others waiting.
 */
export class QueueFeed {
  readonly #lines: AllLines;
  readonly #followers = new Set<Follower>();
  #ignore: (() => void) | null = null;
  #renderedAt = Number.NEGATIVE_INFINITY;
  #rows = new Map<Sees, string[]>();
  #head = "";
  #texts = new Map<Sees, Buffer>();
  /** The followers of the round under way who are not told yet. */
  #round: Follower[] = [];
  #again: NodeJS.Timeout | undefined;

  constructor(lines: AllLines) {
    this.#lines = lines;
  }

  /** Tells the response at once, and after each change. Gives what ends it, and what tells again. */
  follow(sees: Sees, response: ServerResponse): { end(): void; tell(): void } {
    const follower: Follower = { sees, response, told: null, nextAt: 0 };
    this.#ignore ??= this.#lines.onChange(() => this.#changed());
    this.#followers.add(follower);
    this.#tell(follower);
    return {
      tell: () => this.#tell(follower),
      end: () => {
        this.#followers.delete(follower);
        if (this.#followers.size > 0) return;
        this.#ignore?.();
        this.#ignore = null;
        clearTimeout(this.#again);
        this.#forget();
      },
    };
  }

  #changed(): void {
    this.#forget();
    const isUnderWay = this.#round.length > 0;
    this.#round = [...this.#followers];
    if (!isUnderWay) setImmediate(() => this.#next());
  }

  #next(): void {
    const follower = this.#round.pop();
    if (follower === undefined) return;
    if (this.#followers.has(follower)) this.#tell(follower);
    if (this.#round.length > 0) setImmediate(() => this.#next());
  }

  #tell(follower: Follower): void {
    const now = performance.now();
    if (now < follower.nextAt) {
      this.#again ??= setTimeout(() => {
        this.#again = undefined;
        this.#changed();
      }, freshMs).unref();
      return;
    }
    const text = this.#textFor(follower.sees, now);
    const { response, told } = follower;
    // A client that does not read gets nothing: only the newest state matters.
    if (response.writableNeedDrain || told?.equals(text)) return;
    follower.told = text;
    follower.nextAt = now + (text.length / mostBytesPerSecond) * 1000;
    response.write(text);
  }

  #textFor(sees: Sees, now: number): Buffer {
    if (now - this.#renderedAt > freshMs) this.#render(now);
    const known = this.#texts.get(sees);
    if (known !== undefined) return known;
    const rows = (this.#rows.get(sees) ?? []).join();
    const text = Buffer.from(`data: ${this.#head},"data":[${rows}]}\n\n`);
    this.#texts.set(sees, text);
    return text;
  }

  #render(now: number): void {
    this.#forget();
    this.#renderedAt = now;
    const { head, isDown } = headOf(this.#lines);
    this.#head = JSON.stringify(head).slice(0, -1);
    const all: string[] = [];
    this.#rows.set(null, all);
    for (const one of this.#lines.list()) {
      const row = JSON.stringify(shownRequest(one, isDown));
      all.push(row);
      const own = this.#rows.get(one.user);
      if (own === undefined) this.#rows.set(one.user, [row]);
      else own.push(row);
    }
  }

  #forget(): void {
    this.#renderedAt = Number.NEGATIVE_INFINITY;
    this.#rows = new Map();
    this.#texts = new Map();
  }
}
