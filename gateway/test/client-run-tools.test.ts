import { describe, expect, it } from "vitest";
import { startTestGateway } from "./support/harness.ts";
import type { Handler } from "./support/mock-upstream.ts";

// Tools of OpenAI's that have a type instead of a name and that the client runs, at an upstream that
// has functions alone.

/** Calls one tool, whole or streamed in two pieces. */
const calling =
  (name: string, text: string): Handler =>
  (seen, response) => {
    const head = { id: "c", created: 1, model: "m" };
    const call = (said: string) => ({ index: 0, function: { arguments: said } });
    const begun = { index: 0, id: "call_1", type: "function", function: { name, arguments: "" } };
    if (!seen.body.includes('"stream":true')) {
      const message = {
        ...{ role: "assistant", content: null },
        tool_calls: [{ ...begun, function: { name, arguments: text } }],
      };
      response.setHeader("content-type", "application/json");
      const choices = [{ index: 0, message, finish_reason: "tool_calls" }];
      response.end(JSON.stringify({ ...head, object: "chat.completion", choices }));
      return;
    }
    response.setHeader("content-type", "text/event-stream");
    const half = Math.floor(text.length / 2);
    for (const [delta, finish_reason] of [
      [{ role: "assistant", tool_calls: [begun] }, null],
      [{ tool_calls: [call(text.slice(0, half))] }, null],
      [{ tool_calls: [call(text.slice(half))] }, null],
      [{}, "tool_calls"],
    ]) {
      const choices = [{ index: 0, delta, finish_reason }];
      const chunk = { ...head, object: "chat.completion.chunk", choices };
      response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    }
    response.end("data: [DONE]\n\n");
  };

const tools = [{ type: "shell" }, { type: "apply_patch" }, { type: "image_generation" }];
const operation = { type: "update_file", path: "a.txt", diff: "@@\n-a\n+b\n" };
const action = { commands: ["ls", "pwd"], timeout_ms: 5000, max_output_length: null };

const lastResponse = (text: string): { output: object[] } => {
  const [, data = "{}"] = /^event: response\.completed\ndata: (.*)$/m.exec(text) ?? [];
  return JSON.parse(data).response;
};

describe.each([false, true])("a tool that an OpenAI client runs (stream: %s)", (stream) => {
  it.each([
    [
      "shell",
      JSON.stringify({ commands: action.commands, timeout_ms: 5000 }),
      { type: "shell_call", action, environment: null },
    ],
    ["apply_patch", JSON.stringify(operation), { type: "apply_patch_call", operation }],
    [
      "apply_patch",
      '{"type":"delete_file","path":"b"}',
      { type: "apply_patch_call", operation: { type: "delete_file", path: "b" } },
    ],
  ])(
    "%s is a function upstream, and its call the item that the client knows",
    async (name, args, item) => {
      await using gateway = await startTestGateway(calling(name, args), { UPSTREAM_API: "chat" });
      const answer = await gateway.post("/v1/responses", {
        model: "m",
        input: "do",
        tools,
        stream,
      });
      const text = await answer.text();
      const { output } = stream ? lastResponse(text) : JSON.parse(text);
      expect(output).toEqual([
        { id: expect.any(String), status: "completed", call_id: "call_1", ...item },
      ]);
      expect(answer.headers.get("x-gateway-dropped")).toBe("tools[2]");
      const sent = JSON.parse(gateway.upstream.seen.at(-1)?.body.toString() ?? "{}");
      const names = sent.tools.map((tool: { function: { name: string } }) => tool.function.name);
      expect(names).toEqual(["shell", "apply_patch"]);
    },
  );
});

it("calls and results of such tools are in the next turn", async () => {
  await using gateway = await startTestGateway(calling("shell", "{}"), { UPSTREAM_API: "chat" });
  const output = [
    { stdout: "a.txt", stderr: "", outcome: { type: "exit", exit_code: 0 } },
    { stdout: "", stderr: "no such file", outcome: { type: "exit", exit_code: 2 } },
    { stdout: "", stderr: "", outcome: { type: "timeout" } },
  ];
  const answer = await gateway.post("/v1/responses", {
    ...{ model: "m", tools, tool_choice: { type: "shell" } },
    input: [
      { role: "user", content: "do" },
      { type: "shell_call", call_id: "s", action, status: "completed" },
      { type: "shell_call_output", call_id: "s", output },
      { type: "apply_patch_call", call_id: "p", operation, status: "completed" },
      { type: "apply_patch_call_output", call_id: "p", status: "failed", output: "no such line" },
    ],
  });
  expect(answer.headers.get("x-gateway-dropped")).toBe("tools[2]");
  const { messages, tool_choice } = JSON.parse(
    gateway.upstream.seen.at(-1)?.body.toString() ?? "{}",
  );
  expect(messages).toMatchObject([
    { role: "user" },
    { tool_calls: [{ id: "s", function: { name: "shell" } }] },
    { role: "tool", content: "a.txt\nno such file\n(exit code 2)\n(timed out)" },
    { tool_calls: [{ id: "p", function: { name: "apply_patch" } }] },
    { role: "tool", content: expect.stringMatching(/^Error:.*no such line$/s) },
  ]);
  expect(JSON.parse(messages[1].tool_calls[0].function.arguments)).toEqual({
    ...{ commands: ["ls", "pwd"], timeout_ms: 5000 },
  });
  expect(JSON.parse(messages[3].tool_calls[0].function.arguments)).toEqual(operation);
  expect(tool_choice).toMatchObject({ function: { name: "shell" } });
});
