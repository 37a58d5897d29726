import { clusterTimes } from "../../../cluster/gateways/times.ts";
import { SimClaims } from "./sim-claims.ts";
import { runClient, type SimClientParts, wishFrom } from "./sim-client.ts";
import { SimDatabase } from "./sim-database.ts";
import { openSimGateway, type SimGateway } from "./sim-gateway.ts";
import { SimHistory } from "./sim-history.ts";
import type { SimPool } from "./sim-lines.ts";
import { SimLinks } from "./sim-links.ts";
import { SimMachine } from "./sim-machine.ts";
import { SimNetwork } from "./sim-network.ts";
import type { SimRandom } from "./sim-random.ts";
import { SimRules } from "./sim-rules.ts";
import type { SimScheduler } from "./sim-scheduler.ts";
import { SimUpstream } from "./sim-upstream.ts";

const machineNames = ["a", "b", "c", "d"];

export type SimShape = {
  readonly gateways: number;
  readonly pool: SimPool;
  /** The upstreams tell how busy they are. */
  readonly isOpen: boolean;
  /** How many clients come in a second, to all gateways. */
  readonly clientsPerSecond: number;
  /** A few requests are slow to be sent, or their machine stops between the check and the sending. */
  readonly isRough: boolean;
};

/** A cluster of gateways with its world, and what can be done to it. */
export class SimCluster {
  readonly scheduler: SimScheduler;
  readonly history: SimHistory;
  readonly links: SimLinks;
  readonly database: SimDatabase;
  readonly rules: SimRules;
  readonly claims: SimClaims;
  readonly machines: readonly SimMachine[];
  readonly upstreams: ReadonlyMap<string, SimUpstream>;
  readonly shape: SimShape;
  readonly #network: SimNetwork;
  readonly #random: SimRandom;
  readonly #gateways = new Map<SimMachine, SimGateway>();
  #clients = 0;
  /** When a process began or ended last. */
  changedAt = 0;
  /** Gateways that stop by themselves. */
  #stopping = 0;

  constructor(scheduler: SimScheduler, random: SimRandom, shape: SimShape) {
    const now = (): number => scheduler.now;
    this.scheduler = scheduler;
    this.shape = shape;
    this.#random = random;
    this.history = new SimHistory(now);
    const note = (text: string): void => this.history.note(text);
    this.links = new SimLinks(scheduler, random.fork("links"));
    this.database = new SimDatabase({
      ...{ scheduler, random: random.fork("database"), leaseMs: clusterTimes.keeperLease },
      note: (what, by) => note(`database: ${by} ${what}`),
    });
    this.rules = new SimRules(now, this.history, this.database);
    this.claims = new SimClaims(this.history, now);
    this.#network = new SimNetwork(scheduler, this.links, {
      sent: (from, to, text) => {
        this.rules.said(from, text);
        note(`${from.name} says to ${to}: ${text}`);
      },
      heard: (by, from, text) => {
        this.rules.heard(by, text);
        note(`${by.name} hears from ${from}: ${text.slice(0, 40)}`);
      },
    });
    const upstreams = shape.pool.upstreams.map(({ name, slots }) => {
      const changed = (upstream: SimUpstream, what: string, id: string): void => {
        note(`${name} ${what} ${id}: ${upstream.works.size} of ${slots}`);
        if (what === "began") this.rules.began(upstream);
      };
      const parts = { scheduler, random: random.fork(name), name, slots, isOpen: shape.isOpen };
      return [name, new SimUpstream({ ...parts, changed })] as const;
    });
    this.upstreams = new Map(upstreams);
    this.machines = machineNames.slice(0, shape.gateways).map((name) => this.#machine(name));
  }

  /** The gateway of this machine, if its process lives. */
  gatewayOf(machine: SimMachine): SimGateway | null {
    const gateway = this.#gateways.get(machine);
    return gateway?.process.isAlive === true ? gateway : null;
  }

  get isStopping(): boolean {
    return this.#stopping > 0;
  }

  get gateways(): readonly SimGateway[] {
    return this.machines.flatMap((machine) => this.gatewayOf(machine) ?? []);
  }

  /** The machine of the keeper by the database; the first one if there is none. */
  get keeper(): SimMachine {
    const holder = this.database.keeper?.holder;
    const machine = this.machines.find(({ process }) => process?.name === holder);
    return machine ?? this.#random.pick(this.machines);
  }

  /** Starts a gateway there. What ran there before is killed. */
  start(machine: SimMachine): void {
    const process = machine.start();
    this.changedAt = this.scheduler.now;
    process.arrives(() => {
      this.#gateways.set(machine, openSimGateway(this.#gatewayParts(), process));
    });
  }

  stopFor(machine: SimMachine, ms: number, how: "pause" | "suspend"): void {
    if (machine.state !== "on" || machine.process === null) return;
    this.#goesSilent(machine);
    if (how === "pause") machine.pause();
    else machine.suspend();
    this.scheduler.after(ms, () => this.resume(machine));
  }

  resume(machine: SimMachine): void {
    if (machine.state === "paused" || machine.state === "suspended") this.rules.awake(machine);
    machine.resume();
  }

  cutPower(machine: SimMachine): void {
    if (machine.state === "on") this.#goesSilent(machine);
    machine.cutPower();
  }

  /** The gateway lets its requests end, says goodbye, and ends. */
  async stop(machine: SimMachine): Promise<void> {
    const gateway = this.gatewayOf(machine);
    if (gateway === null) return;
    this.history.note(`${gateway.process.name} is to stop`);
    this.#stopping += 1;
    machine.killed.add((process) => {
      if (process === gateway.process) this.#stopping -= 1;
    });
    await gateway.leave();
    const look = async (leftMs: number): Promise<void> => {
      const own = this.claims.open.filter(({ process }) => process === gateway.process);
      if (own.length > 0 && leftMs > 0) {
        gateway.process.later(100, () => void look(leftMs - 100));
        return;
      }
      if (own.length === 0) await gateway.node.close();
      if (gateway.process.isAlive) machine.kill();
    };
    await look(25_000);
  }

  /** Clients come until then. */
  clientsUntil(end: number): void {
    const random = this.#random.fork("clients");
    const next = (): void => {
      this.scheduler.after(random.exponential(1_000 / this.shape.clientsPerSecond), () => {
        if (this.scheduler.now > end) return;
        const machine = random.pick(this.machines);
        const wish = wishFrom(random.fork(`client ${this.#clients}`), this.#nextId(), this.shape);
        const gateway = this.gatewayOf(machine);
        const parts = gateway === null ? null : this.clientParts(gateway);
        if (parts !== null) parts.process.arrives(() => void runClient(parts, wish));
        next();
      });
    };
    next();
  }

  clientParts({ process, keeper }: SimGateway): SimClientParts {
    const { claims, rules, upstreams, scheduler } = this;
    return {
      ...{ process, keeper, claims, rules, upstreams, pool: this.shape.pool },
      now: () => scheduler.now,
      stopMachine: (machine, ms) => this.stopFor(machine, ms, "pause"),
    };
  }

  #nextId(): string {
    this.#clients += 1;
    return `r${this.#clients}`;
  }

  #goesSilent(machine: SimMachine): void {
    this.rules.silent(machine, this.gatewayOf(machine)?.node.isKeeper === true);
  }

  #gatewayParts() {
    const { database, history, claims, rules, upstreams } = this;
    return {
      ...{ database, history, claims, rules, upstreams },
      network: this.#network,
      pool: this.shape.pool,
    };
  }

  #machine(name: string): SimMachine {
    const { scheduler } = this;
    const note = (text: string): void => {
      if (text.startsWith("FAULT")) this.history.fault(text);
      else this.history.note(text);
    };
    const machine = new SimMachine(name, { scheduler, random: this.#random.fork(name), note });
    this.#network.add(machine);
    machine.killed.add((process, how) => {
      this.changedAt = scheduler.now;
      for (const upstream of this.upstreams.values()) upstream.lost(process, how);
    });
    return machine;
  }
}
