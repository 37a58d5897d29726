import type { Clock } from "./ports.ts";
import type { ClusterTimes } from "./times.ts";

/** Whether a gateway takes the lease of the line if nobody has it. */
export class Candidacy {
  readonly #clock: Pick<Clock, "now">;
  readonly #leaseMs: number;
  #isLeaving = false;
  /** Since when nobody has the lease. Monotonic milliseconds; null: somebody has it. */
  #freeSince: number | null = null;

  constructor(clock: Pick<Clock, "now">, { keeperLease }: Pick<ClusterTimes, "keeperLease">) {
    this.#clock = clock;
    this.#leaseMs = keeperLease;
  }

  /** This gateway is about to stop. */
  leave(): void {
    this.#isLeaving = true;
  }

  /** What the database says of the lease. */
  saw(isFree: boolean): void {
    this.#freeSince = isFree ? (this.#freeSince ?? this.#clock.now()) : null;
  }

  /**
   * One that stops keeps the line only if no other does: what runs in the others needs a keeper. So
   * does a stranger, which was not with the keeper before: its secret or its settings may be
   * wrong, and it would keep out all others.
   */
  stands(isStranger: boolean): boolean {
    if (!this.#isLeaving && !isStranger) return true;
    return this.#freeSince !== null && this.#clock.now() - this.#freeSince >= this.#leaseMs;
  }
}
