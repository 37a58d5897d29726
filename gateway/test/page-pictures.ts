import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { openLedger } from "../ledger/ledger.ts";
import { headline, lanName, openChromium, openPage, signIn } from "./support/chromium.ts";
import { chat, startTestGateway, type TestGateway } from "./support/harness.ts";
import { type Holding, holding, inLine } from "./support/holding.ts";
import { startMockUpstream } from "./support/mock-upstream.ts";

const models = ["qwen3-32b", "gemma-3-27b", "bge-m3"];
const phone = { width: 390, height: 760 };
const configOf = (url: string): string => `upstreams:
  box: { url: "${url}", type: openai, max_concurrent: 2 }
routes:
${models.map((model) => `  - { model: ${model}, upstream: box, as: mock }`).join("\n")}
`;

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

/** Two run and three wait: alice has the places 1 and 3. */
async function fillQueue(house: TestGateway): Promise<Promise<unknown>[]> {
  const sent: Promise<unknown>[] = [];
  for (const [at, user] of ["bob", "carol", "alice", "bob", "alice"].entries()) {
    const body = chat({ model: models[at % 2], stream: true });
    sent.push(house.post("/v1/chat/completions", body, { user }).then((one) => one.text()));
    await inLine(house, { active: Math.min(2, at + 1), waiting: Math.max(0, at - 1) });
  }
  return sent;
}

/** Some finished requests of 2 to 6 s, so that the queue knows how long one takes. */
async function teachTime(house: TestGateway, held: Holding): Promise<void> {
  for (const seconds of [2, 6, 3, 4]) {
    const body = chat({ model: models[0], stream: true });
    const answer = house.post("/v1/chat/completions", body, { user: "carol" });
    await inLine(house, { active: 1, waiting: 0 });
    await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
    await held.release(held.held() - 1);
    await (await answer).text();
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
  const held = holding();
  const upstream = await startMockUpstream(held.handler);
  const env = { DATABASE_FILE: file, UPSTREAM_URL: "", PORT: process.env.PORT ?? "8000" };
  const house = await startTestGateway(held.handler, env, configOf(upstream.url));
  const browser = await openChromium();
  try {
    await teachTime(house, held);
    const sent = await fillQueue(house);
    for (const one of pictures) await take(browser, house, one, folder);
    held.releaseAll();
    await Promise.all(sent);
  } finally {
    await browser.close();
    await house.stop();
    await upstream.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

// npm run pictures; PORT names another port than 8000, which is in the pictures.
if (import.meta.main) await takePictures(process.argv[2] ?? "docs/images");
