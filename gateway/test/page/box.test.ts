import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  addresses,
  hasChromium,
  headline,
  openChromium,
  openPage,
  signIn,
  withoutChromium,
} from "../support/chromium.ts";
import { chat, startTestGateway, type TestGateway, until } from "../support/harness.ts";
import { type MockUpstream, politeChat, startMockUpstream } from "../support/mock-upstream.ts";
import { ownRoutes } from "../support/own-routes.ts";

if (!hasChromium) console.warn(withoutChromium);

describe.runIf(hasChromium)("the screen Box", () => {
  let browser: Browser;
  let swaps: MockUpstream;
  let house: TestGateway;
  let url: string;
  beforeAll(async () => {
    browser = await openChromium();
    swaps = await startMockUpstream(politeChat, ["small", "large"]);
    const config = `
upstreams:
  swaps: { url: "${swaps.url}", type: openai, max_concurrent: 2, exclusive_models: true }
routes:
  - { model: "*", upstream: swaps }
`;
    house = await startTestGateway(politeChat, { UPSTREAM_URL: "" }, config);
    url = addresses(house.port)[1]!;
    for (const model of ["small", "large", "small"]) {
      await (await house.post("/v1/chat/completions", chat({ model }))).text();
    }
  });
  afterAll(async () => {
    await house.stop();
    await swaps.close();
    await browser.close();
  });

  it("shows an administrator how often models were loaded, and when, and nobody else", async () => {
    const { page, context, complaints } = await openPage(browser);
    await signIn(page, url, house.keys.admin!, "box");
    await headline(page, "All is well");
    await page
      .locator("summary", { hasText: "2 loads of models since the gateway started" })
      .click();
    const loads = page.getByRole("table", { name: "2 loads of models" }).getByRole("row");
    expect(await loads.allInnerTexts()).toEqual([
      expect.stringMatching(/Time\s+Model/),
      expect.stringMatching(/:\d\d.*\ssmall$/),
      expect.stringMatching(/:\d\d.*\slarge$/),
    ]);
    expect(complaints).toEqual([]);
    await context.close();
    const person = await openPage(browser);
    await signIn(person.page, url, house.keys.alice!, "now");
    await person.page.locator(".upstream").waitFor();
    expect(await person.page.getByText("loads of models").count()).toBe(0);
    await person.context.close();
  });

  it("says that an upstream is down, as GET /upstreams does", async () => {
    await swaps.close();
    const health = async () => {
      const { body } = await ownRoutes(house.url, house.keys.admin!).get("/upstreams").expect(200);
      return body.data[0].health;
    };
    await until(async () => {
      const answer = await house.post("/v1/chat/completions", chat({ model: "small" }));
      await answer.text();
      expect(answer.status).toBeGreaterThanOrEqual(500);
      return (await health()) === "down";
    }, "the upstream is down");
    const { page, context } = await openPage(browser);
    await signIn(page, url, house.keys.admin!, "box");
    await headline(page, "1 upstream is down");
    await page.locator(".tag.down", { hasText: "down" }).waitFor();
    await context.close();
  });
});
