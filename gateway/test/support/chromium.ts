import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

/** Debian's; CHROMIUM names another. */
export const chromiumPath: string = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const hasChromium: boolean = existsSync(chromiumPath);

/** A name of a LAN that leads to this machine, in these browsers alone. */
export const lanName = "box.lan";

/** A real browser, that looks nothing up outside of this machine. */
export function openChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      `--host-resolver-rules=MAP ${lanName} 127.0.0.1, EXCLUDE 127.0.0.1, MAP * ~NOTFOUND`,
    ],
  });
}

export type PageNotes = {
  page: Page;
  context: BrowserContext;
  /** What the console said as a warning or an error, and what threw. */
  complaints: string[];
  /** Addresses that were asked for. */
  asked: string[];
};

/** A page of its own, with nothing kept from another. */
export async function openPage(
  browser: Browser,
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<PageNotes> {
  const context = await browser.newContext({
    locale: "en-US",
    timezoneId: "Europe/Berlin",
    ...options,
  });
  // Sooner than the test's own time-out, so that a failure names what was waited for.
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  const asked: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => asked.push(request.url()));
  return { page, context, complaints, asked };
}

/** What a test says where it does not run. */
export const withoutChromium: string = `skipped: there is no Chromium at ${chromiumPath} (CHROMIUM names another)`;

/** The addresses under which everything works: this machine's own, and a name of a LAN without TLS. */
export const addresses = (port: number): string[] => [
  `http://127.0.0.1:${port}`,
  `http://${lanName}:${port}`,
];

/** Opens the page and signs in with a key. */
export async function signIn(page: Page, url: string, key: string, screen = ""): Promise<void> {
  await page.goto(`${url}/${screen === "" ? "" : `#${screen}`}`);
  await page.getByLabel("Your key").fill(key);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator("#main h1").waitFor();
}

/** Waits until the headline of a screen is this; the queue is told at most once a second. */
export async function headline(page: Page, text: string): Promise<void> {
  await page
    .locator("#main .big")
    .and(page.getByText(text, { exact: true }))
    .waitFor();
}

/** Opens another screen. */
export async function open(page: Page, screen: string): Promise<void> {
  await page.evaluate(`location.hash = "${screen}"`);
}
