import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import {
  chatAnswer,
  chatChunk,
  chatFinish,
  done,
  type Handler,
  politeChat,
} from "./support/mock-upstream.ts";

let gateway: TestGateway;
afterEach(async () => {
  // In each case the slot is free again, and no row is left open.
  expect((await gateway.health()).line).toMatchObject({ active: 0, waiting: 0 });
  await until(() => gateway.rows().every(({ state }) => state !== "open"), "all rows are closed");
  await gateway.stop();
});

type Failure = { error: { message: string; code: string; type: string; [more: string]: unknown } };

const answering =
  (status: number, body: string, type = "application/json"): Handler =>
  (_seen, response) => {
    response.writeHead(status, { "content-type": type });
    response.end(body);
  };

async function failure(path = "/v1/chat/completions"): Promise<[number, Failure]> {
  const response = await gateway.post(path, chat({ max_tokens: 5 }));
  expect(response.headers.get("x-queue-position")).toBe("0");
  return [response.status, (await response.json()) as Failure];
}

describe("an upstream that answers with an error", () => {
  it("keeps the status, message and fields of its 4xx, in OpenAI's shape", async () => {
    gateway = await startTestGateway(
      answering(
        400,
        '{"error":{"code":400,"message":"request (12022 tokens) exceeds the available context size (4096 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":12022,"n_ctx":4096}}',
      ),
    );
    const [status, { error }] = await failure();
    expect(status).toBe(400);
    expect(error).toMatchObject({ n_ctx: 4096, n_prompt_tokens: 12022, param: null });
    expect(typeof error.code).toBe("string");
    expect(error.message).toContain("12022 tokens");
    expect(gateway.rows()).toMatchObject([{ state: "failed", status: 400, input_tokens: null }]);
  });

  it("is told in Anthropic's shape on Messages", async () => {
    gateway = await startTestGateway(answering(404, '{"error":{"message":"no such model"}}'));
    const [status, body] = await failure("/v1/messages");
    expect(status).toBe(404);
    expect(body).toMatchObject({
      type: "error",
      error: { type: "not_found_error", message: "no such model" },
    });
  });

  it.each([
    [500, "<html>oops</html>", "text/html", 502, "upstream_error"],
    [401, '{"error":{"message":"Invalid API Key"}}', "application/json", 502, "upstream_auth"],
    [403, "{}", "application/json", 502, "upstream_auth"],
    [501, '{"error":{"message":"no embeddings"}}', "application/json", 501, "not_supported"],
    [529, '{"error":{"message":"busy"}}', "application/json", 529, "overloaded"],
    [503, '{"error":{"message":"out of slots"}}', "application/json", 502, "upstream_error"],
    [302, "", "text/html", 502, "upstream_error"],
  ])("with %i becomes what a client can understand", async (sent, body, type, status, code) => {
    gateway = await startTestGateway(answering(sent, body, type));
    const [got, { error }] = await failure();
    expect([got, error.code]).toEqual([status, code]);
    expect(gateway.rows()).toMatchObject([{ state: "failed", status, error_code: code }]);
  });

  it("while it loads its model is asked again until it has", async () => {
    let calls = 0;
    gateway = await startTestGateway((seen, response, request) => {
      if (++calls < 3) {
        answering(
          503,
          '{"error":{"message":"Loading model","type":"unavailable_error","code":503}}',
        )(seen, response, request);
      } else politeChat(seen, response, request);
    });
    const response = await gateway.post("/v1/chat/completions", chat());
    expect(response.status).toBe(200);
    expect(calls).toBe(3);
    expect(gateway.rows()).toMatchObject([{ state: "done", output_tokens: 2 }]);
  });

  it("and never finishes loading is a 503 within the time-out", async () => {
    gateway = await startTestGateway(
      answering(503, '{"error":{"message":"Loading model","code":503}}'),
      { FIRST_BYTE_TIMEOUT: "600ms" },
    );
    const [status, { error }] = await failure();
    expect([status, error.code]).toEqual([503, "upstream_loading"]);
  });
});

describe("an upstream that is not well", () => {
  it("by not being there is a 502", async () => {
    gateway = await startTestGateway(politeChat, { UPSTREAM_URL: "http://127.0.0.1:9" });
    const [status, { error }] = await failure();
    expect([status, error.code]).toEqual([502, "upstream_unreachable"]);
  });

  it("by accepting and saying nothing is a 504", async () => {
    gateway = await startTestGateway(() => {}, { FIRST_BYTE_TIMEOUT: "500ms" });
    const [status, { error }] = await failure();
    expect([status, error.code]).toEqual([504, "upstream_timeout"]);
    await gateway.upstream.seen[0]?.closed;
  });

  it("that is busy does not use up the FIRST_BYTE_TIMEOUT of requests in the queue", async () => {
    let calls = 0;
    gateway = await startTestGateway(
      async (seen, response, request) => {
        if (++calls > 1) return politeChat(seen, response, request);
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(chatChunk("slow"));
        await new Promise((resolve) => setTimeout(resolve, 2_500));
        response.end(chatFinish + done);
      },
      { FIRST_BYTE_TIMEOUT: "1s" },
    );
    const first = gateway.post("/v1/chat/completions", chat({ stream: true }));
    await until(() => calls === 1, "the slot is taken");
    const second = await gateway.post("/v1/chat/completions", chat());
    expect(second.status).toBe(200);
    expect(gateway.rows()[1]?.queue_ms).toBeGreaterThan(1_000);
    await (await first).text();
  });

  it("by falling silent in mid-stream is an error in the stream", async () => {
    gateway = await startTestGateway(
      (_seen, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(chatChunk("half"));
      },
      { IDLE_TIMEOUT: "500ms" },
    );
    const text = await (await gateway.post("/v1/chat/completions", chat({ stream: true }))).text();
    expect(text).toContain('"code":"upstream_timeout"');
    expect(gateway.rows()).toMatchObject([{ state: "failed", output_tokens: 1 }]);
  });

  it.each([
    [
      "/v1/chat/completions",
      400,
      'data: {"error":{"code":400,"message":"bad","n_ctx":9}}\n\n',
      400,
    ],
    ["/v1/messages", 500, 'event: error\ndata: {"code":500,"message":"bad"}\n\n', 502],
  ])(
    "by an error as first event of %s (%i) is still a real status",
    async (path, _code, event, wanted) => {
      gateway = await startTestGateway(answering(200, event, "text/event-stream"));
      const response = await gateway.post(path, chat({ stream: true, max_tokens: 5 }));
      expect(response.status).toBe(wanted);
      expect(response.headers.get("content-type")).toBe("application/json");
      expect(await response.text()).toContain("bad");
      expect(gateway.rows()).toMatchObject([{ state: "failed", status: wanted }]);
    },
  );

  it.each([
    ["/v1/chat/completions", "data: ", { type: "server_error", param: null, code: null }],
    ["/v1/messages", "event: error\ndata: ", { type: "overloaded_error" }],
  ])(
    "by an error in the client's own form on %s is told byte for byte",
    async (path, head, own) => {
      const event = `${head}${JSON.stringify({ type: "error", error: { ...own, message: "bad" } })}\n\n`;
      gateway = await startTestGateway(
        answering(200, `${chatChunk("half")}${event}`, "text/event-stream"),
      );
      const response = await gateway.post(path, chat({ stream: true, max_tokens: 5 }));
      expect((await response.text()).endsWith(event)).toBe(true);
    },
  );

  it("by an error in mid-stream is told OpenRouter's clients in their form", async () => {
    const error = { message: "bad", type: "server_error", param: null, code: null };
    const event = `data: ${JSON.stringify({ error })}\n\n`;
    gateway = await startTestGateway(
      answering(200, `${chatChunk("half")}${event}`, "text/event-stream"),
    );
    const path = "/api/v1/chat/completions";
    const text = await (await gateway.post(path, chat({ stream: true }))).text();
    const last = JSON.parse(text.trimEnd().split("data: ").at(-1) ?? "");
    expect(last).toMatchObject({ object: "chat.completion.chunk", error: { code: 502 } });
  });

  it("by an error with a number as code in mid-stream has OpenAI's four keys", async () => {
    const error = { code: 400, message: "too long", type: "exceed_context_size_error", n_ctx: 9 };
    const event = `data: ${JSON.stringify({ error })}\n\n`;
    gateway = await startTestGateway(
      answering(200, `${chatChunk("half")}${event}`, "text/event-stream"),
    );
    const text = await (await gateway.post("/v1/chat/completions", chat({ stream: true }))).text();
    expect(JSON.parse(text.trimEnd().split("data: ").at(-1) ?? "")).toEqual({
      error: { ...error, param: null, code: "context_length_exceeded" },
    });
  });

  it("by resetting the connection in mid-stream is an error in the stream", async () => {
    gateway = await startTestGateway((_seen, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(chatChunk("half"), () => response.socket?.resetAndDestroy());
    });
    const text = await (await gateway.post("/v1/chat/completions", chat({ stream: true }))).text();
    expect(text).toContain("half");
    expect(text).toContain('"code":"upstream_error"');
    expect(text).not.toContain("[DONE]");
  });

  it("by breaking off a JSON answer is a 502, not half an answer", async () => {
    gateway = await startTestGateway((_seen, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "500" });
      response.write('{"id":"x","choices":[', () => response.socket?.destroy());
    });
    const [status, { error }] = await failure();
    expect([status, error.code]).toEqual([502, "upstream_error"]);
  });

  it("by talking over too long a time ends at TOTAL_TIMEOUT", async () => {
    gateway = await startTestGateway(
      (_seen, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        const timer = setInterval(() => response.write(chatChunk("word")), 20);
        response.once("close", () => clearInterval(timer));
      },
      { TOTAL_TIMEOUT: "600ms" },
    );
    const text = await (await gateway.post("/v1/chat/completions", chat({ stream: true }))).text();
    expect(text).toContain('"code":"upstream_timeout"');
  });

  it("by answering garbage is a 502", async () => {
    const garbage = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.end("this is no HTTP\r\n\r\n"));
    });
    await new Promise<void>((resolve) => garbage.listen(0, "127.0.0.1", resolve));
    const { port } = garbage.address() as AddressInfo;
    gateway = await startTestGateway(politeChat, { UPSTREAM_URL: `http://127.0.0.1:${port}` });
    const [status, { error }] = await failure();
    expect([status, error.code]).toEqual([502, "upstream_error"]);
    await new Promise((resolve) => garbage.close(resolve));
  });

  it("that closes a kept connection under a request loses no answer", async () => {
    let served = 0;
    gateway = await startTestGateway((_seen, response) => {
      response.setHeader("content-type", "application/json");
      response.end(chatAnswer("fine"));
      // Like a server whose idle time-out runs out just as the next request is on its way.
      if (++served % 2 === 0) {
        const { socket } = response;
        socket?.once("data", () => socket.destroy());
      }
    });
    for (let i = 0; i < 30; i++) {
      const response = await gateway.post("/v1/chat/completions", chat());
      expect(response.status).toBe(200);
      await response.text();
    }
  });
});

describe("a client", () => {
  it("that reads slowly slows the upstream down, and loses nothing", async () => {
    const total = 400;
    const word = "x".repeat(64 * 1024);
    let written = 0;
    gateway = await startTestGateway(async (_seen, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (; written < total && !response.destroyed; written++) {
        if (!response.write(chatChunk(word))) {
          await new Promise((resolve) => response.once("drain", resolve));
        }
      }
      response.end("data: [DONE]\n\n");
    });
    const response = await gateway.post("/v1/chat/completions", chat({ stream: true }));
    const reader = response.body!.getReader();
    let bytes = (await reader.read()).value?.length ?? 0;
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(written).toBeLessThan(total);
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      bytes += part.value.length;
    }
    expect(bytes).toBeGreaterThan(total * word.length);
  });

  it("that stops reading is disconnected after IDLE_TIMEOUT, and its slot is free", async () => {
    const word = "x".repeat(64 * 1024);
    gateway = await startTestGateway(
      (_seen, response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        const timer = setInterval(() => response.write(chatChunk(word)), 1);
        response.once("close", () => clearInterval(timer));
      },
      { IDLE_TIMEOUT: "1s" },
    );
    const response = await gateway.post("/v1/chat/completions", chat({ stream: true }));
    await response.body!.getReader().read();
    await until(async () => (await gateway.health()).line.active === 0, "the slot is free", 15_000);
    expect(gateway.rows()).toMatchObject([{ state: "cancelled", status: 499 }]);
  });
});
