import { clockDigits, clockUs } from "./stream-check.ts";

const created = 1760000000;

/** Frames one chunk of a chunked body. */
function framed(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
}

/** A whole answer with a length, on a connection that stays. */
export function jsonAnswer(status: string, text: string): string {
  const length = Buffer.byteLength(text);
  const type = "Content-Type: application/json; charset=utf-8";
  return `HTTP/1.1 ${status}\r\n${type}\r\nContent-Length: ${length}\r\n\r\n${text}`;
}

/** A chat completion of `tokens` words, as llama-server writes it, timings included. */
export function chatAnswer(tokens: number): string {
  const answer = {
    choices: [
      {
        finish_reason: "stop",
        index: 0,
        message: { role: "assistant", content: "word ".repeat(tokens) },
      },
    ],
    created,
    model: "mock",
    object: "chat.completion",
    usage: { completion_tokens: tokens, prompt_tokens: 12, total_tokens: tokens + 12 },
    id: "chatcmpl-mock",
    timings: { prompt_n: 12, prompt_ms: 10.5, predicted_n: tokens, predicted_ms: 100.5 },
  };
  return jsonAnswer("200 OK", JSON.stringify(answer));
}

const streamHead =
  "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

function event(delta: string, finish: string): string {
  return (
    `data: {"choices":[{"finish_reason":${finish},"index":0,"delta":${delta}}],` +
    `"created":${created},"id":"chatcmpl-mock","model":"mock","object":"chat.completion.chunk"}\n\n`
  );
}

const opening = streamHead + framed(event('{"role":"assistant","content":null}', "null"));
const [beforeClock = "", afterClock = ""] = framed(
  event(`{"content":"t=${"#".repeat(clockDigits)} "}`, "null"),
).split("#".repeat(clockDigits));
const finishing = framed(event("{}", '"stop"'));

/** Writes a stream of `tokens` chunks, each by itself and with the clock of its sending. */
export function writeStream(tokens: number, usage: boolean, write: (text: string) => void): void {
  write(opening);
  for (let i = 0; i < tokens; i++) {
    write(beforeClock + String(clockUs()).padStart(clockDigits, "0") + afterClock);
  }
  write(finishing);
  const told =
    `data: {"choices":[],"created":${created},"id":"chatcmpl-mock","model":"mock",` +
    `"object":"chat.completion.chunk","usage":{"completion_tokens":${tokens},` +
    `"prompt_tokens":12,"total_tokens":${tokens + 12}}}\n\n`;
  write(`${framed(`${usage ? told : ""}data: [DONE]\n\n`)}0\r\n\r\n`);
}
