import { networkInterfaces } from "node:os";
import express from "express";
import { expect, it } from "vitest";
import { openPorts, type Ports, type PortsOptions } from "./open-ports.ts";

const hasIpv6 = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .some(({ address }) => address === "::1");

function open(more: Partial<PortsOptions>): Promise<Ports> {
  const app = express();
  app.get("/", (_request, response) => void response.end("here"));
  return openPorts({
    host: null,
    port: 0,
    publicPort: null,
    publicHost: "127.0.0.1",
    metricsPort: null,
    admit: () => true,
    app,
    metrics: app,
    upgrade: (_request, socket) => void socket.destroy(),
    ...more,
  });
}

it("without a host every address answers, IPv4 and IPv6", async () => {
  const ports = await open({});
  try {
    for (const host of hasIpv6 ? ["127.0.0.1", "[::1]"] : ["127.0.0.1"]) {
      expect(await (await fetch(`http://${host}:${ports.main.port}/`)).text()).toBe("here");
    }
  } finally {
    await ports.close(0);
  }
});

it("a port that is taken is told by the setting that names it", async () => {
  const host = "127.0.0.1";
  const first = await open({ host });
  try {
    const { port } = first.main;
    await expect(open({ host, port })).rejects.toThrow("or set PORT to a free one");
    await expect(open({ host, publicPort: port })).rejects.toThrow("or set PUBLIC_PORT to");
    await expect(open({ host, metricsPort: port })).rejects.toThrow("or set METRICS_PORT to");
  } finally {
    await first.close(0);
  }
});

it("an address that is not this machine's is told with the setting that names it", async () => {
  // Of a network that is for examples (RFC 5737).
  const wrong = open({ host: "192.0.2.1" });
  await expect(wrong).rejects.toThrow(/192\.0\.2\.1, port 0: no address of this machine; set HOST/);
});

const ofTheLan = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;

it("PUBLIC_PORT is for this machine alone, whatever address the gateway has", async (context) => {
  if (ofTheLan === undefined) context.skip("this machine has no other address than its own");
  const ports = await open({ publicPort: 0 });
  try {
    const port = ports.public?.port;
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("here");
    await expect(fetch(`http://${ofTheLan}:${port}/`)).rejects.toThrow();
    expect((await fetch(`http://${ofTheLan}:${ports.main.port}/`)).status).toBe(200);
  } finally {
    await ports.close(0);
  }
  const wrong = open({ publicPort: 0, publicHost: "192.0.2.1" });
  await expect(wrong).rejects.toThrow("set PUBLIC_HOST to one");
});

it("PUBLIC_PORT is where PUBLIC_HOST says", async (context) => {
  if (ofTheLan === undefined) context.skip("this machine has no other address than its own");
  const ports = await open({ host: "127.0.0.1", publicPort: 0, publicHost: "0.0.0.0" });
  try {
    expect((await fetch(`http://${ofTheLan}:${ports.public?.port}/`)).status).toBe(200);
  } finally {
    await ports.close(0);
  }
});
