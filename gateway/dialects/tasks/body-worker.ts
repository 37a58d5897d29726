import { parentPort } from "node:worker_threads";
import { type ErrorCode, type ErrorOptions, GatewayError } from "../../errors.ts";
import { type BodyTasks, bodyTasks } from "./body-tasks.ts";

/** One task for the thread. */
export type BodyJob = {
  readonly id: number;
  readonly name: keyof BodyTasks;
  /** A copy, in memory that can be given back. */
  readonly body: ArrayBuffer;
  readonly input: unknown;
};

/** What came of it: a result, an error for the client, or a fault of ours. */
export type BodyDone = {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: { code: ErrorCode; message: string; options: ErrorOptions };
  readonly fault?: string;
};

type Task = (bytes: Buffer, input: unknown) => unknown;

parentPort?.on("message", async ({ id, name, body, input }: BodyJob) => {
  const port = parentPort;
  if (port === null) return;
  try {
    const task = bodyTasks[name] as Task;
    const result = await task(Buffer.from(body), input);
    const memory = ownMemory(result);
    if (memory === null) port.postMessage({ id, result } satisfies BodyDone);
    else {
      const moved = { ...(result as object), body: memory };
      port.postMessage({ id, result: moved } satisfies BodyDone, [memory]);
    }
  } catch (error) {
    port.postMessage({ id, ...toldOf(error) } satisfies BodyDone);
  }
  body.resize(0);
});

/** A body among the results goes over in memory that its reader can give back at once. */
function ownMemory(result: unknown): ArrayBuffer | null {
  if (typeof result !== "object" || result === null || !("body" in result)) return null;
  const { body } = result;
  if (!(body instanceof Uint8Array)) return null;
  const memory = new ArrayBuffer(body.length, { maxByteLength: body.length });
  new Uint8Array(memory).set(body);
  return memory;
}

function toldOf(error: unknown): Omit<BodyDone, "id"> {
  if (!(error instanceof GatewayError)) {
    // The text of an error may quote a prompt.
    return {
      fault:
        error instanceof Error ? `${error.name} ${error.stack?.split("\n")[1] ?? ""}` : "unknown",
    };
  }
  const { code, message, status, type, shownCode, param, headers, extra } = error;
  return { error: { code, message, options: { status, type, shownCode, param, headers, extra } } };
}
