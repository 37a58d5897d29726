import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { chat, startTestGateway } from "./harness.ts";
import { politeChat } from "./mock-upstream.ts";

test("docs/operations.md names every series of /metrics, and none that is not there", async () => {
  const gateway = await startTestGateway(politeChat);
  try {
    await (await gateway.post("/v1/chat/completions", chat())).text();
    const rendered = await (await fetch(`${gateway.url}/metrics`)).text();
    const served = [...rendered.matchAll(/^# TYPE (llm_gateway_\w+) /gm)].map(([, name]) => name);
    const docs = readFileSync(join(import.meta.dirname, "../../docs/operations.md"), "utf8");
    const named = new Set(docs.match(/\bllm_gateway_\w+/g));
    expect(served.length).toBeGreaterThan(15);
    expect([...named].sort()).toEqual([...new Set(served)].sort());
  } finally {
    await gateway.stop();
  }
});
