import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  addresses,
  hasChromium,
  headline,
  open,
  openChromium,
  openPage,
  signIn,
  withoutChromium,
} from "../support/chromium.ts";
import { chat, readRows, startTestGateway, type TestGateway, until } from "../support/harness.ts";
import { type Holding, holding, inLine } from "../support/holding.ts";
import { startNoticeReceiver } from "../support/notice-receiver.ts";
import { type DailyUse, writePastUsage } from "../support/past-usage.ts";

/** The queue is told at most once a second. */
const patience = { timeout: 10_000 };

const ofAlice: DailyUse[] = [
  { user: "alice", model: "qwen3-32b", input: 15_000, output: 5_000, upstreamMs: 240_000 },
  { user: "alice", model: "gemma-3-27b", input: 11_000, output: 5_000, upstreamMs: 120_000 },
];

if (!hasChromium) console.warn(withoutChromium);

describe.runIf(hasChromium).each([0, 1])("the screens, at address %i of two", (which) => {
  let held: Holding;
  let house: TestGateway;
  let dir: string;
  let browser: Browser;
  let url: string;
  beforeAll(async () => {
    browser = await openChromium();
  });
  beforeEach(async () => {
    held = holding();
    dir = mkdtempSync(join(tmpdir(), "page-"));
    const file = join(dir, "gateway.db");
    await writePastUsage(file, ofAlice, 14);
    const env = {
      ...{ MAX_CONCURRENT: "1", PUBLIC_PORT: "0", DATABASE_FILE: file },
      NOTIFY_AFTER: "1ms",
    };
    house = await startTestGateway(held.handler, env);
    url = addresses(house.port)[which]!;
  });
  afterEach(async () => {
    held.releaseAll();
    await house.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  afterAll(() => browser.close());

  async function ask(page: Page, text: string): Promise<void> {
    await page.locator(".ask option").first().waitFor({ state: "attached" });
    await page.getByLabel("Your message").fill(text);
    await page.getByRole("button", { name: "Send" }).click();
  }

  it("Try offers a notice to a person who has an address, and asks for it", async () => {
    const phone = await startNoticeReceiver();
    const { page, context, complaints } = await openPage(browser);
    await signIn(page, url, house.keys.bob!, "try");
    await page.getByRole("button", { name: "Send" }).waitFor();
    expect(await page.getByRole("checkbox").count()).toBe(0);
    await context.close();

    const users = JSON.parse(readFileSync(house.usersFile, "utf8"));
    users[house.keys.alice!] = { user: "alice", notify: `${phone.url}/alice` };
    writeFileSync(house.usersFile, JSON.stringify(users));
    const hers = await openPage(browser);
    await signIn(hers.page, url, house.keys.alice!, "try");
    await hers.page.getByRole("checkbox", { name: "Notify me" }).check();
    await ask(hers.page, "Hello?");
    await held.release(0);
    await until(() => phone.got.length === 1, "she is told");
    expect(phone.got[0]?.body).toMatchObject({ event: "request_done" });
    expect([...complaints, ...hers.complaints]).toEqual([]);
    await hers.context.close();
    await phone.close();
  });

  it("Try shows the place while it waits, and then the answer as it comes", async () => {
    const bob = house.post("/v1/chat/completions", chat(), { user: "bob" });
    await inLine(house, { active: 1, waiting: 0 });
    const { page, context, complaints } = await openPage(browser);
    await signIn(page, url, house.keys.alice!, "try");
    await ask(page, "Hello?");
    await page.locator(".chat .place", { hasText: "You are next" }).waitFor();
    await held.release(0);
    await bob;
    await held.release(1);
    await page.locator(".turn.assistant", { hasText: "Hello there" }).waitFor();
    expect(await page.locator(".chat .place").count()).toBe(0);
    await page.locator("[role=status]", { hasText: "Hello there" }).waitFor({ state: "attached" });
    await page.getByRole("button", { name: "Send" }).waitFor();
    const rows = readRows(join(dir, "gateway.db")).slice(-2);
    expect(rows.map(({ user, state }) => [user, state])).toEqual([
      ["bob", "done"],
      ["alice", "done"],
    ]);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("Try stops a request that waits, and its place is free", async () => {
    const bob = house.post("/v1/chat/completions", chat(), { user: "bob" });
    await inLine(house, { active: 1, waiting: 0 });
    const { page, context } = await openPage(browser);
    await signIn(page, url, house.keys.alice!, "try");
    await ask(page, "Hello?");
    await inLine(house, { active: 1, waiting: 1 });
    await page.getByRole("button", { name: "Stop" }).click();
    await inLine(house, { active: 1, waiting: 0 });
    held.releaseAll();
    await bob;
    await context.close();
  });

  it("Connect copies a block that works, with this host's address", async () => {
    const { page, context, complaints } = await openPage(browser);
    await signIn(page, url, house.keys.alice!, "connect");
    await page.getByLabel("Program").selectOption("openai (Python)");
    await page.getByLabel("with my key in it").check();
    await page.locator(".block").getByRole("button", { name: "Copy" }).click();
    await page.locator(".block").getByRole("button", { name: "Copied" }).waitFor();
    await open(page, "try");
    await page.getByLabel("Your message").focus();
    await page.keyboard.press("ControlOrMeta+V");
    const copied = await page.getByLabel("Your message").inputValue();
    expect(copied).toContain(`OpenAI(base_url="${url}/v1", api_key="${house.keys.alice}")`);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("Connect shows how the next request arrived, what was wrong, and no texts", async () => {
    const { page, context, complaints } = await openPage(browser);
    await signIn(page, url, house.keys.alice!, "connect");
    await page.getByRole("button", { name: "Listen" }).click();
    await page.getByText("Listening for your next request").waitFor();
    const wrong = { modle: "mock", messages: "a secret text" };
    expect((await house.post("/v1/chat/completions", wrong)).status).toBe(400);
    const heard = page.locator(".heard");
    await heard.locator(".trouble").waitFor();
    const text = await heard.innerText();
    expect(text).toContain("POST /v1/chat/completions");
    expect(text).toContain("modle: string");
    expect(text).toContain("authorization");
    expect(text).not.toMatch(/secret|sk-/);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("Me plots usage and has the same numbers as a table", async () => {
    const { page, context, complaints } = await openPage(browser);
    await signIn(page, url, house.keys.alice!, "me");
    await headline(page, "504K tokens, 1 h 24 min of GPU time");
    expect(await page.locator(".bars rect").count()).toBe(28);
    await page.locator(".bars summary").click();
    const table = page.getByRole("table", { name: "By day and model" });
    expect(await table.getByRole("row").count()).toBe(15);
    expect(await table.getByRole("row").nth(1).innerText()).toMatch(/20,000\s+16,000/);
    await page.getByLabel("What to show").selectOption("GPU minutes");
    await expect.poll(() => table.getByRole("row").nth(1).innerText(), patience).toMatch(/4\s+2/);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("Me says that there is nothing yet, and draws no empty plot", async () => {
    const { page, context, complaints } = await openPage(browser);
    await signIn(page, url, house.keys.carol!, "me");
    await headline(page, "0 tokens, 0 s of GPU time");
    await expect.poll(() => page.getByText("Nothing yet.").count(), patience).toBe(2);
    expect(await page.locator(".bars").count()).toBe(0);
    await page.getByText("You have no limits.").waitFor();
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("Me keeps the rest of the screen when the ledger is locked", async () => {
    const { page, context } = await openPage(browser);
    await page.route(/\/usage\?|\/me\/requests/, (route) =>
      route.fulfill({
        status: 503,
        contentType: "application/json",
        body: '{"error":{"message":"The ledger is busy. Try again in a few seconds.","code":"ledger_busy"}}',
      }),
    );
    await signIn(page, url, house.keys.carol!, "me");
    await expect.poll(() => page.getByText("The ledger is busy.").count(), patience).toBe(2);
    await page.getByText("You have no limits.").waitFor();
    await page.unroute(/\/usage\?|\/me\/requests/);
    await page.getByRole("button", { name: "Try again" }).first().click();
    await headline(page, "0 tokens, 0 s of GPU time");
    await context.close();
  });

  it("Box draws the last days, with a table, and Fair? the shares", async () => {
    const fairness = {
      window_seconds: 600,
      jain: 0.97,
      users: [
        {
          user: "alice",
          weight: 2,
          slot_seconds: 300,
          share: 0.6,
          wait_p50_seconds: 4,
          wait_p95_seconds: 20,
          requests: 9,
          waited_throughout: true,
        },
        {
          user: "bob",
          weight: 1,
          slot_seconds: 200,
          share: 0.4,
          wait_p50_seconds: 9,
          wait_p95_seconds: 40,
          requests: 3,
          waited_throughout: true,
        },
      ],
      estimates: { coverage: 0.81, count: 400, median_error: 6 },
    };
    const { page, context, complaints } = await openPage(browser);
    await page.route("**/fairness", (route) => route.fulfill({ json: fairness }));
    await signIn(page, url, house.keys.admin!, "box");
    await page.locator(".bars svg").nth(1).waitFor();
    for (const summary of await page.locator(".bars summary").all()) await summary.click();
    const hours = page.getByRole("table", { name: "The last 7 days, by hour: GPU time" });
    expect(await hours.getByRole("row").count()).toBeGreaterThan(6 * 24);
    const waits = page.getByRole("table", { name: "by hour: Mean wait" });
    expect(await waits.getByRole("row").count()).toBe(await hours.getByRole("row").count());
    await open(page, "fair");
    await headline(page, "Yes");
    const shares = page.getByRole("table", { name: "Share of the box" });
    expect(await shares.getByRole("row").nth(1).innerText()).toMatch(/alice\s+2\s+67%\s+60%/);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("People adds a person, whose key works at once", async () => {
    const { page, context, complaints } = await openPage(browser);
    await signIn(page, url, house.keys.admin!, "people");
    await page.getByLabel("Name", { exact: true }).fill("dora");
    await page.getByRole("button", { name: "Make a key" }).click();
    const key = await page.getByLabel("New key of dora").inputValue();
    const asks = { headers: { authorization: `Bearer ${key}` } };
    expect((await fetch(`${house.url}/v1/models`, asks)).status).toBe(200);
    await headline(page, "5 people");
    await page.locator(".people summary", { hasText: "dora" }).click();
    await page.getByRole("button", { name: "Disable" }).click();
    await page.locator(".people li.off", { hasText: "dora" }).waitFor();
    await expect
      .poll(async () => (await fetch(`${house.url}/v1/models`, asks)).status, patience)
      .toBe(401);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("People sends only the fields that were changed", async () => {
    const { page, context } = await openPage(browser);
    await signIn(page, url, house.keys.admin!, "people");
    const bob = page.locator(".people > li", { hasText: "bob" });
    await bob.locator("summary").click();
    await bob.getByLabel("Weight").fill("2.5");
    await bob.getByLabel("Limits").fill('{"window": "5h", "tokens": 1000}');
    const [sent] = await Promise.all([
      page.waitForRequest((one) => one.method() === "PATCH"),
      bob.getByRole("button", { name: "Save" }).click(),
    ]);
    expect(new URL(sent.url()).pathname).toBe("/users/bob");
    expect(sent.postDataJSON()).toEqual({ weight: 2.5, limits: { window: "5h", tokens: 1000 } });
    await bob.getByText("Saved").waitFor();
    await bob.getByLabel("Limits").fill("{");
    await bob.getByRole("button", { name: "Save" }).click();
    await bob.getByText("Limits (JSON): this is not valid JSON.").waitFor();
    await context.close();
  });

  it("People adds a key, and removes one, which then lets nobody in", async () => {
    const { page, context, complaints } = await openPage(browser);
    await signIn(page, url, house.keys.admin!, "people");
    const bob = page.locator(".people > li", { hasText: "bob" });
    await bob.locator("summary").click();
    await bob.getByRole("button", { name: "Add a key" }).click();
    const key = await bob.getByLabel("New key of bob").inputValue();
    const status = async (one: string) =>
      (await fetch(`${house.url}/limits`, { headers: { authorization: `Bearer ${one}` } })).status;
    expect(await status(key)).toBe(200);
    const old = bob.locator(".keys li", { hasText: house.keys.bob!.slice(0, 7) });
    await old.getByRole("button", { name: "Remove" }).click();
    await old.getByRole("button", { name: "Remove" }).click();
    await expect.poll(() => status(house.keys.bob!), patience).toBe(401);
    expect(await status(key)).toBe(200);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("People makes an invite with a QR code, and lists it", async () => {
    const { page, context, complaints } = await openPage(browser);
    await signIn(page, url, house.keys.admin!, "people");
    await page.getByLabel("Name", { exact: true }).fill("erin");
    await page.getByRole("button", { name: "Make an invite" }).click();
    const link = await page.getByLabel("Invite for erin").inputValue();
    expect(link).toMatch(new RegExp(`^${url}/#invite=`));
    expect(await page.getByRole("img", { name: "The invite as a QR code" }).count()).toBe(1);
    await page.getByRole("table", { name: "Open invites" }).getByText("erin").waitFor();
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("shows nothing of administrators to one who comes from outside", async () => {
    const outside = addresses(house.gateway.publicPort!)[which]!;
    const { page, context } = await openPage(browser);
    await signIn(page, outside, house.keys.admin!, "people");
    expect(await page.locator("nav a").allTextContents()).toEqual(["Now", "Me", "Connect", "Try"]);
    expect(await page.title()).toContain("Now");
    await context.close();
  });
});
