import type { JsonObject } from "../../json-object.ts";
import type { HubOptions } from "./parts-hub.ts";
import type { Dropped } from "./read-dropped.ts";
import { below, textAt } from "./read-fields.ts";
import { addHint, type CallSettings } from "./read-settings.ts";

type Effort = NonNullable<HubOptions["reasoning"]>;

const efforts: ReadonlySet<string> = new Set<Effort>([
  "none",
  "minimal",
  "low",
  "medium",
  "high",
  "xhigh",
  "max",
]);

function isEffort(value: string): value is Effort {
  return efforts.has(value);
}

/** What Anthropic's smallest budget is; with less it refuses. */
const leastBudget = 1024;

/** An effort by its name; names that the hub does not know are dropped. Null where absent. */
export function effortAt(
  object: JsonObject,
  name: string,
  path: string,
  dropped: Dropped,
): Effort | null {
  const effort = textAt(object, name, path)?.toLowerCase() ?? null;
  if (effort === null || isEffort(effort)) return effort;
  dropped.add(below(path, name));
  return null;
}

/** Gemini keeps its thoughts to itself unless told so. */
export function showThoughts(settings: CallSettings): void {
  addHint(settings, "google", { thinkingConfig: { includeThoughts: true } });
}

/** A client that asks for thinking wants to see it. */
export function setEffort(settings: CallSettings, effort: Effort): void {
  settings.reasoning = effort;
  if (effort !== "none") showThoughts(settings);
}

/** Tokens of thinking as the effort that upstreams without budgets know. */
function effortOfBudget(tokens: number): Effort {
  if (tokens === 0) return "none";
  if (tokens < 4096) return "low";
  return tokens < 16_384 ? "medium" : "high";
}

/** A budget of thinking tokens for upstreams that count them, and an effort for the others. */
export function setBudget(settings: CallSettings, tokens: number, shown: boolean): void {
  settings.reasoning = effortOfBudget(tokens);
  addHint(settings, "google", {
    thinkingConfig: { thinkingBudget: tokens, includeThoughts: shown && tokens > 0 },
  });
  if (tokens >= leastBudget) {
    addHint(settings, "anthropic", { thinking: { type: "enabled", budgetTokens: tokens } });
  }
}
