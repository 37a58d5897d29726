import { readFileSync, writeFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  addresses,
  hasChromium,
  openChromium,
  openPage,
  signIn,
  withoutChromium,
} from "../support/chromium.ts";
import { chat, startTestGateway, type TestGateway } from "../support/harness.ts";
import { type Holding, holding, inLine } from "../support/holding.ts";

const patience = { timeout: 10_000 };

if (!hasChromium) console.warn(withoutChromium);

describe.runIf(hasChromium)("what an administrator changes on the page", () => {
  let browser: Browser;
  let held: Holding;
  let house: TestGateway;
  let url: string;
  beforeAll(async () => {
    browser = await openChromium();
  });
  beforeEach(async () => {
    held = holding();
    house = await startTestGateway(held.handler, {
      ...{ MAX_CONCURRENT: "1", ENABLE_RATE_LIMITING: "true", MAX_TOKENS: "1000" },
      ...{ PRICE_PER_PROMPT_TOKEN: "0.5", PRICE_PER_COMPLETION_TOKEN: "0.25" },
    });
    url = addresses(house.port)[1]!;
  });
  afterEach(async () => {
    held.releaseAll();
    await house.stop();
  });
  afterAll(() => browser.close());

  const statusOf = async (key: string): Promise<number> =>
    (await fetch(`${house.url}/me`, { headers: { authorization: `Bearer ${key}` } })).status;

  it("a rotated key is replaced by one that is shown once, and works beside it for a while", async () => {
    const { page, context, complaints } = await openPage(browser);
    await signIn(page, url, house.keys.admin!, "people");
    const bob = page.locator(".people > li", { hasText: "bob" });
    await bob.locator("summary").first().click();
    await bob.getByRole("button", { name: "Rotate" }).click();
    await bob.getByRole("button", { name: "Rotate" }).click();
    const key = await bob.getByLabel("New key of bob").inputValue();
    expect(await statusOf(key)).toBe(200);
    expect(await statusOf(house.keys.bob!)).toBe(200);
    await expect.poll(() => bob.locator(".keys li").count(), patience).toBe(2);
    await page.reload();
    await bob.locator("summary").first().click();
    expect(await page.getByLabel("New key of bob").count()).toBe(0);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("of very many people some are shown, and each is found by name", async () => {
    const users = { ...JSON.parse(readFileSync(house.usersFile, "utf8")) };
    for (let at = 0; at < 300; at++) users[`sk-of-person-${1000 + at}`] = `person-${1000 + at}`;
    writeFileSync(house.usersFile, JSON.stringify(users));
    const { page, context, complaints } = await openPage(browser);
    await signIn(page, url, house.keys.admin!, "people");
    await page.getByText("104 more people: find them by name.").waitFor();
    expect(await page.locator(".people > li").count()).toBe(200);
    await page.getByLabel("Find a name").fill("person-1299");
    await expect.poll(() => page.locator(".people > li").count(), patience).toBe(1);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("an invite that was withdrawn lets nobody in", async () => {
    const { page, context } = await openPage(browser);
    await signIn(page, url, house.keys.admin!, "people");
    await page.getByLabel("Name", { exact: true }).fill("erin");
    await page.getByRole("button", { name: "Make an invite" }).click();
    const link = await page.getByLabel("Invite for erin").inputValue();
    const open = page.getByRole("table", { name: "Open invites" });
    await open.getByRole("button", { name: "Withdraw" }).click();
    await open.getByRole("button", { name: "Withdraw" }).click();
    await expect.poll(() => open.count(), patience).toBe(0);
    const other = await openPage(browser);
    await other.page.goto(link);
    await other.page.getByRole("button", { name: "Get my key" }).click();
    await other.page.getByRole("alert").waitFor();
    await other.context.close();
    await context.close();
  });

  it("a drained queue sends away who waits, lets end what runs, and refuses the next", async () => {
    const first = house.post("/v1/chat/completions", chat(), { user: "bob" });
    await inLine(house, { active: 1 });
    const second = house.post("/v1/chat/completions", chat(), { user: "alice" });
    await inLine(house, { active: 1, waiting: 1 });
    const { page, context } = await openPage(browser);
    await signIn(page, url, house.keys.admin!, "live");
    await page.getByRole("button", { name: "Drain" }).click();
    expect((await house.health()).line).toMatchObject({ active: 1, waiting: 1 });
    await page.getByRole("button", { name: "Drain" }).click();
    expect((await second).status).toBe(503);
    await page.getByText("new requests are refused").waitFor();
    expect((await house.post("/v1/chat/completions", chat())).status).toBe(503);
    held.releaseAll();
    expect((await first).status).toBe(200);
    await context.close();
  });

  it("Me shows what a person spent, and what is left of a limit until when", async () => {
    held.releaseAll();
    await (await house.post("/v1/chat/completions", chat())).text();
    const { page, context, complaints } = await openPage(browser);
    await signIn(page, url, house.keys.alice!, "me");
    await page.getByText(/of 1,000 left \(\d+%\) · all free again in/).waitFor();
    await page.getByLabel("What to show").selectOption("Cost in US dollars");
    const row = house.rows()[0];
    const cost = (row?.input_tokens ?? 0) * 0.5 + (row?.output_tokens ?? 0) * 0.25;
    await page.locator(".bars summary").click();
    const table = page.getByRole("table", { name: "By day and model" });
    await expect
      .poll(() => table.getByRole("row").last().innerText(), patience)
      .toContain(String(cost));
    expect(complaints).toEqual([]);
    await context.close();
  });
});
