import type { ServerResponse } from "node:http";
import { afterEach, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway } from "./support/harness.ts";
import { inLine } from "./support/holding.ts";
import { chatChunk } from "./support/mock-upstream.ts";

// Answers that are read whole before they go out must have an end.

let gateway: TestGateway;
afterEach(() => gateway.stop());

const mega = "x".repeat(1024 * 1024);

/** What is written to a client that does not read would be no answer of it. */
const drained = (response: ServerResponse): Promise<unknown> =>
  new Promise((resolve) => response.once("drain", resolve).once("close", resolve));

it.each([
  ["in JSON", "openai", "application/json", `"${mega}",`],
  ["as a stream that is put together", "llamacpp", "text/event-stream", chatChunk(mega)],
])(
  "an upstream whose answer %s has no end is left, its socket closed",
  async (_, type, form, piece) => {
    let sent = 0;
    gateway = await startTestGateway(
      async (_seen, response) => {
        response.writeHead(200, { "content-type": form, server: "llama.cpp" });
        const bytes = Buffer.from(piece);
        if (type === "openai") response.write('{"choices":[');
        // Twice what is read. Who reads all of it gets an answer that is cut.
        for (; sent < 512 && !response.closed; sent++) {
          if (!response.write(bytes)) await drained(response);
        }
        response.destroy();
      },
      { UPSTREAM_TYPE: type },
    );
    const answer = await gateway.post("/v1/chat/completions", chat());
    expect(await answer.text()).toContain("The upstream's answer is too long.");
    expect(answer.status).toBe(502);
    await gateway.upstream.seen[0]?.closed;
    expect(sent).toBeLessThan(400);
    await inLine(gateway, { active: 0 });
  },
  60_000,
);

it.each([
  ["calls without a name", { tool_calls: [{ index: 0, function: { arguments: mega } }] }],
  ["fields that nobody knows", { unknown: mega }],
])(
  "an upstream whose stream of %s is converted is left where it has no end",
  async (_, delta) => {
    let sent = 0;
    gateway = await startTestGateway(async (_seen, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const event = `data: ${JSON.stringify({ id: "x", choices: [{ index: 0, delta }] })}\n\n`;
      for (; sent < 512 && !response.closed; sent++) {
        if (!response.write(event)) await drained(response);
      }
      response.destroy();
    });
    const contents = [{ role: "user", parts: [{ text: "hello" }] }];
    const answer = await gateway.post("/v1beta/models/mock:streamGenerateContent?alt=sse", {
      contents,
    });
    expect(await answer.text()).toContain("The upstream's answer is too long.");
    await gateway.upstream.seen[0]?.closed;
    expect(sent).toBeLessThan(400);
  },
  60_000,
);
