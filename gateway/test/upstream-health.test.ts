import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { forward, type Outbound } from "../upstreams/forward.ts";
import { createHealth, type Health } from "../upstreams/health.ts";
import { probeUpstream } from "../upstreams/probe-upstream.ts";
import { createRetryBudget, isRetryable } from "../upstreams/retry.ts";
import { sendWithPatience } from "../upstreams/send-with-patience.ts";
import { openUpstream, type ServerType, type Upstream } from "../upstreams/upstream.ts";
import { until } from "./support/harness.ts";

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

type Box = {
  port: number;
  served: () => number;
  die: () => Promise<void>;
  live: () => Promise<void>;
};

/** A real server that dies with all its connections, and comes back on its port. */
async function startBox(answer: RequestListener): Promise<Box> {
  let served = 0;
  let port = 0;
  let server: Server;
  const sockets = new Set<Socket>();
  async function live(): Promise<void> {
    server = createServer((request, response) => {
      served += 1;
      answer(request, response);
    });
    server.on("connection", (socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  }
  async function die(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.resetAndDestroy();
    await closed;
  }
  await live();
  endings.push(die);
  return { port, served: () => served, die, live };
}

function open(port: number, name: string, type: ServerType = "openai"): Upstream {
  const url = `http://127.0.0.1:${port}`;
  const upstream = openUpstream({ url, key: null, type, name, connectTimeoutMs: 2_000 });
  endings.push(() => upstream.connections.close());
  return upstream;
}

const outbound = {
  method: "POST",
  path: "/v1/chat/completions",
  headers: {},
  body: Buffer.from("{}"),
  firstByteMs: 10_000,
  idleMs: 10_000,
  fresh: false,
};

/**
 * One exchange on the first upstream that may be used, then on the others, as a road takes them.
 */
async function exchange(
  upstreams: readonly Upstream[],
  health: Health,
  budget = createRetryBudget(),
): Promise<string> {
  budget.noteRequest();
  const { signal } = new AbortController();
  const spent = new Set<Upstream>();
  for (let tries = 1; ; tries++) {
    const usable = upstreams.filter((one) => health.usable(one.name) && !spent.has(one));
    const upstream = usable[tries % Math.max(1, usable.length)] ?? upstreams[0];
    if (upstream === undefined) throw new Error("there is no upstream");
    health.tried(upstream.name);
    let text = "";
    const receiver = {
      head: () => health.noteAnswered(upstream.name),
      data(chunk: Buffer) {
        text += chunk;
        return true;
      },
      whenDrained: () => {},
    };
    try {
      const committed = () => false;
      const send = (asked: Outbound) => forward(upstream.connections, asked, receiver, signal);
      await sendWithPatience({ upstream, outbound, send, signal, committed, patienceMs: 0 });
      return text;
    } catch (error) {
      health.noteFailed(upstream.name, error);
      spent.add(upstream);
      if (text !== "" || tries > 4 || !isRetryable(error) || !budget.take()) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100 * tries));
    }
  }
}

function watch(upstreams: readonly Upstream[]): { health: Health; changes: string[] } {
  const changes: string[] = [];
  const byName = new Map(upstreams.map((upstream) => [upstream.name, upstream]));
  const health = createHealth({
    onChange: (name, up) => changes.push(`${name} ${up ? "up" : "down"}`),
    probe: (name) => {
      const upstream = byName.get(name);
      return upstream === undefined ? null : probeUpstream(upstream);
    },
  });
  endings.push(() => health.stop());
  return { health, changes };
}

describe("two upstreams, of which one dies in mid-traffic", () => {
  it("lose no request without a first byte, and find without traffic that the dead one is back", async () => {
    const slowly: RequestListener = (_request, response) => {
      setTimeout(() => response.end("answer"), 20);
    };
    const one = await startBox(slowly);
    const two = await startBox(slowly);
    const upstreams = [open(one.port, "one"), open(two.port, "two")];
    const { changes, health } = watch(upstreams);
    const budget = createRetryBudget({ floor: 100 });
    const answers: Promise<string>[] = [];
    for (let count = 0; count < 150; count++) {
      answers.push(exchange(count % 2 === 0 ? upstreams : upstreams.toReversed(), health, budget));
      if (count === 60) await one.die();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    expect(new Set(await Promise.all(answers))).toEqual(new Set(["answer"]));
    expect(health.usable("one")).toBe(false);
    expect(changes).toContain("one down");
    const before = two.served();
    await one.live();
    await until(() => health.usable("one"), "it is found again");
    expect(changes.at(-1)).toBe("one up");
    expect(two.served()).toBe(before);
    expect(await exchange(upstreams, health)).toBe("answer");
  });

  it("are not asked again for an answer that broke off midway", async () => {
    let asked = 0;
    const { port } = await startBox((_request, response) => {
      asked += 1;
      response.write("half");
      setTimeout(() => response.destroy(), 10);
    });
    const upstreams = [open(port, "one"), open(port, "two")];
    const { health } = watch(upstreams);
    await expect(exchange(upstreams, health)).rejects.toMatchObject({ code: "upstream_error" });
    expect(asked).toBe(1);
  });

  it("go on to the other if one answers 503, or 429 with Retry-After", async () => {
    const busy = await startBox((_request, response) => {
      response.writeHead(429, { "retry-after": "30" }).end("{}");
    });
    const broken = await startBox((_request, response) => void response.writeHead(503).end());
    const well = await startBox((_request, response) => void response.end("answer"));
    const upstreams = [
      open(busy.port, "busy"),
      open(broken.port, "broken"),
      open(well.port, "well"),
    ];
    const { health } = watch(upstreams);
    for (let count = 0; count < 20; count++) {
      expect(await exchange(upstreams, health)).toBe("answer");
    }
    expect(busy.served()).toBeLessThanOrEqual(1);
    expect(broken.served()).toBeLessThanOrEqual(3);
    expect(health.view("busy")).toMatchObject({ up: true, state: "busy" });
  });
});

it("a client with a key of its own is told that the upstream refuses this key", async () => {
  const { port } = await startBox((_request, response) => void response.writeHead(401).end("{}"));
  const theirs = openUpstream({
    url: `http://127.0.0.1:${port}`,
    key: null,
    type: "openai",
    passthrough: true,
    connectTimeoutMs: 2_000,
  });
  endings.push(() => theirs.connections.close());
  const { health } = watch([theirs]);
  await expect(exchange([theirs], health)).rejects.toMatchObject({
    code: "upstream_rejected",
    status: 401,
    message: "The upstream refused your key (401).",
  });
  expect(health.view(theirs.name).up).toBe(true);
});

describe("a health check of an upstream that seems dead", () => {
  const looking = async (answer: RequestListener, type?: ServerType): Promise<boolean> => {
    const { port } = await startBox(answer);
    return probeUpstream(open(port, "one", type), 300).then(
      () => true,
      () => false,
    );
  };

  it.each([
    [200, true],
    [401, true],
    [404, true],
    [429, true],
    [500, true],
    [502, false],
    [503, false],
    [504, false],
  ])("sees by %i whether it lives: %s", async (status, lives) => {
    const answer: RequestListener = (_request, response) =>
      void response.writeHead(status).end("{}");
    expect(await looking(answer)).toBe(lives);
  });

  it("takes a loading model for alive, and silence for dead", async () => {
    const loading = '{"error":{"message":"Loading model","type":"unavailable_error","code":503}}';
    expect(await looking((_request, response) => void response.writeHead(503).end(loading))).toBe(
      true,
    );
    expect(await looking(() => {})).toBe(false);
    await expect(probeUpstream(open(1, "away"))).rejects.toThrow();
  });

  it.each([
    ["auto", "/health"],
    ["llamacpp", "/health"],
    ["vllm", "/health"],
    ["openai", "/v1/models"],
    ["ollama", "/v1/models"],
    ["anthropic", "/v1/models?limit=1"],
    ["google", "/v1beta/models?pageSize=1"],
  ] as const)("asks %s for %s", async (type, path) => {
    let asked: string | undefined;
    await looking((request, response) => {
      asked = request.url;
      response.end("{}");
    }, type);
    expect(asked).toBe(path);
  });
});
