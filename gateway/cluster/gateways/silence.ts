import { Ghosts } from "./ghosts.ts";
import type { Guest } from "./guest.ts";
import type { KeptLines } from "./kept-lines.ts";
import type { BusyAt, Clock, GatewayRow } from "./ports.ts";
import { type Suspect, Suspects } from "./suspects.ts";
import type { ClusterTimes } from "./times.ts";

export type SilenceParts = {
  readonly clock: Clock;
  readonly times: ClusterTimes;
  readonly lines: Pick<KeptLines, "occupy">;
  readonly busyAt: BusyAt;
  /** Monotonic milliseconds. */
  readonly electedAt: number;
  /** Without the lease another keeper may have heard a gateway that is silent here. */
  hasLease(): boolean;
  guests(): Iterable<Guest>;
  /** It was not heard for the slot lease and the margin; so many slots of it were not proved idle. */
  onExpired(gateway: string, slots: number): void;
};

/** What a keeper does about gateways that it does not hear. */
export class Silence {
  readonly #parts: SilenceParts;
  readonly #ghosts: Ghosts;
  readonly #suspects: Suspects;

  constructor(parts: SilenceParts) {
    const { clock, times, lines, busyAt, electedAt } = parts;
    this.#parts = parts;
    this.#ghosts = new Ghosts(lines, electedAt);
    this.#suspects = new Suspects(clock, busyAt, times);
  }

  /** A gateway that has said nothing to this keeper yet: it may hold what its row says. */
  expect(row: GatewayRow): void {
    this.#ghosts.add(row);
  }

  heard(gateway: string): void {
    this.#ghosts.remove(gateway);
  }

  clear(): void {
    this.#ghosts.clear();
  }

  tick(): void {
    this.#expire();
    this.#suspects.judge(() => this.#silentOnes());
  }

  #expire(): void {
    const { clock, times, electedAt, hasLease, guests, onExpired } = this.#parts;
    if (!hasLease()) return;
    const longest = times.slotLease + times.margin;
    const now = clock.now();
    for (const { gateway, heardAt, service } of [...guests()]) {
      if (now - heardAt >= longest) onExpired(gateway, sumOf(service.held().values()));
    }
    if (now - electedAt < longest) return;
    for (const gateway of this.#ghosts.gateways) onExpired(gateway, this.#ghosts.remove(gateway));
  }

  #silentOnes(): Suspect[] {
    const guests = [...this.#parts.guests()].flatMap((guest) =>
      [...guest.service.held()].map(([upstream, count]) => ({
        ...{ gateway: guest.gateway, upstream, count, since: guest.heardAt },
        free: (freed: number): void => {
          // A slot that is on its way, or was not used yet, must not be used in this session.
          guest.disconnect();
          void guest.service.free(upstream, freed);
        },
      })),
    );
    // A gateway that is heard says itself what it has.
    const heard = new Set([...this.#parts.guests()].map(({ gateway }) => gateway));
    const ghosts = this.#ghosts.suspects().filter(({ gateway }) => !heard.has(gateway));
    return [...guests, ...ghosts];
  }
}

function sumOf(counts: Iterable<number>): number {
  let sum = 0;
  for (const count of counts) sum += count;
  return sum;
}
