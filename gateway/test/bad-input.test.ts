import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { politeChat } from "./support/mock-upstream.ts";
import { rawHttp, statusOf } from "./support/raw-http.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway(politeChat, {
    MAX_CONCURRENT: "4",
    BODY_TIMEOUT: "1s",
    MAX_BODY_BYTES: "8MiB",
  });
});
afterAll(() => gateway.stop());

/** Whatever a client sends, nothing is left behind: no slot, no open row, no request upstream. */
async function leavesNothing(run: () => Promise<void>): Promise<void> {
  const before = { rows: gateway.rows().length, seen: gateway.upstream.seen.length };
  await run();
  expect((await gateway.health()).line).toMatchObject({ active: 0, waiting: 0 });
  expect({ rows: gateway.rows().length, seen: gateway.upstream.seen.length }).toEqual(before);
}

const request = (target: string, headers = "", body = "{}"): string =>
  `POST ${target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.keys.alice}\r\n` +
  `content-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n` +
  `${headers}\r\n${body}`;

describe("a bad body", () => {
  it.each([
    ["empty", "", "invalid_json", null],
    ["not JSON", "hello", "invalid_json", null],
    ["cut in the middle", '{"messages":[{"role":"us', "invalid_json", null],
    ["no object", "[1]", "invalid_request", null],
    ["without messages", "{}", "invalid_request", "messages"],
    ["with messages that are none", '{"messages":"x"}', "invalid_request", "messages"],
    ["with no message", '{"messages":[]}', "invalid_request", "messages"],
    [
      "with content that is a number",
      '{"messages":[{"role":"user","content":"a"},{"role":"user","content":1}]}',
      "invalid_request",
      "messages[1].content",
    ],
    [
      "with stream as a word",
      '{"stream":"true","messages":[{"role":"user","content":"a"}]}',
      "invalid_request",
      "stream",
    ],
  ])("%s is a 400 that says where", async (_what, body, code, param) => {
    await leavesNothing(async () => {
      const response = await gateway.post("/v1/chat/completions", body);
      expect(response.status).toBe(400);
      const { error } = (await response.json()) as { error: Record<string, unknown> };
      expect(Object.keys(error)).toEqual(
        expect.arrayContaining(["message", "type", "param", "code"]),
      );
      expect(error).toMatchObject({ code, type: "invalid_request_error" });
      if (param !== null) expect(error.param).toBe(param);
    });
  });

  it("that is not UTF-8 is a 400", async () => {
    const body = Buffer.concat([
      Buffer.from('{"messages":[{"role":"user","content":"'),
      Buffer.from([0xff, 0xfe]),
      Buffer.from('"}]}'),
    ]);
    await leavesNothing(async () => {
      expect((await gateway.post("/v1/chat/completions", body)).status).toBe(400);
    });
  });

  it("that nests a hundred thousand deep does not bring the gateway down", async () => {
    const deep = `{"messages":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    await leavesNothing(async () => {
      expect((await gateway.post("/v1/chat/completions", deep)).status).toBe(400);
    });
  });

  it("larger than MAX_BODY_BYTES is a 413, declared or not", async () => {
    await leavesNothing(async () => {
      const big = Buffer.alloc(9 * 1024 * 1024, 0x20);
      const response = await gateway.post("/v1/chat/completions", big).catch(() => null);
      if (response !== null) expect(response.status).toBe(413);
      const head = request("/v1/chat/completions").replace(
        "content-length: 2",
        "content-length: 50000000",
      );
      const answer = await rawHttp(gateway.port, [head]);
      expect(statusOf(answer)).toBe(413);
      expect(answer.toLowerCase()).toContain("connection: close");
      // Small on the wire, large in memory.
      const bomb = gzipSync(Buffer.alloc(20 * 1024 * 1024));
      const bombed = await gateway.post("/v1/chat/completions", bomb, {
        headers: { "content-encoding": "gzip" },
      });
      expect(bombed.status).toBe(413);
    });
  });

  it("that stops arriving is a 408", async () => {
    await leavesNothing(async () => {
      const head = request("/v1/chat/completions").replace(
        "content-length: 2",
        "content-length: 500",
      );
      const answer = await rawHttp(gateway.port, [head], 10_000);
      expect(statusOf(answer)).toBe(408);
    });
  });

  it.each(["compress", "gzip, br", "GZip, gzip", "constructor"])(
    "in the encoding '%s' is a 415 that says which are known",
    async (encoding) => {
      await leavesNothing(async () => {
        const headers = { "content-encoding": encoding };
        const response = await gateway.post("/v1/chat/completions", "x", { headers });
        expect(response.status).toBe(415);
        expect(await response.text()).toContain(
          `The Content-Encoding '${encoding.toLowerCase()}' is not supported. Send one of gzip`,
        );
      });
    },
  );

  it("that does not match its encoding is a 400", async () => {
    await leavesNothing(async () => {
      const response = await gateway.post("/v1/chat/completions", "not gzip", {
        headers: { "content-encoding": "gzip" },
      });
      expect(response.status).toBe(400);
    });
  });
});

/** RFC 1952 §2.2: what is inflated is all members, one after the other. */
const inTwoMembers = (text: string): Buffer =>
  Buffer.concat([gzipSync(text.slice(0, 9)), gzipSync(text.slice(9))]);

/** A body in zstd whose head asks for a window of so many bytes, 2 to the power (RFC 8878 §3.1.1). */
const zstdOf = (windowLog: number): Buffer => {
  const text = Buffer.from(JSON.stringify(chat()));
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, (windowLog - 10) << 3]);
  const block = Buffer.alloc(3);
  block.writeUIntLE((text.length << 3) | 1, 0, 3);
  return Buffer.concat([head, block, text]);
};

describe("a compressed body", () => {
  it.each([
    ["gzip", gzipSync],
    ["br", brotliCompressSync],
    ["zstd", zstdCompressSync],
    ["zstd (with a window of 8 MiB)", () => zstdOf(23)],
    ["identity,gzip", gzipSync],
    ["deflate", deflateSync],
    ["GZIP", gzipSync],
    ["x-gzip", gzipSync],
    ["gzip (in two members)", inTwoMembers],
  ])("in %s reaches the upstream inflated, on every path of JSON", async (encoding, compress) => {
    const body = JSON.stringify(chat());
    for (const path of ["/v1/chat/completions", "/v1/audio/speech", "/v1/unknown"]) {
      const response = await gateway.post(path, compress(body), {
        headers: { "content-encoding": encoding.split(" ")[0] ?? "" },
      });
      expect(response.status).toBe(200);
      const seen = gateway.upstream.seen.at(-1);
      expect(seen?.url).toBe(path);
      expect(seen?.body.toString()).toBe(body);
      expect(seen?.headers["content-encoding"]).toBeUndefined();
    }
  });

  it("with the encoding identity, in upper or lower case, is taken as uncompressed", async () => {
    for (const encoding of ["identity", "Identity"]) {
      const headers = { "content-encoding": encoding };
      const response = await gateway.post("/v1/chat/completions", chat(), { headers });
      expect(response.status).toBe(200);
    }
  });

  it.each([
    ["cut", gzipSync(JSON.stringify(chat())).subarray(0, 30)],
    ["empty", Buffer.alloc(0)],
    ["no zstd", Buffer.from("no"), "zstd"],
    ["zstd that asks for 128 MiB", zstdOf(27), "zstd"],
    ["with something behind it", Buffer.concat([gzipSync("{}"), Buffer.from("x")])],
  ])("that is %s is a 400", async (_what, body, encoding = "gzip") => {
    await leavesNothing(async () => {
      const headers = { "content-encoding": encoding };
      const response = await gateway.post("/v1/chat/completions", body, { headers });
      expect(response.status).toBe(400);
    });
  });

  it("in an unknown encoding is a 415 for JSON of any path", async () => {
    await leavesNothing(async () => {
      const headers = { "content-encoding": "compress" };
      const response = await gateway.post("/v1/audio/speech", "{}", { headers });
      expect(response.status).toBe(415);
    });
  });
});

describe("a tricky path", () => {
  it.each([
    ["/v1/%63hat/completions"],
    ["//v1/chat/completions"],
    ["/v1//chat/completions"],
    ["/v1/../metrics"],
    ["/v1/./chat/completions"],
    ["/v1/chat\\completions"],
    ["http://127.0.0.1/v1/chat/completions"],
    ["/v1/models/%2e%2e"],
  ])("%s is a 400", async (target) => {
    await leavesNothing(async () => {
      expect(statusOf(await rawHttp(gateway.port, [request(target)]))).toBe(400);
    });
  });

  it.each([["/V1/chat/completions"], ["/v2/x"], ["/"], ["/metrics/"]])(
    "%s is a 404",
    async (target) => {
      await leavesNothing(async () => {
        expect(statusOf(await rawHttp(gateway.port, [request(target)]))).toBe(404);
      });
    },
  );
});

describe("a path that is almost one of a generation", () => {
  it.each([["/v1/chat/completions/"], ["/v1/Chat/Completions"], ["/v1/chat/completions;x"]])(
    "%s is no way around line and ledger, where the upstream takes it",
    async (path) => {
      const response = await gateway.post(path, chat());
      expect(response.headers.get("x-queue-position")).toBe("0");
      expect(await response.text()).toContain("Hello there");
      expect(gateway.upstream.seen.at(-1)?.url).toBe(path);
      expect(gateway.rows().at(-1)).toMatchObject({
        user: "alice",
        path,
        state: "done",
        input_tokens: 3,
        output_tokens: 2,
      });
    },
  );
});

describe("a request without rights", () => {
  const unknown = `sk-${"0".repeat(32)}`;

  it.each([
    ["no key", ""],
    ["an unknown key", `authorization: Bearer ${unknown}\r\n`],
    ["a wrong scheme", "authorization: Basic YTpi\r\n"],
  ])("with %s is a 401 with a challenge", async (_what, headers) => {
    await leavesNothing(async () => {
      const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n${headers}content-length: 2\r\n\r\n{}`;
      const answer = await rawHttp(gateway.port, [
        head.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"),
      ]);
      expect(statusOf(answer)).toBe(401);
      expect(answer.toLowerCase()).toContain("www-authenticate: bearer");
    });
  });

  it("is told in Anthropic's words on Messages", async () => {
    const response = await fetch(`${gateway.url}/v1/messages`, { method: "POST", body: "{}" });
    expect(response.status).toBe(401);
    expect(response.headers.get("request-id")).toBe(response.headers.get("x-request-id"));
    expect(await response.json()).toMatchObject({
      type: "error",
      error: { type: "authentication_error" },
    });
  });

  it("with a key in the URL is told to use a header", async () => {
    const response = await fetch(`${gateway.url}/v1/models?key=${gateway.keys.alice}`);
    expect(response.status).toBe(401);
    const text = await response.text();
    expect(text).toContain("Authorization: Bearer");
    expect(text).not.toContain(gateway.keys.alice);
  });

  it("does not get a gigabyte read: 1 MiB is drained, then the connection ends", async () => {
    await leavesNothing(async () => {
      const head =
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000000\r\n\r\n";
      const answer = await rawHttp(gateway.port, [head, Buffer.alloc(3 * 1024 * 1024)]);
      expect(statusOf(answer)).toBe(401);
      expect(answer.toLowerCase()).toContain("connection: close");
    });
  });

  it("does not have its body asked for under Expect: 100-continue", async () => {
    const head =
      "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n" +
      "expect: 100-continue\r\n\r\n";
    const answer = await rawHttp(gateway.port, [head]);
    expect(answer).not.toContain("100 Continue");
    expect(statusOf(answer)).toBe(401);
  });
});

describe("headers", () => {
  it("under Expect: 100-continue, the key does not reach the upstream", async () => {
    const body = JSON.stringify(chat());
    const head = request("/v1/chat/completions", "expect: 100-continue\r\n", body);
    const answer = await rawHttp(gateway.port, [head]);
    expect(answer).toContain("100 Continue");
    expect(answer).toContain("Hello there");
    const headers = gateway.upstream.seen.at(-1)?.headers;
    expect(JSON.stringify(headers)).not.toContain(gateway.keys.alice);
    expect(headers?.expect).toBeUndefined();
  });

  it("of 64 KB are a 431", async () => {
    const answer = await rawHttp(gateway.port, [
      request("/v1/chat/completions", `x-big: ${"a".repeat(65_536)}\r\n`),
    ]);
    expect(statusOf(answer)).toBe(431);
  });

  it("cannot name another user, an address, or a conversation", async () => {
    const response = await gateway.post("/v1/chat/completions", chat(), {
      headers: {
        "x-gateway-user": "root",
        "x-forwarded-for": "6.6.6.6",
        "x-conversation-id": "c",
        cookie: "a=b",
        connection: "x-secret",
        "x-secret": "1",
      },
    });
    expect(response.status).toBe(200);
    const headers = gateway.upstream.seen.at(-1)?.headers ?? {};
    expect(headers["x-gateway-user"]).toBe("alice");
    for (const name of ["x-forwarded-for", "x-conversation-id", "cookie"]) {
      expect(headers[name]).toBeUndefined();
    }
  });

  it.each([
    ["with a space", "a b"],
    ["of 10 KB", "x".repeat(10_240)],
    ["of 129 characters", "x".repeat(129)],
    ["of markup", "<script>"],
    ["said twice", "a, b"],
    ["of nothing", ""],
  ])("with a request id %s get one of ours", async (_what, id) => {
    const response = await gateway.post("/v1/chat/completions", chat(), {
      headers: { "x-request-id": id },
    });
    const ours = response.headers.get("x-request-id") ?? "";
    expect(ours).toMatch(/^[0-9a-f-]{36}$/);
    expect(await response.json()).toMatchObject({ id: ours });
    expect(gateway.upstream.seen.at(-1)?.headers["x-request-id"]).toBe(ours);
    expect(gateway.rows().at(-1)).toMatchObject({ request_id: ours, state: "done" });
  });

  it.each(["abc\nx-injected: 1", "abc\r\n x-injected: 1", "abc\rx-injected: 1", "abc\0"])(
    "with the request id %j are a 400",
    async (id) => {
      await leavesNothing(async () => {
        const head = request("/v1/chat/completions", `x-request-id: ${id}\r\n`);
        const answer = await rawHttp(gateway.port, [head]);
        expect(statusOf(answer)).toBe(400);
        expect(answer).not.toContain("injected");
      });
    },
  );

  it("of a tunnel that accepts compressed answers do not stop the count of tokens", async () => {
    gateway.upstream.answer((seen, response, incoming) => {
      const compresses = /br|gzip/.test(String(seen.headers["accept-encoding"]));
      if (!compresses) return politeChat(seen, response, incoming);
      response.writeHead(200, { "content-encoding": "br", "content-type": "application/json" });
      response.end(brotliCompressSync("{}"));
    });
    const headers = { "accept-encoding": "br, gzip", "cf-ray": "1-TXL" };
    for (const stream of [false, true]) {
      const response = await gateway.post("/v1/chat/completions", chat({ stream }), { headers });
      expect(await response.text()).toContain("Hello");
      expect(gateway.rows().at(-1)).toMatchObject({ input_tokens: 3, output_tokens: 2 });
    }
    gateway.upstream.answer(politeChat);
  });

  it("with one request id, used twice at once, are two generations", async () => {
    const before = gateway.rows().length;
    const headers = { "x-request-id": "same" };
    const answers = await Promise.all(
      [1, 2].map(() => gateway.post("/v1/chat/completions", chat({ stream: true }), { headers })),
    );
    for (const answer of answers) expect(await answer.text()).toContain("[DONE]");
    expect(gateway.rows().slice(before)).toMatchObject([
      { request_id: "same", state: "done" },
      { request_id: "same", state: "done" },
    ]);
  });
});

describe("HTTP that the gateway does not serve", () => {
  it("CONNECT is a 400 in JSON, and no tunnel", async () => {
    await leavesNothing(async () => {
      const target = `127.0.0.1:${gateway.upstream.port}`;
      const head = `CONNECT ${target} HTTP/1.1\r\nhost: ${target}\r\n\r\n`;
      const answer = await rawHttp(gateway.port, [head]);
      expect(statusOf(answer)).toBe(400);
      expect(answer).toContain('"code":"invalid_request"');
    });
  });

  it("an unknown Expect header is ignored", async () => {
    const head = request("/v1/chat/completions", "expect: 200-maybe\r\n", JSON.stringify(chat()));
    const answer = await rawHttp(gateway.port, [head]);
    expect(statusOf(answer)).toBe(200);
    expect(answer).toContain("Hello there");
    expect(gateway.upstream.seen.at(-1)?.headers.expect).toBeUndefined();
  });
});

describe("smuggling", () => {
  it.each([
    ["two lengths that differ", "content-length: 5\r\n"],
    ["a length and chunks", "transfer-encoding: chunked\r\n"],
    ["a folded header", "x-a: 1\r\n folded: 2\r\n"],
  ])("by %s is refused", async (_what, headers) => {
    await leavesNothing(async () => {
      const answer = await rawHttp(gateway.port, [request("/v1/chat/completions", headers)]);
      expect(statusOf(answer)).toBe(400);
    });
  });

  it("an h2c offer on a POST leaves it a POST", async () => {
    const body = JSON.stringify(chat());
    const head = request(
      "/v1/chat/completions",
      "upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n",
      body,
    ).replace("connection: close", "connection: upgrade, http2-settings, close");
    const answer = await rawHttp(gateway.port, [head], 2_000);
    expect(statusOf(answer)).toBe(200);
    expect(answer).toContain("Hello there");
  });

  it("a DELETE with a body does not become two requests upstream", async () => {
    const before = gateway.upstream.seen.length;
    const smuggled = "GET /v1/secret HTTP/1.1\r\nhost: x\r\n\r\n";
    const head =
      `DELETE /v1/files/a HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.keys.alice}\r\n` +
      `transfer-encoding: chunked\r\nconnection: close\r\n\r\n` +
      `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;
    await rawHttp(gateway.port, [head]);
    await until(() => gateway.upstream.seen.length > before, "the DELETE came through");
    expect(gateway.upstream.seen.slice(before)).toMatchObject([
      { method: "DELETE", url: "/v1/files/a" },
    ]);
  });
});
