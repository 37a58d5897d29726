import { expect, it } from "vitest";
import { startTestGateway } from "./support/harness.ts";
import type { Handler, MockUpstream } from "./support/mock-upstream.ts";

const proof = Buffer.from("a proof that another server has made").toString("base64");

/** The generations that it was asked for; it is asked for its models too. */
const asksOf = ({ seen }: MockUpstream) => seen.filter(({ method }) => method === "POST");

type Asked = { messages: { content: unknown }[]; thinking?: unknown };
const askedOf = (body: Buffer | undefined): Asked => JSON.parse(body?.toString() ?? "{}") as Asked;

/** Anthropic, where no proof is its own. */
const strict: Handler = (seen, response) => {
  const isRefused = seen.body.includes(proof);
  const message = "messages.1.content.0: Invalid `signature` in `thinking` block";
  const answer = isRefused
    ? { type: "error", error: { type: "invalid_request_error", message } }
    : {
        ...{
          id: "msg_1",
          type: "message",
          role: "assistant",
          model: "claude",
          stop_reason: "end_turn",
        },
        content: [{ type: "text", text: "sunny" }],
        usage: { input_tokens: 9, output_tokens: 1 },
      };
  response.writeHead(isRefused ? 400 : 200, { "content-type": "application/json" });
  response.end(JSON.stringify(answer));
};

const conversation = {
  model: "claude",
  max_tokens: 2048,
  thinking: { type: "enabled", budget_tokens: 1024 },
  messages: [
    { role: "user", content: "the weather?" },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "look it up", signature: proof },
        { type: "tool_use", id: "toolu_1", name: "weather", input: {} },
      ],
    },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "sun" }] },
  ],
};

it("a proof that Anthropic refuses is left out with its thought, named, and not remembered", async () => {
  await using gateway = await startTestGateway(strict, { UPSTREAM_TYPE: "anthropic" });
  for (const asks of [2, 4]) {
    const answer = await gateway.post("/v1/messages", conversation);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-gateway-changed")).toBe("messages[1].content[0], thinking");
    expect(await answer.json()).toMatchObject({ content: [{ text: "sunny" }] });
    // It is asked with the thoughts first, each time.
    expect(asksOf(gateway.upstream)).toHaveLength(asks);
    const [first, second] = asksOf(gateway.upstream)
      .slice(-2)
      .map(({ body }) => askedOf(body));
    expect(first).toEqual(conversation);
    expect(second?.messages[1]?.content).toEqual(conversation.messages[1]?.content.slice(1));
    expect(second?.thinking).toEqual({ type: "disabled" });
  }
  expect(gateway.rows().map(({ state }) => state)).toEqual(["done", "done"]);
});

it("the same refusal of a request without thoughts reaches the client", async () => {
  await using gateway = await startTestGateway(strict, { UPSTREAM_TYPE: "anthropic" });
  const messages = [{ role: "user", content: proof }];
  const answer = await gateway.post("/v1/messages", { model: "claude", max_tokens: 9, messages });
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain("Invalid `signature`");
  expect(asksOf(gateway.upstream)).toHaveLength(1);
});
