import { GatewayError } from "../errors.ts";

/**
 * The memory for all bodies, shared among users: a user may hold as much as then stays free for
 * others. So a single user holds at most half, two a third each, and there is always room for a
 * user who holds nothing.
 */
export class BodyRoom {
  readonly #most: number;
  readonly #held = new Map<string, number>();
  #all = 0;

  /** @param most - bytes of all bodies together. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Throws `memory_full` (503) if the bytes do not fit. */
  take(user: string, bytes: number): void {
    const mine = (this.#held.get(user) ?? 0) + bytes;
    const all = this.#all + bytes;
    if (mine > this.#most - all) throw memoryFull(all <= this.#most);
    this.#held.set(user, mine);
    this.#all = all;
  }

  give(user: string, bytes: number): void {
    const mine = (this.#held.get(user) ?? 0) - bytes;
    if (mine > 0) this.#held.set(user, mine);
    else this.#held.delete(user);
    this.#all -= bytes;
  }

  /** Bytes of all bodies now. */
  get held(): number {
    return this.#all;
  }
}

function memoryFull(isShare: boolean): GatewayError {
  const what = isShare
    ? "Your requests hold your whole share of the memory for request bodies"
    : "The gateway holds too many large requests";
  return new GatewayError(
    "memory_full",
    `${what} (MAX_WAITING_BYTES). Try again when one of them has ended.`,
    { headers: { "retry-after": "5" } },
  );
}
