import type { Browser } from "playwright-core";
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
import { type CuttingRelay, startCuttingRelay } from "../support/cutting-relay.ts";
import { chat, startTestGateway, type TestGateway, until } from "../support/harness.ts";
import { type Holding, holding, inLine } from "../support/holding.ts";

/** The queue is told at most once a second. */
const patience = { timeout: 10_000 };

if (!hasChromium) console.warn(withoutChromium);

describe.runIf(hasChromium).each([0, 1])("the queue on the page, at address %i of two", (which) => {
  let held: Holding;
  let house: TestGateway;
  let relay: CuttingRelay;
  let browser: Browser;
  let url: string;
  let leave: AbortController;
  let waiting: Promise<unknown>[];
  beforeAll(async () => {
    browser = await openChromium();
  });
  beforeEach(async () => {
    held = holding();
    house = await startTestGateway(held.handler, { MAX_CONCURRENT: "1" });
    relay = await startCuttingRelay(house.port);
    url = addresses(relay.port)[which]!;
    leave = new AbortController();
    waiting = [];
  });
  afterEach(async () => {
    leave.abort();
    await Promise.allSettled(waiting);
    await relay.close();
    await house.stop();
  });
  afterAll(() => browser.close());

  /** Sends a request that the upstream holds, and waits until the queue has so many. */
  async function send(user: string, line: { active: number; waiting: number }): Promise<void> {
    const options = { user, signal: leave.signal };
    waiting.push(
      house.post("/v1/chat/completions", chat({ stream: true }), options).then((one) => one.text()),
    );
    await inLine(house, line);
  }

  /** bob runs; carol, alice and alice again wait. */
  async function fill(): Promise<void> {
    await send("bob", { active: 1, waiting: 0 });
    await send("carol", { active: 1, waiting: 1 });
    await send("alice", { active: 1, waiting: 2 });
    await send("alice", { active: 1, waiting: 3 });
  }

  it("shows a person their places as they change, without a reload", async () => {
    await fill();
    const { page, context, complaints } = await openPage(browser);
    await signIn(page, url, house.keys.alice!);
    await headline(page, "Place 2");
    expect(await page.locator(".requests li").count()).toBe(2);
    const note = page.locator("#main .answer .note");
    expect(await note.textContent()).toBe("behind 1 person, 1 request · no estimate yet");
    await held.release(0);
    await headline(page, "You are next");
    await held.release(1);
    await expect.poll(() => page.locator(".requests li.running").count(), patience).toBe(1);
    held.releaseAll();
    await headline(page, "Free now");
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("tells the wait as a range, once it knows how long requests take", async () => {
    for (let number = 0; number < 3; number++) {
      const answer = house.post("/v1/chat/completions", chat(), { user: "carol" });
      await held.release(number);
      await (await answer).text();
    }
    await fill();
    const { page, context } = await openPage(browser);
    await signIn(page, url, house.keys.alice!);
    await headline(page, "Place 2");
    const note = page.locator("#main .answer .note");
    await expect.poll(() => note.textContent(), patience).toMatch(/ · about [\d.]+(?:–[\d.]+)? s$/);
    await context.close();
  });

  it("says why a request waits while the queue is paused", async () => {
    await fill();
    const asks = { method: "POST", headers: { authorization: `Bearer ${house.keys.admin}` } };
    await fetch(`${house.url}/queue/pause`, asks);
    const { page, context } = await openPage(browser);
    await signIn(page, url, house.keys.alice!);
    await page.getByText("waits because the queue is paused").first().waitFor();
    await context.close();
  });

  it("shows a person only numbers of others, never names", async () => {
    await fill();
    const { page, context } = await openPage(browser);
    const bodies: Promise<string>[] = [];
    page.on("response", (answer) => {
      if (!answer.url().includes("/page/") && !answer.url().endsWith("/events")) {
        bodies.push(answer.text().catch(() => ""));
      }
    });
    await signIn(page, url, house.keys.alice!);
    for (const screen of ["now", "me", "connect", "try", "people", "live", "box", "fair"]) {
      await open(page, screen);
      await page.waitForTimeout(200);
      const text = await page.locator("body").innerText();
      expect(text).toContain("alice");
      expect(text).not.toMatch(/bob|carol/);
    }
    expect(await page.locator("nav a").allTextContents()).toEqual(["Now", "Me", "Connect", "Try"]);
    expect((await Promise.all(bodies)).join()).not.toMatch(/"bob"|"carol"/);
    await context.close();
  });

  it("says why a screen stays empty for an administrator who is one no longer", async () => {
    const { page, context } = await openPage(browser);
    await page.route("**/users", (route) =>
      route.fulfill({
        status: 403,
        contentType: "application/json",
        body: '{"error":{"message":"Only an administrator on the LAN may do this.","code":"not_allowed"}}',
      }),
    );
    await signIn(page, url, house.keys.admin!, "people");
    await page.getByText("Only an administrator on the LAN may do this.").waitFor();
    await context.close();
  });

  it("cancels one's own request after a second question", async () => {
    await fill();
    const { page, context } = await openPage(browser);
    await signIn(page, url, house.keys.alice!);
    const second = page.locator(".requests li").nth(1);
    await second.getByRole("button", { name: "Cancel" }).click();
    await second.getByRole("button", { name: "No" }).click();
    await inLine(house, { active: 1, waiting: 3 });
    await second.getByRole("button", { name: "Cancel" }).click();
    await second.getByRole("button", { name: "Cancel" }).click();
    await inLine(house, { active: 1, waiting: 2 });
    await expect.poll(() => page.locator(".requests li").count(), patience).toBe(1);
    await context.close();
  });

  it("lets an administrator see everyone, stop anyone, pause and resume", async () => {
    await fill();
    const { page, context, complaints } = await openPage(browser);
    await signIn(page, url, house.keys.admin!, "live");
    await headline(page, "1 running, 3 waiting");
    await page.getByRole("button", { name: "Pause the queue" }).click();
    await page.getByText("No request starts until").waitFor();
    const running = page.getByRole("row").filter({ hasText: "bob" });
    await running.getByRole("button", { name: "Stop" }).click();
    await running.getByRole("button", { name: "Stop" }).click();
    await inLine(house, { active: 0, waiting: 3 });
    await page.getByRole("button", { name: "Resume the queue" }).click();
    await inLine(house, { active: 1, waiting: 2 });
    await headline(page, "1 running, 2 waiting");
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("says so when the stream of events is cut, and goes on when it is back", async () => {
    const { page, context } = await openPage(browser);
    await signIn(page, url, house.keys.alice!);
    await headline(page, "Free now");
    await send("bob", { active: 1, waiting: 0 });
    await headline(page, "Busy");
    relay.cut();
    await page.getByText("No connection to the gateway").waitFor();
    await send("alice", { active: 1, waiting: 1 });
    await headline(page, "You are next");
    await expect
      .poll(() => page.getByText("No connection to the gateway").count(), patience)
      .toBe(0);
    await context.close();
  });

  it("survives a restart of the gateway with the same key and no reload", async () => {
    const { page, context } = await openPage(browser);
    await signIn(page, url, house.keys.alice!);
    await headline(page, "Free now");
    await house.gateway.stop();
    await page.getByText("No connection to the gateway").waitFor();
    const again = await startTestGateway(held.handler, {
      MAX_CONCURRENT: "2",
      PORT: String(house.port),
      USERS_FILE: house.usersFile,
    });
    await page.getByText("0 of 2 slots taken").waitFor();
    await again.stop();
    await context.close();
  });

  it("shows 5 000 who wait a hundred at a time", async () => {
    const since = new Date().toISOString();
    const data = Array.from({ length: 5_001 }, (_, at) => ({
      id: `id-${at}`,
      user: `user-${at}`,
      model: "mock",
      state: at === 0 ? "running" : "waiting",
      position: at,
      of: 5_000,
      eta_seconds: at * 3,
      since,
    }));
    const state = { object: "list", state: "open", active: 1, capacity: 1, usable: 1 };
    const { page, context, complaints } = await openPage(browser);
    await page.route("**/queue/events", (route) =>
      route.fulfill({
        contentType: "text/event-stream",
        body: `data: ${JSON.stringify({ ...state, waiting: 5_000, data })}\n\n`,
      }),
    );
    await signIn(page, url, house.keys.admin!, "live");
    await page.getByText("1 running, 5,000 waiting").waitFor();
    expect(await page.getByRole("row").count()).toBe(1 + 1 + 1 + 100);
    await page.getByRole("button", { name: "Show more (4,900 left)" }).click();
    await expect.poll(() => page.getByRole("row").count(), patience).toBe(1 + 1 + 1 + 200);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("counts by the gateway's clock where this device's is wrong", async () => {
    await send("alice", { active: 1, waiting: 0 });
    const { page, context } = await openPage(browser);
    await page.clock.install({ time: Date.now() + 3_600_000 });
    await signIn(page, url, house.keys.alice!);
    const text = page.locator(".requests li .note");
    await expect.poll(() => text.textContent(), patience).toMatch(/^runs for (?:\d|\d\d) s$/);
    await context.close();
  });

  it("says that no upstream takes requests", async () => {
    await house.upstream.close();
    await until(async () => {
      await house.post("/v1/chat/completions", chat()).then((one) => one.text());
      const { line } = await house.health();
      return (line as unknown as { usable: number }).usable === 0;
    }, "the upstream is known to be down");
    const { page, context } = await openPage(browser);
    await signIn(page, url, house.keys.alice!);
    await headline(page, "Not available");
    await context.close();
  });

  it("tells a screen reader the place at most every 5 seconds", async () => {
    await fill();
    const { page, context } = await openPage(browser);
    await signIn(page, url, house.keys.alice!);
    const told = page.locator("[role=status].unseen");
    await expect.poll(() => told.textContent(), patience).toContain("Place 2");
    await page.evaluate(`
      const region = document.querySelector("[role=status].unseen");
      globalThis.told = [{ at: performance.now(), text: region.textContent }];
      new MutationObserver(() => {
        const text = region.textContent;
        if (text !== told.at(-1).text) told.push({ at: performance.now(), text });
      }).observe(region, { characterData: true, childList: true, subtree: true });
    `);
    await held.release(0);
    await expect.poll(() => told.textContent(), patience).toContain("You are next");
    held.releaseAll();
    await expect.poll(() => told.textContent(), patience).toBe("");
    const texts = (await page.evaluate("globalThis.told")) as { at: number; text: string }[];
    // The first was told before anybody looked.
    const gaps = texts.slice(2).map(({ at }, before) => at - texts[before + 1]!.at);
    expect(gaps.length).toBeGreaterThan(0);
    expect(
      gaps.filter((gap) => gap < 4_900),
      JSON.stringify(texts),
    ).toEqual([]);
    await context.close();
  });
});
