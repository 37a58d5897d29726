import type { IncomingMessage, ServerResponse } from "node:http";

/** What the web page answers. A promise that is rejected becomes an error answer. */
export type Page = {
  /** `GET /`: the page for a browser, one line for any other client. */
  home(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** `GET /wall`: free slots and the number of waiting requests, for a screen on a wall. */
  wall(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /**
   * `GET /page/HASH/NAME`: a file of the page. Resolves with false, and answers nothing, where there
   * is no such file.
   */
  asset(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean>;
};

export type PageParts = {
  /** Who sends a request; throws or rejects if nobody known. */
  authenticate(request: IncomingMessage): unknown;
};

/** The line with which Ollama answers; its clients look for a server by it. */
const ollamaLine = "Ollama is running";

/** The page. Nothing of it is read or kept in memory before the first browser comes. */
export function createPage(parts: PageParts): Page {
  let loading: ReturnType<typeof load> | null = null;
  const load = async () => (await import("./served-page.ts")).servePage();
  const served = (): ReturnType<typeof load> => {
    loading ??= load().catch((error: unknown) => {
      loading = null;
      throw error;
    });
    return loading;
  };

  /** Whether requests from there need no key of the page's: an open door, or a proxy that signs. */
  async function isKnown(request: IncomingMessage): Promise<boolean> {
    try {
      await parts.authenticate(request);
      return true;
    } catch {
      return false;
    }
  }

  return {
    async home(request, response) {
      response.setHeader("vary", "accept");
      if (!acceptsHtml(request)) {
        response.setHeader("content-type", "text/plain; charset=utf-8");
        response.setHeader("x-content-type-options", "nosniff");
        response.end(ollamaLine);
        return;
      }
      const page = await served();
      await page.document((await isKnown(request)) ? "known" : "unknown", request, response);
    },
    wall: async (request, response) => (await served()).document("wall", request, response),
    asset: async (path, request, response) => (await served()).asset(path, request, response),
  };
}

/** Whether the client names text/html itself; any type (`*` for both parts) alone is what programs send. */
function acceptsHtml({ headers }: IncomingMessage): boolean {
  const ranges = (headers.accept ?? "").toLowerCase().split(",");
  return ranges.some((range) => {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
    return type === "text/html" && !parameters.some((one) => /^q=0(?:\.0*)?$/.test(one));
  });
}
