import { expect, it } from "vitest";
import { withGeminiModel } from "./gemini-path.ts";

it("gives the model another name and keeps the verb, whatever the name holds", () => {
  const path = "/v1beta/models/fast:streamGenerateContent";
  expect(withGeminiModel(path, "gemini-3-flash")).toBe(
    "/v1beta/models/gemini-3-flash:streamGenerateContent",
  );
  expect(withGeminiModel(path, "org/a b:c")).toBe(
    "/v1beta/models/org/a%20b%3Ac:streamGenerateContent",
  );
});
