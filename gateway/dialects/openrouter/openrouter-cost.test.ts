import { ChatResult$inboundSchema, ChatStreamChunk$inboundSchema } from "@openrouter/sdk/models";
import { describe, expect, it } from "vitest";
import { answerWithCost, eventWithCost } from "./openrouter-cost.ts";

const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 };
const answer = {
  id: "x",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "é" } }],
  usage,
};
const cost = { total: 0.00012, parts: { prompt: 0.00008, completion: 0.00004 } };
const priced = (body: object, what = cost) =>
  JSON.parse(answerWithCost(Buffer.from(JSON.stringify(body)), what).toString());

describe("an answer with its cost", () => {
  it("is read by OpenRouter's client", () => {
    expect(ChatResult$inboundSchema.parse(priced(answer))).toMatchObject({
      systemFingerprint: null,
      usage: {
        promptTokens: 10,
        cost: 0.00012,
        isByok: false,
        costDetails: { upstreamInferencePromptCost: 0.00008 },
      },
    });
  });

  it("keeps every byte of what was there", () => {
    const body =
      '\ufeff {"system_fingerprint":"b1","n":12345678901234567890,"n":1,"usage":{} ,"b":"\\u00e9é"}';
    const total = { total: 8e-7, parts: null };
    expect(answerWithCost(Buffer.from(body), total).toString()).toBe(
      body.replace("{} ", '{"cost":0.0000008,"is_byok":false} '),
    );
  });

  it("takes the place of another gateway's cost", () => {
    const old = { cost: 9, is_byok: true, cost_details: null };
    const { usage: shown } = priced({ ...answer, usage: { ...usage, ...old } });
    expect(shown).toMatchObject({ cost: 0.00012, is_byok: false });
    expect(Object.keys(shown)).toHaveLength(6);
  });

  it("is not told where it, or usage, is not known", () => {
    expect(priced({ a: { usage } })).toEqual({ a: { usage }, system_fingerprint: null });
    expect(priced({ usage: null })).toEqual({ usage: null, system_fingerprint: null });
    const unknown = answerWithCost(Buffer.from(JSON.stringify(answer)), null);
    expect(JSON.parse(unknown.toString())).toEqual({ ...answer, system_fingerprint: null });
    for (const text of ["", "[1]", "{", '{"usage":']) {
      expect(
        answerWithCost(Buffer.from(text), null)
          .toString()
          .replace(/"s.*null,?/, ""),
      ).toBe(text);
    }
  });
});

describe("an event with its cost", () => {
  const chunk = { id: "x", object: "chat.completion.chunk", created: 1, model: "m", choices: [] };
  const event = `: note\ndata: ${JSON.stringify({ ...chunk, usage })}\n\n`;

  it("is read by OpenRouter's client", () => {
    const text = eventWithCost(event, cost);
    expect(text).toMatch(/^: note\ndata: .*\n\n$/);
    const shown = JSON.parse(text.slice(text.indexOf("{")));
    expect(ChatStreamChunk$inboundSchema.parse(shown).usage).toMatchObject({ cost: 0.00012 });
  });

  it("is left as it is where it has no usage", () => {
    const others = [
      "data: [DONE]\n\n",
      `data: ${JSON.stringify(chunk)}\n\n`,
      `data: ${JSON.stringify({ ...chunk, usage: null })}\n\n`,
      `data: ${JSON.stringify({ ...chunk, said: '"usage":{}' })}\n\n`,
    ];
    for (const one of others) expect(eventWithCost(one, cost)).toBe(one);
  });
});
