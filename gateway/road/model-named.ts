import { geminiTarget } from "../dialects/gemini-target.ts";
import { findTopLevel } from "../dialects/json-scan.ts";
import type { Exchange } from "../exchange.ts";

/** The model a request names, in its path or in its body; null where it names none. */
export function modelNamed({ path }: Pick<Exchange, "path">, body: Buffer): string | null {
  const gemini = geminiTarget(path);
  if (gemini !== null) return gemini.model;
  const found = findTopLevel(body, "model").at(-1);
  if (found === undefined) return null;
  try {
    const name: unknown = JSON.parse(body.toString("utf8", found.start, found.end));
    return typeof name === "string" && name !== "" ? name : null;
  } catch {
    return null;
  }
}
