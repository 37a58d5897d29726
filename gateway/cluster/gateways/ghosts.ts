import type { KeptLines } from "./kept-lines.ts";
import type { GatewayRow } from "./ports.ts";
import type { Suspect } from "./suspects.ts";

/** What gateways may run of which a new keeper has heard nothing yet. */
export class Ghosts {
  readonly #lines: Pick<KeptLines, "occupy">;
  readonly #since: number;
  /** By gateway and upstream: what gives each slot back. */
  readonly #held = new Map<string, Map<string, (() => void)[]>>();

  /** @param since - when the keeper was elected, in its monotonic milliseconds */
  constructor(lines: Pick<KeptLines, "occupy">, since: number) {
    this.#lines = lines;
    this.#since = since;
  }

  get gateways(): string[] {
    return [...this.#held.keys()];
  }

  /** Takes the slots that a gateway may hold by its row. */
  add({ gateway, holds }: Pick<GatewayRow, "gateway" | "holds">): void {
    if (this.#held.has(gateway)) return;
    const slots = new Map<string, (() => void)[]>();
    for (const [upstream, count] of Object.entries(holds)) {
      const free = Array.from({ length: count }, () => this.#lines.occupy(upstream, gateway));
      slots.set(upstream, free);
    }
    this.#held.set(gateway, slots);
  }

  /** The gateway has spoken, or can hold nothing any more. Gives how many slots came free. */
  remove(gateway: string): number {
    const slots = this.#held.get(gateway);
    this.#held.delete(gateway);
    const all = [...(slots?.values() ?? [])].flat();
    for (const free of all) free();
    return all.length;
  }

  clear(): void {
    for (const gateway of this.gateways) this.remove(gateway);
  }

  suspects(): Suspect[] {
    return [...this.#held].flatMap(([gateway, slots]) =>
      [...slots].map(([upstream, held]) => ({
        ...{ gateway, upstream, count: held.length, since: this.#since },
        free: (count: number) => {
          for (const give of held.splice(0, count)) give();
        },
      })),
    );
  }
}
