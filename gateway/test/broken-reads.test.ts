import { afterEach, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/harness.ts";
import type { Handler } from "./support/mock-upstream.ts";

let gateway: TestGateway;
afterEach(() => gateway.stop());

const read = () =>
  fetch(`${gateway.url}/v1/files`, { headers: { authorization: `Bearer ${gateway.keys.alice}` } });

const cutAfter =
  (status: number): Handler =>
  (_seen, response) => {
    response.writeHead(status, { "content-type": "text/html" });
    response.write("<title>half a page</title>");
    setTimeout(() => response.destroy(), 20);
  };

it("an upstream's error that breaks off still reaches the client as an error", async () => {
  gateway = await startTestGateway(cutAfter(500));
  const answer = await read();
  expect(answer.status).toBe(502);
  expect(await answer.json()).toMatchObject({
    error: { code: "upstream_error", message: "The upstream failed (500): half a page" },
  });
});

it("an answer that breaks off also breaks off for the client", async () => {
  gateway = await startTestGateway(cutAfter(200));
  const answer = await read();
  expect(answer.status).toBe(200);
  await expect(answer.text()).rejects.toThrow();
});

it.each(["gzip", "zstd"])(
  "an answer that is not %s as it says breaks off, and ends",
  async (name) => {
    gateway = await startTestGateway((_seen, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": name });
      response.end('{"object":"list","data":[]}');
    });
    const broken = read().then((answer) => answer.text());
    await expect(broken).rejects.toThrow();
  },
);

it("a change of protocol that nobody asked for is an error, and ends", async () => {
  const head = "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n";
  gateway = await startTestGateway((_seen, response) => void response.socket?.write(head));
  const answer = await read();
  expect(answer.status).toBe(502);
  expect(await answer.json()).toMatchObject({ error: { code: "upstream_error" } });
});
