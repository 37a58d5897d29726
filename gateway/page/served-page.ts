import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import helmet from "helmet";
import { type Asset, readAssets } from "./assets.ts";
import { type Document, pageDocument } from "./document.ts";

/** The page in memory, ready to be sent. */
export type ServedPage = {
  document(
    which: "known" | "unknown" | "wall",
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void>;
  /** False where there is no such file; nothing was answered then. */
  asset(path: string, request: IncomingMessage, response: ServerResponse): Promise<boolean>;
};

/** Reads the page from disk, once. */
export async function servePage(): Promise<ServedPage> {
  const assets = await readAssets();
  const documents = {
    known: pageDocument(assets, "main.js", true),
    unknown: pageDocument(assets, "main.js", false),
    wall: pageDocument(assets, "wall.js", false),
  };
  // The import map is the same in all three, and so is its hash.
  const setHeaders = headersFor(documents.known.scriptHash);
  const prefix = `${assets.hash}/`;

  return {
    async document(which, request, response) {
      await setHeaders(request, response);
      sendDocument(documents[which], request, response);
    },
    async asset(path, request, response) {
      const file = path.startsWith(prefix)
        ? assets.files.get(path.slice(prefix.length))
        : undefined;
      if (file === undefined) return false;
      sendAsset(file, request, response);
      return true;
    },
  };
}

function sendDocument(
  { html }: Document,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const tag = `"${createHash("sha256").update(html).digest("hex").slice(0, 16)}"`;
  response.setHeader("etag", tag);
  response.setHeader("cache-control", "private, no-cache");
  if (request.headers["if-none-match"] === tag) {
    response.writeHead(304).end();
    return;
  }
  response.setHeader("content-type", "text/html; charset=utf-8");
  response.setHeader("content-length", html.length);
  response.end(html);
}

function sendAsset(file: Asset, request: IncomingMessage, response: ServerResponse): void {
  const takesGzip = /\bgzip\b(?!\s*;\s*q=0(?:\.0*)?(?:\s|,|$))/.test(
    String(request.headers["accept-encoding"] ?? ""),
  );
  // The policy of a document covers what it loads: these two are all that a file needs.
  response.setHeader("x-content-type-options", "nosniff");
  response.setHeader("cross-origin-resource-policy", "same-origin");
  response.setHeader("cache-control", "public, max-age=31536000, immutable");
  const body = takesGzip ? file.gzipped : file.plain;
  response.setHeader("vary", "accept-encoding");
  response.setHeader("content-type", file.type);
  if (takesGzip) response.setHeader("content-encoding", "gzip");
  response.setHeader("content-length", body.length);
  response.end(body);
}

/**
 * Sets the headers of the page: scripts only from here, no text that becomes code (Trusted Types
 * without a policy), in nobody's frame. No HSTS, no upgrade to TLS and no opener policy: the page
 * works over plain http on a LAN.
 */
function headersFor(scriptHash: string) {
  const set = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        "default-src": ["'none'"],
        "script-src": ["'self'", scriptHash],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "connect-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["'none'"],
      },
    },
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
    originAgentCluster: false,
    xFrameOptions: { action: "deny" },
  });
  return (request: IncomingMessage, response: ServerResponse): Promise<void> =>
    new Promise((resolve, reject) => {
      set(request, response, (error?: unknown) => {
        if (error === undefined) resolve();
        else reject(error);
      });
    });
}
