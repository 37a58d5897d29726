import { describe, it } from "vitest";
import { startTestGateway, until } from "./harness.ts";
import { llamaScript, startLlamaServer, whyNoLlama } from "./llama-server.ts";
import { politeChat } from "./mock-upstream.ts";

if (llamaScript === null) console.warn(`real-line: ${whyNoLlama}`);

describe.runIf(llamaScript !== null)("the line in front of a real llama-server", () => {
  it("MAX_CONCURRENT=auto takes as many slots as it has", async () => {
    const llama = await startLlamaServer(llamaScript ?? "", { NP: "3" });
    const gateway = await startTestGateway(politeChat, {
      UPSTREAM_URL: llama.url,
      UPSTREAM_TYPE: "auto",
      MAX_CONCURRENT: "auto",
    });
    await until(async () => {
      const { line } = (await gateway.health()) as unknown as { line: { capacity: number } };
      return line.capacity === 3;
    }, "three slots");
    await gateway.stop();
    llama.stop();
  });
});
