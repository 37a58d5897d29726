import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { it } from "vitest";
import { type Asked, type Client, type ClientPlace, countPlaces, type Had } from "./client.ts";
import { installedClients, triesAllClients } from "./installed-clients.ts";
import { tryClients } from "./try-clients.ts";

/** What runs the clients of one language: a folder in `drivers/`, and how it is built and started. */
type DriverRecipe = {
  readonly folder: string;
  /** Run in the folder, one after the other; nothing of them is kept between runs but caches. */
  readonly build: readonly (readonly string[])[];
  readonly start: readonly string[];
};

/**
 * A program that runs clients of another language. It writes and reads lines of JSON. Its first line
 * is `{"versions":["openai 3.57.0"]}`. Then it is asked `{"id":1,"client":"openai-chat","url":…,"key":…}`
 * and tells, with the same id, each object that the client gave as `seen`, each piece of the answer as
 * `piece`, and at last `text` or `error`. `{"id":1,"leave":true}` makes the client give up. With
 * `"list":true` it tells `models` instead.
 */
type Driver = {
  readonly versions: readonly string[];
  run(client: string, asked: Asked): Promise<Had>;
  list(client: string, place: ClientPlace): Promise<string[]>;
  /** Ends the program. */
  stop(): Promise<void>;
};

/** One line of a driver. */
type Told = {
  id?: number;
  versions?: string[];
  seen?: unknown;
  piece?: boolean;
  text?: string;
  error?: string;
  models?: string[];
};

/** A compiler may have much to do on two slow cores. Milliseconds. */
const longestBuildMs = 480_000;

/**
 * Copies the driver's folder to where clients are installed, builds it there, and starts it. Rejects with
 * one line that says what is missing.
 */
async function openDriver({ folder, build, start }: DriverRecipe): Promise<Driver> {
  const cwd = join(installedClients, folder);
  // npm would leave its cache of compiled code behind.
  const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: "1" };
  mkdirSync(cwd, { recursive: true });
  cpSync(join(import.meta.dirname, "drivers", folder), cwd, { recursive: true });
  for (const [program = "", ...args] of build) {
    try {
      await promisify(execFile)(program, args, {
        cwd,
        env,
        timeout: longestBuildMs,
        maxBuffer: 2 ** 26,
      });
    } catch (error) {
      throw new Error(`${[program, ...args].join(" ")}: ${lastLine(error)}`);
    }
  }
  const [program = "", ...args] = start;
  const isOwn = existsSync(join(cwd, program));
  const child = spawn(isOwn ? join(cwd, program) : program, args, {
    cwd,
    env,
    stdio: ["pipe", "pipe", "inherit"],
  });
  return talkTo(child);
}

function lastLine(error: unknown): string {
  const { stderr = "", message = "" } = Object(error) as { stderr?: string; message?: string };
  return (stderr.trim() || message).split("\n").at(-1) ?? "";
}

async function talkTo(child: ChildProcess): Promise<Driver> {
  const { stdin, stdout } = child;
  if (stdin === null || stdout === null) throw new Error("the driver has no pipes");
  const listeners = new Map<number, (told: Told) => void>();
  const ended = once(child, "exit").catch(() => {});
  const hello = new Promise<string[]>((resolve, reject) => {
    child.once("error", reject);
    void ended.then(() => {
      reject(new Error("the driver ended"));
      for (const tell of listeners.values()) tell({ error: "the driver ended" });
    });
    createInterface({ input: stdout }).on("line", (line) => {
      const told = JSON.parse(line) as Told;
      if (told.versions !== undefined) resolve(told.versions);
      listeners.get(told.id ?? 0)?.(told);
    });
  });
  stdin.on("error", () => {});
  const write = (asked: object): void => void stdin.write(`${JSON.stringify(asked)}\n`);
  let asks = 0;

  /** Asks once; `onTold` takes what comes until the last line. */
  async function ask(asked: object, onTold: (told: Told) => void, signal?: AbortSignal) {
    const id = ++asks;
    const last = new Promise<Told>((resolve) => {
      listeners.set(id, (told) => {
        onTold(told);
        if ((told.text ?? told.error ?? told.models) !== undefined) resolve(told);
      });
    });
    const leave = (): void => write({ id, leave: true });
    signal?.addEventListener("abort", leave, { once: true });
    write({ id, ...asked });
    const told = await last;
    signal?.removeEventListener("abort", leave);
    listeners.delete(id);
    if (told.error !== undefined) throw new Error(told.error);
    return told;
  }

  return {
    versions: await hello,
    async run(client, { url, key, signal, onPiece, seen }) {
      const onTold = (told: Told): void => {
        if (told.seen !== undefined) seen.push(told.seen);
        if (told.piece === true) onPiece();
      };
      const { text = "" } = await ask({ client, url, key }, onTold, signal);
      return { text, places: countPlaces(seen) };
    },
    async list(client, { url, key }) {
      const { models = [] } = await ask({ client, url, key, list: true }, () => {});
      return models;
    },
    async stop() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

/** A client of a driver: its name on the page, its name in the driver, and what it can do. */
type DrivenClient = Omit<Client, "run" | "list"> & {
  readonly id: string;
  readonly lists?: boolean;
};

/** The clients of one language other than the gateway's own. */
type DriverTrial = {
  readonly title: string;
  readonly recipe: DriverRecipe;
  readonly clients: readonly DrivenClient[];
};

/** Tries the clients if all are to be tried; else says in one line that they are not. */
export function tryDriver({ title, recipe, clients }: DriverTrial): void {
  let driver: Driver | null = null;
  const opened = (): Driver => {
    if (driver === null) throw new Error(`${title}: not started`);
    return driver;
  };
  if (!triesAllClients) {
    const why = `${title}: not tried: npm run test:clients tries them.`;
    console.info(why);
    it("each client", ({ skip }) => skip(why));
    return;
  }
  tryClients({
    title,
    clients: clients.map((client) => ({
      ...client,
      run: (asked) => opened().run(client.id, asked),
      ...(client.lists === true ? { list: (place) => opened().list(client.id, place) } : {}),
    })),
    async open() {
      driver = await openDriver(recipe);
      return driver.versions;
    },
    close: async () => await driver?.stop(),
  });
}
