import { networkInterfaces } from "node:os";
import express from "express";
import { expect, it } from "vitest";
import { openPorts } from "./open-ports.ts";

const hasIpv6 = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .some(({ address }) => address === "::1");

it("without a host every address answers, IPv4 and IPv6", async () => {
  const app = express();
  app.get("/", (_request, response) => void response.end("here"));
  const ports = await openPorts({
    host: null,
    port: 0,
    publicPort: null,
    metricsPort: null,
    admit: () => true,
    app,
    metrics: app,
    upgrade: (_request, socket) => void socket.destroy(),
  });
  try {
    for (const host of hasIpv6 ? ["127.0.0.1", "[::1]"] : ["127.0.0.1"]) {
      expect(await (await fetch(`http://${host}:${ports.main.port}/`)).text()).toBe("here");
    }
  } finally {
    await ports.close(0);
  }
});
