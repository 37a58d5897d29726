import type { Connection, Hello, Listener, Network } from "../../../cluster/gateways/ports.ts";
import type { SimLinks } from "./sim-links.ts";
import type { SimMachine, SimProcess } from "./sim-machine.ts";
import { SimEnd, SimPipe } from "./sim-pipe.ts";
import type { SimScheduler } from "./sim-scheduler.ts";

/** Somebody who accepts connections. */
type Host = {
  readonly process: SimProcess;
  readonly own: () => Hello;
  readonly accepted: (connection: Connection) => Listener;
};

/** What is said, for the history: `to` is the address of a machine. */
export type NetworkEar = {
  sent(from: SimProcess, to: string, text: string): void;
  heard(by: SimProcess, from: string, text: string): void;
};

const connectMs = 2_000;
/** When a connection is tried again that nobody answered. */
const retryMs = [0, 1_000];

/** Connections as TCP has them, between machines that are named by their addresses. */
export class SimNetwork {
  readonly #scheduler: SimScheduler;
  readonly #links: SimLinks;
  readonly #ear: NetworkEar;
  readonly #machines = new Map<string, SimMachine>();
  readonly #hosts = new Map<string, Host>();
  #ends: SimEnd[] = [];

  constructor(scheduler: SimScheduler, links: SimLinks, ear: NetworkEar) {
    this.#scheduler = scheduler;
    this.#links = links;
    this.#ear = ear;
  }

  add(machine: SimMachine): void {
    this.#machines.set(machine.name, machine);
    machine.killed.add((process, how) => {
      const own = this.#ends.filter((end) => end.process === process);
      for (const end of own) end.abandon(how);
      this.#ends = this.#ends.filter((end) => end.isOpen);
    });
  }

  /** The network as one process sees it. */
  of(process: SimProcess): Network {
    const { name } = process.machine;
    return {
      address: name,
      accept: (own, accepted) => {
        const host = { process, own, accepted };
        this.#hosts.set(name, host);
        return () => {
          if (this.#hosts.get(name) === host) this.#hosts.delete(name);
        };
      },
      connect: (address, own, listener) => this.#connect(process, address, own, listener),
    };
  }

  #connect(
    process: SimProcess,
    address: string,
    own: Hello,
    listener: Listener,
  ): Promise<Connection> {
    const { promise, resolve, reject } = Promise.withResolvers<Connection>();
    const from = process.machine.name;
    const end = new SimEnd(
      process,
      (text) => this.#ear.heard(process, address, text),
      (hello) => {
        forget();
        end.listener = listener;
        resolve(this.#connectionOf(end, hello, address));
      },
    );
    const fail = (why: string): void => {
      forget();
      end.destroy();
      reject(new Error(why));
    };
    const forget = process.later(connectMs, () => fail(`${address} does not answer.`));
    const refused = (): void => process.arrives(() => fail(`${address} refuses connections.`));
    let isThere = false;
    for (const ms of retryMs) {
      this.#scheduler.after(ms + this.#links.delay(from, address), () => {
        if (isThere || !end.isOpen || this.#links.isCut(from, address)) return;
        const machine = this.#machines.get(address);
        if (machine === undefined || machine.state === "off") return;
        isThere = true;
        const host = this.#hosts.get(address);
        if (host?.process.isAlive === true) this.#accept(end, host, own);
        else this.#scheduler.after(this.#links.delay(address, from), refused);
      });
    }
    return promise;
  }

  /** The kernel has accepted it; the process says hello as soon as it runs. */
  #accept(client: SimEnd, host: Host, own: Hello): void {
    const from = client.process.machine.name;
    const to = host.process.machine.name;
    const server = new SimEnd(host.process, (text) => {
      this.#ear.heard(host.process, from, text);
    });
    const parts = { scheduler: this.#scheduler, links: this.#links };
    client.out = new SimPipe({ ...parts, from, to }, (item) => server.take(item));
    server.out = new SimPipe({ ...parts, from: to, to: from }, (item) => client.take(item));
    this.#ends = [...this.#ends.filter((end) => end.isOpen), client, server];
    host.process.arrives(() => {
      if (!server.isOpen) return;
      server.out?.send({ hello: host.own() });
      server.listener = host.accepted(this.#connectionOf(server, own, from));
    });
  }

  #connectionOf(end: SimEnd, hello: Hello, to: string): Connection {
    return {
      hello,
      send: (text) => {
        if (end.isOpen) this.#ear.sent(end.process, to, text);
        end.send(text);
      },
      destroy: () => end.destroy(),
    };
  }
}
