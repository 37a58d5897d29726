import Anthropic from "@anthropic-ai/sdk";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Echo, startEcho } from "./echo.ts";

let echo: Echo;
let client: Anthropic;
beforeAll(async () => {
  echo = await startEcho({ tokensPerSecond: null });
  client = new Anthropic({ baseURL: echo.url, apiKey: "none", maxRetries: 0 });
});
afterAll(() => echo.close());

const asked = {
  model: "echo",
  max_tokens: 100,
  system: [{ type: "text" as const, text: "Be brief." }],
  messages: [{ role: "user" as const, content: [{ type: "text" as const, text: "hi there" }] }],
};

test("messages send the last user message back, and count_tokens agrees", async () => {
  const message = await client.messages.create(asked);
  expect(message.content).toMatchObject([{ type: "text", text: "Echo: hi there" }]);
  expect(message.stop_reason).toBe("end_turn");
  const { max_tokens: _, ...counted } = asked;
  const count = await client.messages.countTokens(counted);
  expect(count.input_tokens).toBe(message.usage.input_tokens);
});

test("a stream of messages brings the same message", async () => {
  const whole = await client.messages.create(asked);
  const stream = client.messages.stream(asked);
  let text = "";
  stream.on("text", (piece) => {
    text += piece;
  });
  const final = await stream.finalMessage();
  expect(text).toBe("Echo: hi there");
  expect(final.content).toMatchObject([{ type: "text", text: "Echo: hi there" }]);
  expect(final.usage).toMatchObject(whole.usage);
  expect(final.stop_reason).toBe("end_turn");
});

test("stop reasons distinguish a limit from a stop sequence", async () => {
  const cut = await client.messages.stream({ ...asked, max_tokens: 3 }).finalMessage();
  expect(cut).toMatchObject({ stop_reason: "max_tokens", usage: { output_tokens: 3 } });
  const stopped = await client.messages.create({ ...asked, stop_sequences: ["there"] });
  expect(stopped).toMatchObject({ stop_reason: "stop_sequence", stop_sequence: "there" });
});

test("errors have the shape of this dialect", async () => {
  const wrong = client.messages.create({ ...asked, stop_sequences: [1] as never });
  await expect(wrong).rejects.toMatchObject({
    status: 400,
    error: { type: "error", error: { type: "invalid_request_error" } },
  });
});
