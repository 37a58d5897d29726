import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "../support/harness.ts";
import { aiClients } from "./ai-clients.ts";
import { anthropicClients } from "./anthropic-clients.ts";
import { type Client, called, countPlaces, type Had, said } from "./client.ts";
import { langchainClients } from "./langchain-clients.ts";
import { openaiClients } from "./openai-clients.ts";
import { scriptedUpstream } from "./scripted-upstream.ts";

const clients = [...openaiClients, ...anthropicClients, ...aiClients, ...langchainClients];
const root = join(import.meta.dirname, "../../..");
const page = join(root, "docs/clients.md");

/** Client by case: what happened. Filled by the tests, written or compared by the last one. */
const results = new Map<string, Record<string, string>>();
const note = (client: Client, what: string, happened: string): void => {
  results.set(client.name, { ...results.get(client.name), [what]: happened });
};

const upstream = scriptedUpstream();
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway(upstream.handler, {
    UPSTREAM_TYPE: "llamacpp",
    MAX_CONCURRENT: "1",
  });
});
afterAll(() => gateway.stop());

type Running = { done: Promise<Had>; leave(): void; piece: Promise<void>; seen: unknown[] };

function start(client: Client): Running {
  const leaving = new AbortController();
  let onPiece = (): void => {};
  const piece = new Promise<void>((resolve) => {
    onPiece = () => resolve();
  });
  const { signal } = leaving;
  const seen: unknown[] = [];
  const key = gateway.keys.alice ?? "";
  const done = client.run({ url: gateway.url, key, signal, onPiece, seen });
  done.catch(() => {});
  return { done, leave: () => leaving.abort(), piece, seen };
}

/** Someone else takes the one slot, until `upstream.release`. */
async function holdTheSlot(): Promise<{ answer: Promise<Response> }> {
  const asked = chat({ stream: true, user: "held" });
  const before = gateway.upstream.seen.length;
  const holder = gateway.post("/v1/chat/completions", asked, { user: "bob" });
  await until(() => gateway.upstream.seen.length > before, "the slot is held");
  return { answer: holder };
}

async function letGo({ answer }: { answer: Promise<Response> }): Promise<void> {
  upstream.release();
  await (await answer).text();
}

const line = async () => (await gateway.health()).line;
const waits = () => until(async () => (await line()).waiting === 1, "it waits");
const isFree = () =>
  until(async () => {
    const { waiting, active } = await line();
    return waiting === 0 && active === 0;
  }, "line and slot are free");

async function sendAway(): Promise<void> {
  const headers = { authorization: `Bearer ${gateway.keys.admin}` };
  const shown = await (await fetch(`${gateway.url}/queue`, { headers })).json();
  const { data } = shown as { data: Array<{ id: string; state: string }> };
  const id = data.find(({ state }) => state === "waiting")?.id;
  await fetch(`${gateway.url}/queue/${id}`, { method: "DELETE", headers });
}

const failure = async (running: Running): Promise<unknown> =>
  running.done.then(
    (had) => `no error, but: ${had.text}`,
    (error: unknown) => error,
  );

describe.each(clients.map((client) => [client.name, client] as const))("%s", (name, client) => {
  const expected = name.endsWith("tools") ? called : said;

  it("waits, and has its answer", async () => {
    upstream.ending("whole");
    const holder = await holdTheSlot();
    const running = start(client);
    await waits();
    await until(() => countPlaces(running.seen) > 0, "a place", 1_000).catch(() => {});
    const live = countPlaces(running.seen) > 0;
    await letGo(holder);
    const had = await running.done;
    expect(had.text).toBe(expected);
    note(client, "waits, then answers", "answers");
    note(client, "shows its place", live ? "live" : had.places > 0 ? "afterwards" : "–");
    await isFree();
  });

  it("has the same answer where it need not wait", async () => {
    upstream.ending("whole");
    expect(await start(client).done).toEqual({ text: expected, places: 0 });
    await isFree();
  });

  it("raises an error that ends its wait", async () => {
    const holder = await holdTheSlot();
    const running = start(client);
    await waits();
    await sendAway();
    const error = await failure(running);
    expect(error).toBeInstanceOf(Error);
    expect(`${String(error)} ${JSON.stringify(error)}`).toMatch(/cancel|taken out|removed/i);
    note(client, "error in the wait", "raised");
    await letGo(holder);
    await isFree();
  });

  it("raises an error in mid-stream", async () => {
    upstream.ending("cut");
    const error = await failure(start(client));
    expect(error).toBeInstanceOf(Error);
    expect(`${String(error)} ${JSON.stringify(error)}`).toContain("upstream");
    note(client, "error in mid-stream", "raised");
    await isFree();
  });

  it.each(["data", "event", "field"] as const)(
    "raises an upstream's own error in mid-stream, told as its %s",
    async (form) => {
      upstream.ending(form);
      const error = await failure(start(client));
      expect(error).toBeInstanceOf(Error);
      expect(`${String(error)} ${JSON.stringify(error)}`).toContain("out of memory");
      await isFree();
    },
  );

  it("leaves the line when it gives up", async () => {
    const holder = await holdTheSlot();
    const running = start(client);
    await waits();
    running.leave();
    await until(async () => (await line()).waiting === 0, "its place is gone", 1_000);
    expect(await failure(running)).toBeInstanceOf(Error);
    note(client, "gives up waiting", "place free");
    await letGo(holder);
    await isFree();
  });

  it("stops the upstream when it gives up in mid-stream", async () => {
    upstream.ending("endless");
    const running = start(client);
    await running.piece;
    running.leave();
    await gateway.upstream.seen.at(-1)?.closed;
    await isFree();
    note(client, "gives up in mid-stream", "slot free");
  });
});

it("docs/clients.md is what was seen (UPDATE_CLIENTS=1 writes it)", () => {
  const now = pageOf();
  if (process.env.UPDATE_CLIENTS === "1") writeFileSync(page, now);
  expect(readFileSync(page, "utf8")).toBe(now);
});

const version = (name: string): string => {
  const file = join(root, "node_modules", name, "package.json");
  return `${name} ${(JSON.parse(readFileSync(file, "utf8")) as { version: string }).version}`;
};

function pageOf(): string {
  const cases = [
    "waits, then answers",
    "shows its place",
    "error in the wait",
    "error in mid-stream",
    "gives up waiting",
    "gives up in mid-stream",
  ];
  const row = (cells: string[]): string => `| ${cells.join(" | ")} |`;
  const versions = [...new Set(clients.flatMap(({ packages }) => packages))].map(version);
  return `# Clients

Made by \`gateway/test/clients/clients.test.ts\`, which runs every client here, as published on npm,
against a real gateway with one slot that someone else holds. \`UPDATE_CLIENTS=1 npx vitest run
gateway/test/clients\` writes it anew; a run that sees something else fails.

Versions: ${versions.join(", ")}.

${row(["Client", ...cases])}
${row(["Client", ...cases].map(() => "---"))}
${clients.map(({ name }) => row([name, ...cases.map((one) => results.get(name)?.[one] ?? "fails")])).join("\n")}

Each client has its own defaults, its retries among them. "Shows its place" is whether the places in the queue reach the caller
through the client's own iterator: live, while the request waits, or only afterwards, because the client holds the stream back
until there is content. Where they do not, they are in the stream all the same, and disturb nothing.
`;
}
