import { expect, it } from "vitest";
import { createAnswerLimit } from "./answer-limit.ts";

it("calls without end are refused before the hub, which looks through all at each, stops everybody", () => {
  const limit = createAnswerLimit();
  const call = (id: string): void => {
    limit({ type: "tool-input-start", id, toolName: "f" });
    limit({ type: "tool-call", toolCallId: id, toolName: "f", input: "{}" });
  };
  for (let made = 0; made < 2_000; made++) call(`${made}`);
  expect(() => {
    for (let made = 2_000; made < 5_000; made++) call(`${made}`);
  }).toThrow("The upstream's answer is too long.");
});
