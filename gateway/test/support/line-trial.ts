import {
  createLine,
  type Line,
  type LineOptions,
  type RouteSeats,
  type Ticket,
} from "../../line/line.ts";
import {
  faultsOfStart,
  hasFreeSeat,
  isEstimate,
  type TrialRequest,
  type TrialRules,
} from "./line-trial-rules.ts";

/** One step of a trial; `nth` chooses what it is done to, and how. */
export type TrialStep = {
  readonly do:
    | "join"
    | "adopt"
    | "end"
    | "leave"
    | "cancel"
    | "leave running"
    | "resize"
    | "pause or resume"
    | "up or down"
    | "drain"
    | "time";
  readonly nth: number;
};

/** A line, reached in some way. All but `join` is asked where the line is. */
export type TrialLine = {
  readonly line: Line;
  /** Resolves when all that was asked and answered has arrived. */
  quiet(): Promise<void>;
  /** What else is wrong at the end, in words. */
  faults(): readonly string[];
};

export type OpenTrialLine = (options: LineOptions) => TrialLine;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The line itself; its callers look before they join. */
export const directly: OpenTrialLine = (options) => {
  const line = createLine(options);
  const { join } = line;
  line.join = (ticket) => {
    const { user, maxQueued, team } = ticket;
    if (line.whatIsFull(user, maxQueued, team) === null) return join.call(line, ticket);
    return Promise.reject(new Error("full"));
  };
  return { line, quiet: turn, faults: () => [] };
};

const weights = [1, 1, 2, 0.01, 1000] as const;
const priorities = [0, 0, 0, 1, -1, -100, 1000] as const;
const tokens = [undefined, 0, 1, 1000, 1e9] as const;
const times = [1, 50, 900, 5_000, 61_000, 400_000] as const;
const works = [
  undefined,
  {},
  { inputTokens: 5, outputTokens: 10, promptMs: 3, outputMs: 100 },
  { outputTokens: 0 },
  { outputTokens: 1e9, outputMs: 0 },
  { inputTokens: 1e9, promptMs: 0, outputTokens: 3 },
  { outputTokens: 7, outputMs: 1e9 },
] as const;

const at = <T>(items: readonly T[], nth: number): T | undefined => items[nth % items.length];

/** A line on a clock of its own, and a second account of what it must be doing. */
export class LineTrial {
  /** What was wrong, in words. */
  readonly faults: string[] = [];
  readonly #rules: TrialRules;
  readonly #line: Line;
  readonly #opened: TrialLine;
  readonly #requests: TrialRequest[] = [];
  readonly #slots: Map<string, number>;
  readonly #down = new Set<string>();
  readonly #routes: readonly RouteSeats[];
  #now = 0;
  #isPaused = false;
  /** What started in the step that is being done. */
  #started: TrialRequest[] = [];

  constructor(rules: TrialRules, open: OpenTrialLine = directly) {
    this.#rules = rules;
    const names = rules.slots.map((_, index) => `u${index}`);
    this.#slots = new Map(names.map((name, index) => [name, rules.slots[index] ?? 1]));
    this.#routes = names.map((_, first) => ({
      key: `route ${first}`,
      list: names.slice(first).map((upstream, index) => {
        return { upstream, tier: rules.tiers[index % rules.tiers.length] ?? 0 };
      }),
    }));
    const upstreams = names.map((name, index) => ({
      ...{ name, capacity: rules.slots[index] ?? 1, weight: 1 + (index % 2) },
      ...{ box: rules.box ? "box" : null, exclusive: rules.exclusive },
    }));
    const pool = { upstreams, usable: (name: string) => !this.#down.has(name) };
    this.#opened = open({
      ...(rules.isPool ? pool : { capacity: this.#total, exclusiveModels: rules.exclusive }),
      ...{ agingMs: rules.agingMs, maxConcurrentPerUser: rules.maxConcurrentPerUser },
      ...{ maxQueue: rules.maxQueue, now: () => this.#now, placesEveryMs: 1 },
    });
    this.#line = this.#opened.line;
  }

  get #total(): number {
    return [...this.#slots.values()].reduce((sum, count) => sum + count, 0);
  }

  #in(state: TrialRequest["state"]): TrialRequest[] {
    return this.#requests.filter((request) => request.state === state);
  }

  /** Does one step, and looks at everything that must hold after it. */
  async step({ do: what, nth }: TrialStep): Promise<void> {
    const [running, waiting] = [at(this.#in("running"), nth), at(this.#in("waiting"), nth)];
    this.#started = [];
    if (what === "join") this.#join(nth);
    if (what === "adopt") this.#adopt(nth);
    if (what === "end" && running !== undefined) this.#end(running, nth);
    if (what === "leave") waiting?.client.abort(new Error("left"));
    if (what === "cancel" && waiting !== undefined) this.#line.cancel(waiting.id);
    if (what === "leave running") running?.client.abort(new Error("left"));
    if (what === "resize") this.#resize(nth);
    if (what === "pause or resume") this.#pauseOrResume();
    if (what === "up or down") this.#upOrDown(nth);
    if (what === "drain") await this.#drain();
    if (what === "time") this.#now += at(times, nth) ?? 1;
    await this.#opened.quiet();
    this.#look(what);
  }

  /** All come up again, and all requests are ended: then nothing waits and nothing runs. */
  async finish(): Promise<void> {
    this.#line.resume();
    this.#down.clear();
    for (const name of this.#slots.keys())
      this.#line.setCapacity(2, this.#rules.isPool ? name : undefined);
    for (let round = 0; round < 3_000; round += 1) {
      await this.#opened.quiet();
      const running = this.#in("running");
      if (running.length === 0) break;
      for (const request of running) this.#end(request, 2);
      this.#now += 100;
    }
    const { waiting, active } = this.#line.view();
    const left = this.#in("waiting").length;
    if (waiting + active + left > 0) this.#wrong(`at the end ${left} wait, ${active} run`);
    this.faults.push(...this.#opened.faults());
  }

  #wrong(text: string): void {
    this.faults.push(text);
  }

  /** A new request, and its ticket. */
  #ticket(nth: number): { request: TrialRequest; ticket: Ticket } {
    const { isPool, avoids } = this.#rules;
    const request: TrialRequest = {
      ...{ id: String(this.#requests.length), user: `user${nth % 11}`, slot: null },
      model: `model${nth % 3}`,
      ...{ client: new AbortController(), state: "waiting" },
      seats: isPool && nth % 5 !== 0 ? at(this.#routes, nth) : undefined,
      avoid: new Set(isPool && avoids && nth % 7 === 0 ? [...this.#slots.keys()].slice(0, 1) : []),
    };
    this.#requests.push(request);
    const { id, user, model, client, seats, avoid } = request;
    const ticket = {
      ...{ id, user, model, signal: client.signal },
      ...(nth % 13 === 0 ? { waitedMs: 70_000, ranMs: 10_000 } : {}),
      ...{ weight: at(weights, nth) ?? 1, priority: at(priorities, nth) ?? 0 },
      ...(at(tokens, nth) === undefined ? {} : { inputTokens: at(tokens, nth) ?? 0 }),
      ...(seats === undefined ? {} : { seats }),
      ...(avoid.size === 0 ? {} : { avoid }),
    };
    return { request, ticket };
  }

  #join(nth: number): void {
    const { request, ticket } = this.#ticket(nth);
    const { id, client } = request;
    if (nth % 17 === 0) client.abort(new Error("left before"));
    const onPlace = (place: { position: number; of: number; etaSeconds: number | null }): void => {
      const { position, of, etaSeconds } = place;
      if (!(position >= 1 && position <= of)) this.#wrong(`told the place ${position} of ${of}`);
      if (!isEstimate(etaSeconds)) this.#wrong(`told an estimate of ${etaSeconds}`);
    };
    this.#line.join({ ...ticket, onPlace }).then(
      (slot) => {
        if (request.state !== "waiting") this.#wrong(`${id} started, and was ${request.state}`);
        Object.assign(request, { slot, state: "running" });
        this.#started.push(request);
        if (!(slot.waitedMs >= 0)) this.#wrong(`${id} waited ${slot.waitedMs} ms`);
      },
      () => {
        if (request.state === "running") this.#wrong(`${id} was sent away while it ran`);
        request.state = "gone";
      },
    );
  }

  /** It takes its slot at once, whatever else runs there. */
  #adopt(nth: number): void {
    const { request, ticket } = this.#ticket(nth);
    const { isPool } = this.#rules;
    const name = at([...this.#slots.keys()], nth) ?? "";
    const slot = this.#line.adopt(ticket, name);
    Object.assign(request, { slot, state: "running" });
    if (slot.upstream !== (isPool ? name : "")) this.#wrong(`adopted at ${slot.upstream}`);
    if (this.#line.list().every(({ id }) => id !== request.id)) this.#wrong("adopted, not listed");
  }

  #end(request: TrialRequest, nth: number): void {
    request.state = "gone";
    request.slot?.release(at(works, nth));
    // A second time must do nothing.
    request.slot?.release();
  }

  #resize(nth: number): void {
    const name = at([...this.#slots.keys()], nth) ?? "";
    this.#slots.set(name, nth % 4);
    if (this.#rules.isPool) this.#line.setCapacity(nth % 4, name);
    else this.#line.setCapacity(this.#total);
  }

  #pauseOrResume(): void {
    if (this.#isPaused) this.#line.resume();
    else this.#line.pause();
    this.#isPaused = !this.#isPaused;
  }

  #upOrDown(nth: number): void {
    if (!this.#rules.isPool) return;
    const name = at([...this.#slots.keys()], nth) ?? "";
    if (!this.#down.delete(name)) this.#down.add(name);
    this.#line.reconsider();
  }

  async #drain(): Promise<void> {
    this.#line.drain();
    await this.#opened.quiet();
    if (this.#in("waiting").length > 0) this.#wrong("requests wait while the line drains");
    this.#line.resume();
    this.#isPaused = false;
  }

  #look(what: string): void {
    const [running, waiting] = [this.#in("running"), this.#in("waiting")];
    for (const request of this.#started) {
      this.faults.push(...faultsOfStart(request, running, this.#rules, this.#slots));
    }
    const view = this.#line.view();
    if (view.active !== running.length || view.waiting !== waiting.length) {
      this.#wrong(`after ${what} the line says ${JSON.stringify(view)}: ${running.length} run`);
    }
    const list = this.#line.list();
    const places = list.filter(({ state }) => state === "waiting").map(({ position }) => position);
    if (list.length !== running.length + waiting.length) this.#wrong(`${list.length} are listed`);
    if (places.some((place, index) => place !== index + 1)) this.#wrong(`places ${places}`);
    if (!list.every(({ etaSeconds }) => isEstimate(etaSeconds))) this.#wrong("a wrong estimate");
    const { maxQueue } = this.#rules;
    // Without a queue one may wait beside a free slot that is none of its seats.
    const most = maxQueue === null ? waiting.length : Math.max(1, maxQueue);
    if (waiting.length > most) this.#wrong(`${waiting.length} wait`);
    const retry = this.#line.retryAfterSeconds();
    if (!(Number.isInteger(retry) && retry >= 1 && retry <= 60)) this.#wrong(`retry ${retry}`);
    this.#lookForIdle(what, running, waiting);
  }

  /** Nothing idles while somebody waits who may start there. */
  #lookForIdle(
    what: string,
    running: readonly TrialRequest[],
    waiting: readonly TrialRequest[],
  ): void {
    if (this.#isPaused) return;
    const { isPool, exclusive, box } = this.#rules;
    // The caps of users hold some back; who runs nothing is held back by none.
    const free = waiting.filter(({ user }) => !running.some((other) => other.user === user));
    if (!isPool && !exclusive && running.length < this.#total && free.length > 0) {
      this.#wrong(`after ${what} a slot is idle while ${free.length} wait`);
    }
    if (!isPool || exclusive || box) return;
    const idle = free.find((request) => hasFreeSeat(request, running, this.#slots, this.#down));
    if (idle !== undefined) this.#wrong(`after ${what} ${idle.id} waits beside a free slot`);
  }
}
