import type { SharedV4Warning } from "@ai-sdk/provider";
import { GatewayError } from "../../errors.ts";

/** A header holds this much of what was dropped; the rest is counted. */
const most = 50;
const longestName = 120;

/** The settings of the hub that a provider may have to leave out or change. */
const settings: ReadonlySet<string> = new Set([
  ...["maxOutputTokens", "temperature", "topP", "topK", "seed", "stopSequences"],
  ...["presencePenalty", "frequencyPenalty", "responseFormat", "toolChoice", "reasoning"],
]);

/**
 * The settings that a provider says it lost. What else it says is advice on how to use it, or what
 * it does instead: `skip_thought_signature_validator`, adaptive thinking for a budget.
 */
export function settingsIn(warnings: readonly SharedV4Warning[]): string[] {
  return warnings.flatMap((warning) =>
    warning.type === "unsupported" && settings.has(warning.feature) ? [warning.feature] : [],
  );
}

/** A name that can stand in a list in a header. */
function plain(name: string): string {
  return name.slice(0, longestName).replace(/[^\x20-\x7e]|,/g, "?");
}

/** Names for a header, each once. */
export function shownNames(names: readonly string[]): string[] {
  return [...new Set(names.map(plain))].slice(0, most);
}

/** What a strict gateway answers to a request that would lose something. */
export function refuseDropped(names: readonly string[]): never {
  throw new GatewayError(
    "invalid_request",
    `The upstream of this model has another API, which has no field for: ${names.join(", ")}.`,
    { param: names[0] ?? null },
  );
}
