import type { HubOptions } from "./parts-hub.ts";
import type { Kept } from "./target-stops.ts";

/** OpenAI's models that reason: `o3`, `gpt-5.2`. Others refuse the field. */
const reasons = /^(?:o\d|gpt-[5-9]|codex)/;

/** From 5.1 on, models take `none`; before, `minimal` was the least. */
const takesNone = /^gpt-(?:5\.[1-9]|[6-9])/;

/** OpenAI's effort for this model. None where the model has none; that is lost, if it was more. */
export function effortFor(options: HubOptions, model: string): Kept {
  const { reasoning, ...rest } = options;
  if (reasoning === undefined) return { options, lost: [] };
  const isOff = reasoning === "none";
  if (!reasons.test(model)) return { options: rest, lost: isOff ? [] : ["reasoning"] };
  const isNew = takesNone.test(model);
  // Older models have no way to think of nothing, and their default is not refused.
  if (isOff && !isNew) return { options: rest, lost: [] };
  if (reasoning === "max") return { options: { ...rest, reasoning: "xhigh" }, lost: [] };
  if (reasoning === "minimal" && isNew) return { options: { ...rest, reasoning: "low" }, lost: [] };
  return { options, lost: [] };
}
