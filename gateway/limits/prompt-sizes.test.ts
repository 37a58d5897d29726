import { expect, it } from "vitest";
import { createPromptSizes } from "./prompt-sizes.ts";

it("knows nothing of a model before three prompts of a length", () => {
  const sizes = createPromptSizes();
  sizes.learn({ model: "m", chars: 399 }, 300);
  sizes.learn({ model: "m", chars: 4_000 }, 1_000);
  sizes.learn({ model: "m", chars: 4_000 }, 1_000);
  expect(sizes.estimate({ model: "m", chars: 4_000 })).toBeNull();
  sizes.learn({ model: "m", chars: 4_000 }, 1_000);
  expect(sizes.estimate({ model: "m", chars: 4_000 })).toBe(1_100);
  expect(sizes.estimate({ model: "other", chars: 4_000 })).toBeNull();
});

it("follows what people write", () => {
  const sizes = createPromptSizes();
  for (let i = 0; i < 5; i++) sizes.learn({ model: "m", chars: 4_000 }, 1_000);
  for (let i = 0; i < 60; i++) sizes.learn({ model: "m", chars: 4_000 }, 2_000);
  expect(sizes.estimate({ model: "m", chars: 4_000 })).toBeGreaterThan(2_100);
});

it("is not led astray by absurd numbers, nor by a thousand names", () => {
  const sizes = createPromptSizes();
  for (let i = 0; i < 9; i++) sizes.learn({ model: "m", chars: 1_000 }, 1_000_000);
  expect(sizes.estimate({ model: "m", chars: 1_000 })).toBe(1_100);
  for (let i = 0; i < 1_000; i++) sizes.learn({ model: `n${i}`, chars: 1_000 }, 250);
  expect(sizes.estimate({ model: "m", chars: 1_000 })).toBeNull();
});
