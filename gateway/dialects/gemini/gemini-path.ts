import { geminiTarget } from "./gemini-target.ts";

/** A Gemini path with its model under another name; the verb stays. Other paths name no model. */
export function withGeminiModel(path: string, model: string): string {
  if (geminiTarget(path) === null) return path;
  const from = path.indexOf("/models/") + "/models/".length;
  const verb = path.slice(path.lastIndexOf(":"));
  // Slashes are part of a name; all else is escaped.
  const name = model.split("/").map(encodeURIComponent).join("/");
  return `${path.slice(0, from)}${name}${verb}`;
}
