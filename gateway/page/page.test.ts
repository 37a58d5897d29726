import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rawHttp, statusOf } from "../test/support/raw-http.ts";
import { createPage } from "./page.ts";

const browserAccepts = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

describe("the page over HTTP", () => {
  let server: Server;
  let url: string;
  beforeAll(async () => {
    const page = createPage({
      authenticate({ headers }) {
        if (headers.cookie !== "known") throw new Error("nobody");
      },
    });
    server = createServer(async (request, response) => {
      const path = request.url ?? "";
      if (path === "/") return page.home(request, response);
      if (path === "/wall") return page.wall(request, response);
      const isThere = await page.asset(path.slice("/page/".length), request, response);
      if (!isThere) response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise<void>((resolve) => void server.close(() => resolve())));

  const open = (headers: Record<string, string> = {}) =>
    fetch(url, { headers: { accept: browserAccepts, ...headers } });

  /** The answer as it came: `fetch` decodes bodies, and tidies paths. */
  const getRaw = (path: string, headers = "") =>
    rawHttp((server.address() as AddressInfo).port, [
      `GET ${path} HTTP/1.1\r\nhost: x\r\n${headers}connection: close\r\n\r\n`,
    ]);

  it.each([
    ["any type", "*/*"],
    ["JSON", "application/json"],
    ["nothing", ""],
    ["HTML refused by name", "text/html;q=0, */*"],
  ])("tells a client that accepts %s the line of Ollama, and nothing else", async (_, accept) => {
    const answer = await fetch(url, { headers: { accept } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/plain; charset=utf-8");
    expect(await answer.text()).toBe("Ollama is running");
  });

  it("answers HEAD, by which Ollama's clients look for a server, without a body", async () => {
    const answer = await fetch(url, { method: "HEAD" });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe("");
  });

  it("allows scripts only from itself, nothing inline but the import map, and no text as code", async () => {
    const answer = await open();
    const policy = answer.headers.get("content-security-policy") ?? "";
    const html = await answer.text();
    const map = /<script type="importmap">(.*?)<\/script>/s.exec(html)?.[1] ?? "";
    const digest = await crypto.subtle.digest("SHA-256", Buffer.from(map));
    const hash = Buffer.from(digest).toString("base64");
    expect(policy.split(";").sort()).toEqual(
      [
        "default-src 'none'",
        `script-src 'self' 'sha256-${hash}'`,
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
      ].sort(),
    );
    expect(answer.headers.get("strict-transport-security")).toBeNull();
    expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
    expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  });

  it("lets browsers keep a file for ever, as its address changes with the contents", async () => {
    const html = await (await open()).text();
    const src = /<script type="module" src="\.\/(.*?)"/.exec(html)?.[1] ?? "";
    const answer = await fetch(`${url}/${src}`);
    expect(answer.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(answer.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect(await answer.text()).toContain("render(");
    const other = src.replace(/page\/[0-9a-f]+/, "page/0123456789abcdef");
    expect((await fetch(`${url}/${other}`)).status).toBe(404);
  });

  it("sends a file compressed to a client that takes gzip, and as it is to any other", async () => {
    const html = await (await open()).text();
    const path = /href="\.(\/page\/[0-9a-f]+\/styles\.css)"/.exec(html)?.[1] ?? "";
    const ask = async (encoding: string) => {
      const answer = await getRaw(path, encoding);
      const end = answer.indexOf("\r\n\r\n");
      const body = Buffer.from(answer.slice(end + 4), "latin1");
      return { head: answer.slice(0, end).toLowerCase(), body };
    };
    const plain = await ask("");
    const zipped = await ask("accept-encoding: gzip\r\n");
    const refused = await ask("accept-encoding: gzip;q=0\r\n");
    expect(zipped.head).toContain("content-encoding: gzip");
    expect(gunzipSync(zipped.body).equals(plain.body)).toBe(true);
    expect(refused.body.equals(plain.body)).toBe(true);
    expect(plain.head).toContain("vary: accept-encoding");
  });

  it("names no file that is not there", async () => {
    const html = await (await open()).text();
    const map = JSON.parse(/<script type="importmap">(.*?)<\/script>/s.exec(html)?.[1] ?? "{}");
    const named = [...html.matchAll(/(?:href|src)="\.(\/page\/[^"]+)"/g)].map(([, path]) => path);
    const imported = Object.values<string>(map.imports).map((path) => path.slice(1));
    expect(named.length).toBeGreaterThan(10);
    expect(imported.length).toBeGreaterThan(5);
    for (const path of [...named, ...imported]) {
      expect((await fetch(url + path)).status, path).toBe(200);
    }
  });

  it("answers 304 to a browser that has the page already", async () => {
    const etag = (await open()).headers.get("etag") ?? "";
    expect(etag).not.toBe("");
    expect((await open({ "if-none-match": etag })).status).toBe(304);
    // Another document for a request that needs no key.
    expect((await open({ "if-none-match": etag, cookie: "known" })).status).toBe(200);
  });

  it("says in the document what to do if its scripts do not load", async () => {
    const html = await (await open()).text();
    expect(html).toMatch(/<noscript><p>This page needs JavaScript\./);
    expect(html).toMatch(/<main class="unloaded">[\s\S]*The page did not load\. Reload it/);
    const css = await (await fetch(`${url}/${/href="\.\/(page[^"]+css)"/.exec(html)?.[1]}`)).text();
    // Seen only if nothing took its place for a while, and at once without the style sheet.
    expect(css).toMatch(/\.late \{\s*animation: appear/);
  });

  it("tells the page whether a request from there needs a key", async () => {
    expect(await (await open()).text()).not.toContain("data-known");
    expect(await (await open({ cookie: "known" })).text()).toContain("data-known");
  });

  it.each(["../page.ts", "tsconfig.json", "answers.ts", "%2e%2e/page.ts", "npm/", ""])(
    "has no file %j",
    async (name) => {
      const html = await (await open()).text();
      const hash = /\.\/page\/([0-9a-f]+)\//.exec(html)?.[1];
      expect(statusOf(await getRaw(`/page/${hash}/${name}`))).toBe(404);
    },
  );
});
