import type {
  ClusterView,
  Election,
  GatewayRow,
  Holds,
  KeeperRow,
} from "../../../cluster/gateways/ports.ts";
import type { SimProcess } from "./sim-machine.ts";
import type { SimRandom } from "./sim-random.ts";
import type { SimScheduler } from "./sim-scheduler.ts";

/** How the database is, for all or for one machine. */
export type DatabaseState =
  | "here"
  /** Refuses connections. */
  | "refuses"
  /** Nothing comes back. What was asked may be done when it is here again, or never. */
  | "silent"
  /** Does what it is asked, at once or seconds later, and its answer is late or lost. */
  | "hangs";

/** Told after each transaction that has changed something. */
export type DatabaseNote = (what: string, by: string) => void;

type DatabaseParts = {
  scheduler: SimScheduler;
  random: SimRandom;
  leaseMs: number;
  note: DatabaseNote;
};

const patienceMs = 2_000;

/** A row, and the numbers of the latest calls that wrote it. */
type StoredGateway = GatewayRow & { asked: number; heldTerm: number; heldNumber: number };
type StoredKeeper = Omit<KeeperRow, "lapsed"> & { until: number; asked: number };

/**
 * The rows of an election. Each transaction happens at one moment, as if it had all locks. A call of
 * a gateway that comes after a later one of it changes nothing, as in PostgreSQL.
 */
export class SimDatabase {
  readonly #parts: DatabaseParts;
  readonly #rate: number;
  readonly #states = new Map<string, DatabaseState>();
  #state: DatabaseState = "here";
  #waits: (() => void)[] = [];
  #keeper: StoredKeeper | null = null;
  readonly #gateways = new Map<string, StoredGateway>();
  /** The most that a question or an answer takes. */
  usualMs = 3;

  constructor(parts: DatabaseParts) {
    this.#parts = parts;
    this.#rate = 1 + parts.random.between(-0.001, 0.001);
  }

  get keeper(): Omit<KeeperRow, "lapsed"> | null {
    return this.#keeper;
  }

  /** Whether this gateway has the lease at this moment, give or take the error of clocks. */
  isKeeper(gateway: string): boolean {
    const row = this.#keeper;
    return row?.holder === gateway && row.until >= this.#now() - 5;
  }

  get gateways(): readonly GatewayRow[] {
    return [...this.#gateways.values()].map(({ gateway, address, version, holds }) => {
      return { gateway, address, version, holds };
    });
  }

  /** For all, or for one machine. */
  set(state: DatabaseState, machine?: string): void {
    if (machine === undefined) this.#state = state;
    else this.#states.set(machine, state);
    if (state !== "here") return;
    const waits = this.#waits;
    this.#waits = [];
    for (const act of waits) this.#parts.scheduler.after(this.#parts.random.between(0, 3_000), act);
  }

  /** The database as one process sees it. */
  electionOf(process: SimProcess): Election {
    let calls = 0;
    const ask = <T>(act: (number: number) => T): Promise<T> => {
      calls += 1;
      const number = calls;
      return this.#ask(process, () => act(number));
    };
    return {
      campaign: (self) => ask((number) => this.#campaign(self, number)),
      resign: (gateway) => ask((number) => this.#resign(gateway, number)),
      look: () => ask(() => this.#look()),
      enter: (row) => ask((number) => this.#enter(row, number)),
      hold: (gateway, holds, term) => ask((number) => this.#hold(gateway, holds, term, number)),
      forget: (gateways) => ask(() => this.#forget(gateways)),
    };
  }

  #stateFor(machine: string): DatabaseState {
    return this.#state === "here" ? (this.#states.get(machine) ?? "here") : this.#state;
  }

  #ask<T>(process: SimProcess, act: () => T): Promise<T> {
    const { scheduler, random } = this.#parts;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const fail = (): void => {
      forget();
      reject(new Error("PostgreSQL does not answer."));
    };
    const forget = process.later(patienceMs, fail);
    const arrives = (): void => {
      const state = this.#stateFor(process.machine.name);
      if (process.machine.state === "off") return;
      if (state === "refuses") {
        scheduler.after(this.#travelMs(), () => process.arrives(fail));
      } else if (state === "silent") {
        // A question whose asker has given up may still be under way.
        if (random.chance(0.5)) this.#waits.push(arrives);
      } else if (state === "hangs") {
        scheduler.after(random.exponential(1_500), () => does());
      } else does();
    };
    const does = (): void => {
      const result = act();
      const state = this.#stateFor(process.machine.name);
      if (state === "silent" || (state === "hangs" && random.chance(0.3))) return;
      const lateMs = state === "hangs" ? random.exponential(1_000) : 0;
      scheduler.after(this.#travelMs() + lateMs, () => {
        process.arrives(() => {
          forget();
          resolve(result);
        });
      });
    };
    scheduler.after(this.#travelMs(), arrives);
    return promise;
  }

  #travelMs(): number {
    const { random } = this.#parts;
    return random.chance(0.02)
      ? random.between(0, this.usualMs * 30)
      : random.between(0.2, this.usualMs);
  }

  #now(): number {
    return this.#rate * this.#parts.scheduler.now;
  }

  #campaign(self: { gateway: string; address: string }, asked: number): number | null {
    const { gateway, address } = self;
    const now = this.#now();
    const old = this.#keeper;
    if (old !== null && (old.holder === gateway ? old.asked >= asked : old.until >= now)) {
      return null;
    }
    const term = old?.holder === gateway ? old.term : (old?.term ?? 0) + 1;
    this.#keeper = { holder: gateway, address, term, until: now + this.#parts.leaseMs, asked };
    if (term !== old?.term) this.#parts.note(`elected for term ${term}`, gateway);
    return term;
  }

  #resign(gateway: string, asked: number): void {
    if (this.#keeper?.holder !== gateway || this.#keeper.asked >= asked) return;
    this.#keeper = { ...this.#keeper, until: this.#now() - 1, asked };
    this.#parts.note("resigned", gateway);
  }

  #look(): ClusterView {
    const gateways = this.gateways;
    if (this.#keeper === null) return { keeper: null, gateways };
    const { holder, address, term, until } = this.#keeper;
    return { keeper: { holder, address, term, lapsed: until < this.#now() }, gateways };
  }

  #enter(row: Omit<GatewayRow, "holds">, asked: number): void {
    const old = this.#gateways.get(row.gateway);
    if (old !== undefined && old.asked >= asked) return;
    const { holds, heldTerm, heldNumber } = old ?? { holds: {}, heldTerm: 0, heldNumber: 0 };
    this.#gateways.set(row.gateway, { ...row, holds, asked, heldTerm, heldNumber });
    this.#parts.note(`entered with ${JSON.stringify(holds)}`, row.gateway);
  }

  #hold(gateway: string, holds: Holds, term: number, number: number): boolean {
    const row = this.#gateways.get(gateway);
    if (row === undefined || this.#keeper?.term !== term) return false;
    if (row.heldTerm > term || (row.heldTerm === term && row.heldNumber >= number)) return false;
    const held = { holds: { ...holds }, heldTerm: term, heldNumber: number };
    this.#gateways.set(gateway, { ...row, ...held });
    this.#parts.note(`holds ${JSON.stringify(holds)} in term ${term}`, gateway);
    return true;
  }

  #forget(gateways: readonly string[]): void {
    for (const gateway of gateways) {
      if (this.#gateways.delete(gateway)) this.#parts.note("is forgotten", gateway);
    }
  }
}
