import { randomBytes, randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import {
  request as ask,
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { newTestKey, type TestGateway } from "./harness.ts";

type Entry = { user: string; role?: string; disabled?: boolean } & Record<string, unknown>;
type Invite = { id: string; secret: string; user: string; expires: string; used: boolean };
type Answer = { status: number; body: unknown };

export type FakePeople = {
  url: string;
  port: number;
  /** What GET /usage, GET /me/requests, GET /fairness and GET /upstreams answer. */
  answers: Record<string, unknown>;
  /** What the next POST /me/listen hears. */
  heard: unknown;
  invites: Invite[];
  isPublic: boolean;
  /** Cuts every connection, as a restart does. */
  cut(): void;
  close(): Promise<void>;
};

const error = (status: number, code: string, message: string): Answer => ({
  status,
  body: { error: { message, type: "invalid_request_error", param: null, code } },
});

/**
 * The calls about people, in front of a real gateway that answers all else. Users go
 * to the gateway's own users.json, so that a key that is made here works there.
 */
export async function startFakePeople(house: TestGateway): Promise<FakePeople> {
  const fake: FakePeople = {
    url: "",
    port: 0,
    answers: {},
    heard: null,
    invites: [],
    isPublic: false,
    cut: () => server.closeAllConnections(),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const entries = (): [string, Entry][] =>
    Object.entries(JSON.parse(readFileSync(house.usersFile, "utf8"))).map(([key, value]) => [
      key,
      typeof value === "string" ? { user: value } : (value as Entry),
    ]);
  const write = (all: [string, Entry][]): void =>
    writeFileSync(house.usersFile, JSON.stringify(Object.fromEntries(all)));
  let until: string | null = null;

  const calls: Record<string, (asked: Asked) => Answer> = {
    "GET /me": ({ entry, key, host }) => ({
      status: 200,
      body: {
        object: "me",
        user: entry.user,
        role: entry.role ?? "user",
        is_admin: entry.role === "admin" && !fake.isPublic,
        is_public: fake.isPublic,
        key: { hint: key.slice(0, 7), expires: null },
        keys: [{ id: idOf(key), hint: key.slice(0, 7), expires: null, disabled: false }],
        models: ["mock"],
        limits: [],
        base_urls: { lan: `http://${host}`, tunnel: null },
        version: "0.0.0-test",
        features: { wall: true, try: true, invites: true },
      },
    }),
    "GET /usage": () => ({ status: 200, body: fake.answers.usage ?? noUsage }),
    "GET /me/requests": () => ({
      status: 200,
      body: fake.answers.requests ?? { object: "list", data: [], next_cursor: null },
    }),
    "GET /upstreams": ({ entry }) => ({
      status: 200,
      body: fake.answers.upstreams ?? {
        data: [
          {
            ...(entry.role === "admin" ? { name: "mock", health: "up" } : {}),
            capacity: 1,
            active: 0,
            models: [{ id: "mock", loaded: true }],
            tokens_per_second: 41.5,
          },
        ],
        next_slot_seconds: null,
      },
    }),
    "POST /me/listen": () => {
      until = new Date(Date.now() + 300_000).toISOString();
      return { status: 200, body: { until } };
    },
    "GET /me/listen": () => ({ status: 200, body: { until, request: fake.heard } }),
    "POST /invites/redeem": ({ body }) => {
      const found = fake.invites.find(({ secret }) => secret === body.secret);
      if (found === undefined) return error(404, "invalid_invite", "There is no such invite.");
      if (found.used || Date.parse(found.expires) < Date.now()) {
        return error(
          410,
          "invite_expired",
          "The invite has expired or was used. Ask for a new one.",
        );
      }
      found.used = true;
      const made = newTestKey();
      write([...entries(), [made, { user: found.user }]]);
      return { status: 200, body: { user: found.user, key: made, hint: made.slice(0, 7) } };
    },
  };
  const adminCalls: typeof calls = {
    "GET /users": () => ({ status: 200, body: { object: "list", data: usersOf(entries()) } }),
    "POST /users": ({ body }) => {
      const made = newTestKey();
      write([...entries(), [made, body as Entry]]);
      return { status: 201, body: { ...body, key: made } };
    },
    "GET /fairness": () => ({ status: 200, body: fake.answers.fairness ?? noFairness }),
    "GET /invites": () => ({
      status: 200,
      body: { data: fake.invites.filter(({ used }) => !used).map(({ secret: _, ...one }) => one) },
    }),
    "POST /invites": ({ body, host }) => {
      const secret = randomBytes(16).toString("base64url");
      const expires = new Date(Date.now() + 7 * 86_400_000).toISOString();
      const invite = { id: randomUUID(), secret, user: String(body.user), expires, used: false };
      fake.invites.push(invite);
      const url = `http://${host}/#invite=${secret}`;
      return {
        status: 201,
        body: { object: "invite", id: invite.id, user: body.user, expires, url },
      };
    },
  };

  /** The calls with a user or a key in their path. */
  function changeUser(method: string, path: string, body: Record<string, unknown>): Answer | null {
    const [, user = "", what, id] =
      path.match(/^\/users\/([^/]+)(?:\/(keys)(?:\/([^/]+))?.*)?$/) ?? [];
    if (user === "") return null;
    const name = decodeURIComponent(user);
    const all = entries();
    if (method === "DELETE") write(all.filter(([, entry]) => entry.user !== name));
    else if (method === "PATCH") {
      write(all.map(([key, entry]) => [key, entry.user === name ? { ...entry, ...body } : entry]));
    } else if (what === "keys") {
      const key = newTestKey();
      const old = all.find(([, entry]) => entry.user === name)?.[1];
      write([...all.filter(([old]) => idOf(old) !== id), [key, { ...old, user: name }]]);
      return { status: 201, body: { id: idOf(key), hint: key.slice(0, 7), key } };
    }
    return { status: 200, body: {} };
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", headers } = request;
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    const name = `${method} ${path}`;
    const isUser = path.startsWith("/users/");
    if (!(name in calls) && !(name in adminCalls) && !isUser) return pass(house, request, response);
    const key = (headers.authorization ?? "").replace("Bearer ", "");
    const entry = entries().find(([one]) => one === key)?.[1];
    const body = await readJson(request);
    const asked = { key, entry: entry ?? { user: "" }, body, host: headers.host ?? "" };
    let answer: Answer;
    if (name === "POST /invites/redeem") answer = calls[name]!(asked);
    else if (entry === undefined || entry.disabled === true) {
      answer = error(401, "invalid_api_key", "The API key is unknown. Check it.");
    } else if (name in calls) answer = calls[name]!(asked);
    else if (entry.role !== "admin") {
      answer = error(403, "not_allowed", "Only an administrator on the LAN may do this.");
    } else answer = adminCalls[name]?.(asked) ?? changeUser(method, path, body)!;
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(JSON.stringify(answer.body));
  }

  const server: Server = createServer((request, response) => {
    serve(request, response).catch((cause) => response.destroy(cause));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  fake.port = (server.address() as AddressInfo).port;
  fake.url = `http://127.0.0.1:${fake.port}`;
  return fake;
}

type Asked = { key: string; entry: Entry; body: Record<string, unknown>; host: string };

const idOf = (key: string): string => key.slice(-8);

function usersOf(all: [string, Entry][]): unknown[] {
  const names = [...new Set(all.map(([, { user }]) => user))];
  return names.map((user) => {
    const theirs = all.filter(([, entry]) => entry.user === user);
    const { role = "user", disabled = false, ...rest } = theirs[0]![1];
    const nothing = { weight: null, priority: null, max_concurrent: null, max_queued: null };
    const more = { models: null, limits: null, speaks_for: null };
    return {
      ...nothing,
      ...more,
      ...rest,
      user,
      role,
      disabled,
      keys: theirs.map(([key]) => ({
        id: idOf(key),
        hint: key.slice(0, 7),
        expires: null,
        disabled: false,
        note: null,
      })),
    };
  });
}

const nothingUsed = {
  requests: 0,
  errors: 0,
  cancelled: 0,
  input_tokens: 0,
  output_tokens: 0,
  queue_ms: 0,
  upstream_ms: 0,
  cost: null,
};
const noUsage = { object: "usage", tz: "UTC", data: [], total: nothingUsed };
const noFairness = {
  window_seconds: 600,
  jain: null,
  users: [],
  estimates: { coverage: null, count: 0, median_error: null },
};

async function readJson(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === "" ? {} : JSON.parse(text);
}

/** To the real gateway, byte for byte. */
function pass(
  house: TestGateway,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  return new Promise((resolve) => {
    const { method, url, headers } = request;
    const forward = ask({ host: "127.0.0.1", port: house.port, method, path: url, headers });
    forward.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
      answer.on("close", resolve);
      answer.on("error", () => response.destroy());
    });
    forward.on("error", () => {
      response.destroy();
      resolve();
    });
    response.on("close", () => forward.destroy());
    request.pipe(forward);
  });
}
