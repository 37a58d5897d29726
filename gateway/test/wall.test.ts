import { afterEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { holding, inLine } from "./support/holding.ts";
import { politeChat } from "./support/mock-upstream.ts";
import { ownRoutes } from "./support/own-routes.ts";

describe("the wall", () => {
  let gateway: TestGateway;
  afterEach(() => gateway.stop());

  it("shows free slots and waiting requests without a key, and no names", async () => {
    const held = holding();
    gateway = await startTestGateway(held.handler, { WALL: "true", MAX_CONCURRENT: "1" });
    const look = async () => (await ownRoutes(gateway.url).get("/wall.json").expect(200)).body;
    expect(await look()).toEqual({ object: "wall", free: 1, waiting: 0, next_slot_seconds: 0 });
    const answers = [gateway.post("/v1/chat/completions", chat())];
    await inLine(gateway, { active: 1, waiting: 0 });
    answers.push(gateway.post("/v1/chat/completions", chat(), { user: "bob" }));
    await inLine(gateway, { active: 1, waiting: 1 });
    // Nothing has ended yet, so nothing is known of how long it takes.
    expect(await look()).toEqual({ object: "wall", free: 0, waiting: 1, next_slot_seconds: null });
    await held.release(0);
    await until(async () => (await look()).next_slot_seconds !== null, "a slot is foreseen");
    held.releaseAll();
    await Promise.all(answers);
    const { text } = await ownRoutes(gateway.url).get("/wall").expect(200);
    expect(text).toContain("/wall.js");
  });

  it("has no free slot while the queue is paused", async () => {
    gateway = await startTestGateway(politeChat, { WALL: "true" });
    await ownRoutes(gateway.url, gateway.keys.admin).post("/queue/pause").expect(200);
    const { body } = await ownRoutes(gateway.url).get("/wall.json").expect(200);
    expect(body.free).toBe(0);
  });

  it("is off unless WALL is set", async () => {
    gateway = await startTestGateway(politeChat);
    for (const path of ["/wall", "/wall.json"]) {
      const { body } = await ownRoutes(gateway.url).get(path).expect(404);
      expect(body.error.message).toBe("The wall is off. Set WALL=true to turn it on.");
    }
  });

  it("is not there for a visitor from outside, whatever PUBLIC_ADMIN says", async () => {
    gateway = await startTestGateway(politeChat, { WALL: "true", PUBLIC_ADMIN: "true" });
    for (const path of ["/wall", "/wall.json"]) {
      const { body } = await ownRoutes(gateway.url).get(path).set("cf-ray", "1").expect(404);
      expect(body.error.message).toContain("There is nothing at this path");
    }
  });
});
