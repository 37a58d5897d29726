import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { Answer } from "../answer/answer.ts";
import { createPulse } from "../answer/pulse.ts";
import { json } from "../dialects/json/json-framing.ts";
import { createBodyWork } from "../dialects/tasks/body-thread.ts";
import { slotLost } from "../errors.ts";
import { politeChat, startMockUpstream } from "../test/support/mock-upstream.ts";
import { testGeneration } from "../test/support/test-generation.ts";
import { createStoredResponses } from "../upstreams/stored-responses.ts";
import type { Accepted } from "./reserve.ts";
import { type SpeakParts, speakEitherWay } from "./speak-either-way.ts";

const question = {
  model: "tiny",
  max_tokens: 5,
  messages: [{ role: "user", content: "hi" }],
};

const messages = { path: "/v1/messages", dialect: "messages" } as const;

/** A client's request in Anthropic's dialect to an upstream that answers like this. */
async function startRoom(answer: Parameters<typeof startMockUpstream>[0]) {
  const mock = await startMockUpstream(answer);
  onTestFinished(() => mock.close());
  const room = testGeneration({ upstreams: { a: mock.url } });
  const upstream = room.given().destination.first.upstream;
  const pulse = createPulse();
  const kept: { check?: () => void } = {};
  onTestFinished(() => pulse.stop());
  const parts: SpeakParts = {
    conversions: { strict: false, defaultMaxTokens: 100 },
    streamUpstream: true,
    work: createBodyWork(),
    timeouts: { firstByteMs: 5_000, idleMs: 5_000 },
    costOf: () => null,
    telemetry: { dropped() {}, tracing: null },
    stored: createStoredResponses(),
  };

  async function speak(
    accepted: Accepted,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const options = { pulse, queueEvents: "off", keepAliveMs: 15_000, silenceMs: null } as const;
    const { exchange, destination } = accepted;
    const answer = new Answer(request, response, exchange, {
      ...{ ...options, stallMs: 60_000, mayFrame: false },
    });
    answer.accepted({ model: "tiny", framing: json });
    const slot = { member: destination.first, patienceMs: 0, check: kept.check };
    await speakEitherWay(parts, accepted, answer, slot);
    answer.end(answer.complete());
  }

  /** Asks once as a client; gives the status and the JSON, or the code of the error. */
  async function ask(body: object = question): Promise<[number, unknown]> {
    const accepted = await room.accept(messages, body);
    let failed: unknown = null;
    const server = createServer((request, response) => {
      speak(accepted, request, response).catch((error: { code: string }) => {
        failed = error.code;
        response.writeHead(502).end("{}");
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      const body: unknown = await response.json();
      return [response.status, failed ?? body];
    } finally {
      accepted.admission.end();
      await new Promise((resolve) => server.close(resolve));
    }
  }
  return { ask, kept, upstream, asked: () => mock.seen.map(({ url }) => url) };
}

const message = JSON.stringify({
  ...{ id: "msg_1", type: "message", role: "assistant", model: "tiny", stop_reason: "end_turn" },
  content: [{ type: "text", text: "hello" }],
  usage: { input_tokens: 3, output_tokens: 1 },
});

it("asks in the client's dialect first", async () => {
  const { ask, asked, upstream } = await startRoom((_seen, response) => {
    response.setHeader("content-type", "application/json");
    response.end(message);
  });
  const [status, body] = await ask();
  expect([status, body]).toMatchObject([200, { type: "message", id: "msg_1" }]);
  expect(asked()).toEqual(["/v1/messages"]);
  expect([...upstream.lacks]).toEqual([]);
});

it("asks in the upstream's own dialect if it lacks the client's, and remembers that", async () => {
  const { ask, asked, upstream } = await startRoom((seen, response, request) => {
    if (seen.url === "/v1/messages") response.writeHead(404).end("{}");
    else return politeChat(seen, response, request);
  });
  for (let count = 0; count < 2; count++) {
    expect(await ask()).toMatchObject([200, { type: "message", role: "assistant" }]);
  }
  expect(asked()).toEqual(["/v1/messages", "/v1/chat/completions", "/v1/chat/completions"]);
  expect([...upstream.lacks]).toEqual(["messages"]);
});

it("does not take an unknown model for an unknown dialect", async () => {
  const { ask, upstream } = await startRoom((_seen, response) => {
    response.writeHead(404, { "content-type": "application/json" });
    response.end('{"error":{"message":"no such model"}}');
  });
  expect(await ask()).toEqual([502, expect.any(String)]);
  expect([...upstream.lacks]).toEqual([]);
});

/** Other ways in which servers say that they do not know a path. */
const refusals: readonly [string, number, string, string][] = [
  ["LM Studio", 200, "application/json", '{"error":"Unexpected endpoint or method."}'],
  ["a proxy", 403, "application/json", '{"error":{"message":"forbidden"}}'],
  ["FastAPI", 422, "application/json", '{"detail":[{"loc":["body"],"msg":"x"}]}'],
  ["a small server", 500, "application/json", '{"error":"no route"}'],
  ["a web page", 200, "text/html", "<!doctype html><title>Chat</title>"],
];

it.each(refusals)(
  "takes the answer of %s (%i) for an unknown dialect until one was answered",
  async (...given) => {
    const [, status, type, body] = given;
    const { ask, asked, upstream } = await startRoom((seen, response, request) => {
      if (seen.url !== "/v1/messages") return politeChat(seen, response, request);
      response.writeHead(status, { "content-type": type });
      response.end(body);
    });
    for (let count = 0; count < 2; count++)
      expect(await ask()).toMatchObject([200, { type: "message" }]);
    expect(asked()).toEqual(["/v1/messages", "/v1/chat/completions", "/v1/chat/completions"]);
    expect([...upstream.lacks]).toEqual(["messages"]);
  },
);

it("gives the first error, and learns nothing, where no dialect helps", async () => {
  const { ask, asked, upstream } = await startRoom(
    (_seen, response) => void response.writeHead(500).end(),
  );
  expect(await ask()).toEqual([502, "upstream_error"]);
  expect(asked()).toEqual(["/v1/messages", "/v1/chat/completions"]);
  expect([...upstream.lacks]).toEqual([]);
});

it("does not convert for an upstream that has answered in the dialect", async () => {
  let fails = false;
  const { ask, asked } = await startRoom((_seen, response) => {
    response.writeHead(fails ? 400 : 200, { "content-type": "application/json" });
    response.end(fails ? '{"error":{"message":"bad"}}' : message);
  });
  expect((await ask())[0]).toBe(200);
  fails = true;
  expect(await ask()).toEqual([502, "upstream_rejected"]);
  expect(asked()).toEqual(["/v1/messages", "/v1/messages"]);
});

const noted = {
  ...question,
  messages: [...question.messages, { role: "system", content: "note" }],
};

it("makes the system's words in mid-conversation the user's once the upstream has refused them", async () => {
  const roles: unknown[] = [];
  const { ask } = await startRoom((seen, response) => {
    const { messages: turns } = JSON.parse(seen.body.toString()) as typeof noted;
    roles.push(turns.map(({ role }) => role).join());
    const isLate = turns.at(-1)?.role === "system";
    response.writeHead(isLate ? 400 : 200, { "content-type": "application/json" });
    const text = "System message must be at the beginning.";
    response.end(isLate ? JSON.stringify({ error: { message: text } }) : message);
  });
  for (let count = 0; count < 2; count++) expect((await ask(noted))[0]).toBe(200);
  expect(roles).toEqual(["user,system", "user,user", "user,user"]);
});

it("asks in no way once the slot is lost, and learns nothing of the upstream", async () => {
  for (const lacks of [false, true]) {
    const { ask, asked, kept, upstream } = await startRoom(politeChat);
    if (lacks) upstream.lacks.add("messages");
    kept.check = () => {
      throw slotLost();
    };
    expect(await ask()).toEqual([502, "slot_lost"]);
    expect([asked(), upstream.lacks.size]).toEqual([[], lacks ? 1 : 0]);
  }
});
