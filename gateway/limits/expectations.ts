import type { Estimate } from "./estimate.ts";
import type { Amounts } from "./limit.ts";
import { createPromptSizes, type Prompt } from "./prompt-sizes.ts";
import type { Used } from "./reservation.ts";
import { createTypical } from "./typical.ts";

/** What a generation is expected to use. */
export type ExpectedUse = {
  /** Tokens of its prompt. */
  readonly input: number;
  /**
   * The room that is required: what the request asks for, and the minimum where nothing is known.
   */
  readonly needs: Amounts;
  /** What is reserved: what the request asks for, and the typical value where nothing is known. */
  readonly held: Omit<Amounts, "requests">;
};

/** Learns from ended generations what the next ones will use. */
export type Expectations = {
  of(estimate: Estimate, prompt: Prompt | undefined): ExpectedUse;
  learn(used: Used, prompt: Prompt | undefined): void;
};

/** The typical values before any generation has ended. */
const firstOutput = 256;
const firstUpstreamMs = 1_000;

/** The required room where nothing is known. US dollars. */
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
