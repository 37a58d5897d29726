import { createServer, type Socket } from "node:net";
import { chatAnswer, jsonAnswer, writeStream } from "./mock-answers.ts";

/**
 * The mock upstream, a process of its own: raw HTTP/1.1 on 127.0.0.1, so that it costs less than
 * what is measured. Tells its port to the parent and ends with it.
 */

const models =
  '{"object":"list","data":[{"id":"mock","object":"model","created":1,"owned_by":"bench"}]}';

/** A chat answer by its number of tokens, made once. */
const answers = new Map<number, string>();

type Asked = { stream?: unknown; max_tokens?: unknown; stream_options?: unknown };

function answerChat(body: string, socket: Socket): void {
  const asked = JSON.parse(body) as Asked;
  const tokens = typeof asked.max_tokens === "number" ? asked.max_tokens : 64;
  if (asked.stream === true) {
    const usage = asked.stream_options !== undefined;
    writeStream(tokens, usage, (text) => socket.write(text, "latin1"));
    return;
  }
  const answer = answers.get(tokens) ?? chatAnswer(tokens);
  answers.set(tokens, answer);
  socket.write(answer, "latin1");
}

/** The body that begins at `from`, and where it ends; null where it is not whole yet. */
function bodyOf(head: string, bytes: Buffer, from: number): { body: string; end: number } | null {
  if (head.includes("\r\ntransfer-encoding: chunked")) return chunkedBody(bytes, from);
  const lengthAt = head.indexOf("\r\ncontent-length:");
  const length = lengthAt < 0 ? 0 : Number.parseInt(head.slice(lengthAt + 17), 10);
  const end = from + length;
  return bytes.length < end ? null : { body: bytes.toString("utf8", from, end), end };
}

/** The same in chunks (RFC 9112 §7.1), as some proxies send it. Its text is ASCII here. */
function chunkedBody(bytes: Buffer, from: number): { body: string; end: number } | null {
  let body = "";
  for (let at = from; ; ) {
    const start = bytes.indexOf("\r\n", at, "latin1") + 2;
    if (start < 2) return null;
    const size = Number.parseInt(bytes.toString("latin1", at, start), 16);
    const end = start + size + 2;
    if (bytes.length < end) return null;
    if (size === 0) return { body, end };
    body += bytes.toString("latin1", start, start + size);
    at = end;
  }
}

/** Answers the first whole request of `bytes`; returns its length, 0 where it is not whole yet. */
function answerOne(bytes: Buffer, socket: Socket): number {
  const headEnd = bytes.indexOf("\r\n\r\n", 0, "latin1");
  if (headEnd < 0) return 0;
  const head = bytes.toString("latin1", 0, headEnd);
  const asked = bodyOf(head.toLowerCase(), bytes, headEnd + 4);
  if (asked === null) return 0;
  const { body, end } = asked;
  if (head.startsWith("POST /v1/chat/completions ")) answerChat(body, socket);
  else if (head.startsWith("GET /v1/models ")) socket.write(jsonAnswer("200 OK", models));
  else if (head.startsWith("GET /health ")) socket.write(jsonAnswer("200 OK", '{"status":"ok"}'));
  else socket.write(jsonAnswer("404 Not Found", '{"error":{"message":"not in the mock"}}'));
  return end;
}

const server = createServer({ noDelay: true }, (socket) => {
  let rest = Buffer.alloc(0);
  socket.on("error", () => socket.destroy());
  socket.on("data", (arrived: Buffer) => {
    let bytes = rest.length === 0 ? arrived : Buffer.concat([rest, arrived]);
    for (;;) {
      const used = answerOne(bytes, socket);
      if (used === 0) break;
      bytes = bytes.subarray(used);
    }
    rest = Buffer.from(bytes);
  });
});

server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  process.send?.({ port: typeof address === "object" ? address?.port : 0 });
});
process.once("disconnect", () => process.exit());
