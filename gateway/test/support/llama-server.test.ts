import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { whyUnusable } from "./llama-server.ts";

it("a start script that ends with an error is told in one line, and leaves nothing", async () => {
  const dir = mkdtempSync(join(tmpdir(), "llama-script-"));
  const script = join(dir, "start.sh");
  writeFileSync(script, "echo died\necho 'libllama.so: file too short' >&2\nexit 1\n");
  const why = await whyUnusable(script);
  rmSync(dir, { recursive: true });
  expect(why).toBe(`${script} fails: libllama.so: file too short`);
});
