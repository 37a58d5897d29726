import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "../support/harness.ts";
import { type Client, called, countPlaces, type Had, said } from "./client.ts";
import { pageWith, type Results } from "./clients-page.ts";
import { scriptedUpstream } from "./scripted-upstream.ts";

/** The clients of one language. */
export type LanguageTrial = {
  /** The title of their part of docs/clients.md. */
  title: string;
  clients: readonly Client[];
  /**
   * Installs and starts what they need, and gives their versions. Rejects with a one-line Error if this
   * machine cannot have it: then none of them is tried.
   */
  open(): Promise<readonly string[]>;
  close?(): Promise<void>;
};

/** The client that was started last. A test that fails leaves it running. */
let leaveLast = (): void => {};

type Running = { done: Promise<Had>; leave(): void; piece: Promise<void>; seen: unknown[] };

const upstream = scriptedUpstream();
let gateway: TestGateway;

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
  const leave = (): void => leaving.abort();
  leaveLast = leave;
  return { done, leave, piece, seen };
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
const waits = () => until(async () => (await line()).waiting === 1, "it waits", 15_000);
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

/** What the client raised, in all the words that it has for it. */
async function failure({ done }: Running): Promise<string> {
  const error = await done.then(
    (had) => `no error, but: ${had.text}`,
    (raised: unknown) => raised,
  );
  expect(error).toBeInstanceOf(Error);
  return `${String(error)} ${JSON.stringify(error)}`;
}

/**
 * Tries each client against a real gateway with one slot that someone else may hold, and compares the
 * section of docs/clients.md with what was seen.
 */
export function tryClients({ title, clients, open, close }: LanguageTrial): void {
  const results = new Map<Client, Results>();
  const note = (client: Client, what: keyof Results, happened: string): void => {
    results.set(client, { ...results.get(client), [what]: happened });
  };
  let versions: readonly string[] = [];
  let missing: string | null = null;

  beforeAll(async () => {
    gateway = await startTestGateway(upstream.handler, {
      UPSTREAM_TYPE: "llamacpp",
      MAX_CONCURRENT: "1",
    });
    versions = await open().catch((error: unknown) => {
      missing = `${title}: not tried: ${error instanceof Error ? error.message : error}`;
      console.info(missing);
      return [];
    });
  }, 1_800_000);
  beforeEach(({ skip }) => {
    if (missing !== null) skip(missing);
  });
  afterEach(() => {
    leaveLast();
    upstream.release();
  });
  afterAll(async () => {
    await close?.();
    await gateway.stop();
  });

  describe.each(clients.map((client) => [client.name, client] as const))("%s", (name, client) => {
    const expected = name.endsWith("tools") ? called : said;

    /** The client raises the error, or is known to lose errors in a stream. */
    async function expectError(running: Running, words: RegExp, what: keyof Results) {
      const had = client.losesErrors === true ? await running.done.catch(() => null) : null;
      if (had === null) expect(await failure(running)).toMatch(words);
      else expect(had.text).not.toBe(expected);
      note(client, what, had === null ? "raised" : "lost");
    }

    // First: a client may load much of itself with its first answer, and be late to show a place.
    it("has its answer where it need not wait", async () => {
      upstream.ending("whole");
      expect(await start(client).done).toEqual({ text: expected, places: 0 });
      await isFree();
    });

    it("waits, and has the same answer", async () => {
      upstream.ending("whole");
      const holder = await holdTheSlot();
      const running = start(client);
      await waits();
      await until(() => countPlaces(running.seen) > 0, "a place", 2_000).catch(() => {});
      const live = countPlaces(running.seen) > 0;
      await letGo(holder);
      const had = await running.done;
      expect(had.text).toBe(expected);
      note(client, "waits, then answers", "answers");
      note(client, "shows its place", live ? "live" : had.places > 0 ? "afterwards" : "–");
      await isFree();
    });

    it("raises an error that comes before the answer", async () => {
      upstream.ending("refused");
      expect(await failure(start(client))).toContain("too hot");
      note(client, "error before", "raised");
      await isFree();
    });

    it("raises an error that ends its wait", async () => {
      const holder = await holdTheSlot();
      const running = start(client);
      await waits();
      await sendAway();
      await expectError(running, /cancel|taken out|removed/i, "error in the wait");
      await letGo(holder);
      await isFree();
    });

    it("raises an error in mid-stream", async () => {
      upstream.ending("cut");
      await expectError(start(client), /upstream/, "error in mid-stream");
      await isFree();
    });

    it.each(["data", "event", "field"] as const)(
      "raises an upstream's own error in mid-stream, told as its %s",
      async (form) => {
        upstream.ending(form);
        await expectError(start(client), /out of memory/, "error in mid-stream");
        await isFree();
      },
    );

    it("leaves the line when it gives up", async () => {
      const holder = await holdTheSlot();
      const running = start(client);
      await waits();
      running.leave();
      if (client.leavesLate === true) {
        upstream.ending("whole");
        await letGo(holder);
        await failure(running);
        note(client, "gives up waiting", "at the next line");
      } else {
        await until(async () => (await line()).waiting === 0, "its place is gone", 2_000);
        await failure(running);
        note(client, "gives up waiting", "place free");
        await letGo(holder);
      }
      await isFree();
    });

    it("stops the upstream when it gives up in mid-stream", async () => {
      upstream.ending("endless");
      const before = gateway.upstream.seen.length;
      const running = start(client);
      if (client.callsComeWhole === true) {
        await until(() => gateway.upstream.seen.length > before, "the answer begins", 15_000);
      } else await running.piece;
      running.leave();
      const isHeld = client.leavesLate === true && client.callsComeWhole === true;
      if (isHeld) upstream.ending("whole");
      await gateway.upstream.seen.at(-1)?.closed;
      await isFree();
      note(client, "gives up in mid-stream", isHeld ? "at the next line" : "slot free");
    });

    const { list } = client;
    if (list === undefined) {
      note(client, "lists models", "–");
      return;
    }
    it("lists the models", async () => {
      expect(await list({ url: gateway.url, key: gateway.keys.alice ?? "" })).toEqual(["mock"]);
      note(client, "lists models", "yes");
    });
  });

  it("docs/clients.md is what was seen (UPDATE_CLIENTS=1 writes it)", () => {
    const rows = clients.map((client) => [client.name, results.get(client) ?? {}] as const);
    const { is, becomes } = pageWith({ title, versions, clients: rows });
    expect(is).toBe(becomes);
  });
}
