import type { ToMember } from "./gateway-messages.ts";
import { HoldsBook } from "./holds-book.ts";
import type { Holds } from "./ports.ts";

type Grant = ToMember & ["slot", ...unknown[]];

export type GrantsParts = {
  now(): number;
  /** What the database says of the gateway. */
  readonly written: Holds;
  /** Writes what the gateway may hold; false: this keeper's term is over, or the row is gone. */
  write(holds: Holds): Promise<boolean>;
  /** Whether a slot may be given at this moment. */
  mayGrant(): boolean;
  /** Whether the generation still has its slot here. */
  isHeld(id: string): boolean;
  /** Tells the gateway. */
  pass(grant: Grant): void;
  /** The database refuses to write it. */
  onRefused(): void;
};

/**
 * The slots on their way to one gateway. Each is told only when the database says that the gateway
 * may hold it: if both fall silent, the next keeper must know.
 */
export class Grants {
  readonly #parts: GrantsParts;
  readonly #book: HoldsBook;
  #waiting: Grant[] = [];
  #isWriting = false;

  constructor(parts: GrantsParts) {
    this.#parts = parts;
    this.#book = new HoldsBook(parts.now, parts.written);
  }

  use(upstream: string, change: 1 | -1): void {
    this.#book.use(upstream, change);
  }

  /** The gateway has said what it has: its number may fall some time later. */
  claimed(): void {
    this.#book.remember();
  }

  add(grant: Grant): void {
    this.#waiting.push(grant);
    this.#passAll();
    if (this.#waiting.length > 0) void this.#write();
  }

  /** Call it often: writes lower numbers, and tries again. */
  tick(): void {
    this.#passAll();
    void this.#write();
  }

  /** The gateway asks anew for what it was not told. */
  clear(): void {
    this.#waiting = [];
  }

  #passAll(): void {
    if (this.#waiting.length === 0 || !this.#parts.mayGrant()) return;
    const waiting = this.#waiting.filter(([, id]) => this.#parts.isHeld(id));
    this.#waiting = waiting.filter(([, , { upstream }]) => !this.#book.isCovered(upstream));
    for (const grant of waiting) {
      if (this.#book.isCovered(grant[2].upstream)) this.#parts.pass(grant);
    }
  }

  /** One write after the other. */
  async #write(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    try {
      for (
        let wish = this.#book.wished();
        !this.#book.isWritten(wish);
        wish = this.#book.wished()
      ) {
        this.#book.writing(wish);
        if (!(await this.#parts.write(wish))) {
          this.#parts.onRefused();
          return;
        }
        this.#book.written(wish);
        this.#passAll();
      }
    } catch {
      // The database is away. The next tick tries again.
    } finally {
      this.#isWriting = false;
    }
  }
}
