import { GatewayError } from "../errors.ts";
import type { Dialect } from "../exchange.ts";
import type { Upstream } from "./upstream.ts";

/** What can be converted, and so be asked of an upstream of any family. */
const convertible: ReadonlySet<Dialect> = new Set(["chat", "responses", "messages", "gemini"]);

/** The form of its own in which every upstream of a family can be asked for a conversation. */
const own: Readonly<Record<Upstream["family"], Dialect>> = {
  openai: "chat",
  anthropic: "messages",
  google: "gemini",
};

/**
 * Whether a request of this dialect may pass as it is. Servers of the OpenAI family may know
 * Messages and Responses too: that is taken for granted until one has shown otherwise.
 */
export function isNative({ family, lacks }: Upstream, dialect: Dialect): boolean {
  if (family !== "openai") return dialect === own[family];
  return dialect !== "gemini" && !lacks.has(dialect);
}

/** Whether it can be asked in its own dialect instead. */
export function isConvertible({ family }: Upstream, dialect: Dialect): boolean {
  return convertible.has(dialect) && dialect !== own[family];
}

/**
 * Whether it can be asked at all. Of Gemini's questions only those for text have a form elsewhere.
 */
export function canServe(upstream: Upstream, dialect: Dialect, path: string): boolean {
  if (isNative(upstream, dialect)) return true;
  return isConvertible(upstream, dialect) && !/:(?:batchE|e)mbedContents?$/.test(path);
}

/** How servers answer a path that they do not know, or do not take. */
const unknownPath: ReadonlySet<number> = new Set([404, 405, 501]);

/** Whether an upstream's error may mean that it does not know what it was asked, in these words. */
export function lacksPath(error: unknown): boolean {
  return error instanceof GatewayError && unknownPath.has(error.status);
}
