import { afterAll } from "vitest";
import { closeOwnFolder, openOwnFolder } from "./own-folder.ts";

// The AI SDK prints warnings about models that it does not know.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false });

// Each test file has a TMPDIR of its own, and fails if something is left in it.
openOwnFolder();

// This hook is registered first, so it runs after all hooks of the file.
afterAll(() => {
  const left = closeOwnFolder();
  if (left.length > 0) throw new Error(`The test file left in TMPDIR: ${left.join(", ")}`);
});
