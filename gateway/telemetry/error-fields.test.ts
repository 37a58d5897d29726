import { describe, expect, it } from "vitest";
import { errorFields } from "./error-fields.ts";

function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("the fields of an error", () => {
  it("are its type, code, message and frames", () => {
    const fields = errorFields(Object.assign(new TypeError("broken"), { code: "ERR_X" }));
    expect(fields).toMatchObject({ type: "TypeError", code: "ERR_X", message: "broken" });
    expect(fields.stack).toMatch(/^TypeError: broken\n {4}at .*error-fields\.test\.ts/);
  });

  it("hold nothing of a prompt that could not be parsed", () => {
    const error = thrownBy(() => JSON.parse("my secret prompt"));
    expect(JSON.stringify(errorFields(error))).not.toContain("secret");
    const wrapped = new Error("outer", { cause: error });
    expect(JSON.stringify(errorFields(wrapped))).not.toContain("secret");
  });

  it("hold no other field: libraries hang headers and bodies onto their errors", () => {
    const error = Object.assign(new Error("refused"), {
      headers: { authorization: "Bearer top" },
      body: "the prompt",
    });
    expect(JSON.stringify(errorFields(error))).not.toMatch(/top|the prompt/);
  });

  it("have one line of message, however many it had, and no frames made up in it", () => {
    const { message, stack } = errorFields(new Error("one\n    at forged (x.ts:1:1)\nthree"));
    expect(message).toBe("one?    at forged (x.ts:1:1)?three");
    expect(stack.split("\n")[1]).not.toContain("forged");
  });

  it("follow causes, but not for ever", () => {
    const error = new Error("round");
    error.cause = error;
    expect(errorFields(error).cause?.cause?.cause?.cause).toBeUndefined();
    expect(errorFields(error).cause?.message).toBe("round");
  });

  it("are there for anything that is thrown", () => {
    for (const thrown of [null, undefined, "sk-text", 7, {}]) {
      expect(errorFields(thrown).message).toBe("the thrown value is not an Error");
    }
  });
});
