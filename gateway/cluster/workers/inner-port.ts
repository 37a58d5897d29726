import { mkdtempSync, rmSync } from "node:fs";
import type { RequestListener } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HttpServerOptions } from "../../server/listen.ts";
import { createPassedServer } from "../passed-server.ts";

/** Where the keeper answers what its workers pass on. */
export type InnerPort = {
  /** A Unix socket in a folder that only this user can enter. */
  readonly path: string;
  close(): Promise<void>;
};

/** Opens it. Rejects with a one-line Error if there is no folder for it. */
export async function openInnerPort(
  handler: RequestListener,
  options: HttpServerOptions,
): Promise<InnerPort> {
  const folder = mkdtempSync(join(tmpdir(), "llm-gateway-"));
  const path = join(folder, "keeper");
  const passed = createPassedServer(handler, options, "worker");
  const server = createServer({ allowHalfOpen: true, noDelay: true }, passed.accept);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(path, resolve);
    });
  } catch (cause) {
    rmSync(folder, { recursive: true, force: true });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`the workers cannot reach the first process at ${path}: ${reason}`);
  }
  return {
    path,
    async close() {
      passed.close();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
