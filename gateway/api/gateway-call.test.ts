import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough } from "node:stream";
import express from "express";
import { expect, it } from "vitest";
import type { Identity } from "../auth/identity.ts";
import { GatewayError } from "../errors.ts";
import { createTelemetry } from "../telemetry/events.ts";
import { createLog } from "../telemetry/log.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { gatewayCall } from "./gateway-call.ts";

const alice: Identity = {
  ...{ user: "alice", role: "admin", models: null, weight: 1, priority: 0 },
  ...{
    maxConcurrent: null,
    maxQueued: null,
    limits: null,
    notify: null,
    hint: "sk-12345",
    digest: null,
  },
};

it("a follower learns at once that their key was revoked", async () => {
  let authenticate = (): Identity => alice;
  const destination = new PassThrough();
  const log = createLog({ level: "info", form: "json", destination });
  const parts = {
    authenticate: () => authenticate(),
    doors: { isPublicPort: () => false, isTrusted: () => false },
    publicAdmin: false,
    telemetry: createTelemetry({ log, metrics: createMetrics() }),
  };
  const found: boolean[] = [];
  const call = gatewayCall(parts, async (viewer, _request, response) => {
    const others: (() => Identity)[] = [
      () => alice,
      () => ({ ...alice, role: "user" }),
      () => ({ ...alice, user: "bob" }),
      () => {
        throw new GatewayError("invalid_api_key", "gone");
      },
    ];
    for (const other of others) {
      authenticate = other;
      found.push(await viewer.isStill());
    }
    response.end();
  });
  const server = createServer(express().get("/queue/events", call));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/queue/events`);
    expect(found).toEqual([true, false, false, false]);
  } finally {
    server.close();
  }
});
