import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { cameTo } from "./came-to.ts";

/** The document and its page, ready to be sent. */
export type Docs = {
  /** `GET /openapi.json` */
  json(response: ServerResponse): Promise<void>;
  /** `GET /docs` */
  page(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** `GET /docs/style.css` */
  style(response: ServerResponse): Promise<void>;
};

/** Made at the first request and kept, so that schemas are loaded only when they are read. */
export function createDocs(version: string): Docs {
  let made: ReturnType<typeof make> | null = null;

  async function make() {
    const [{ openApiDocument }, { docsPage }, style] = await Promise.all([
      import("./document.ts"),
      import("./docs-page.ts"),
      readFile(join(import.meta.dirname, "docs.css")),
    ]);
    const document = openApiDocument(version);
    return { json: Buffer.from(JSON.stringify(document)), page: docsPage(document), style };
  }

  const parts = (): ReturnType<typeof make> => {
    made ??= make();
    return made;
  };

  return {
    json: async (response) => send(response, "application/json", (await parts()).json),
    async page(request, response) {
      const { page } = await parts();
      send(response, "text/html; charset=utf-8", Buffer.from(page(cameTo(request))));
    },
    style: async (response) => send(response, "text/css; charset=utf-8", (await parts()).style),
  };
}

function send(response: ServerResponse, type: string, body: Buffer): void {
  response.setHeader("content-type", type);
  response.setHeader("content-length", body.length);
  // A new version has another page.
  response.setHeader("cache-control", "no-cache");
  response.end(body);
}
