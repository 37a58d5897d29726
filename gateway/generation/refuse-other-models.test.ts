import { describe, expect, it } from "vitest";
import type { Identity } from "../auth/identity.ts";
import { GatewayError } from "../errors.ts";
import { refuseOtherModels } from "./refuse-other-models.ts";

const identity = { models: ["qwen*", "phi"] } as Partial<Identity> as Identity;

function refusal(model: string | null, others: readonly string[] = []): GatewayError {
  try {
    refuseOtherModels(identity, model, others);
  } catch (error) {
    if (error instanceof GatewayError) return error;
  }
  throw new Error("not refused");
}

describe("a key that may use some models", () => {
  it("is told which model was refused, and which models it may use", () => {
    const error = refusal("gpt-5");
    expect(error).toMatchObject({ status: 403, param: "model" });
    expect(error.message).toBe("This key may not use the model gpt-5. It may use qwen*, phi.");
    expect(error.headers).toEqual({ "x-should-retry": "false" });
    expect(refusal("phi", ["gpt-6"]).message).toContain("the model gpt-6.");
    expect(refusal("x".repeat(5_000)).message.length).toBeLessThan(300);
  });

  it("is told to name one", () => {
    expect(refusal(null).message).toBe("Name a model: this key may use qwen*, phi.");
  });
});
