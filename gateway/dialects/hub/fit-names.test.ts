import { expect, it } from "vitest";
import { fitNames, type NameRules } from "./fit-names.ts";
import type { HubOptions } from "./parts-hub.ts";

const rules: NameRules = {
  foreign: /[^a-zA-Z0-9_-]/,
  longest: 24,
  beginsWithLetter: true,
  longestId: 16,
};

const tool = (name: string) => ({ type: "function", name, inputSchema: {} }) as const;

function talk(name: string, id: string): HubOptions {
  return {
    tools: [tool(name), tool("plain")],
    toolChoice: { type: "tool", toolName: name },
    prompt: [
      {
        role: "assistant",
        content: [{ type: "tool-call", toolCallId: id, toolName: name, input: {} }],
      },
      {
        role: "tool",
        content: [
          {
            type: "tool-result",
            toolCallId: id,
            toolName: name,
            output: { type: "text", value: "" },
          },
        ],
      },
    ],
  };
}

it.each([
  ["fs.read", "fs_read"],
  ["1c_reload", "_1c_reload"],
  ["mcp__github__search_issues_and_more", /^mcp__github__se_[0-9a-f]{8}$/],
])("gives the upstream a name for %s that it takes, and remembers the client's", (name, theirs) => {
  const { options, toolNames } = fitNames(talk(name, "call_1"), rules);
  const [sent] = options.tools ?? [];
  expect(sent?.name).toEqual(typeof theirs === "string" ? theirs : expect.stringMatching(theirs));
  expect(sent?.name.length).toBeLessThanOrEqual(rules.longest);
  expect(options.toolChoice).toEqual({ type: "tool", toolName: sent?.name });
  expect(JSON.stringify(options.prompt)).not.toContain(`"${name}"`);
  expect([...toolNames]).toEqual([[sent?.name, name]]);
});

it("gives no two tools one name, whatever the order", () => {
  const names = ["fs.read", "fs_read", "fs:read"];
  for (const order of [names, names.toReversed()]) {
    const { options, toolNames } = fitNames({ prompt: [], tools: order.map(tool) }, rules);
    const sent = (options.tools ?? []).map((one) => one.name);
    expect(new Set(sent).size).toBe(3);
    expect(sent[order.indexOf("fs_read")]).toBe("fs_read");
    expect(sent.map((one) => toolNames.get(one) ?? one)).toEqual(order);
  }
});

it("gives a call and its result one id that the upstream takes", () => {
  for (const id of ["functions.Bash:0", "x".repeat(60)]) {
    const { options } = fitNames(talk("plain", id), rules);
    const ids = options.prompt.flatMap(({ content }) =>
      typeof content === "string"
        ? []
        : content.flatMap((part) => ("toolCallId" in part ? [part.toolCallId] : [])),
    );
    expect(ids[0]).toMatch(/^[a-zA-Z0-9_-]{1,16}$/);
    expect(ids[1]).toBe(ids[0]);
  }
});

it("leaves a request that fits as it is", () => {
  const asked = talk("plain", "call_1");
  expect(fitNames(asked, rules).options).toBe(asked);
});
