import { connect } from "node:net";
import { afterEach, expect, it } from "vitest";
import { startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { politeChat } from "./support/mock-upstream.ts";

let gateway: TestGateway;
afterEach(() => gateway.stop());

it("a client that leaves while it sends a read is logged once, and not as a refusal", async () => {
  gateway = await startTestGateway(politeChat);
  const { url, port, keys } = gateway;
  const open = async (): Promise<number> => {
    const { line } = await gateway.health();
    return line.active + line.waiting;
  };
  const socket = connect(port, "127.0.0.1").on("error", () => {});
  const head = "POST /v1/messages/count_tokens HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n";
  socket.write(`${head}authorization: Bearer ${keys.alice}\r\n\r\n{"model":`);
  await new Promise((resolve) => setTimeout(resolve, 100));
  socket.destroy();
  // A refusal that came before shows that both would be seen by now.
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect((await fetch(`${url}/v1/files`)).status).toBe(401);
  let text = "";
  await until(async () => {
    text = await (await fetch(`${url}/metrics`)).text();
    return text.includes('refusals_total{code="invalid_api_key"} 1');
  }, "the refusal of another is counted");
  expect(text).not.toContain('refusals_total{code="client_closed"}');
  expect(await open()).toBe(0);
});
