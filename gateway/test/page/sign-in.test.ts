import { readFileSync, writeFileSync } from "node:fs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createInvites } from "../../users/invites.ts";
import {
  addresses,
  hasChromium,
  headline,
  lanName,
  open,
  openChromium,
  openPage,
  signIn,
  withoutChromium,
} from "../support/chromium.ts";
import { chat, startTestGateway, type TestGateway } from "../support/harness.ts";
import { politeChat } from "../support/mock-upstream.ts";

if (!hasChromium) console.warn(withoutChromium);

describe.runIf(hasChromium).each([0, 1])("signing in, at address %i of two", (which) => {
  let house: TestGateway;
  let browser: Browser;
  let url: string;
  beforeAll(async () => {
    house = await startTestGateway(politeChat);
    browser = await openChromium();
    url = addresses(house.port)[which]!;
  });
  afterAll(async () => {
    await browser.close();
    await house.stop();
  });

  const invites = () => createInvites(house.usersFile);
  const keyOf = (user: string): string => house.keys[user] ?? "";

  it("lets a person in with a key, which stays in the tab and in no address", async () => {
    const { page, context, complaints, asked } = await openPage(browser);
    await signIn(page, url, keyOf("alice"));
    await headline(page, "Free now");
    expect(await page.evaluate(() => JSON.stringify({ ...localStorage }))).not.toContain("sk-");
    expect(await context.cookies()).toEqual([]);
    expect(asked.filter((one) => one.includes(keyOf("alice")))).toEqual([]);
    await page.reload();
    await page.locator("#main h1").waitFor();
    const other = await context.newPage();
    await other.goto(url);
    await other.getByLabel("Your key").waitFor();
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("says what is wrong with a wrong key, and lets the person try again", async () => {
    const { page, context } = await openPage(browser);
    await page.goto(url);
    await page.getByLabel("Your key").fill("sk-wrong");
    await page.getByRole("button", { name: "Sign in" }).click();
    expect(await page.getByRole("alert").textContent()).toContain("This API key is unknown");
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
    await page.getByLabel("Your key").fill(keyOf("alice"));
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.locator("#main h1").waitFor();
    await context.close();
  });

  it("takes a name that is markup as a name", async () => {
    const name = "<img src=x onerror=document.title='broken'>";
    const keys = [{ id: "1", hint: name, expires: null, disabled: false, note: name }];
    const json = { object: "list", data: [{ user: name, role: "user", disabled: false, keys }] };
    const { page, context, complaints } = await openPage(browser);
    // The gateway takes no such name for a user; the page must not depend on that.
    await page.route("**/users", (route) => route.fulfill({ json }));
    await signIn(page, url, keyOf("admin"), "people");
    await page.locator(".people .name", { hasText: name }).click();
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.title()).not.toBe("broken");
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("takes the model of a request, which is any text, as a text", async () => {
    const model = "<img src=x onerror=document.title='broken'>";
    await house.post("/v1/chat/completions", chat({ model })).then((answer) => answer.text());
    const { page, context, complaints } = await openPage(browser);
    await signIn(page, url, keyOf("alice"), "me");
    await page.getByRole("cell", { name: model }).first().waitFor();
    expect(await page.locator("img").count()).toBe(0);
    expect(await page.title()).not.toBe("broken");
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("shows a key once for an invite, which leaves the address at once", async () => {
    const { secret } = await invites().make(
      { user: `dora${which}` },
      Date.now() + 60_000,
      Date.now(),
    );
    const { page, context, complaints, asked } = await openPage(browser);
    await page.goto(`${url}/#invite=${secret}`);
    await page.getByRole("heading", { name: "You are invited" }).waitFor();
    expect(page.url()).toBe(`${url}/`);
    await page.getByRole("button", { name: "Get my key" }).click();
    await page.getByRole("heading", { name: `Welcome, dora${which}` }).waitFor();
    const key = await page.getByLabel("Your key").inputValue();
    const asks = { headers: { authorization: `Bearer ${key}` } };
    expect((await fetch(`${house.url}/v1/models`, asks)).status).toBe(200);
    await page.getByRole("button", { name: "I have saved it" }).click();
    await page.locator(".who .name", { hasText: `dora${which}` }).waitFor();
    expect(asked.filter((one) => one.includes(secret) && !one.includes("#"))).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("says that an invite has expired", async () => {
    const past = Date.now() - 60_000;
    const { secret } = await invites().make({ user: `eve${which}` }, past + 30_000, past);
    const { page, context } = await openPage(browser);
    await page.goto(`${url}/#invite=${secret}`);
    await page.getByRole("button", { name: "Get my key" }).click();
    expect(await page.getByRole("alert").textContent()).toContain("expired");
    await page.getByRole("button", { name: "I have a key already" }).click();
    await page.getByLabel("Your key").waitFor();
    await context.close();
  });

  it("signs out a person whose key was taken away, and says so", async () => {
    const key = "sk-frank-0123456789abcdef";
    const before = readFileSync(house.usersFile, "utf8");
    writeFileSync(house.usersFile, JSON.stringify({ ...JSON.parse(before), [key]: "frank" }));
    const { page, context } = await openPage(browser);
    await signIn(page, url, key, "me");
    writeFileSync(house.usersFile, before);
    await open(page, "connect");
    await open(page, "me");
    await page.getByText("Your key is no longer valid").waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
    await context.close();
  });

  it("says on a reload that the key was taken away", async () => {
    const key = "sk-grace-0123456789abcdef";
    const before = readFileSync(house.usersFile, "utf8");
    writeFileSync(house.usersFile, JSON.stringify({ ...JSON.parse(before), [key]: "grace" }));
    const { page, context } = await openPage(browser);
    await signIn(page, url, key, "connect");
    writeFileSync(house.usersFile, before);
    await page.reload();
    await page.getByText("Your key is no longer valid").waitFor();
    await context.close();
  });

  it("keeps the key while the gateway does not answer, and goes on when it does", async () => {
    const { page, context } = await openPage(browser);
    await signIn(page, url, keyOf("alice"));
    await page.route("**/me", (route) => route.abort());
    await page.reload();
    await page.getByText("The gateway does not answer.").waitFor();
    await page.unroute("**/me");
    await page.getByRole("button", { name: "Try again" }).click();
    await headline(page, "Free now");
    await context.close();
  });

  it("asks for no key where none is needed", async () => {
    const config = "middlewares: [{ auth: none }]\n";
    await using noKeys = await startTestGateway(politeChat, {}, config);
    const { page, context, complaints } = await openPage(browser);
    await page.goto(addresses(noKeys.port)[which]!);
    await headline(page, "Free now");
    expect(complaints).toEqual([]);
    await context.close();
  });

  it("forgets everything on signing out", async () => {
    const { page, context } = await openPage(browser);
    await signIn(page, url, keyOf("bob"));
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Your key").waitFor();
    expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
    await context.close();
  });

  if (which === 1) {
    it("is a name without TLS, where browsers keep the clipboard to themselves", async () => {
      const { page, context } = await openPage(browser);
      await page.goto(url);
      expect(new URL(page.url()).hostname).toBe(lanName);
      expect(await page.evaluate("isSecureContext")).toBe(false);
      await context.close();
    });
  }
});
