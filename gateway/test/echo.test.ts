import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/harness.ts";
import { inLine } from "./support/holding.ts";
import { politeChat } from "./support/mock-upstream.ts";

const pace = 20;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway(politeChat, {
    UPSTREAM_URL: "",
    ECHO_TOKENS_PER_SECOND: String(pace),
  });
});
afterAll(() => gateway.stop());

const said = "one two three four five six";

/** Each dialect's way to ask, and the kind of its events that carry words. */
const dialects = [
  {
    path: "/v1/chat/completions",
    body: { messages: [{ role: "user", content: said }], stream_options: { include_usage: true } },
    words: /"delta":\{"content":"([^"]+)"/,
    end: /\ndata: \[DONE\]\n\n$/,
  },
  {
    path: "/v1/completions",
    body: { prompt: said, stream_options: { include_usage: true } },
    words: /"text":"([^"]+)"/,
    end: /\ndata: \[DONE\]\n\n$/,
  },
  {
    path: "/v1/messages",
    body: { max_tokens: 99, messages: [{ role: "user", content: said }] },
    words: /"text_delta","text":"([^"]+)"/,
    end: /\nevent: message_stop\ndata: .*\n\n$/,
  },
  {
    path: "/v1/responses",
    body: { input: said },
    words: /output_text\.delta".*"delta":"([^"]+)"/,
    end: /\nevent: response.completed\ndata: .*\n\n$/,
  },
];

/** The last numbers of these names in the text: as the client was told them. */
function usageIn(text: string): { input: number; output: number } {
  const last = (name: RegExp): number => Number([...text.matchAll(name)].at(-1)?.[1]);
  return {
    input: last(/"(?:prompt|input)_tokens":(\d+)/g),
    output: last(/"(?:completion|output)_tokens":(\d+)/g),
  };
}

describe.each(dialects)("the echo of $path", ({ path, body, words, end }) => {
  it("repeats the prompt word by word in a stream, at its pace, with its usage", async () => {
    const from = performance.now();
    const response = await gateway.post(path, { ...body, stream: true });
    const pieces: Array<{ word: string; at: number }> = [];
    let text = "";
    for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
      text += part;
      for (const event of part.split("\n\n")) {
        const word = words.exec(event)?.[1];
        if (word !== undefined) pieces.push({ word, at: performance.now() });
      }
    }
    expect(pieces.map(({ word }) => word).join("")).toBe(`Echo: ${said}`);
    expect(pieces.length).toBeGreaterThanOrEqual(7);
    expect(text).toMatch(end);
    const last = pieces.at(-1)?.at ?? 0;
    expect(last - from).toBeGreaterThan((pieces.length * 1000) / pace - 60);
    expect(pieces[0]?.at).toBeLessThan(last);
    await expectRow(usageIn(text), true);
  });

  it("repeats the prompt in one answer, at its pace, with its usage", async () => {
    const from = performance.now();
    const response = await gateway.post(path, { ...body, stream_options: undefined });
    const text = await response.text();
    expect(text).toContain(`"Echo: ${said}"`);
    const usage = usageIn(text);
    expect(performance.now() - from).toBeGreaterThan((usage.output * 1000) / pace - 60);
    await expectRow(usage, false);
  });
});

/** What the client was told stands in the ledger, and nothing is left behind. */
async function expectRow(usage: { input: number; output: number }, streams: boolean) {
  expect(usage.input).toBeGreaterThanOrEqual(6);
  expect(usage.output).toBe(8);
  expect((await gateway.health()).line).toMatchObject({ active: 0, waiting: 0 });
  expect(gateway.rows().at(-1)).toMatchObject({
    state: "done",
    status: 200,
    upstream: "echo",
    streamed: streams ? 1 : 0,
    input_tokens: usage.input,
    output_tokens: usage.output,
    usage_source: "reported",
  });
}

it("has the queue in front of it, like any upstream", async () => {
  const [chat, , messages] = dialects;
  const first = gateway.post(chat!.path, { ...chat!.body, stream: true });
  await inLine(gateway, { active: 1 });
  const body = { ...messages!.body, stream: true };
  const second = await gateway.post(messages!.path, body, { user: "bob" });
  expect(second.headers.get("x-queue-position")).toBe("1");
  const text = await second.text();
  expect(text).toMatch(/^: queue-position=1\nevent: ping\n/);
  expect(text).toMatch(messages!.end);
  expect((await first).headers.get("x-queue-position")).toBe("0");
  expect(await (await first).text()).toContain("[DONE]");
});
