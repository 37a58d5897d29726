import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import type { Seen } from "./support/mock-upstream.ts";

let dir = "";
let gateway: TestGateway | null = null;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "llm-gateway-middlewares-"));
});

afterEach(async () => {
  await gateway?.stop();
  gateway = null;
  rmSync(dir, { recursive: true, force: true });
});

const chunk = (delta: object, reason: string | null = null): string =>
  `data: ${JSON.stringify({ id: "x", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;

function answer(seen: Seen, response: ServerResponse): void {
  const { stream = false, model } = JSON.parse(seen.body.toString()) as Record<string, unknown>;
  if (stream === true) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(chunk({ content: "one" }));
    response.end(`${chunk({}, "stop")}data: [DONE]\n\n`);
    return;
  }
  response.writeHead(200, { "content-type": "application/json" });
  const choices = [
    { index: 0, message: { role: "assistant", content: model }, finish_reason: "stop" },
  ];
  response.end(JSON.stringify({ id: "x", object: "chat.completion", created: 1, model, choices }));
}

async function startWith(config: string, env: Record<string, string> = {}): Promise<TestGateway> {
  gateway = await startTestGateway(answer, env, config);
  return gateway;
}

const contentOf = async (response: Response): Promise<string> =>
  ((await response.json()) as { choices: { message: { content: string } }[] }).choices[0]?.message
    .content ?? "";

describe("trace", () => {
  const traced = (more = "") => `middlewares:
  - { name: trace, directory: "${join(dir, "traces")}"${more} }
`;
  const files = (): string[] => {
    try {
      // A draft has a dot in front of its name until it is whole.
      const names = readdirSync(join(dir, "traces"));
      return names.filter((name) => !name.startsWith(".")).toSorted();
    } catch {
      return [];
    }
  };
  type Read = {
    user: string;
    request: { headers: Record<string, string>; body: string };
    response: { status: number; pieces: { at_ms: number; data: string }[] };
  };
  const read = (name = ""): Read =>
    JSON.parse(readFileSync(join(dir, "traces", name), "utf8")) as Read;

  it("writes one file for each request, with its events and their times, and no key", async () => {
    const { post, keys } = await startWith(traced());
    await (await post("/v1/chat/completions", chat({ stream: true }))).text();
    await until(() => files().length === 1, "the file is written");
    const [name] = files();
    expect(name).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}-\d{3}Z-[0-9a-f-]{36}\.json$/);
    const trace = read(name);
    expect(trace).toMatchObject({ user: "alice", model: "mock", dialect: "chat" });
    expect(JSON.parse(trace.request.body)).toMatchObject({ messages: [{ content: "hello" }] });
    expect(trace.request.headers.authorization).toBe("***");
    const text = trace.response.pieces.map(({ data }) => data).join("");
    expect(text).toContain('"content":"one"');
    expect(text).toContain("data: [DONE]");
    const times = trace.response.pieces.map(({ at_ms: at }) => at);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(JSON.stringify(trace)).not.toContain(keys.alice);
  });

  it("can be read by its owner only", async () => {
    const { post } = await startWith(traced());
    await (await post("/v1/chat/completions", chat())).text();
    await until(() => files().length === 1, "the file is written");
    expect(statSync(join(dir, "traces", files()[0] ?? "")).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, "traces")).mode & 0o777).toBe(0o700);
  });

  it("writes refused requests too", async () => {
    const { post } = await startWith(traced());
    expect((await post("/v1/chat/completions", "{")).status).toBe(400);
    await until(() => files().length === 1, "the file is written");
    expect(read(files()[0]).response.status).toBe(400);
  });

  it("keeps nothing of requests without a key, which could push all others out", async () => {
    const { post, url } = await startWith(traced());
    for (let n = 0; n < 20; n++) {
      await (await fetch(`${url}/v1/chat/completions`, { method: "POST", body: "{}" })).text();
      await (await fetch(`${url}/v1/models`)).text();
    }
    await (await post("/v1/chat/completions", chat())).text();
    await until(() => files().length > 0, "the file is written");
    expect(files().map((name) => read(name).user)).toEqual(["alice"]);
  });

  it("keeps only the newest files, up to its limit", async () => {
    const { post } = await startWith(traced(", max_files: 5"));
    for (let n = 0; n < 120; n++) await (await post("/v1/chat/completions", chat())).text();
    await gateway?.stop();
    gateway = null;
    // Old ones are looked for now and then, not at each.
    expect(files().length).toBeLessThan(110);
  });

  it("lets chat go on where it cannot write", async () => {
    writeFileSync(join(dir, "traces"), "in the way");
    const { post } = await startWith(traced());
    expect((await post("/v1/chat/completions", chat())).status).toBe(200);
  });
});

describe("a middleware of one's own", () => {
  const write = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };

  it("sees the user and the model, may set headers, and may choose another model", async () => {
    const file = write(
      "mine.ts",
      `export default ({ to }: { to: string }) => (request: any) => {
  request.setHeader("x-seen", [request.user, request.model, request.headers.authorization].join());
  return { model: to };
};`,
    );
    const { post } = await startWith(`middlewares: [{ name: "${file}", to: bigger }]\n`);
    const response = await post("/v1/chat/completions", chat());
    expect(response.headers.get("x-seen")).toBe("alice,mock,");
    expect(await contentOf(response)).toBe("bigger");
    expect(gateway?.rows()[0]?.model).toBe("bigger");
  });

  it("may refuse, in the client's dialect, and then leaves no row", async () => {
    const file = write(
      "no.mjs",
      `export const middleware = () => ({ body }) =>
  body.includes("hello") ? { refuse: { status: 422, message: "Not that word." } } : undefined;`,
    );
    const { post } = await startWith(`middlewares: ["${file}"]\n`);
    const response = await post("/v1/chat/completions", chat());
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ error: { message: "Not that word." } });
    expect(gateway?.rows()).toEqual([]);
  });

  it("run in their order", async () => {
    const first = write("a.mjs", "export default () => () => ({ model: 'from-a' });");
    const second = write(
      "b.mjs",
      "export default () => ({ model }) => ({ model: model + '-then-b' });",
    );
    const { post } = await startWith(`middlewares: ["${first}", "${second}"]\n`);
    expect(await contentOf(await post("/v1/chat/completions", chat()))).toBe("from-a-then-b");
  });

  it("that throws is a fault of the gateway, and its words stay inside", async () => {
    const file = write("bad.mjs", "export default () => () => { throw new Error('secret'); };");
    const { post } = await startWith(`middlewares: ["${file}"]\n`);
    const response = await post("/v1/chat/completions", chat());
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("secret");
  });

  it("that cannot be loaded stops the start with its name", async () => {
    const file = write("broken.mjs", "export default 3;");
    await expect(startWith(`middlewares: ["${file}"]\n`)).rejects.toThrow(/broken\.mjs.*export/);
  });
});

describe("auth: none", () => {
  const open = "middlewares: [{ auth: none }]\n";
  const ask = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${gateway?.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(chat()),
    });

  it("lets everyone on the LAN in, named by key, header or hash of the key", async () => {
    const { keys, rows } = await startWith(open, { USER_HEADER: "user" });
    const askers = [
      {},
      { authorization: `Bearer ${keys.bob}` },
      { user: "dora" },
      { authorization: "Bearer sk-somebody-elses" },
    ];
    for (const headers of askers)
      expect((await ask(headers as Record<string, string>)).status).toBe(200);
    const users = rows().map((row) => (row as unknown as { user: string }).user);
    expect(users.slice(0, 3)).toEqual(["anonymous", "bob", "dora"]);
    expect(users[3]).toMatch(/^key-[0-9a-f]{12}$/);
  });

  it("never holds for what comes through the tunnel", async () => {
    await startWith(open);
    expect((await ask({ "cf-ray": "1" })).status).toBe(401);
  });

  it("is not what leaving auth out of the list means", async () => {
    await startWith("middlewares: [trace]\n");
    expect((await ask({})).status).toBe(401);
  });

  it("lets an upstream have the client's own key, unchanged, where it says passthrough", async () => {
    const gate = await startTestGateway(answer);
    const { upstream } = gate;
    try {
      await startWith(
        `middlewares: [{ auth: none }]
upstreams: { far: { url: "${upstream.url}", type: openai, auth: passthrough } }
routes: [{ model: "*", upstream: far }]
`,
        { UPSTREAM_URL: "" },
      );
      expect((await ask({ authorization: "Bearer sk-straight-through" })).status).toBe(200);
      expect(upstream.seen[0]?.headers.authorization).toBe("Bearer sk-straight-through");
    } finally {
      await gate.stop();
    }
  });
});
