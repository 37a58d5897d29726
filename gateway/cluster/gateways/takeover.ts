import { setImmediate as nextTurn } from "node:timers/promises";
import type { Adoptable } from "../keeper-service.ts";
import type { Connection } from "./ports.ts";

/** What waited at a gateway, as it said over this connection. */
type Waiting = { readonly connection: Connection; readonly adoptables: readonly Adoptable[] };

/** So many join the line in one turn of the event loop: each is compared with those before it. */
const mostAtOnce = 50;

/**
 * Brings what waited at other keepers into this keeper's line, in the order of arrival: that of all
 * gateways together at the beginning, and later that of each gateway that comes.
 */
export class Takeover {
  readonly #isOn: (gateway: string, connection: Connection) => boolean;
  readonly #waiting = new Map<string, Waiting>();
  hasBegun = false;
  isDone = false;

  /** @param isOn - whether a gateway still speaks over this connection */
  constructor(isOn: (gateway: string, connection: Connection) => boolean) {
    this.#isOn = isOn;
  }

  /**
   * Keeps it until `begin`, or lets it join.
   * @returns whether all of it has joined, and the gateway still speaks over this connection
   */
  async add(
    gateway: string,
    connection: Connection,
    adoptables: readonly Adoptable[],
  ): Promise<boolean> {
    // A gateway that comes a second time says all of it anew.
    this.#waiting.set(gateway, { connection, adoptables });
    if (!this.isDone) return false;
    await this.#adopt();
    return this.#isOn(gateway, connection);
  }

  /** Resolves when all that was said until then has joined. */
  async begin(): Promise<void> {
    this.hasBegun = true;
    while (this.#waiting.size > 0) await this.#adopt();
    this.isDone = true;
  }

  async #adopt(): Promise<void> {
    const all = [...this.#waiting].flatMap(([gateway, { connection, adoptables }]) =>
      adoptables.map((adoptable) => ({ ...adoptable, gateway, connection })),
    );
    this.#waiting.clear();
    all.sort(({ order: one }, { order: other }) => one[0] - other[0] || one[1] - other[1]);
    for (const [index, { gateway, connection, adopt }] of all.entries()) {
      if (index % mostAtOnce === mostAtOnce - 1) await nextTurn();
      // What it has said anew meanwhile counts instead.
      if (this.#isOn(gateway, connection)) adopt();
    }
  }
}
