import { isJsonObject } from "../../json-object.ts";
import type { HubOptions } from "./parts-hub.ts";

/** Anthropic's smallest budget of thinking. */
const leastBudget = 1024;

const budgets: Readonly<Record<string, number>> = {
  minimal: 1024,
  low: 4096,
  medium: 10_240,
  high: 16_384,
  xhigh: 24_576,
  max: 32_000,
};

/** `claude-opus-4-6` → 4.6; null where the name tells no version. */
function versionOf(model: string): number | null {
  const found = /claude-(?:[a-z]+-)?(\d+)(?:[-.](\d))?(?!\d)/.exec(model);
  return found === null ? null : Number(`${found[1]}.${found[2] ?? 0}`);
}

/** From 4.6 on, models set the length of their thoughts themselves, within `max_tokens`. */
function takesBudget(model: string): boolean {
  const version = versionOf(model);
  return version === null || version < 4.6;
}

/** With a budget, a turn that used tools must begin with its thought, which has a proof. */
function lacksThought({ prompt }: HubOptions): boolean {
  if (prompt.at(-1)?.role !== "tool") return false;
  const asked = prompt.findLastIndex(({ role }) => role === "user");
  const turn = prompt.slice(asked + 1).find(({ role }) => role === "assistant");
  if (turn?.role !== "assistant") return false;
  const [first] = turn.content;
  const proof = first?.type === "reasoning" ? first.providerOptions?.anthropic : undefined;
  return proof?.signature === undefined && proof?.redactedData === undefined;
}

function withoutThinking(options: HubOptions): HubOptions {
  const { reasoning: _reasoning, providerOptions = {}, ...rest } = options;
  const { thinking: _thinking, ...anthropic } = providerOptions.anthropic ?? {};
  return { ...rest, providerOptions: { ...providerOptions, anthropic } };
}

/** A model that takes no budget gets the effort that the reader made of it. */
function withoutBudget(options: HubOptions): HubOptions {
  const { thinking, ...anthropic } = options.providerOptions?.anthropic ?? {};
  if (!isJsonObject(thinking) || thinking.type !== "enabled") return options;
  return { ...options, providerOptions: { ...options.providerOptions, anthropic } };
}

/** The budget that was asked for, in tokens or by an effort; null for none. */
function budgetOf({ reasoning, providerOptions }: HubOptions): number | null {
  const thinking = providerOptions?.anthropic?.thinking;
  if (isJsonObject(thinking) && typeof thinking.budgetTokens === "number") {
    return thinking.budgetTokens;
  }
  return reasoning === undefined ? null : (budgets[reasoning] ?? null);
}

/**
 * Thinking as this model takes it. A limit of tokens includes the thoughts, as in every other API; the
 * provider adds the budget to it, so it is taken off first. `told` if thinking is left out.
 */
export function withThinking(
  options: HubOptions,
  model: string,
): { options: HubOptions; told: readonly string[] } {
  if (!takesBudget(model)) return { options: withoutBudget(options), told: [] };
  const asked = budgetOf(options);
  if (asked === null) return { options, told: [] };
  const bare = withoutThinking(options);
  const limit = options.maxOutputTokens;
  // An answer needs room beside its thoughts.
  const most = limit === undefined ? asked : Math.min(asked, Math.floor((limit * 3) / 4));
  if (most < leastBudget || lacksThought(options)) return { options: bare, told: ["reasoning"] };
  const anthropic = {
    ...bare.providerOptions?.anthropic,
    thinking: { type: "enabled", budgetTokens: most },
  };
  const limited = limit === undefined ? {} : { maxOutputTokens: limit - most };
  const providerOptions = { ...bare.providerOptions, anthropic };
  return { options: { ...bare, ...limited, providerOptions }, told: [] };
}
