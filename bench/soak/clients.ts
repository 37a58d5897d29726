import { randomUUID } from "node:crypto";
import { renameSync, writeFileSync } from "node:fs";
import { request as ask } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { loopback } from "../loopback.ts";
import type { Random } from "./random.ts";

/** What the clients of a soak have seen, to be compared with the accounts afterwards. */
export type Seen = {
  /** How many requests ended in each way. */
  readonly endings: Map<string, number>;
  /** Request ids of generations that were answered to their end. */
  readonly whole: string[];
  /** Request ids of generations that were refused before they were accepted. */
  readonly refused: string[];
};

export type SoakGateway = {
  readonly port: number;
  readonly usersFile: string;
  readonly users: Readonly<Record<string, unknown>>;
  readonly adminKey: string;
};

type Asked = { path: string; key: string; body: Buffer; type: string; id: string };

/** One client: it sends requests of every kind, and leaves in every way, until `until`. */
export async function runClient(
  gateway: SoakGateway,
  random: Random,
  seen: Seen,
  until: number,
): Promise<void> {
  const client = new SoakClient(gateway, random, seen);
  while (performance.now() < until) {
    await client.act();
    await sleep(random.next() * 400);
  }
}

const reads = [
  "/v1/models",
  "/queue",
  "/limits",
  "/api/v1/models",
  "/api/v1/key",
  "/health",
] as const;

class SoakClient {
  readonly #gateway: SoakGateway;
  readonly #random: Random;
  readonly #seen: Seen;
  readonly #keys: [string, ...string[]];
  /** Each with the part of all requests that it is, summed up. */
  readonly #acts: readonly [number, () => Promise<string>][];

  constructor(gateway: SoakGateway, random: Random, seen: Seen) {
    this.#gateway = gateway;
    this.#random = random;
    this.#seen = seen;
    const [first = "", ...others] = Object.keys(gateway.users);
    this.#keys = [first, ...others.filter((key) => key !== gateway.adminKey)];
    this.#acts = [
      [0.3, () => this.#whole(this.#chat("m", true))],
      [0.45, () => this.#whole(this.#chat(random.pick(["m", "m", "claude", "zz"]), false))],
      [0.52, () => this.#whole(this.#messages())],
      [0.58, () => this.#whole(this.#chat("claude", random.next() < 0.7))],
      [0.78, () => this.#leave(this.#chat(random.pick(["m", "m", "claude"]), random.next() < 0.7))],
      [0.83, () => this.#socket()],
      [0.87, () => this.#form()],
      [0.91, () => this.#read(random.pick(reads))],
      [
        0.93,
        () => this.#whole({ ...this.#chat("m", false), key: `sk-wrong-${random.whole(0, 9)}` }),
      ],
      [0.95, () => this.#whole({ ...this.#chat("m", false), body: Buffer.from("{bad") })],
      [0.97, () => this.#remove()],
      [0.98, () => this.#follow()],
      [0.99, async () => this.#rewriteUsers()],
      [1, () => this.#cutRequest()],
    ];
  }

  async act(): Promise<void> {
    const at = this.#random.next();
    const [, act] = this.#acts.find(([part]) => at < part) ?? [];
    const ending = await act?.().catch((error: unknown) => {
      return `error ${error instanceof Error && "code" in error ? String(error.code) : "other"}`;
    });
    const { endings } = this.#seen;
    endings.set(ending ?? "nothing", (endings.get(ending ?? "nothing") ?? 0) + 1);
  }

  #chat(model: string, stream: boolean): Asked {
    const messages = [{ role: "user", content: "x".repeat(this.#random.whole(1, 500)) }];
    return this.#json("/v1/chat/completions", { model, stream, messages });
  }

  #messages(): Asked {
    const model = this.#random.pick(["m", "claude"]);
    const messages = [{ role: "user", content: "x" }];
    const stream = this.#random.next() < 0.5;
    return this.#json("/v1/messages", { model, max_tokens: 5, stream, messages });
  }

  #json(path: string, body: object): Asked {
    const key = this.#random.pick(this.#keys);
    const bytes = Buffer.from(JSON.stringify(body));
    return { path, key, body: bytes, type: "application/json", id: randomUUID() };
  }

  /** Sends a request and reads its answer to the end. */
  async #whole(asked: Asked): Promise<string> {
    const { status, text, isWhole } = await this.#send("POST", asked);
    const isRefused = status >= 400 && status < 500 && !/"upstream|"type":"cancelled/.test(text);
    const isDone = status === 200 && isWhole && !/"error"/.test(text);
    if (isDone) this.#seen.whole.push(asked.id);
    // 429 and 5xx may be the upstream's, after the request was accepted.
    if (isRefused && [400, 401, 404].includes(status)) this.#seen.refused.push(asked.id);
    const kind = asked.path.slice(asked.path.lastIndexOf("/") + 1);
    return `${kind} ${status}${status === 200 && !isDone ? " with an error" : ""}`;
  }

  #send(method: string, asked: Partial<Asked> & { path: string; key: string }) {
    const { promise, resolve, reject } = Promise.withResolvers<{
      status: number;
      text: string;
      isWhole: boolean;
    }>();
    const headers: Record<string, string> = { authorization: `Bearer ${asked.key}` };
    if (asked.type !== undefined) headers["content-type"] = asked.type;
    if (asked.id !== undefined) headers["x-request-id"] = asked.id;
    if (this.#random.next() < 0.2) {
      headers["x-priority"] = this.#random.pick(["background", "-3", "5", "abc", "1e9"]);
    }
    if (this.#random.next() < 0.2) {
      headers["x-queue-events"] = this.#random.pick(["off", "comment", "chunk"]);
    }
    const { port } = this.#gateway;
    const to = { host: loopback, port, path: asked.path, method, headers, agent: false as const };
    const asking = ask(to, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("close", () => {
        const text = Buffer.concat(pieces).toString();
        resolve({ status: response.statusCode ?? 0, text, isWhole: response.complete });
      });
      response.on("error", () => {});
    });
    asking.on("error", reject);
    asking.setTimeout(60_000, () => asking.destroy(new Error("no answer in a minute")));
    asking.end(asked.body);
    return promise;
  }

  #head({ path, key, type, id }: Asked, length: number): string {
    return (
      `POST ${path} HTTP/1.1\r\nhost: ${loopback}\r\nauthorization: Bearer ${key}\r\n` +
      `content-type: ${type}\r\nx-request-id: ${id}\r\ncontent-length: ${length}\r\n\r\n`
    );
  }

  /** Sends bytes, waits a moment, and leaves: politely, by a reset, half, or after one byte. */
  async #leave(asked: Asked, sent: number = asked.body.length): Promise<string> {
    const how = this.#random.pick(["close", "reset", "half", "read"]);
    const socket = connect(this.#gateway.port, loopback).on("error", () => {});
    socket.write(this.#head(asked, asked.body.length));
    socket.write(asked.body.subarray(0, sent));
    await sleep(this.#random.pick([0, 5, 50, 200, 500]));
    if (how === "half") socket.end();
    if (how === "half" || how === "read") {
      const first = new Promise<void>((resolve) => socket.once("data", () => resolve()));
      await Promise.race([first, sleep(1_000)]);
    }
    if (how === "reset") socket.resetAndDestroy();
    else socket.destroy();
    return `left: ${how}`;
  }

  async #socket(): Promise<string> {
    const url = `ws://${loopback}:${this.#gateway.port}/v1/realtime?model=zz`;
    const authorization = `Bearer ${this.#random.pick(this.#keys)}`;
    const socket = new WebSocket(url, { headers: { authorization } });
    const { promise, resolve } = Promise.withResolvers<string>();
    socket.on("error", () => resolve("socket refused"));
    socket.on("close", () => resolve("socket closed"));
    socket.on("open", () => {
      if (this.#random.next() < 0.3) socket.terminate();
      else socket.send("ping");
    });
    socket.on("message", () => {
      if (this.#random.next() < 0.5) socket.close();
      else socket.terminate();
    });
    const ending = await Promise.race([promise, sleep(20_000, "socket without an end")]);
    socket.terminate();
    return ending;
  }

  async #form(): Promise<string> {
    const part = (name: string, value: string): string =>
      `--x\r\nContent-Disposition: form-data; name=${name}\r\n\r\n${value}\r\n`;
    const file = `"file"; filename="a"`;
    const body = Buffer.from(`${part('"model"', "zz")}${part(file, "a".repeat(20_000))}--x--\r\n`);
    const type = "multipart/form-data; boundary=x";
    const made = this.#json("/v1/audio/transcriptions", {});
    const asked = { ...made, body, type };
    if (this.#random.next() < 0.5) return await this.#whole(asked);
    return `form ${await this.#leave(asked, this.#random.whole(0, body.length - 1))}`;
  }

  async #read(path: string): Promise<string> {
    const { status } = await this.#send("GET", { path, key: this.#random.pick(this.#keys) });
    return `read ${status}`;
  }

  /** An administrator removes somebody's request. */
  async #remove(): Promise<string> {
    const key = this.#gateway.adminKey;
    const { text } = await this.#send("GET", { path: "/queue", key });
    const { data } = JSON.parse(text) as { data: { id: string }[] };
    const [first, ...others] = data;
    if (first === undefined) return "nothing to remove";
    const { id } = this.#random.pick([first, ...others]);
    const { status } = await this.#send("DELETE", { path: `/queue/${id}`, key });
    return `remove ${status}`;
  }

  async #follow(): Promise<string> {
    const key = this.#random.pick([this.#random.pick(this.#keys), this.#gateway.adminKey]);
    const socket = connect(this.#gateway.port, loopback)
      .on("error", () => {})
      .resume();
    socket.write(
      `GET /queue/events HTTP/1.1\r\nhost: ${loopback}\r\nauthorization: Bearer ${key}\r\n\r\n`,
    );
    await sleep(1_500);
    socket.destroy();
    return "followed the queue";
  }

  #rewriteUsers(): string {
    const { usersFile, users } = this.#gateway;
    const draft = `${usersFile}.${randomUUID()}`;
    writeFileSync(draft, JSON.stringify(users));
    renameSync(draft, usersFile);
    return "users.json written";
  }

  async #cutRequest(): Promise<string> {
    const asked = this.#chat("m", true);
    const socket = connect(this.#gateway.port, loopback).on("error", () => {});
    const text = this.#head(asked, asked.body.length);
    socket.write(text.slice(0, this.#random.whole(1, text.length - 1)));
    await sleep(20);
    socket.destroy();
    return "left: in the headers";
  }
}
