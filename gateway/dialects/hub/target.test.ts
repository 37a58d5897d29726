import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Family } from "../dialect.ts";
import type { HubRequest } from "./hub.ts";
import { type TargetSettings, targetOf } from "./target.ts";

const settings: TargetSettings = {
  baseUrl: "http://up",
  model: "up",
  fetch,
  defaultMaxTokens: 4096,
  strictFields: false,
  takesThoughts: true,
};

type Options = HubRequest["options"];

const cacheControl = { type: "ephemeral" };
const options: Options = {
  providerOptions: {
    openaiCompatible: { user: "u" },
    anthropic: { metadata: { userId: "u" } },
    google: { thinkingConfig: { includeThoughts: true } },
  },
  prompt: [
    { role: "system", content: "s", providerOptions: { anthropic: { cacheControl } } },
    {
      role: "assistant",
      content: [
        {
          type: "tool-call",
          toolCallId: "c",
          toolName: "f",
          input: {},
          providerOptions: {
            anthropic: { cacheControl },
            google: { thoughtSignature: "proof" },
          },
        },
      ],
    },
  ],
};

/** The names of the hints that are left, wherever they stand. */
function hints(family: Family): Record<string, string[]> {
  const { providerOptions, prompt } = targetOf(family).prepare(options, settings).options;
  const names = (value: object | undefined): string[] => Object.keys(value ?? {});
  return {
    request: names(providerOptions),
    parts: prompt.flatMap((message) => [
      ...names(message.providerOptions),
      ...(message.role === "system"
        ? []
        : message.content.flatMap((part) => names(part.providerOptions))),
    ]),
  };
}

describe("prepare", () => {
  it("leaves each provider its own hints alone", () => {
    expect(hints("openai")).toEqual({ request: ["openaiCompatible"], parts: ["google"] });
    expect(hints("anthropic")).toEqual({
      request: ["anthropic"],
      parts: ["anthropic", "anthropic"],
    });
    expect(hints("google")).toEqual({ request: ["google"], parts: ["google"] });
  });

  it("leaves the request itself as it was", () => {
    const before = structuredClone(options);
    for (const family of ["openai", "anthropic", "google"] as const) {
      targetOf(family).prepare(options, settings);
    }
    expect(options).toEqual(before);
  });
});

it("loads no provider before the first conversion", () => {
  const folder = join(import.meta.dirname, "..");
  const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) =>
    /^[^.]+\.ts$/.test(file),
  );
  const eager = sources.filter((file) =>
    /^import (?!type )[^;]*from "@ai-sdk/m.test(readFileSync(join(folder, file), "utf8")),
  );
  expect(sources.length).toBeGreaterThan(50);
  expect(eager).toEqual([]);
});
