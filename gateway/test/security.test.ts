import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { chat, newTestKey, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { politeChat } from "./support/mock-upstream.ts";
import { rawHttp, statusOf } from "./support/raw-http.ts";
import { newDirectory, remove, spawnGateway } from "./support/spawned-gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway(politeChat, { MAX_CONCURRENT: "4" });
});
afterAll(() => gateway.stop());

const others: TestGateway[] = [];
afterEach(async () => {
  for (const other of others.splice(0)) await other.stop();
});
async function start(env: Record<string, string>): Promise<TestGateway> {
  const other = await startTestGateway(politeChat, env);
  others.push(other);
  return other;
}

const bearer = (key: string | undefined) => ({ authorization: `Bearer ${key}` });

describe("a client that guesses keys", () => {
  it("learns nothing of what is here without a key", async () => {
    const paths = ["/v1/models", "/v1/nothing", "/nothing", "/queue", "/limits", "/queue/x"];
    const seen = await Promise.all(
      paths.map(async (path) => {
        const answer = await fetch(gateway.url + path);
        const varied = ["date", "connection", "keep-alive"];
        const names = [...answer.headers.keys()].filter((name) => !varied.includes(name)).join();
        return [answer.status, names, await answer.text()].join();
      }),
    );
    expect(seen).toEqual(Array(paths.length).fill(seen[0]));
    expect(seen[0]).toContain("401");
  });

  it("is not told a wrong key from a wrong key that begins like a right one", async () => {
    const right = gateway.keys.alice ?? "";
    const bodies = await Promise.all(
      [newTestKey(), `${right.slice(0, -1)}x`, `${right}x`, right.toUpperCase()].map(
        async (key) => {
          const answer = await fetch(`${gateway.url}/queue`, { headers: bearer(key) });
          return `${answer.status} ${await answer.text()}`;
        },
      ),
    );
    expect(new Set(bodies).size).toBe(1);
  });

  it("costs no more with a wrong key than with a right one", async () => {
    const dir = newDirectory();
    const spawned = await spawnGateway(dir, { UPSTREAM_URL: gateway.upstream.url });
    const right = spawned.key();
    /** Microseconds of its processor, which other work on this machine does not lengthen. */
    const used = async () => {
      const text = await (await fetch(`${spawned.url}/metrics`)).text();
      return Number(/^process_cpu_seconds_total (\S+)/m.exec(text)?.[1]) * 1e6;
    };
    const chatBody = JSON.stringify(chat());
    const ask = async (path: string, key: string) => {
      const body = path.endsWith("completions") ? { method: "POST", body: chatBody } : {};
      const answer = await fetch(spawned.url + path, { ...body, headers: bearer(key) });
      await answer.text();
      return answer.status;
    };
    const each = 100;
    const costs = new Map<string, number>();
    const measure = async (path: string, isRight: boolean) => {
      const from = await used();
      for (let i = 0; i < each; i++) {
        const status = await ask(path, isRight ? right : newTestKey());
        expect(status === 200).toBe(isRight);
      }
      const name = `${isRight ? "right" : "wrong"} ${path}`;
      costs.set(name, (costs.get(name) ?? 0) + (await used()) - from);
    };
    const paths = ["/v1/chat/completions", "/limits", "/v1/models"];
    try {
      for (let round = 0; round < 6; round++) {
        // In the first, code is compiled that both use.
        if (round === 1) costs.clear();
        for (const path of paths) {
          await measure(path, true);
          await measure(path, false);
        }
      }
    } finally {
      spawned.child.kill("SIGKILL");
      await spawned.ended;
      remove(dir);
    }
    const cost = (name: string) => (costs.get(name) ?? 0) / (5 * each);
    for (const path of paths) {
      expect(cost(`wrong ${path}`)).toBeLessThan(cost("right /v1/chat/completions"));
    }
  });

  it("does not stop a right key from the same address", async () => {
    const other = await start({});
    const statuses: number[] = [];
    for (let i = 0; i < 25; i++) {
      statuses.push((await fetch(`${other.url}/queue`, { headers: bearer(newTestKey()) })).status);
    }
    expect(statuses.slice(0, 20).every((status) => status === 401)).toBe(true);
    expect(statuses.slice(20).every((status) => status === 429)).toBe(true);
    const wrong = await other.post("/v1/messages", "{}", { headers: bearer(newTestKey()) });
    expect(Number(wrong.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await wrong.json()).toMatchObject({ error: { type: "rate_limit_error" } });
    expect((await other.post("/v1/chat/completions", chat())).status).toBe(200);
  });
});

describe("a client that floods the gateway", () => {
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });
  const open = async (port: number) => {
    const socket = connect(port, "127.0.0.1").on("error", () => {});
    sockets.push(socket);
    await new Promise((resolve) => socket.once("connect", resolve));
    return socket;
  };

  it("has no more connections than MAX_CONNECTIONS_PER_ADDRESS", async () => {
    const { port } = await start({ MAX_CONNECTIONS_PER_ADDRESS: "3" });
    const first = [await open(port), await open(port), await open(port)];
    // Several processes tell each other of their connections: an answer shows that each is counted.
    for (const socket of first) {
      socket.write("GET /health HTTP/1.1\r\nhost: x\r\n\r\n");
      await new Promise((resolve) => socket.once("data", resolve));
    }
    const fourth = await open(port);
    fourth.resume();
    await until(() => fourth.closed, "the fourth is closed");
    expect(first.some((socket) => socket.closed)).toBe(false);
    first[0]?.destroy();
    const get = "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    await until(async () => statusOf(await rawHttp(port, [get])) === 200, "there is room again");
  });

  it("has more behind a trusted proxy and behind the tunnel", async () => {
    const env = { MAX_CONNECTIONS_PER_ADDRESS: "1", PUBLIC_PORT: "0" };
    const proxied = await start({ ...env, TRUSTED_PROXIES: "127.0.0.1" });
    const { publicPort } = (await start(env)).gateway;
    for (const port of [proxied.port, publicPort ?? 0]) {
      const all = [await open(port), await open(port), await open(port)];
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(all.some((socket) => socket.closed)).toBe(false);
    }
  });

  it("a header a second is cut off (slow loris)", async () => {
    const socket = await open(gateway.port);
    let answer = "";
    socket.setEncoding("latin1").on("data", (text: string) => {
      answer += text;
    });
    socket.write("GET /health HTTP/1.1\r\nhost: x\r\n");
    const drip = setInterval(() => socket.writable && socket.write("x-a: 1\r\n"), 1_000);
    await until(() => socket.closed, "it is cut off", 25_000);
    clearInterval(drip);
    expect(statusOf(answer)).toBe(408);
  });
});

describe("what a request names", () => {
  it("is never an upstream's address (SSRF)", async () => {
    let reached = 0;
    const trap = createServer((_request, response) => {
      reached++;
      response.end("{}");
    });
    await new Promise<void>((resolve) => trap.listen(0, "127.0.0.1", resolve));
    const place = `127.0.0.1:${(trap.address() as AddressInfo).port}`;
    const url = `http://${place}`;
    const bodies = [
      chat({ model: url }),
      chat({ base_url: url, api_base: url, upstream: url, upstream_url: url, url }),
    ];
    const headers = {
      "x-forwarded-host": place,
      forwarded: `host=${place}`,
      "x-original-url": url,
      "x-upstream-url": url,
      "x-rewrite-url": "/",
      "openai-base-url": url,
    };
    for (const body of bodies) {
      const target = `/v1/chat/completions?url=${url}&base_url=${url}&upstream=${url}`;
      await (await gateway.post(target, body, { headers })).text();
    }
    const key = `authorization: Bearer ${gateway.keys.alice}\r\nconnection: close\r\n`;
    for (const target of [`${url}/v1/models`, `/v1/models@${place}`, `/v1/@${place}/x`, place]) {
      await rawHttp(gateway.port, [`GET ${target} HTTP/1.1\r\nhost: ${place}\r\n${key}\r\n`]);
    }
    await rawHttp(gateway.port, [`CONNECT ${place} HTTP/1.1\r\nhost: ${place}\r\n${key}\r\n`]);
    trap.close();
    expect(reached).toBe(0);
    const own = `127.0.0.1:${gateway.upstream.port}`;
    const hosts = gateway.upstream.seen.map((seen) => seen.headers.host);
    expect(hosts.length).toBeGreaterThan(0);
    expect(new Set(hosts)).toEqual(new Set([own]));
  });

  it("pollutes no prototype, and reaches the upstream as it came", async () => {
    const body =
      '{"__proto__":{"polluted":1,"stream":true},"constructor":{"prototype":{"polluted":1}},' +
      '"model":"__proto__","messages":[{"role":"user","content":"a","__proto__":{"polluted":1}}],' +
      '"stream_options":{"__proto__":{"polluted":1}}}';
    const answer = await gateway.post("/v1/chat/completions", body);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toContain("json");
    expect(gateway.upstream.seen.at(-1)?.body.toString()).toBe(body);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    expect(
      (await gateway.post("/v1/chat/completions", chat({ model: "constructor" }))).status,
    ).toBe(200);
  });

  it.each(["\r\nx-injected: 1", "\nx-injected: 1", "\u0000", "\u010d\u010ax-injected: 1"])(
    "in a model's name %j injects no header",
    async (text) => {
      const model = `mock${text}`;
      const answer = await gateway.post("/v1/chat/completions", chat({ model, stream: true }));
      expect(answer.headers.get("x-injected")).toBeNull();
      await answer.text();
      expect(gateway.upstream.seen.at(-1)?.headers).not.toHaveProperty("x-injected");
    },
  );

  it("of 8 MB takes no more than linear time, whatever it is made of", async () => {
    const long = 2_000_000;
    const worst = [
      "a".repeat(long),
      "\\u0061".repeat(long / 6),
      "[".repeat(10_000),
      " ".repeat(long),
    ];
    for (const text of worst) {
      const body = `{"model":"m","x":"${text}","messages":[{"role":"user","content":"${text}"}]}`;
      const from = performance.now();
      await (await gateway.post("/v1/chat/completions", body)).arrayBuffer();
      expect(performance.now() - from).toBeLessThan(5_000);
    }
    const id = `${"a".repeat(4_000)}!`;
    const headers = { "x-request-id": id, "x-priority": id, "x-queue-events": id };
    const from = performance.now();
    expect((await gateway.post("/v1/chat/completions", chat(), { headers })).status).toBe(200);
    expect(performance.now() - from).toBeLessThan(2_000);
  });
});

describe("Cloudflare's headers forged on the LAN", () => {
  it("only take rights away", async () => {
    const headers = {
      "cf-ray": "1-TXL",
      "cf-connecting-ip": "127.0.0.1",
      "cf-access-authenticated-user-email": "admin@example.com",
      "cf-access-jwt-assertion": "e30.e30.e30",
    };
    expect((await fetch(`${gateway.url}/health`, { headers })).status).toBe(404);
    expect((await fetch(`${gateway.url}/metrics`, { headers })).status).toBe(404);
    expect((await fetch(`${gateway.url}/v1/models`, { headers })).status).toBe(401);
    expect((await gateway.post("/v1/chat/completions", chat(), { headers })).status).toBe(200);
    const seen = gateway.upstream.seen.at(-1)?.headers ?? {};
    expect(Object.keys(seen).filter((name) => name.startsWith("cf-"))).toEqual([]);
  });
});

describe("a key", () => {
  it("in whatever place is in no log and no metric", async () => {
    const dir = newDirectory();
    const spawned = await spawnGateway(dir, {
      LOG_LEVEL: "trace",
      UPSTREAM_URL: gateway.upstream.url,
    });
    try {
      const good = spawned.key();
      const bad = newTestKey();
      const keys = [good, bad];
      for (const key of keys) {
        const headers = {
          ...bearer(key),
          "x-request-id": key,
          "x-api-key": key,
          "user-agent": key,
        };
        const body = JSON.stringify(chat({ model: key, user: key }));
        const post = { method: "POST", headers, body };
        await (await fetch(`${spawned.url}/v1/chat/completions`, post)).text();
        await (await fetch(`${spawned.url}/v1/${key}`, { headers })).text();
        await (await fetch(`${spawned.url}/v1/models?key=${key}&token=${key}`)).text();
        await (await fetch(`${spawned.url}/${key}`)).text();
      }
      const metrics = await (await fetch(`${spawned.url}/metrics`)).text();
      spawned.child.kill("SIGTERM");
      await spawned.ended;
      const written = spawned.stdout() + spawned.stderr() + metrics;
      expect(spawned.stdout()).toContain("exchange");
      for (const key of keys) expect(written).not.toContain(key.slice(8));
    } finally {
      spawned.child.kill("SIGKILL");
      await spawned.ended;
      remove(dir);
    }
  });
});

describe("web pages of other origins", () => {
  const origin = "https://chat.example.com";
  const preflight = (url: string, from: string) =>
    fetch(`${url}/v1/chat/completions`, {
      method: "OPTIONS",
      headers: {
        origin: from,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,x-stainless-os",
      },
    });
  const allowed = (answer: Response) => answer.headers.get("access-control-allow-origin");

  it("may do nothing by default, and a preflight needs a key like all else", async () => {
    const answer = await preflight(gateway.url, origin);
    expect(answer.status).toBe(401);
    expect(allowed(answer)).toBeNull();
  });

  it("may call with a key where they are listed, and no others", async () => {
    const { url, keys } = await start({ CORS_ORIGINS: `${origin}, http://192.168.1.5:3000` });
    const asked = await preflight(url, origin);
    expect(asked.status).toBe(204);
    expect(allowed(asked)).toBe(origin);
    expect(asked.headers.get("access-control-allow-headers")).toContain("x-stainless-os");
    expect(allowed(await preflight(url, "https://evil.example.com"))).toBeNull();
    expect(allowed(await preflight(url, `${origin}.evil.example.com`))).toBeNull();
    expect(allowed(await preflight(url, "null"))).toBeNull();
    const post = { method: "POST", body: JSON.stringify(chat({ stream: true })) };
    const headers = { origin, ...bearer(keys.alice) };
    const answer = await fetch(`${url}/v1/chat/completions`, { ...post, headers });
    expect(allowed(answer)).toBe(origin);
    expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
    const exposed = answer.headers.get("access-control-expose-headers")?.toLowerCase() ?? "";
    for (const name of ["x-request-id", "x-queue-position", "retry-after"]) {
      expect(exposed).toContain(name);
    }
    for (const metric of ["requests", "tokens", "upstream-seconds", "cost"]) {
      expect(exposed).toContain(`x-ratelimit-remaining-${metric}`);
    }
    const refused = await fetch(`${url}/v1/chat/completions`, { ...post, headers: { origin } });
    expect([refused.status, allowed(refused)]).toEqual([401, origin]);
  });

  it("see ours and not the upstream's own headers, with * too", async () => {
    const other = await start({ CORS_ORIGINS: "*" });
    other.upstream.answer((seen, response, request) => {
      response.setHeader("access-control-allow-origin", "");
      response.setHeader("access-control-allow-credentials", "true");
      return politeChat(seen, response, request);
    });
    const post = { body: JSON.stringify(chat()), method: "POST" };
    for (const path of ["/v1/chat/completions", "/v1/files"]) {
      const headers = { origin, ...bearer(other.keys.alice) };
      const answer = await fetch(other.url + path, { ...post, headers });
      expect(allowed(answer)).toBe("*");
      expect(answer.headers.get("access-control-allow-credentials")).toBeNull();
    }
    const plain = await fetch(`${other.url}/v1/models`, { method: "OPTIONS" });
    expect(plain.status).toBe(401);
  });
});
