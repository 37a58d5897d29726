import { expect, it } from "vitest";
import type { HubOptions } from "./parts-hub.ts";
import { withThinking } from "./target-anthropic-thinking.ts";

const prompt: HubOptions["prompt"] = [{ role: "user", content: [{ type: "text", text: "q" }] }];
const budgetOf = ({ providerOptions }: HubOptions): unknown =>
  Object(providerOptions?.anthropic?.thinking).budgetTokens;

it("takes the budget of thoughts out of the limit that the client named", () => {
  for (const limit of [8000, 2000, 64_000]) {
    const asked: HubOptions = { prompt, reasoning: "high", maxOutputTokens: limit };
    const { options, told } = withThinking(asked, "claude-sonnet-4-5");
    const budget = Number(budgetOf(options));
    expect(budget).toBeGreaterThanOrEqual(1024);
    expect((options.maxOutputTokens ?? 0) + budget).toBe(limit);
    expect([options.reasoning, told]).toEqual([undefined, []]);
  }
});

it("leaves thinking out, and says so, where the limit has no room for it", () => {
  const asked: HubOptions = { prompt, reasoning: "low", maxOutputTokens: 500 };
  const { options, told } = withThinking(asked, "claude-sonnet-4-5");
  expect([options.maxOutputTokens, options.reasoning, budgetOf(options), told]).toEqual([
    500,
    undefined,
    undefined,
    ["reasoning"],
  ]);
});

it("gives models that think as they like the effort, and no budget", () => {
  const thinking = { type: "enabled", budgetTokens: 8192 };
  const asked: HubOptions = {
    prompt,
    reasoning: "medium",
    providerOptions: { anthropic: { thinking } },
  };
  for (const model of ["claude-opus-4-8", "claude-opus-4-6", "claude-sonnet-5"]) {
    const { options } = withThinking(asked, model);
    expect([options.reasoning, options.providerOptions]).toEqual(["medium", { anthropic: {} }]);
  }
});

function afterCall(signature: string | null): HubOptions["prompt"] {
  const proof = signature === null ? {} : { providerOptions: { anthropic: { signature } } };
  const called = { toolCallId: "1", toolName: "f" };
  return [
    ...prompt,
    {
      role: "assistant",
      content: [
        { type: "reasoning", text: "hm", ...proof },
        { type: "tool-call", ...called, input: {} },
      ],
    },
    {
      role: "tool",
      content: [{ type: "tool-result", ...called, output: { type: "text", value: "r" } }],
    },
  ];
}

it("leaves thinking out of a turn whose history lacks the proof of its thought", () => {
  const asked: HubOptions = { prompt: afterCall(null), reasoning: "medium" };
  expect(withThinking(asked, "claude-sonnet-4-5").told).toEqual(["reasoning"]);
  expect(withThinking(asked, "claude-opus-4-6").told).toEqual([]);
  const proven: HubOptions = { prompt: afterCall("proof"), reasoning: "medium" };
  expect(budgetOf(withThinking(proven, "claude-sonnet-4-5").options)).toBeGreaterThan(1024);
});
