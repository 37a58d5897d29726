import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { followSlotCount } from "./slot-count.ts";
import { openUpstream } from "./upstream.ts";

it("takes as many slots as the upstream says it has", async () => {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`);
    response.end('{"total_slots":4}');
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const upstream = openUpstream({
    url: `http://127.0.0.1:${port}/llm`,
    key: "upstream-key",
    type: "auto",
    connectTimeoutMs: 1_000,
  });
  const told = await new Promise((resolve) => {
    const following = followSlotCount(upstream, (slots) => {
      following.stop();
      resolve(slots);
    });
  });
  expect(told).toBe(4);
  expect(asked).toEqual(["/llm/props Bearer upstream-key"]);
  await upstream.connections.close();
  await new Promise((resolve) => server.close(resolve));
});
