import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import { openLedger } from "../../ledger/ledger.ts";
import { headline, lanName, openChromium, openPage, signIn } from "../support/chromium.ts";
import { startTestGateway, type TestGateway } from "../support/harness.ts";
import { inLine } from "../support/holding.ts";
import { chatChunk, chatFinish, chatUsage, done, politeChat } from "../support/mock-upstream.ts";

const models = ["qwen3-32b", "gemma-3-27b", "bge-m3"];
const phone = { width: 390, height: 760 };
/** Requests of the last two weeks, from four people, the same in every run. */
async function writePast(file: string): Promise<void> {
  const ledger = openLedger({ file });
  const closed: Promise<void>[] = [];
  for (let number = 0; number < 600; number++) {
    const id = randomUUID();
    const turn = (number * 7919) % 600;
    const length = 200 + ((number * 104_729) % 900);
    const startedAt = Date.now() - 60_000 - turn * 2_000_000 * (1 + 0.4 * Math.sin(turn / 40));
    ledger.open({
      ...{ id, requestId: id, user: ["alice", "bob", "carol", "admin"][number % 4] ?? "alice" },
      ...{ model: models[(number >> 2) % 5 === 4 ? 1 : 0] ?? "", upstream: "box", streamed: true },
      ...{ dialect: "chat", path: "/v1/chat/completions", startedAt },
    });
    closed.push(
      ledger.close(id, {
        ...{ state: number % 37 === 0 ? "cancelled" : "done", status: 200, errorCode: null },
        ...{ queueMs: (length * 31) % 20_000, firstTokenMs: 400 + length, upstreamId: null },
        ...{ upstreamMs: length * 40, durationMs: length * 40 + ((length * 31) % 20_000) },
        usage: { input: length * 4, output: length, cached: 0, reasoning: 0, source: "reported" },
      }),
    );
  }
  await Promise.all(closed);
  await ledger.shutdown();
}

/** A server with these models, which writes as many tokens as the message says, 25 a second. */
async function startSlowServer(): Promise<{ url: string; close(): void }> {
  const server = createServer(async (request, response) => {
    if (request.method === "GET") {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ object: "list", data: models.map((id) => ({ id })) }));
      return;
    }
    const { messages } = (await json(request)) as { messages: { content: string }[] };
    const tokens = Number(messages[0]?.content);
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (let token = 0; token < tokens && !response.destroyed; token++) {
      response.write(chatChunk("word "));
      await setTimeout(40);
    }
    response.end(chatFinish + chatUsage(120, tokens) + done);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function ask(house: TestGateway, user: string, tokens: number, signal?: AbortSignal) {
  const messages = [{ role: "user", content: String(tokens) }];
  const body = { model: models[tokens % 2], messages, stream: true };
  const options = { user, ...(signal === undefined ? {} : { signal }) };
  const answer = house.post("/v1/chat/completions", body, options);
  return answer.then((one) => one.text()).catch(() => "stopped");
}

/** Two run and three wait: alice has the places 1 and 3. */
async function fillQueue(house: TestGateway, signal: AbortSignal): Promise<void> {
  for (const [at, user] of ["bob", "carol", "alice", "bob", "alice"].entries()) {
    void ask(house, user, 4_000 + at, signal);
    await inLine(house, { active: Math.min(2, at + 1), waiting: Math.max(0, at - 1) });
  }
}

type Picture = { name: string; user: string; screen: string; isDark?: boolean; isWide?: boolean };

const pictures: Picture[] = [
  { name: "page-now", user: "alice", screen: "now" },
  { name: "page-me", user: "alice", screen: "me" },
  { name: "page-connect", user: "alice", screen: "connect", isDark: true },
  { name: "page-people", user: "admin", screen: "people", isWide: true },
];

async function take(browser: Browser, house: TestGateway, one: Picture, folder: string) {
  const { page, context } = await openPage(browser, {
    colorScheme: one.isDark ? "dark" : "light",
    viewport: one.isWide ? { width: 1000, height: 760 } : phone,
    deviceScaleFactor: one.isWide ? 1 : 1.5,
  });
  await signIn(page, `http://${lanName}:${house.port}`, house.keys[one.user] ?? "", one.screen);
  if (one.screen === "people") await makeInvite(page);
  await page.waitForTimeout(1_500);
  await page.screenshot({ path: join(folder, `${one.name}.png`), animations: "disabled" });
  await context.close();
}

/** The link in the picture is of a gateway that is gone. */
async function makeInvite(page: Page): Promise<void> {
  await headline(page, "4 people");
  await page.getByLabel("Name", { exact: true }).fill("dora");
  await page.getByRole("button", { name: "Make an invite" }).click();
  await page.getByLabel("Invite for dora").waitFor();
}

/** Takes the pictures of README from a gateway that runs. */
async function takePictures(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const dir = mkdtempSync(join(tmpdir(), "llm-gateway-pictures-"));
  const file = join(dir, "gateway.db");
  await writePast(file);
  const server = await startSlowServer();
  const env = {
    ...{ DATABASE_FILE: file, UPSTREAM_URL: server.url, MAX_CONCURRENT: "2" },
    PORT: process.env.PORT ?? "8000",
  };
  const house = await startTestGateway(politeChat, env);
  const browser = await openChromium();
  const leave = new AbortController();
  try {
    // The queue learns how long a request takes: 3 to 6 s.
    await Promise.all([80, 150, 110, 90].map((tokens) => ask(house, "carol", tokens)));
    await fillQueue(house, leave.signal);
    for (const one of pictures) await take(browser, house, one, folder);
  } finally {
    leave.abort();
    await browser.close();
    await house.stop();
    server.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

// npm run pictures; PORT names another port than 8000, which is in the pictures.
if (import.meta.main) await takePictures(process.argv[2] ?? "docs/images");
