import { geminiTarget } from "../dialects/gemini/gemini-target.ts";
import { onlyModel } from "../dialects/json/one-model.ts";
import type { Exchange } from "../exchange.ts";

/** The model that a request names in its path or body; null for none. Throws 400 for two. */
export function modelNamed({ path }: Pick<Exchange, "path">, body: Buffer): string | null {
  const gemini = geminiTarget(path);
  if (gemini !== null) return gemini.model;
  const found = onlyModel(body);
  if (found === null) return null;
  try {
    const name: unknown = JSON.parse(body.toString("utf8", found.start, found.end));
    return typeof name === "string" && name !== "" ? name : null;
  } catch {
    return null;
  }
}
