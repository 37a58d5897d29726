import { clusterTimes } from "../../../cluster/gateways/times.ts";
import type { SimDatabase } from "./sim-database.ts";
import type { SimHistory } from "./sim-history.ts";
import type { SimMachine, SimProcess } from "./sim-machine.ts";
import type { SimUpstream, UpstreamWork } from "./sim-upstream.ts";

/** Since when a machine says nothing, and what was known of it then. */
type Silence = { readonly at: number; readonly leaseFrom: number; endedAt: number | null };

/** A machine that wakes needs so long to notice that its time is over. Milliseconds. */
const wakeMs = 800;
/** Clocks go up to 0.1 % wrong, each. */
const exact = 0.997;

/**
 * The rules that can be judged at each moment: who may give slots, and how many requests an upstream
 * works on.
 */
export class SimRules {
  readonly #now: () => number;
  readonly #history: SimHistory;
  readonly #database: SimDatabase;
  readonly #beats = new Map<string, number>();
  readonly #answered = new Map<SimProcess, number>();
  readonly #silences = new Map<SimProcess, Silence>();
  /** Checked before a pause, and sent after it. */
  readonly #stale = new Set<string>();
  /** Slots that were given away without proof: there may be as many more requests. */
  overlaps = 0;

  constructor(now: () => number, history: SimHistory, database: SimDatabase) {
    this.#now = now;
    this.#history = history;
    this.#database = database;
  }

  said(from: SimProcess, text: string): void {
    const number = /\["beat",(\d+)/.exec(text)?.[1];
    if (number !== undefined) this.#beats.set(`${from.name} ${number}`, this.#now());
    if (text.includes('["slot"')) this.grants(from, "tells a member of a slot");
  }

  heard(by: SimProcess, text: string): void {
    for (const [, number] of text.matchAll(/\["beaten",(\d+)/g)) {
      const sent = this.#beats.get(`${by.name} ${number}`);
      if (sent !== undefined) this.#answered.set(by, Math.max(sent, this.#answered.get(by) ?? 0));
    }
  }

  /** The machine says nothing from now on. `isKeeper`: its own gateway needs nobody's answer. */
  silent({ process }: SimMachine, isKeeper: boolean): void {
    if (process === null) return;
    const at = this.#now();
    const leaseFrom = isKeeper ? at : (this.#answered.get(process) ?? at);
    this.#silences.set(process, { at, leaseFrom, endedAt: null });
  }

  awake({ process }: SimMachine): void {
    const silence = process === null ? undefined : this.#silences.get(process);
    if (silence !== undefined) silence.endedAt = this.#now();
  }

  /** A request is sent now that was checked at that moment. */
  sends(process: SimProcess, id: string, checkedAt: number): void {
    const silence = this.#silences.get(process);
    if (silence !== undefined && silence.at >= checkedAt) this.#stale.add(id);
  }

  /** A slot is given by this process. */
  grants(by: SimProcess, what: string): void {
    if (this.#database.isKeeper(by.name)) return;
    const { holder } = this.#database.keeper ?? { holder: "nobody" };
    this.#history.fault(`${by.name} ${what}, but ${holder} is the keeper or its lease is over`);
  }

  /** A request has begun. */
  began({ name, slots, works }: SimUpstream): void {
    if (works.size <= slots) return;
    const all = [...works.values()];
    const counted = all.filter((work) => !this.#isUnproved(work));
    this.overlaps += 1;
    if (counted.length <= slots) return;
    const ids = all.map(({ id, process }) => `${id} of ${process.name}`);
    this.#history.fault(`${name} works on ${works.size} of ${slots}: ${ids.join(", ")}`);
  }

  /** Leases alone cannot keep its slot: nobody can stop it, and nobody hears of it. */
  #isUnproved({ id, process }: UpstreamWork): boolean {
    if (this.#stale.has(id)) return true;
    const silence = this.#silences.get(process);
    if (silence === undefined) return false;
    const { leaseFrom, endedAt } = silence;
    if (endedAt !== null && this.#now() - endedAt > wakeMs) return false;
    const { slotLease, margin } = clusterTimes;
    return this.#now() - leaseFrom >= exact * (slotLease + margin);
  }
}
