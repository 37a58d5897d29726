import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import axe from "axe-core";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  addresses,
  hasChromium,
  open,
  openChromium,
  openPage,
  signIn,
  withoutChromium,
} from "../support/chromium.ts";
import { chat, startTestGateway, type TestGateway } from "../support/harness.ts";
import { type Holding, holding, inLine } from "../support/holding.ts";
import { writePastUsage } from "../support/past-usage.ts";

const ownScreens = ["now", "me", "connect", "try"];
const allScreens = [...ownScreens, "people", "live", "box", "fair"];
/** For a test that opens every screen, in milliseconds. */
const manyScreens = 120_000;
const phone = { width: 390, height: 844 };

if (!hasChromium) console.warn(withoutChromium);

describe.runIf(hasChromium)("the page for everyone", () => {
  let held: Holding;
  let dir: string;
  let house: TestGateway;
  let browser: Browser;
  let url: string;
  const waiting: Promise<unknown>[] = [];
  beforeAll(async () => {
    held = holding();
    dir = mkdtempSync(join(tmpdir(), "page-"));
    const file = join(dir, "gateway.db");
    const use = { model: "qwen3-32b", input: 1_000, output: 300, upstreamMs: 60_000 };
    await writePastUsage(
      file,
      [
        { user: "admin", ...use },
        { user: "alice", ...use },
      ],
      14,
    );
    const env = { MAX_CONCURRENT: "1", WALL: "true", DATABASE_FILE: file };
    house = await startTestGateway(held.handler, env);
    browser = await openChromium();
    url = addresses(house.port)[1]!;
    for (const [at, user] of ["bob", "alice", "admin"].entries()) {
      waiting.push(house.post("/v1/chat/completions", chat(), { user }).then((one) => one.text()));
      await inLine(house, { active: 1, waiting: at });
    }
  });
  afterAll(async () => {
    held.releaseAll();
    await Promise.all(waiting);
    await browser.close();
    await house.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it.each([
    ["light on a phone", { colorScheme: "light", viewport: phone }],
    ["dark on a large screen", { colorScheme: "dark", viewport: { width: 1280, height: 800 } }],
  ] as const)(
    "has nothing that axe finds serious, %s",
    async (_, options) => {
      // The policy of the page refuses what a test puts in, so it is off here and only here.
      const { page, context } = await openPage(browser, { ...options, bypassCSP: true });
      const found: string[] = [];
      const look = async (where: string): Promise<void> => {
        await page.addScriptTag({ content: axe.source });
        const serious = (await page.evaluate(`
        axe.run({ resultTypes: ["violations"] }).then(({ violations }) => violations
          .filter(({ impact }) => impact === "serious" || impact === "critical")
          .map(({ id, nodes }) => id + " " + nodes.map(({ html }) => html.slice(0, 120)).join(" ")))
      `)) as string[];
        found.push(...serious.map((one) => `${where}: ${one}`));
      };
      await page.goto(url);
      await page.getByLabel("Your key").waitFor();
      await look("sign in");
      await signIn(page, url, house.keys.admin!);
      for (const screen of allScreens) {
        await open(page, screen);
        await page.waitForTimeout(400);
        for (const summary of await page.locator("#main summary").all()) await summary.click();
        await look(screen);
      }
      await page.goto(`${url}/wall`);
      await page.locator("h1").waitFor();
      await look("wall");
      expect(found).toEqual([]);
      await context.close();
    },
    manyScreens,
  );

  it(
    "fits a phone 390 pixels wide, in German too, whose words are longer",
    async () => {
      for (const locale of ["en-US", "de-DE"]) {
        const { page, context, complaints } = await openPage(browser, { viewport: phone, locale });
        await page.goto(url);
        await page.locator("input[name=key]").fill(house.keys.admin!);
        await page.locator("button.main").click();
        for (const screen of allScreens) {
          await open(page, screen);
          await page.waitForTimeout(400);
          for (const summary of await page.locator("#main summary").all()) await summary.click();
          expect(
            await page.evaluate("document.documentElement.scrollWidth"),
            `${screen} in ${locale}`,
          ).toBe(390);
        }
        expect(complaints).toEqual([]);
        await context.close();
      }
    },
    manyScreens,
  );

  it.each([
    ["a person opens all of their screens", "alice", ownScreens],
    ["an administrator opens every screen", "admin", allScreens],
  ])("loads at most 60 kB where %s, and nothing from elsewhere", async (_, user, screens) => {
    const { page, context, asked } = await openPage(browser);
    const sizes = new Map<string, number>();
    page.on("response", (answer) => {
      const { "content-length": length = "", "content-encoding": encoding } = answer.headers();
      const isPage = answer.url() === `${url}/`;
      if (answer.url().includes("/page/")) expect(encoding).toBe("gzip");
      if (isPage || encoding === "gzip") sizes.set(answer.url(), Number(length));
    });
    await signIn(page, url, house.keys[user]!, screens[0]);
    for (const screen of screens) {
      await open(page, screen);
      await page.waitForTimeout(600);
    }
    const total = [...sizes.values()].reduce((sum, one) => sum + one, 0);
    console.info(`${user}, ${screens.join(" ")}: ${total} bytes in ${sizes.size} answers`);
    expect(sizes.size).toBeGreaterThan(10);
    expect(total).toBeLessThanOrEqual(60_000);
    expect(asked.filter((one) => !one.startsWith(`${url}/`))).toEqual([]);
    await context.close();
  });

  it("says times as a person does", async () => {
    const { page, context } = await openPage(browser);
    await page.goto(url);
    const source = await page
      .locator('link[rel="modulepreload"][href$="language.js"]')
      .getAttribute("href");
    const said =
      await page.evaluate(`import(${JSON.stringify(source)}).then(({ duration, range, short }) => [
      [0.84, 12.4, 99.6, 130, 3600, 7800, 200000].map(duration),
      [[40, 90], [4, 9.5], [12, 12], [50, 300], [65, 3900]].map(([low, high]) => range(low, high)),
      [3.14, 940, 9400, 1234567].map(short),
    ])`);
    expect(said).toEqual([
      ["0.8 s", "12 s", "2 min", "2 min", "1 h", "2 h 10 min", "2 days"],
      ["40–90 s", "4–9.5 s", "12 s", "50 s – 5 min", "65 s – 1 h 5 min"],
      ["3.1", "940", "9,400", "1.2M"],
    ]);
    await context.close();
  });

  it("says so when its scripts do not load", async () => {
    const { page, context } = await openPage(browser);
    await page.route("**/app.js", (route) => route.abort());
    await page.goto(url);
    const message = page.getByText("The page did not load.");
    await message.waitFor();
    await context.close();
  });

  it("says so when a browser runs no scripts", async () => {
    const { page, context } = await openPage(browser, { javaScriptEnabled: false });
    await page.goto(url);
    await page.locator("noscript p", { hasText: "needs JavaScript" }).waitFor();
    await context.close();
  });

  it("speaks the browser's language, and another when asked", async () => {
    const { page, context } = await openPage(browser, { locale: "de-DE" });
    await page.goto(url);
    await page.getByRole("heading", { name: "Anmelden" }).waitFor();
    expect(await page.evaluate("document.documentElement.lang")).toBe("de");
    await page.getByLabel("Sprache").selectOption("English");
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await context.close();
  });

  it("works with the keyboard alone", async () => {
    const { page, context } = await openPage(browser);
    await page.goto(url);
    await page.getByLabel("Your key").waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.type(house.keys.alice!);
    await page.keyboard.press("Enter");
    await page.locator("#main h1").waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await page.evaluate("document.activeElement.id")).toBe("main");
    await page.getByRole("link", { name: "Connect" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Connect" }).waitFor();
    await context.close();
  });

  it("moves nothing for a person who asked for less motion", async () => {
    const { page, context } = await openPage(browser, { reducedMotion: "reduce" });
    await signIn(page, url, house.keys.admin!, "fair");
    const moving = await page.evaluate(`[...document.querySelectorAll("*")]
      .filter((one) => parseFloat(getComputedStyle(one).transitionDuration) > 0).length`);
    expect(moving).toBe(0);
    await context.close();
  });

  it("shows a wall without a key, with numbers only", async () => {
    const { page, context, complaints } = await openPage(browser);
    await page.goto(`${url}/wall`);
    await page.getByRole("heading", { name: "All slots are taken" }).waitFor();
    const text = await page.locator("body").innerText();
    expect(text).toContain("2 requests wait");
    expect(text).not.toMatch(/alice|bob|mock/);
    expect(complaints).toEqual([]);
    await context.close();
  });
});
