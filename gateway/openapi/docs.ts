import { readFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";

/** The document and its page, ready to be sent. */
export type Docs = {
  /** `GET /openapi.json` */
  json(response: ServerResponse): Promise<void>;
  /** `GET /docs` */
  page(response: ServerResponse): Promise<void>;
  /** `GET /docs/style.css` */
  style(response: ServerResponse): Promise<void>;
};

/**
 * Made at the first asking and kept: schemas and what writes them are not loaded before anybody
 * reads them.
 */
export function createDocs(version: string): Docs {
  let made: Promise<{ json: Buffer; page: Buffer; style: Buffer }> | null = null;

  async function make() {
    const [{ openApiDocument }, { docsPage }, style] = await Promise.all([
      import("./document.ts"),
      import("./docs-page.ts"),
      readFile(join(import.meta.dirname, "docs.css")),
    ]);
    const document = openApiDocument(version);
    const json = Buffer.from(JSON.stringify(document));
    return { json, page: Buffer.from(docsPage(document)), style };
  }

  const send = (name: "json" | "page" | "style", type: string) => {
    return async (response: ServerResponse): Promise<void> => {
      made ??= make();
      const body = (await made)[name];
      response.setHeader("content-type", type);
      response.setHeader("content-length", body.length);
      // A new version has another page.
      response.setHeader("cache-control", "no-cache");
      response.end(body);
    };
  };

  return {
    json: send("json", "application/json"),
    page: send("page", "text/html; charset=utf-8"),
    style: send("style", "text/css; charset=utf-8"),
  };
}
