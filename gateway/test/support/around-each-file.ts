import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

// The AI SDK prints warnings about models that it does not know.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

// Each test file has a TMPDIR of its own, and fails if something is left in it.
const outside = tmpdir();
const folder = mkdtempSync(join(outside, "llm-gateway-file-"));
process.env.TMPDIR = folder;

// This hook is registered first, so it runs after all hooks of the file.
afterAll(() => {
  const left = readdirSync(folder);
  rmSync(folder, { recursive: true, force: true });
  process.env.TMPDIR = outside;
  if (left.length > 0) throw new Error(`The test file left in TMPDIR: ${left.join(", ")}`);
});
