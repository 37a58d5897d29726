import { type AddressInfo, createServer, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/harness.ts";
import { inLine } from "./support/holding.ts";
import {
  chatAnswer,
  chatChunk,
  chatFinish,
  chatUsage,
  done,
  politeChat,
} from "./support/mock-upstream.ts";

// Each fault in each dialect, over bare sockets: what the client sees, the slot, and the row.

let gateway: TestGateway;
const closers: Array<() => void> = [];
afterEach(async () => {
  await inLine(gateway, { active: 0 });
  expect(gateway.rows().map(({ state }) => state)).not.toContain("open");
  await gateway.stop();
  for (const close of closers.splice(0)) close();
});

/** A gateway before a server that says `speak` to each request once it has come whole. */
async function startBefore(speak: (socket: Socket) => void): Promise<void> {
  const server = createServer((socket) => {
    let request = "";
    socket.on("error", () => {});
    socket.setEncoding("latin1").on("data", (text: string) => {
      request += text;
      if (request.endsWith("}")) speak(socket);
      else if (request.startsWith("GET")) socket.end("HTTP/1.1 404 Not Found\r\n\r\n");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  gateway = await startTestGateway(politeChat, { UPSTREAM_URL: `http://127.0.0.1:${port}` });
}

const event = (type: string, more: object): string =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;

const text = "zażółć 🦙";
const completion = (choice: object, more: object = {}): string =>
  `data: ${JSON.stringify({ id: "cmpl-1", object: "text_completion", choices: [choice], ...more })}\n\n`;

const dialects = [
  {
    path: "/v1/chat/completions",
    body: { messages: [{ role: "user", content: "hi" }] },
    begin: chatChunk(text),
    end: chatFinish + chatUsage(3, 2) + done,
    error:
      /\n\ndata: \{"error":\{"message":"[^"]+","type":"server_error","param":null,"code":"upstream_error"\}\}\n\n$/,
  },
  {
    path: "/v1/completions",
    body: { prompt: "hi" },
    begin: completion({ index: 0, text }),
    end:
      completion(
        { index: 0, text: "", finish_reason: "stop" },
        { usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 } },
      ) + done,
    error:
      /\n\ndata: \{"error":\{"message":"[^"]+","type":"server_error","param":null,"code":"upstream_error"\}\}\n\n$/,
  },
  {
    path: "/v1/messages",
    body: { max_tokens: 9, messages: [{ role: "user", content: "hi" }] },
    begin:
      event("message_start", { message: { id: "msg_1", usage: { input_tokens: 3 } } }) +
      event("content_block_delta", { index: 0, delta: { type: "text_delta", text } }),
    end:
      event("message_delta", { delta: {}, usage: { output_tokens: 2 } }) +
      event("message_stop", {}),
    error: /\n\nevent: error\ndata: \{"type":"error","error":\{"type":"api_error".*\}\n\n$/,
  },
  {
    path: "/v1/responses",
    body: { input: "hi" },
    begin:
      event("response.created", { sequence_number: 0, response: { id: "resp_1" } }) +
      event("response.output_text.delta", { sequence_number: 1, delta: text }),
    end: event("response.completed", {
      sequence_number: 2,
      response: { id: "resp_1", usage: { input_tokens: 3, output_tokens: 2 } },
    }),
    error:
      /\n\nevent: error\ndata: \{"type":"error","sequence_number":\d+,.*"code":"upstream_error".*\}\n\n$/,
  },
];

const streamHead =
  "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const chunked = (bytes: string | Buffer): Buffer => {
  const piece = Buffer.from(bytes);
  return Buffer.concat([
    Buffer.from(`${piece.length.toString(16)}\r\n`),
    piece,
    Buffer.from("\r\n"),
  ]);
};

describe.each(dialects)("a stream of $path", ({ path, body, begin, end, error }) => {
  const ask = async (): Promise<string> => {
    const response = await gateway.post(path, { model: "mock", ...body, stream: true });
    expect(response.status).toBe(200);
    return response.text();
  };

  it.each([
    ["reset", (socket: Socket) => socket.resetAndDestroy()],
    ["closed cleanly, but without its last event", (socket: Socket) => socket.write("0\r\n\r\n")],
    ["cut inside an event", (socket: Socket) => socket.end(chunked(begin.slice(0, 20)))],
    ["cut between two chunks, as by kill -9", (socket: Socket) => socket.destroy()],
    ["cut inside a chunk", (socket: Socket) => socket.end("5\r\nda")],
    ["followed by what is no HTTP", (socket: Socket) => socket.write("ZZZ\r\n")],
  ])("that is %s ends in this dialect's error", async (what, fault) => {
    await startBefore((socket) => {
      socket.write(streamHead);
      socket.write(chunked(begin), () => setTimeout(() => fault(socket), 20));
    });
    const seen = await ask();
    expect(seen).toContain(text);
    expect(seen).toMatch(error);
    if (what.startsWith("cut")) expect(seen).toContain("The upstream broke off its answer.");
    expect(seen.match(/^(event: error$|data: \{"error")/gm)?.length).toBe(1);
    expect(gateway.rows()).toMatchObject([
      { state: "failed", status: 502, error_code: "upstream_error", output_tokens: 4 },
    ]);
    expect(gateway.rows()[0]?.usage_source).toBe("estimated");
  });

  it("that comes byte by byte is whole, and metered", async () => {
    await startBefore(async (socket) => {
      socket.setNoDelay(true).write(streamHead);
      for (const byte of Buffer.from(begin + end)) {
        socket.write(chunked(Buffer.of(byte)));
        await new Promise((resolve) => setImmediate(resolve));
      }
      socket.write("0\r\n\r\n");
    });
    expect(await ask()).toContain(text);
    expect(gateway.rows()).toMatchObject([{ state: "done", input_tokens: 3, output_tokens: 2 }]);
  });

  it("that comes in one packet is whole, and metered", async () => {
    await startBefore((socket) => socket.write(`${streamHead}${chunked(begin + end)}0\r\n\r\n`));
    expect(await ask()).toContain(text);
    expect(gateway.rows()).toMatchObject([{ state: "done", input_tokens: 3, output_tokens: 2 }]);
  });
});

describe("an answer in JSON", () => {
  const head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
  const ask = () =>
    gateway.post("/v1/chat/completions", { messages: [{ role: "user", content: "hi" }] });

  it.each([
    ["half of it", chatAnswer(text).slice(0, 60)],
    ["nothing", ""],
    ["what is no JSON", '{"id":"x", oops'],
    ["words", "all slots are busy"],
  ])("without a length, of which %s comes, is a 502 and no answer", async (_what, said) => {
    await startBefore((socket) => socket.end(`${head}connection: close\r\n\r\n${said}`));
    const response = await ask();
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ error: { code: "upstream_error" } });
    expect(gateway.rows()).toMatchObject([{ state: "failed", status: 502, input_tokens: null }]);
  });

  it("without a length is complete if the connection ends cleanly", async () => {
    await startBefore((socket) =>
      socket.end(`${head}connection: close\r\n\r\n${chatAnswer(text)}\n`),
    );
    expect(await (await ask()).text()).toContain(text);
    expect(gateway.rows()).toMatchObject([{ state: "done", input_tokens: 3 }]);
  });

  it("that is compressed against the gateway's wish is inflated and counted", async () => {
    const body = gzipSync(chatAnswer(text));
    await startBefore((socket) => {
      socket.write(`${head}content-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`);
      socket.write(body);
    });
    const response = await ask();
    expect(response.headers.get("content-encoding")).toBeNull();
    expect(await response.text()).toContain(text);
    expect(gateway.rows()).toMatchObject([{ state: "done", status: 200, input_tokens: 3 }]);
  });
});

it("a stream that is compressed against the gateway's wish is read like any other", async () => {
  const body = gzipSync(chatChunk(text) + chatFinish + done);
  await startBefore((socket) => {
    socket.write(streamHead.replace("\r\n\r\n", "\r\ncontent-encoding: gzip\r\n\r\n"));
    socket.write(Buffer.concat([chunked(body), Buffer.from("0\r\n\r\n")]));
  });
  const response = await gateway.post("/v1/chat/completions", {
    messages: [{ role: "user", content: "hi" }],
    stream: true,
  });
  const id = response.headers.get("x-request-id") ?? "";
  const events = (chatChunk(text) + chatFinish).replaceAll("chatcmpl-upstream", id);
  expect(await response.text()).toBe(events + done);
  expect(gateway.rows()).toMatchObject([{ state: "done", status: 200 }]);
});
