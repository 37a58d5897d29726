import type { RequestListener } from "node:http";
import { type HttpServerOptions, type Listening, listen } from "../../server/listen.ts";
import type { Ports } from "../../server/open-ports.ts";
import { freePort } from "../free-port.ts";
import type { Begin } from "../messages.ts";
import { openInnerPort } from "./inner-port.ts";
import { createWorkerDesk, type WorkerDesk, type WorkerDeskParts } from "./worker-desk.ts";
import { startWorker, type WorkerProcess } from "./worker-process.ts";

export type OpenWorkersOptions = Omit<Begin, "path"> & {
  /** The program of a worker. */
  readonly entry: string;
  /** What the keeper's process answers itself: all but generations. */
  readonly app: RequestListener;
  readonly inner: HttpServerOptions;
  readonly desk: WorkerDeskParts;
  readonly host: string | null;
  readonly publicHost: string;
  readonly metricsPort: number | null;
  readonly metrics: RequestListener;
  /** A worker has died, and another takes its place. */
  readonly onDeath: (pid: number, how: string) => void;
};

/** The ports of a gateway of several processes, and its workers. */
export type WorkerPorts = Ports & {
  /** Tells all workers that somebody listens until then (epoch ms). */
  listen(user: string, until: number): void;
};

/** A worker that lived this long was healthy. Milliseconds. */
const healthyMs = 10_000;
/** Before a new worker takes the place of one that died early. Milliseconds. */
const pause = { first: 100, longest: 5_000 };

/** Opens all ports and starts all workers, or none. Rejects with a one-line Error. */
export async function openWorkers(options: OpenWorkersOptions): Promise<WorkerPorts> {
  const { host, metricsPort } = options;
  await using opening = new AsyncDisposableStack();
  const inner = opening.adopt(await openInnerPort(options.app, options.inner), (it) => it.close());
  const metrics =
    metricsPort === null
      ? null
      : opening.adopt(
          await listen(options.metrics, { port: metricsPort, host, setting: "METRICS_PORT" }),
          (it) => it.close(0),
        );
  const port = await freePort(options.port, host);
  const publicPort =
    options.publicPort === null ? null : await freePort(options.publicPort, options.publicHost);
  const { settings, version, share } = options;
  const begin = { settings, version, share, port, publicPort };
  const workers = opening.adopt(new Workers(options, { ...begin, path: inner.path }), (it) =>
    it.stop(0),
  );
  await workers.start();
  const opened = opening.move();
  const close = async (graceMs: number): Promise<void> => {
    await workers.stop(graceMs);
    await opened.disposeAsync();
  };
  const listening = (at: number): Listening => ({ port: at, close });
  return {
    main: listening(port),
    public: publicPort === null ? null : listening(publicPort),
    metrics,
    drain: () => workers.drain(),
    listen: (user, until) => workers.listen(user, until),
    close,
  };
}

type Serving = { process: WorkerProcess; desk: WorkerDesk };

/** All workers. One that dies is replaced. */
class Workers {
  readonly #options: Pick<OpenWorkersOptions, "entry" | "desk" | "onDeath">;
  readonly #begin: Begin;
  readonly #all = new Set<Serving>();
  #isStopping = false;
  #isDraining = false;
  #pauseMs = 0;
  readonly #later = new Set<NodeJS.Timeout>();

  constructor(options: Pick<OpenWorkersOptions, "entry" | "desk" | "onDeath">, begin: Begin) {
    this.#options = options;
    this.#begin = begin;
  }

  async start(): Promise<void> {
    const all = Array.from({ length: this.#begin.share }, () => this.#startOne());
    await Promise.all(all.map(({ process }) => process.serving));
    for (const serving of this.#all) this.#replaceAtDeath(serving);
  }

  drain(): void {
    this.#isDraining = true;
    for (const { process } of this.#all) this.#tell(process, ["drain"]);
  }

  listen(user: string, until: number): void {
    for (const { process } of this.#all) this.#tell(process, ["listen", user, until]);
  }

  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true;
    for (const timer of this.#later) clearTimeout(timer);
    await Promise.all([...this.#all].map(({ process }) => process.stop(graceMs)));
  }

  #tell({ link }: WorkerProcess, message: Parameters<WorkerProcess["link"]["send"]>[0]): void {
    link.send(message);
    link.flush();
  }

  #startOne(): Serving {
    const { entry, desk: parts } = this.#options;
    const process = startWorker(entry, this.#begin, (message) => desk.said(message));
    const desk = createWorkerDesk(parts, process.link);
    const serving = { process, desk };
    this.#all.add(serving);
    void process.ended.then(async () => {
      this.#all.delete(serving);
      await desk.lost();
    });
    return serving;
  }

  #replaceAtDeath({ process }: Serving): void {
    const since = performance.now();
    void process.ended.then((how) => {
      if (this.#isStopping) return;
      this.#options.onDeath(process.pid, how);
      const isHealthy = performance.now() - since >= healthyMs;
      this.#pauseMs = isHealthy ? 0 : Math.min(pause.longest, this.#pauseMs * 2 || pause.first);
      const timer = setTimeout(() => {
        this.#later.delete(timer);
        const next = this.#startOne();
        if (this.#isDraining) this.#tell(next.process, ["drain"]);
        this.#replaceAtDeath(next);
      }, this.#pauseMs);
      this.#later.add(timer);
    });
  }
}
