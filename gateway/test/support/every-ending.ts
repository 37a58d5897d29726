import type { ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import {
  chatAnswer,
  chatChunk,
  chatFinish,
  chatUsage,
  done,
  type Handler,
} from "./mock-upstream.ts";

/** What the upstream does with a request; it stands in the prompt. */
export const upstreamEndings = [
  "answers",
  "rejects",
  "fails",
  "overloaded",
  "talks nonsense",
  "cuts",
  "resets",
  "resets at once",
  "hangs",
  "hangs midway",
] as const;
export type UpstreamEnding = (typeof upstreamEndings)[number];

type Asked = { stream?: boolean; messages: { content: string }[] };

/** Answers each request the way its prompt says, as `ending, milliseconds`. */
export const asThePromptSays: Handler = async (seen, response) => {
  const asked = JSON.parse(seen.body.toString()) as Asked;
  const [ending, ms] = (asked.messages[0]?.content ?? "").split(", ");
  await sleep(Number(ms));
  if (response.destroyed) return;
  const refuse = refusals[ending ?? ""];
  if (refuse !== undefined) refuse(response);
  else if (asked.stream) await stream(ending ?? "", Number(ms), response);
  else json(ending ?? "", response);
};

const error = (status: number) => (response: ServerResponse) => {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ error: { message: "no", type: "t", code: status } }));
};

const refusals: Record<string, (response: ServerResponse) => void> = {
  rejects: error(400),
  fails: error(500),
  overloaded: error(503),
  "talks nonsense": (response) => response.end("<html>"),
  "resets at once": (response) => response.socket?.resetAndDestroy(),
  hangs: () => {},
};

async function stream(ending: string, ms: number, response: ServerResponse): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(chatChunk("Hello"));
  await sleep(ms);
  if (response.destroyed || ending === "hangs midway") return;
  if (ending === "cuts") response.destroy();
  else if (ending === "resets") response.socket?.resetAndDestroy();
  else {
    response.write(chatChunk(" there") + chatFinish + chatUsage(3, 2));
    response.end(done);
  }
}

/** Half an answer, where it is to be cut; nothing more of it, where it hangs. */
function json(ending: string, response: ServerResponse): void {
  const text = chatAnswer("Hello there");
  if (ending === "answers") {
    response.setHeader("content-type", "application/json");
    response.end(text);
    return;
  }
  response.writeHead(200, { "content-type": "application/json", "content-length": text.length });
  response.write(text.slice(0, 30), () => {
    if (ending === "cuts") response.destroy();
    if (ending === "resets") response.socket?.resetAndDestroy();
  });
}
