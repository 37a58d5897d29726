import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { followSlotCount, followSlotCounts } from "./slot-count.ts";
import { openUpstream, type ServerType, type Upstream } from "./upstream.ts";

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0)) await end();
});

async function start(slots: number, asked: string[] = []): Promise<(type: ServerType) => Upstream> {
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`);
    response.end(`{"total_slots":${slots}}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endings.push(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as AddressInfo;
  return (type) => {
    const upstream = openUpstream({
      url: `http://127.0.0.1:${port}/llm`,
      key: "upstream-key",
      name: `${type} ${slots}`,
      type,
      connectTimeoutMs: 1_000,
    });
    endings.unshift(() => upstream.connections.close());
    return upstream;
  };
}

it("takes as many slots as the upstream says it has", async () => {
  const asked: string[] = [];
  const open = await start(4, asked);
  const told = await new Promise((resolve) => {
    const following = followSlotCount(open("auto"), (slots) => {
      following.stop();
      resolve(slots);
    });
  });
  expect(told).toBe(4);
  expect(asked).toEqual(["/llm/props Bearer upstream-key"]);
});

it("asks again at once when its upstream has come back", async () => {
  const asked: string[] = [];
  const open = await start(4, asked);
  let told = 0;
  const following = followSlotCounts([open("llamacpp")], () => {
    told += 1;
  });
  while (told === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 20));
  following.lookAgain("llamacpp 4");
  while (asked.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  following.stop();
});

it("asks each of several, and none that is known to be another kind of server", async () => {
  const asked: string[] = [];
  const two = await start(2, asked);
  const three = await start(3, asked);
  const upstreams = [two("llamacpp"), three("auto"), two("anthropic"), two("vllm"), two("ollama")];
  const told = new Map<string, number>();
  const following = followSlotCounts(upstreams, (name, slots) => told.set(name, slots));
  while (told.size < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  following.stop();
  expect(told).toEqual(
    new Map([
      ["llamacpp 2", 2],
      ["auto 3", 3],
    ]),
  );
  expect(asked).toHaveLength(2);
});
