import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { freePort } from "../../cluster/free-port.ts";
import { chat, newTestKey, startTestGateway, type TestGateway, until } from "../support/harness.ts";
import { type Holding, holding, inLine } from "../support/holding.ts";
import { ownRoutes } from "../support/own-routes.ts";
import { pythonWithOpenWebUi } from "./install-open-webui.ts";

const root = join(import.meta.dirname, "../../..");
const secretName = "REAL_OPEN_WEBUI_SECRET";
const secret = "a-secret-that-only-the-two-share-0123";
const key = newTestKey();
const admin = newTestKey();
/** Its start imports much: half a minute on a slow machine. Milliseconds. */
const startMs = 240_000;

/** What compose's profile `webui` sets, with this gateway and these secrets in it. */
function composeEnvironment(gatewayUrl: string): Record<string, string> {
  const { services } = parse(readFileSync(join(root, "docker-compose.yml"), "utf8"), {
    merge: true,
  });
  const values: Record<string, string> = { WEBUI_KEY: key, WEBUI_JWT_SECRET: secret };
  const filled = Object.entries<string>(services.webui.environment).map(([name, value]) => [
    name,
    value
      .replaceAll(/\$\{(\w+):-\}/g, (_, variable) => values[variable] ?? "")
      .replace("http://gateway:8000", gatewayUrl),
  ]);
  return Object.fromEntries(filled);
}

type WebUi = { url: string; stop(): Promise<void> };

async function startOpenWebUi(python: string, dir: string, gatewayUrl: string): Promise<WebUi> {
  const port = await freePort(0, "127.0.0.1");
  const program = ["-m", "uvicorn", "open_webui.main:app", "--host", "127.0.0.1"];
  const child: ChildProcess = spawn(python, [...program, "--port", String(port)], {
    cwd: dir,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env.PATH ?? "",
      HOME: dir,
      TMPDIR: dir,
      DATA_DIR: join(dir, "data"),
      STATIC_DIR: join(dir, "static"),
      WEBUI_SECRET_KEY: randomUUID(),
      FROM_INIT_PY: "true",
      // It downloads nothing: no model for documents, no look for a newer version.
      OFFLINE_MODE: "1",
      RAG_EMBEDDING_ENGINE: "openai",
      ANONYMIZED_TELEMETRY: "false",
      DO_NOT_TRACK: "true",
      ...composeEnvironment(gatewayUrl),
    },
  });
  let said = "";
  const listen = (text: Buffer): void => {
    said = (said + text.toString()).slice(-20_000);
  };
  child.stdout?.on("data", listen);
  child.stderr?.on("data", listen);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  try {
    await until(
      async () => {
        if (child.exitCode !== null) throw new Error("Open WebUI did not start");
        return fetch(`${url}/health`).then(
          ({ ok }) => ok,
          () => false,
        );
      },
      "Open WebUI answers",
      startMs,
    );
  } catch (cause) {
    await stop();
    throw new Error(said, { cause });
  }
  return { url, stop };
}

/** A person in Open WebUI, as their browser speaks to it. */
type Person = {
  /** Begins a chat, as the first message of a new page does. Resolves with its id. */
  send(text: string): Promise<string>;
  /** The answer in a chat, as far as it is kept now. */
  message(chatId: string): Promise<Message>;
  /** Adds a person: after the first one nobody else signs up. */
  add(email: string): Promise<Person>;
};
type Message = { content?: string; statusHistory?: { description: string }[] };

async function enter(
  url: string,
  way: "signup" | "add",
  email: string,
  authorization: Record<string, string>,
): Promise<Person> {
  const json = { "content-type": "application/json" };
  const entered = await fetch(`${url}/api/v1/auths/${way}`, {
    method: "POST",
    headers: { ...json, ...authorization },
    body: JSON.stringify({ name: email, email, password: "a password for a test", role: "user" }),
  });
  const { token } = (await entered.json()) as { token: string };
  const own = { authorization: `Bearer ${token}` };
  const headers = { ...json, ...own };
  const ids = new Map<string, string>();
  return {
    add: (other) => enter(url, "add", other, own),
    async send(content) {
      const id = randomUUID();
      const message = randomUUID();
      const asked = { id, role: "user", content, parentId: null, models: ["mock"] };
      const answer = await fetch(`${url}/api/chat/completions`, {
        method: "POST",
        headers,
        body: JSON.stringify({
          model: "mock",
          stream: true,
          messages: [{ role: "user", content }],
          parent_id: null,
          user_message: { ...asked, childrenIds: [message] },
          message_ids: [{ model_id: "mock", message_id: message }],
          session_id: randomUUID(),
          background_tasks: { title_generation: true, tags_generation: true },
        }),
      });
      const { chat_id: chatId } = (await answer.json()) as { chat_id: string };
      ids.set(chatId, message);
      return chatId;
    },
    async message(chatId) {
      const answer = await fetch(`${url}/api/v1/chats/${chatId}`, { headers });
      const { chat: kept } = (await answer.json()) as {
        chat: { history: { messages: Record<string, Message> } };
      };
      return kept.history.messages[ids.get(chatId) ?? ""] ?? {};
    },
  };
}

describe("the real Open WebUI, as compose sets it up", () => {
  /** Why it is not tried here; empty where it is. */
  let why = "";
  let dir: string;
  let held: Holding;
  let gateway: TestGateway;
  let webui: WebUi;
  beforeAll(async () => {
    const python = await pythonWithOpenWebUi().catch((error: Error) => {
      why = `Open WebUI is not tried: ${error.message.trim().split("\n").at(-1)}`;
      console.info(why);
      return null;
    });
    if (python === null) return;
    dir = mkdtempSync(join(tmpdir(), "open-webui-"));
    for (const name of ["data", "static"]) mkdirSync(join(dir, name));
    process.env[secretName] = secret;
    held = holding();
    gateway = await startTestGateway(held.handler, { MAX_CONCURRENT: "1" });
    const speaks = { preset: "open-webui", jwt_secret_env: secretName };
    const users = {
      [key]: { user: "webui", speaks_for: speaks },
      [admin]: { user: "root", role: "admin" },
    };
    writeFileSync(gateway.usersFile, JSON.stringify(users));
    webui = await startOpenWebUi(python, dir, gateway.url);
  }, 2_000_000);
  afterAll(async () => {
    if (why !== "") return;
    held.releaseAll();
    await webui?.stop();
    await gateway.stop();
    delete process.env[secretName];
    rmSync(dir, { recursive: true, force: true });
  });

  it("gives its people places, names and numbers of their own, and lets titles wait", async ({
    skip,
  }) => {
    if (why !== "") skip(why);
    const routes = ownRoutes(gateway.url, admin);
    const first = gateway.post("/v1/chat/completions", chat(), {
      headers: { authorization: `Bearer ${admin}` },
    });
    await inLine(gateway, { active: 1 });
    const ann = await enter(webui.url, "signup", "ann@home.lan", {});
    const ben = await ann.add("ben@home.lan");
    const annsChat = await ann.send("Hello from Ann");
    await inLine(gateway, { active: 1, waiting: 2 });
    const bensChat = await ben.send("Hello from Ben");
    await inLine(gateway, { active: 1, waiting: 4 });
    const { body } = await routes.get("/queue").expect(200);
    const waiting = body.data.slice(1).map(({ user }: { user: string }) => user);
    expect(waiting).toEqual(["ann@home.lan", "ben@home.lan", "ann@home.lan", "ben@home.lan"]);
    const told = async () => (await ben.message(bensChat)).statusHistory?.at(-1)?.description;
    await until(
      async () => (await told())?.startsWith("#2 in the queue") ?? false,
      "Ben sees his place",
    );

    held.releaseAll();
    await (await first).text();
    for (const [person, id] of [[ann, annsChat] as const, [ben, bensChat] as const]) {
      await until(async () => ((await person.message(id)).content ?? "") !== "", "it is answered");
    }
    // A title and tags for each.
    await inLine(gateway, { total: 0 });
    await until(() => gateway.rows().length >= 7, "titles and tags are there");
    const order = gateway.upstream.seen.slice(1, 5).map(({ body: sent }) => {
      return (JSON.parse(sent.toString()) as { stream?: boolean }).stream === true;
    });
    expect(order).toEqual([true, true, false, false]);
    const usage = await routes.get("/usage?group=user").expect(200);
    const names = usage.body.data.map(({ user }: { user: string }) => user).toSorted();
    expect(names).toEqual(["ann@home.lan", "ben@home.lan", "root"]);
  }, 120_000);
});
