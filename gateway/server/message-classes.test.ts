import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { expect, it } from "vitest";
import { messageClassesOf } from "./message-classes.ts";

it("makes messages that Express has nothing to change of", async () => {
  const app = express();
  app.get("/", (request, response) => {
    response.json({ ip: request.ip, is: request.is("json") });
  });
  const server = createServer(messageClassesOf(app));
  const changed: boolean[] = [];
  server.on("request", (request, response) => {
    const born = [request, response].map((message) => Object.getPrototypeOf(message));
    app(request, response);
    const now = [request, response].map((message) => Object.getPrototypeOf(message));
    changed.push(...now.map((prototype, at) => prototype !== born[at]));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    expect(await answer.json()).toEqual({ ip: "127.0.0.1", is: null });
    expect(changed).toEqual([false, false]);
  } finally {
    server.close();
  }
});
