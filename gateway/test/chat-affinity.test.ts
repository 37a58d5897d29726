import { writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { chat, newTestKey, startTestGateway, until } from "./support/harness.ts";
import { politeChat, startMockUpstream } from "./support/mock-upstream.ts";

const key = newTestKey();
const users = { [key]: { user: "webui", speaks_for: "open-webui" } };

it("the requests of one chat go to the upstream that has it in its cache", async () => {
  const told: string[] = [];
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const server = (name: string) =>
    startMockUpstream(async (seen, response, request) => {
      told.push(name);
      await opened;
      await politeChat(seen, response, request);
    });
  const [a, b] = [await server("a"), await server("b")];
  const slots = "type: openai, max_concurrent: 1";
  const config = `upstreams:
  a: { url: "${a.url}", ${slots} }
  b: { url: "${b.url}", ${slots} }
routes:
  - { model: mock, upstreams: [a, b] }
`;
  await using gateway = await startTestGateway(() => {}, { UPSTREAM_URL: "" }, config);
  writeFileSync(gateway.usersFile, JSON.stringify(users));
  const send = async (session: string, content: string): Promise<string | undefined> => {
    const who = { authorization: `Bearer ${key}`, "x-openwebui-user-email": "ann@home" };
    const body = chat({ messages: [{ role: "user", content }] });
    const headers = { ...who, "x-openwebui-chat-id": session };
    await (await gateway.post("/v1/chat/completions", body, { headers })).text();
    return told.at(-1);
  };
  // The second chat finds the first upstream busy.
  const first = send("chat-1", "one");
  await until(() => told.length === 1, "the first chat runs");
  const second = send("chat-2", "two");
  await until(() => told.length === 2, "the second chat runs");
  open();
  await Promise.all([first, second]);
  expect(told).toEqual(["a", "b"]);
  // Now both are free. Each text is another one, so only the header says of which chat it is.
  for (const round of ["three", "four"]) {
    expect(await send("chat-2", round)).toBe("b");
    expect(await send("chat-1", round)).toBe("a");
  }
  for (const one of [a, b]) await one.close();
});
