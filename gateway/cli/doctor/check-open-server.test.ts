import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { checkOpenServer } from "./check-open-server.ts";

/** A model server on 127.0.0.2, which stands for an address on the LAN. */
async function serverAt(status: number): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(status).end("{}"));
  server.listen(0, "127.0.0.2");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return String((server.address() as AddressInfo).port);
}

test("a local model server that the LAN reaches without a key is a warning", async () => {
  const port = await serverAt(200);
  const [finding] = await checkOpenServer(`http://127.0.0.1:${port}`, ["127.0.0.2"]);
  expect(finding).toMatchObject({ state: "warn" });
  expect(finding?.says).toContain(`http://127.0.0.2:${port}`);
  expect(await checkOpenServer(`http://127.0.0.1:${port}`, ["127.0.0.3"])).toEqual([]);
});

test("one that wants a key there is none", async () => {
  const port = await serverAt(401);
  expect(await checkOpenServer(`http://localhost:${port}`, ["127.0.0.2"])).toEqual([]);
});

test.each([
  ["http://192.168.1.5:8080", 1],
  ["http://10.0.0.5:8080/v1", 1],
  ["http://172.17.0.1:8080", 0],
  ["http://host.docker.internal:8080", 0],
  ["https://api.openai.com", 0],
])("%s without a key: %i warnings", async (url, count) => {
  expect(await checkOpenServer(url, [])).toHaveLength(count);
});
