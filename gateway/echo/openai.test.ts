import OpenAI from "openai";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Echo, startEcho } from "./echo.ts";

let echo: Echo;
let client: OpenAI;
beforeAll(async () => {
  echo = await startEcho({ tokensPerSecond: null });
  client = new OpenAI({ baseURL: `${echo.url}/v1`, apiKey: "none", maxRetries: 0 });
});
afterAll(() => echo.close());

const messages = [
  { role: "system" as const, content: "Be brief." },
  { role: "user" as const, content: "first" },
  { role: "assistant" as const, content: "Echo: first" },
  {
    role: "user" as const,
    content: [
      { type: "text" as const, text: "Grüße, " },
      { type: "image_url" as const, image_url: { url: "data:image/png;base64,AAAA" } },
      { type: "text" as const, text: "world 😀" },
    ],
  },
];

test("chat sends the last user message back, with the tokens counted", async () => {
  const answer = await client.chat.completions.create({ model: "gpt-4o", messages, n: 2 });
  expect(answer.model).toBe("gpt-4o");
  expect(answer.choices.map((c) => c.message.content)).toEqual(
    Array(2).fill("Echo: Grüße, world 😀"),
  );
  expect(answer.choices[0]?.finish_reason).toBe("stop");
  const { prompt_tokens, completion_tokens, total_tokens } = answer.usage!;
  expect(prompt_tokens).toBeGreaterThan(4 * messages.length);
  expect(total_tokens).toBe(prompt_tokens + completion_tokens);
});

test("a chat stream brings the same text, piece by piece, and usage if the client asks for it", async () => {
  const stream = client.chat.completions.stream({
    model: "echo",
    messages,
    stream_options: { include_usage: true },
  });
  const pieces: string[] = [];
  stream.on("content", (piece) => pieces.push(piece));
  const whole = await stream.finalChatCompletion();
  expect(pieces.length).toBeGreaterThan(4);
  expect(pieces.join("")).toBe("Echo: Grüße, world 😀");
  const plain = await client.chat.completions.create({ model: "echo", messages });
  expect(whole.choices[0]?.message.content).toBe(plain.choices[0]?.message.content);
  expect(whole.usage).toEqual(plain.usage);
});

test("a chat stream without include_usage has no usage, and each choice its own pieces", async () => {
  const stream = await client.chat.completions.create({
    model: "echo",
    messages,
    stream: true,
    n: 2,
    max_tokens: 4,
  });
  const texts = ["", ""];
  const ends: unknown[] = [];
  for await (const chunk of stream) {
    expect(chunk.usage ?? null).toBeNull();
    const choice = chunk.choices[0]!;
    texts[choice.index] += choice.delta.content ?? "";
    if (choice.finish_reason !== null) ends.push(choice.finish_reason);
  }
  expect(texts[0]).toBe(texts[1]);
  expect("Echo: Grüße").toContain(texts[0]!);
  expect(ends).toEqual(["length", "length"]);
});

test("completions echo each prompt, as text or token ids, streaming and not", async () => {
  const { tokens } = (await (
    await fetch(`${echo.url}/v1/tokenize`, {
      method: "POST",
      body: JSON.stringify({ content: "as ids" }),
    })
  ).json()) as { tokens: number[] };
  const byId = await client.completions.create({ model: "echo", prompt: tokens });
  expect(byId.choices[0]?.text).toBe("Echo: as ids");
  const two = await client.completions.create({ model: "echo", prompt: ["one", "two"] });
  expect(two.choices.map((c) => c.text)).toEqual(["Echo: one", "Echo: two"]);
  const stream = await client.completions.create({
    model: "echo",
    prompt: "one two three",
    stop: "three",
    stream: true,
    stream_options: { include_usage: true },
  });
  let text = "";
  let output = 0;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.text ?? "";
    output = chunk.usage?.completion_tokens ?? output;
  }
  expect(text).toBe("Echo: one two ");
  expect(output).toBeGreaterThan(2);
});

test("the official client reads responses, whole and as a stream", async () => {
  const input = [
    { role: "user" as const, content: [{ type: "input_text" as const, text: "hi you" }] },
  ];
  const asked = { model: "echo", input, instructions: "Be brief." };
  const whole = await client.responses.create(asked);
  expect(whole.output_text).toBe("Echo: hi you");
  expect(whole.status).toBe("completed");
  const stream = client.responses.stream(asked);
  let text = "";
  stream.on("response.output_text.delta", (event) => {
    text += event.delta;
  });
  const final = await stream.finalResponse();
  expect(text).toBe("Echo: hi you");
  expect(final.output_text).toBe("Echo: hi you");
  expect(final.usage).toEqual(whole.usage);
  const counted = await client.responses.inputTokens.count(asked);
  expect(counted.input_tokens).toBe(whole.usage?.input_tokens);
  const cut = await client.responses.stream({ ...asked, max_output_tokens: 3 }).finalResponse();
  expect(cut).toMatchObject({ status: "incomplete", output_text: "Echo: hi" });
  expect(cut.incomplete_details?.reason).toBe("max_output_tokens");
});

test("embeddings are unit vectors that follow the words", async () => {
  const input = ["red apples", "apples, red!", "quantum field"];
  const { data, usage } = await client.embeddings.create({ model: "echo", input });
  const dot = (a: number, b: number): number =>
    data[a]!.embedding.reduce((sum, x, i) => sum + x * data[b]!.embedding[i]!, 0);
  expect(dot(0, 0)).toBeCloseTo(1);
  expect(dot(0, 1)).toBeCloseTo(1);
  expect(dot(0, 2)).toBeLessThan(0.99);
  expect(usage.prompt_tokens).toBeGreaterThan(5);
  const floats = await client.embeddings.create({ model: "echo", input, encoding_format: "float" });
  expect(floats.data[2]?.embedding).toEqual(data[2]?.embedding);
});

test("there is one model", async () => {
  const list = await client.models.list();
  expect(list.data.map((m) => [m.id, m.owned_by])).toEqual([["echo", "llm-gateway"]]);
});

test("a wrong field is a 400 that names it", async () => {
  const asked = client.chat.completions.create({ model: "echo", messages, n: 1000 });
  await expect(asked).rejects.toMatchObject({ status: 400, param: "n" });
});
