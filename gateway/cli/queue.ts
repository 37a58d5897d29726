import { once } from "node:events";
import { loadSome } from "../settings/load-settings.ts";
import { ownAddress } from "../settings/own-address.ts";
import { type Command, command, commandGroup } from "./frame/command.ts";
import type { Surroundings } from "./frame/surroundings.ts";
import { UsageError } from "./frame/usage-error.ts";
import { readAddress } from "./gateway-address.ts";
import { findKey } from "./queue/find-key.ts";
import { showLive } from "./queue/live.ts";
import { createQueueCalls, type QueueCalls } from "./queue/queue-calls.ts";
import { queueLines } from "./queue/queue-lines.ts";
import type { QueueView } from "./queue/view.ts";

const options = {
  json: { type: "boolean", about: "prints JSON, once" },
  url: { type: "string", value: "URL", about: "another gateway than the one on this machine" },
  config: { type: "string", value: "FILE", about: "another config file" },
} as const;

const show = command({
  name: "queue show",
  summary: "shows the queue: live on a terminal (Ctrl-C ends it), otherwise once",
  operands: [],
  options: { once: { type: "boolean", about: "prints the queue once and ends" }, ...options },
  async run({ values }, surroundings) {
    const calls = await connect(values, surroundings);
    const isLive = !values.json && !values.once && surroundings.screen.isTTY;
    if (isLive) return await follow(calls, surroundings);
    print(await calls.show(), values, surroundings);
  },
});

const remove = command({
  name: "queue remove",
  summary: "removes one request from the queue, or stops it; the shown start of its id is enough",
  operands: ["ID"],
  options,
  async run({ values, operands: [id = ""] }, surroundings) {
    const calls = await connect(values, surroundings);
    const whole = await wholeId(calls, id);
    const was = await calls.remove(whole);
    if (values.json) surroundings.out(JSON.stringify({ id: whole, was }));
    else surroundings.out(was === "running" ? "stopped" : "removed from the queue");
  },
});

/** `queue`: shows and steers the queue of a running gateway. */
export const queue: Command = commandGroup({
  name: "queue",
  summary: "shows the queue and steers it",
  commands: [
    show,
    steering("pause", "no request starts until `queue resume`; new ones wait"),
    steering("resume", "requests start again"),
    steering("drain", "refuses waiting and new requests until `queue resume`"),
    remove,
  ],
  usual: "show",
  notes: `An administrator sees and steers all requests, others only their own. The key is read from
LLM_GATEWAY_KEY; for the gateway on this machine also from API_KEY or data/first-key; on a terminal
the command asks for it.`,
});

function steering(action: string, summary: string): Command {
  return command({
    name: `queue ${action}`,
    summary,
    operands: [],
    options,
    async run({ values }, surroundings) {
      const calls = await connect(values, surroundings);
      print(await calls.steer(action), values, surroundings);
    },
  });
}

type Given = { json?: boolean; url?: string; config?: string };

/** Finds the gateway and a key for it; nothing is asked yet. */
async function connect(given: Given, surroundings: Surroundings): Promise<QueueCalls> {
  const { env, cwd } = surroundings;
  const argv = given.config === undefined ? [] : ["--config", given.config];
  const settings = loadSome(["host", "port", "apiKey", "usersFile"], { argv, env, cwd });
  const { url, isLocal } =
    given.url === undefined ? { url: ownAddress(settings), isLocal: true } : readAddress(given.url);
  return createQueueCalls(url, await findKey(settings, surroundings, isLocal));
}

/** Draws the queue until Ctrl-C, and gives the terminal back as it was. */
async function follow(calls: QueueCalls, { screen, signal }: Surroundings): Promise<void> {
  const leaving = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    void once(process, name, { signal: leaving.signal }).then(
      () => leaving.abort(),
      () => {},
    );
  }
  signal?.addEventListener("abort", () => leaving.abort(), { once: true });
  try {
    await showLive(calls, screen, leaving.signal);
  } finally {
    leaving.abort();
  }
}

function print(view: QueueView, { json }: Given, { out, now }: Surroundings): void {
  if (json) out(JSON.stringify(view));
  else for (const line of queueLines(view, now())) out(line);
}

/** The id that starts so: the table shows only the first characters of each. */
async function wholeId(calls: QueueCalls, start: string): Promise<string> {
  if (start === "") throw new UsageError("ID is empty: queue remove ID");
  const { data } = await calls.show();
  const found = data.filter(({ id }) => id.startsWith(start));
  const [one] = found;
  if (one === undefined) throw new Error("no request of yours has this id");
  if (found.length > 1) throw new Error(`${found.length} ids start so; give more characters`);
  return one.id;
}
