import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SignJWT } from "jose";
import { expect, it } from "vitest";
import { chat, newTestKey, startTestGateway } from "./support/harness.ts";
import { holding, inLine } from "./support/holding.ts";
import { ownRoutes } from "./support/own-routes.ts";

type Recorded = { is: string; person: string; headers: Record<string, string>; body: object };

/** What Open WebUI 0.11.4 sends through a connection of compose's profile; its texts are filler. */
const recorded = JSON.parse(
  readFileSync(join(import.meta.dirname, "fixtures/open-webui.json"), "utf8"),
) as Recorded[];

const secret = "a-secret-that-only-the-two-share-0123";
const key = newTestKey();
const admin = newTestKey();

/** As Open WebUI signs it, with an hour until it expires. */
function assertion(email: string): Promise<string> {
  return new SignJWT({ sub: email, email, name: "filler", role: "admin", iss: "open-webui" })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuedAt()
    .setExpirationTime("1h")
    .sign(new TextEncoder().encode(secret));
}

it("Open WebUI's people have their own places, and only its titles wait behind chats", async () => {
  process.env.OPEN_WEBUI_TEST_SECRET = secret;
  try {
    const held = holding();
    await using gateway = await startTestGateway(held.handler, { MAX_CONCURRENT: "1" });
    const speaks = { preset: "open-webui", jwt_secret_env: "OPEN_WEBUI_TEST_SECRET" };
    const users = {
      [key]: { user: "webui", speaks_for: speaks },
      [admin]: { user: "root", role: "admin" },
    };
    writeFileSync(gateway.usersFile, JSON.stringify(users));
    const first = gateway.post("/v1/chat/completions", chat(), {
      headers: { authorization: `Bearer ${admin}` },
    });
    await inLine(gateway, { active: 1 });
    const asked: Promise<Response>[] = [];
    for (const { person, headers, body } of recorded) {
      const jwt = { "x-openwebui-user-jwt": await assertion(person) };
      const all = { authorization: `Bearer ${key}`, ...jwt, ...headers };
      asked.push(gateway.post("/v1/chat/completions", body, { headers: all }));
      await inLine(gateway, { active: 1, waiting: asked.length });
    }
    const { body } = await ownRoutes(gateway.url, admin).get("/queue").expect(200);
    const waiting = body.data.slice(1).map(({ user }: { user: string }) => user);
    // Ann's chat, Ben's two, and last Ann's title, which came first.
    expect(waiting).toHaveLength(4);
    expect(waiting.toSorted()).toEqual(["ann@home", "ann@home", "ben@home", "ben@home"]);
    expect(waiting.at(-1)).toBe("ann@home");
    held.releaseAll();
    await (await first).text();
    for (const one of asked) {
      const answer = await one;
      expect(answer.status).toBe(200);
      await answer.text();
    }
    const started = gateway.upstream.seen
      .map(({ body: sent }) => JSON.parse(sent.toString()) as { max_tokens?: number })
      .map(({ max_tokens }) => max_tokens === 1000);
    expect(started.slice(-4)).toEqual([false, false, false, true]);
    const names = gateway.upstream.seen.flatMap(({ headers }) => Object.keys(headers));
    expect(names.filter((name) => name.startsWith("x-openwebui-user"))).toEqual([]);
    const rowsOf = gateway.rows().map(({ user }) => user);
    expect(rowsOf.toSorted()).toEqual(["ann@home", "ann@home", "ben@home", "ben@home", "root"]);
  } finally {
    delete process.env.OPEN_WEBUI_TEST_SECRET;
  }
});
