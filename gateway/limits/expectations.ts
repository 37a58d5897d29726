import type { Estimate } from "./estimate.ts";
import type { Amounts } from "./limit.ts";
import { createPromptSizes, type Prompt } from "./prompt-sizes.ts";
import type { Used } from "./reservation.ts";
import { createTypical } from "./typical.ts";

/** What a generation is expected to use. */
export type ExpectedUse = {
  /** Tokens of its prompt. */
  readonly input: number;
  /** What there must be room for: what it asks for, and the least of what nobody knows. */
  readonly needs: Amounts;
  /** What is reserved: what it asks for, and what is typical of what nobody knows. */
  readonly held: Omit<Amounts, "requests">;
};

/** What generations are expected to use, learnt from those that ended. */
export type Expectations = {
  of(estimate: Estimate, prompt: Prompt | undefined): ExpectedUse;
  learn(used: Used, prompt: Prompt | undefined): void;
};

/** Taken for typical before anything has been seen. */
const firstOutput = 256;
const firstUpstreamMs = 1_000;

/** The least there must be room for, where nothing is known. */
const leastCost = 1e-9;

export function createExpectations(): Expectations {
  const typicalOutput = createTypical(firstOutput);
  const typicalMs = createTypical(firstUpstreamMs);
  const prompts = createPromptSizes();
  return {
    of({ input: told, isCounted = false, output, cost }, prompt) {
      const learnt = isCounted || prompt === undefined ? null : prompts.estimate(prompt);
      const input = learnt ?? told;
      return {
        input,
        needs: { requests: 1, tokens: input + (output ?? 1), upstream: 1, cost: cost ?? leastCost },
        held: {
          tokens: input + (output ?? Math.ceil(typicalOutput.read())),
          upstream: Math.ceil(typicalMs.read()),
          cost: cost ?? 0,
        },
      };
    },
    learn({ input, output, upstreamMs }, prompt) {
      if (upstreamMs !== null) typicalMs.learn(upstreamMs);
      if (output !== null) typicalOutput.learn(output);
      if (prompt && input !== null) prompts.learn(prompt, input);
    },
  };
}
