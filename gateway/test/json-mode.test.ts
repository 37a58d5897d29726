import { expect, it } from "vitest";
import { startTestGateway } from "./support/harness.ts";

it.each([
  ["/v1/chat/completions", { response_format: { type: "json_object" } }],
  ["/v1/responses", { text: { format: { type: "json_object" } } }],
])("JSON mode of %s reaches Claude, which has no such mode", async (path, fields) => {
  await using gateway = await startTestGateway(
    (_seen, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(
        JSON.stringify({
          ...{ id: "msg_1", type: "message", role: "assistant", model: "claude" },
          content: [{ type: "text", text: '{"sky":"blue"}' }],
          ...{ stop_reason: "end_turn", stop_sequence: null },
          usage: { input_tokens: 9, output_tokens: 5 },
        }),
      );
    },
    { UPSTREAM_TYPE: "anthropic" },
  );
  const question = "The colour of the sky?";
  const messages = [{ role: "user", content: question }];
  const asked = path === "/v1/responses" ? { input: question } : { messages };
  const answer = await gateway.post(path, { model: "claude", ...asked, ...fields });
  expect(answer.status).toBe(200);
  expect(answer.headers.get("x-gateway-dropped") ?? "").not.toContain("format");
  expect(await answer.text()).toContain(String.raw`{\"sky\":\"blue\"}`);
  const { body } = gateway.upstream.seen.find(({ method }) => method === "POST") ?? {};
  const { system } = JSON.parse(body?.toString() ?? "{}") as { system?: unknown };
  expect(JSON.stringify(system)).toContain("JSON");
});
