import type { Hello, Listener } from "../../../cluster/gateways/ports.ts";
import type { SimLinks } from "./sim-links.ts";
import type { SimProcess } from "./sim-machine.ts";
import type { SimScheduler } from "./sim-scheduler.ts";

export type PipeItem =
  | { readonly text: string }
  /** The first thing that the one who connected gets. */
  | { readonly hello: Hello }
  | { readonly end: true };

type PipeParts = { scheduler: SimScheduler; links: SimLinks; from: string; to: string };

/** One direction of a connection: all comes in its order, or late, or never. */
export class SimPipe {
  readonly #parts: PipeParts;
  readonly #take: (item: PipeItem) => void;
  #onWay: { readonly due: number; readonly item: PipeItem }[] = [];
  #latest = 0;
  readonly #unwatch: () => void;

  constructor(parts: PipeParts, take: (item: PipeItem) => void) {
    this.#parts = parts;
    this.#take = take;
    this.#unwatch = parts.links.watch(parts.from, parts.to, (what) => {
      if (what === "heals") this.#bring();
      else this.#end();
    });
  }

  send(item: PipeItem): void {
    const { scheduler, links, from, to } = this.#parts;
    this.#latest = Math.max(this.#latest, scheduler.now + links.delay(from, to));
    this.#onWay.push({ due: this.#latest, item });
    scheduler.at(this.#latest, () => this.#bring());
  }

  /** What is under way comes no more. */
  drop(): void {
    this.#onWay = [];
    this.#unwatch();
  }

  #bring(): void {
    const { scheduler, links, from, to } = this.#parts;
    if (links.isCut(from, to)) return;
    for (let next = this.#onWay[0]; next !== undefined; next = this.#onWay[0]) {
      if (next.due > scheduler.now) return;
      this.#onWay.shift();
      if ("end" in next.item) this.drop();
      this.#take(next.item);
    }
  }

  #end(): void {
    this.drop();
    this.#take({ end: true });
  }
}

/** One side of a connection. */
export class SimEnd {
  readonly process: SimProcess;
  listener: Listener | null = null;
  isOpen = true;
  /** Where it sends; given when both sides exist. */
  out: SimPipe | null = null;
  readonly #greeted: (hello: Hello) => void;
  readonly #heard: (text: string) => void;

  constructor(
    process: SimProcess,
    heard: (text: string) => void,
    greeted: (hello: Hello) => void = () => {},
  ) {
    this.process = process;
    this.#heard = heard;
    this.#greeted = greeted;
  }

  /** Something has come over the wire. The kernel takes it; the process may be stopped. */
  take(item: PipeItem): void {
    if (this.process.machine.state === "off") return;
    if (!this.isOpen || !this.process.isAlive) {
      // Nobody has this connection here: the other side hears so.
      if (!("end" in item)) this.out?.send({ end: true });
      return;
    }
    this.process.arrives(() => this.#handle(item));
  }

  send(text: string): void {
    if (this.isOpen) this.out?.send({ text });
  }

  destroy(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.out?.send({ end: true });
    this.process.arrives(() => this.listener?.closed());
  }

  /** The operating system ends it, or nobody does. */
  abandon(how: "killed" | "without power"): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    if (how === "killed") this.out?.send({ end: true });
  }

  #handle(item: PipeItem): void {
    if (!this.isOpen) return;
    if ("hello" in item) {
      this.#greeted(item.hello);
      return;
    }
    if ("text" in item) {
      this.#heard(item.text);
      this.listener?.said(item.text);
      return;
    }
    this.isOpen = false;
    this.out?.send({ end: true });
    this.listener?.closed();
  }
}
