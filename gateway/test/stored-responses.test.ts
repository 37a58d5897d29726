import { afterEach, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/harness.ts";
import type { Handler } from "./support/mock-upstream.ts";

let made = 0;

/** An upstream that keeps responses, as OpenAI's own does. */
const keeping: Handler = (seen, response) => {
  const [, root = ""] = /^\/v1\/(responses|conversations|chat\/completions)$/.exec(seen.url) ?? [];
  const isNew = seen.method === "POST" && root !== "";
  const prefix = { conversations: "conv", "chat/completions": "chatcmpl-" }[root] ?? "resp";
  const id = isNew ? `${prefix}_${++made}` : "read";
  const { stream } = JSON.parse(seen.body.toString() || "{}") as { stream?: boolean };
  const choices = [{ index: 0, message: { content: "a" }, delta: {}, finish_reason: "stop" }];
  const object = { id, status: "completed", output: [], choices, asked: seen.url };
  if (stream !== true) {
    response.writeHead(200, { "content-type": "application/json" });
    response.end(JSON.stringify(object));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  if (root === "chat/completions") {
    response.end(`data: ${JSON.stringify(object)}\n\ndata: [DONE]\n\n`);
    return;
  }
  for (const type of ["response.created", "response.completed"]) {
    const data = { type, sequence_number: 0, response: object };
    response.write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
  }
  response.end();
};

const endings: TestGateway[] = [];
afterEach(async () => {
  for (const one of endings.splice(0)) await one.stop();
});

async function inFront(env: Record<string, string>, config?: string): Promise<TestGateway> {
  const gateway = await startTestGateway(keeping, env, config);
  endings.push(gateway);
  return gateway;
}

const ask = (gateway: TestGateway, fields: object, user = "alice"): Promise<Response> =>
  gateway.post("/v1/responses", { model: "mock", input: "hi", ...fields }, { user });

const on = { STORED_RESPONSES: "on" };

function call(gateway: TestGateway, method: string, path: string, user = "alice") {
  const headers = { authorization: `Bearer ${gateway.keys[user]}` };
  return fetch(gateway.url + path, { method, headers });
}

type Said = { id: string; asked: string; error: { message: string; param: string | null } };
const said = async (answer: Response): Promise<Said> => (await answer.json()) as Said;

describe("by default", () => {
  it.each([
    ["previous_response_id", "resp_1"],
    ["conversation", { id: "conv_1" }],
    ["prompt", { id: "pmpt_1" }],
    ["background", true],
  ])("a request with %s is refused by name and reaches no upstream", async (name, value) => {
    const gateway = await inFront({});
    const answer = await ask(gateway, { [name]: value });
    expect(answer.status).toBe(400);
    const { error } = await said(answer);
    expect(error.param).toBe(name);
    expect(error.message).toContain("STORED_RESPONSES=on");
    expect(gateway.upstream.seen).toEqual([]);
    expect(gateway.rows()).toEqual([]);
  });

  it.each([
    ["GET", "/v1/responses/resp_1"],
    ["GET", "/v1/responses/resp_1/input_items"],
    ["DELETE", "/v1/responses/resp_1"],
    ["POST", "/v1/responses/resp_1/cancel"],
    ["POST", "/v1/conversations"],
    ["GET", "/v1/conversations/conv_1/items"],
    ["GET", "/v1/chat/completions/chatcmpl-1"],
    ["GET", "/v1/chat/completions/chatcmpl-1/messages"],
    ["DELETE", "/v1/chat/completions/chatcmpl-1"],
  ])("%s %s is refused and reaches no upstream", async (method, path) => {
    const gateway = await inFront({});
    const answer = await call(gateway, method, path);
    expect(answer.status).toBe(400);
    expect((await said(answer)).error.message).toContain("STORED_RESPONSES=on");
    expect(gateway.upstream.seen).toEqual([]);
  });

  it("a request whose fields ask for nothing stored passes", async () => {
    const gateway = await inFront({});
    const answer = await ask(gateway, { previous_response_id: null, background: false });
    expect(answer.status).toBe(200);
  });
});

describe("with STORED_RESPONSES=on", () => {
  it.each([false, true])(
    "its maker goes on with a response, others get a 404 (stream: %s)",
    async (stream) => {
      const gateway = await inFront(on);
      const first = await (await ask(gateway, { stream })).text();
      const id = /resp_\d+/.exec(first)?.[0] ?? "";
      expect(id).not.toBe("");

      const next = await ask(gateway, { previous_response_id: id, stream });
      expect(next.status).toBe(200);
      await next.text();
      const path = `/v1/responses/${id}`;
      for (const method of ["GET", "DELETE"]) {
        expect((await said(await call(gateway, method, path))).asked).toBe(path);
      }
      expect((await call(gateway, "POST", `${path}/cancel`)).status).toBe(200);

      const before = gateway.upstream.seen.length;
      const others = await ask(gateway, { previous_response_id: id }, "bob");
      expect(others.status).toBe(404);
      expect((await said(others)).error.param).toBe("previous_response_id");
      expect((await call(gateway, "GET", path, "bob")).status).toBe(404);
      expect((await call(gateway, "DELETE", path, "bob")).status).toBe(404);
      expect((await call(gateway, "POST", `${path}/cancel`, "bob")).status).toBe(404);
      const compact = { model: "mock", input: "hi", previous_response_id: id };
      const compacted = await gateway.post("/v1/responses/compact", compact, { user: "bob" });
      expect(compacted.status).toBe(404);
      expect(gateway.upstream.seen).toHaveLength(before);
    },
  );

  it("a conversation is its maker's", async () => {
    const gateway = await inFront(on);
    const { id } = await said(await gateway.post("/v1/conversations", {}));
    expect(id).toMatch(/^conv_/);
    expect((await ask(gateway, { conversation: { id } })).status).toBe(200);
    expect((await ask(gateway, { conversation: id }, "bob")).status).toBe(404);
    expect((await call(gateway, "GET", `/v1/conversations/${id}`)).status).toBe(200);
    expect((await call(gateway, "GET", `/v1/conversations/${id}/items`, "bob")).status).toBe(404);
    const items = await gateway.post(`/v1/conversations/${id}/items`, {}, { user: "bob" });
    expect(items.status).toBe(404);
  });

  it("a request id that is another user's response or conversation opens neither", async () => {
    const gateway = await inFront(on);
    const [response, conversation] = [
      (await said(await ask(gateway, {}))).id,
      (await said(await gateway.post("/v1/conversations", {}))).id,
    ];
    for (const id of [response, conversation]) {
      const asBob = { user: "bob", headers: { "x-request-id": id } };
      const chat = { model: "mock", messages: [{ role: "user", content: "hi" }], store: true };
      await (await gateway.post("/v1/chat/completions", chat, asBob)).text();
      await (await gateway.post("/v1/responses", { model: "mock", input: "hi" }, asBob)).text();
    }
    expect((await ask(gateway, { previous_response_id: response }, "bob")).status).toBe(404);
    expect((await ask(gateway, { conversation }, "bob")).status).toBe(404);
    const path = `/v1/conversations/${conversation}/items`;
    expect((await gateway.post(path, {}, { user: "bob" })).status).toBe(404);
    const { asked } = await said(await call(gateway, "GET", `/v1/responses/${response}`, "bob"));
    expect(asked ?? "").not.toContain(response);
  });

  it.each([false, true])(
    "a stored chat is its maker's, by both ids (stream: %s)",
    async (stream) => {
      const gateway = await inFront(on);
      const chat = { model: "mock", messages: [{ role: "user", content: "hi" }], stream };
      const headers = { "x-request-id": "my-chat" };
      await (
        await gateway.post("/v1/chat/completions", { ...chat, store: true }, { headers })
      ).text();
      const there = `chatcmpl-_${made}`;
      for (const id of ["my-chat", there]) {
        for (const [method, rest] of [
          ["GET", ""],
          ["GET", "/messages"],
          ["DELETE", ""],
        ] as const) {
          const path = `/v1/chat/completions/${id}${rest}`;
          const { asked } = await said(await call(gateway, method, path));
          expect(asked).toBe(`/v1/chat/completions/${there}${rest}`);
          for (const same of [path, `${path}/`, path.replace("chat/c", "CHAT/C")]) {
            expect((await call(gateway, method, same, "bob")).status).toBe(404);
          }
        }
      }
      const plain = await gateway.post("/v1/chat/completions", chat);
      await plain.text();
      expect((await call(gateway, "GET", `/v1/chat/completions/chatcmpl-_${made}`)).status).toBe(
        404,
      );
    },
  );

  it("nobody lists what is stored, or changes stored chats", async () => {
    const gateway = await inFront(on);
    for (const [path, what] of [
      ["/v1/chat/completions?limit=100", "chats"],
      ["/v1/Chat/completions/", "chats"],
      ["/v1/responses", "responses"],
      ["/v1/conversations/?limit=1", "conversations"],
    ] as const) {
      const list = await call(gateway, "GET", path);
      expect([list.status, (await said(list)).error.message]).toEqual([
        400,
        expect.stringContaining(`does not list stored ${what}`),
      ]);
    }
    for (const id of ["chatcmpl-1", "%63hatcmpl-1", "chatcmpl-1/"]) {
      const change = await gateway.post(`/v1/chat/completions/${id}`, { metadata: {} });
      expect([change.status, (await said(change)).error.message]).toEqual([
        400,
        "The gateway does not change stored chats.",
      ]);
    }
    expect(gateway.upstream.seen).toEqual([]);
    // Other methods are no business of the store.
    for (const method of ["OPTIONS", "PUT"]) {
      const other = await call(gateway, method, "/v1/chat/completions");
      expect(await other.text()).not.toContain("stored");
    }
  });

  it("a stored prompt and a response in the background pass", async () => {
    const gateway = await inFront(on);
    expect((await ask(gateway, { prompt: { id: "pmpt_1" }, background: true })).status).toBe(200);
    expect(JSON.parse(gateway.upstream.seen[0]?.body.toString() ?? "")).toMatchObject({
      prompt: { id: "pmpt_1" },
      background: true,
    });
  });
});

it("one upstream may pass what it has stored, and another not; a read goes to the one that has it", async () => {
  const other = await inFront({});
  const config = [
    "upstreams:",
    `  keeps: { url: "${other.upstream.url}", stored_responses: true }`,
    "routes:",
    "  - { model: kept, upstream: keeps }",
  ].join("\n");
  const gateway = await inFront({}, config);
  const { id } = await said(await ask(gateway, { model: "kept" }));
  const { asked } = await said(await call(gateway, "GET", `/v1/responses/${id}`));
  expect(asked).toBe(`/v1/responses/${id}`);
  expect(other.upstream.seen).toHaveLength(2);
  const refused = await ask(gateway, { previous_response_id: id });
  expect(refused.status).toBe(400);
  expect(gateway.upstream.seen).toEqual([]);
});
