import { afterEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway } from "./support/harness.ts";
import { chatChunk, type Handler } from "./support/mock-upstream.ts";

let gateway: TestGateway;
afterEach(() => gateway.stop());

/** What the upstream answers as llama.cpp and as another server, behind one proxy. */
const proxied: Handler = (seen, response) => {
  const body = seen.body.toString();
  const isLlama = body.includes('"llama');
  const usage = { prompt_tokens: 3, completion_tokens: 1, total_tokens: 4 };
  const asks = body.includes('"include_usage":true');
  const timings = { prompt_n: 3, cache_n: 0, predicted_n: 1, prompt_ms: 1, predicted_ms: 1 };
  const last = {
    choices: asks ? [] : [{ index: 0, delta: {}, finish_reason: "stop" }],
    ...(asks ? { usage } : {}),
    ...(isLlama ? { timings } : {}),
  };
  response.writeHead(200, { "content-type": "text/event-stream", server: "nginx" });
  response.end(`${chatChunk("hi")}data: ${JSON.stringify(last)}\n\ndata: [DONE]\n\n`);
};

async function streamed(model: string): Promise<{ text: string; asked: boolean }> {
  const text = await (
    await gateway.post("/v1/chat/completions", chat({ model, stream: true }))
  ).text();
  const asked = String(gateway.upstream.seen.at(-1)?.body).includes("include_usage");
  return { text, asked };
}

describe("llama.cpp behind a proxy that writes its own name", () => {
  it("is known by its timings, for its own models alone", async () => {
    // Of several processes each learns it for itself.
    gateway = await startTestGateway(proxied, { UPSTREAM_TYPE: "auto", WORKERS: "1" });
    expect(await streamed("other")).toMatchObject({ asked: true });
    expect(await streamed("llama-1")).toMatchObject({ asked: true });
    const known = await streamed("llama-1");
    expect(known.asked).toBe(false);
    expect(known.text).toContain('"timings":{"prompt_n":3');
    expect(await streamed("other")).toMatchObject({ asked: true });
    const counts = gateway
      .rows()
      .map(({ input_tokens, output_tokens }) => [input_tokens, output_tokens]);
    expect(counts).toEqual(Array(4).fill([3, 1]));
  });

  it("keeps its connections, since the proxy does", async () => {
    const ports = new Set<number | undefined>();
    gateway = await startTestGateway(
      (seen, response, request) => {
        ports.add(request.socket.remotePort);
        return proxied(seen, response, request);
      },
      { UPSTREAM_TYPE: "auto" },
    );
    for (let asked = 1; asked <= 3; asked++) await streamed("llama-1");
    expect(ports.size).toBeLessThan(3);
  });

  it("stays what the operator says it is", async () => {
    gateway = await startTestGateway(proxied, { UPSTREAM_TYPE: "openai" });
    await streamed("llama-1");
    expect(await streamed("llama-1")).toMatchObject({ asked: true });
  });
});
