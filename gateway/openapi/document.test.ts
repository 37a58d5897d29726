import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { cameTo } from "./came-to.ts";
import { schemas } from "./components.ts";
import { curlOf } from "./curl-of.ts";
import { createDocs } from "./docs.ts";
import { docsPage } from "./docs-page.ts";
import { openApiDocument } from "./document.ts";
import { operations } from "./operations.ts";

const document = openApiDocument("1.2.3");
const all = Object.values(document.paths).flatMap((methods) => Object.values(methods));

/** Every value of a key, wherever it stands. */
function valuesOf(key: string, value: unknown): unknown[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    name === key && typeof inner === "string" ? [inner] : valuesOf(key, inner),
  );
}

describe("the document", () => {
  it("has each method of a path once", () => {
    expect(all).toHaveLength(operations.length);
    expect(new Set(all.map(({ operationId }) => operationId)).size).toBe(all.length);
  });

  it("refers to nothing that is not there", () => {
    const refs = valuesOf("$ref", document) as string[];
    expect(refs.length).toBeGreaterThan(100);
    for (const ref of refs) {
      const [, , kind = "", name = ""] = ref.split("/");
      expect(document.components, ref).toHaveProperty([kind, name]);
    }
  });

  it("names every part of a path, and no other", () => {
    for (const { path, parameters = [] } of operations) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const told = parameters.flatMap((one) => (one.in === "path" ? [one.name] : []));
      expect(told, path).toEqual(inPath);
    }
  });

  it("has examples that are what they say, and no key in any", () => {
    for (const { body, path } of operations) {
      if (body === undefined) continue;
      const { [body.schema]: schema = z.never() } = schemas;
      expect(schema.safeParse(body.example).error?.message, path).toBeUndefined();
    }
    expect(JSON.stringify(document)).not.toMatch(/sk-\w/);
  });

  it("tells of the place in line and of when to come again", () => {
    const chat = document.paths["/v1/chat/completions"]?.post;
    expect(chat?.responses[200]).toHaveProperty(["headers", "X-Queue-Position"]);
    expect(chat?.responses[429]).toMatchObject({ description: "rate_limit_exceeded" });
    expect(document.components.responses.OpenAiLater).toHaveProperty(["headers", "Retry-After"]);
  });
});

describe("an example for a shell", () => {
  const curl = (method: string, path: string): string => {
    const one = document.paths[path]?.[method];
    return one === undefined ? "" : curlOf(method, path, one);
  };

  it("shows a key as its family does, or none where none is needed", () => {
    expect(curl("get", "/health")).toBe('curl "$GATEWAY/health"');
    expect(curl("get", "/v1/models")).toContain('"Authorization: Bearer $API_KEY"');
    expect(curl("post", "/v1/messages")).toContain('"x-api-key: $API_KEY"');
    const gemini = curl("post", "/v1beta/models/{model}:streamGenerateContent");
    expect(gemini).toContain(
      'curl -N "$GATEWAY/v1beta/models/{model}:streamGenerateContent?alt=sse"',
    );
    expect(gemini).toContain('"x-goog-api-key: $API_KEY"');
    expect(curl("delete", "/queue/{id}")).toContain("curl -X DELETE ");
  });
});

describe("the page", () => {
  const page = docsPage(document)("http://box.lan:9000");

  it("has every path, and links that lead somewhere", () => {
    for (const { path } of operations) expect(page).toContain(`<code>${path}</code>`);
    const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const targets = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(targets.length).toBeGreaterThan(50);
    expect(targets.filter((id) => !ids.has(id))).toEqual([]);
  });

  it("has no script, no style of its own, and nothing from elsewhere", () => {
    expect(page).not.toMatch(/<script|style=|\son\w+=|src=|https?:\/\/(?!box\.lan:9000)/i);
  });

  it("escapes what it shows", () => {
    const info = { ...document.info, title: `<b>"x"&'` };
    expect(docsPage({ ...document, info })("x")).toContain("<h1>&lt;b&gt;&quot;x&quot;&amp;&#39; ");
  });
});

describe("over HTTP", () => {
  const docs = createDocs("1.2.3");
  const server = createServer((request, response) => {
    if (request.url === "/openapi.json") void docs.json(response);
    else if (request.url === "/docs") void docs.page(request, response);
    else void docs.style(response);
  });
  let base = "";
  beforeAll(async () => {
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  it("is JSON, a page and its style", async () => {
    const json = await fetch(`${base}/openapi.json`);
    expect(await json.json()).toMatchObject({ openapi: "3.1.0", info: { version: "1.2.3" } });
    const page = await fetch(`${base}/docs`);
    const { headers } = page;
    expect(headers.get("content-type")).toBe("text/html; charset=utf-8");
    const [, href = ""] = /rel="stylesheet" href="([^"]+)"/.exec(await page.text()) ?? [];
    const style = await fetch(new URL(href, page.url));
    expect(style.headers.get("content-type")).toBe("text/css; charset=utf-8");
    expect(await style.text()).toContain("prefers-color-scheme: dark");
  });

  it("names in its examples the address that the reader came to", async () => {
    const { port } = new URL(base);
    const page = await (await fetch(`${base}/docs`)).text();
    expect(page).toContain(`export GATEWAY=http://127.0.0.1:${port}\n`);
  });
});

describe("an address that is shown", () => {
  const shown = (headers: Record<string, string>): string =>
    cameTo({ headers, socket: { localPort: 8123 } as Socket });

  it.each([
    "gpu-box:9000",
    "gateway",
    "llm_gateway:8000",
    "192.168.1.10:8000",
    "[fd00::1]:8000",
    "box.example.com",
  ])("is the client's own where that is a plain one: %s", (host) => {
    expect(shown({ host })).toBe(`http://${host}`);
    expect(shown({ host, "x-forwarded-proto": "https" })).toBe(`https://${host}`);
    expect(shown({ host, "x-forwarded-proto": "https,javascript" })).toBe(`http://${host}`);
  });

  it.each([
    "",
    "<script>",
    'box";rm -rf ~;"',
    "$(reboot)",
    "`reboot`",
    "me@evil.example",
    "box/x",
    "box:port",
    "box;ls",
    "-o.example",
    "a".repeat(300),
  ])("is this machine's where the client's would be read by a shell or as HTML: %s", (host) => {
    expect(shown({ host })).toBe("http://localhost:8123");
  });
});
