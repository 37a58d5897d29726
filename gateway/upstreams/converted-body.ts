import type { SseChecker } from "../dialects/sse/sse-checker.ts";
import { GatewayError } from "../errors.ts";
import type { Receiver } from "./forward.ts";

/** An answer that is not streamed is no longer than this. Bytes. */
const maxWhole = 64 * 1024 * 1024;

/** Nor a stream than this: of what the hub makes nothing yet, it keeps all. Bytes. */
const maxStream = 256 * 1024 * 1024;

/** The body of an upstream's answer as a stream that is read when its reader wants more. */
export type ConvertedBody = {
  readonly stream: ReadableStream<Uint8Array>;
  /** Takes what `forward` gives; see Receiver. */
  data: Receiver["data"];
  whenDrained: Receiver["whenDrained"];
  isComplete(): boolean;
  /** The upstream has ended, well or not. Only the first word counts. */
  end(error: unknown): void;
};

/**
 * @param checker - looks at the events of a stream; null for an answer that is not streamed.
 * @param mend - changes such an answer, which is held until its end.
 * @param cancelled - called when the reader wants no more.
 */
export function createConvertedBody(
  checker: SseChecker | null,
  mend: (whole: Buffer) => Buffer,
  cancelled: (reason: unknown) => void,
): ConvertedBody {
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let resume: (() => void) | null = null;
  let isOver = false;
  let size = 0;
  const whole: Buffer[] = [];

  const stream = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
    pull() {
      const goOn = resume;
      resume = null;
      goOn?.();
    },
    cancel(reason) {
      isOver = true;
      cancelled(reason);
    },
  });

  function finish(error: unknown): void {
    if (isOver) return;
    isOver = true;
    if (error === null) controller.close();
    else controller.error(error);
  }

  function enqueue(bytes: Uint8Array): void {
    if (!isOver && bytes.length > 0) controller.enqueue(bytes);
  }

  function take(chunk: Buffer): void {
    size += chunk.length;
    if (size > (checker === null ? maxWhole : maxStream)) {
      throw new GatewayError("upstream_error", "The upstream's answer is too long.");
    }
    if (checker === null) {
      whole.push(chunk);
      return;
    }
    enqueue(checker.push(chunk));
    // Some servers leave the connection open: what can only be silence is not waited for.
    if (checker.ended) finish(null);
  }

  return {
    stream,
    data(chunk) {
      try {
        take(chunk);
      } catch (error) {
        finish(error);
        cancelled(error);
      }
      return isOver || checker === null || (controller.desiredSize ?? 0) > 0;
    },
    whenDrained(goOn) {
      resume = goOn;
    },
    isComplete: () => checker?.complete ?? false,
    end(error) {
      if (error !== null || isOver) {
        finish(error);
        return;
      }
      if (checker === null) {
        enqueue(mend(Buffer.concat(whole)));
        finish(null);
        return;
      }
      try {
        enqueue(checker.end());
        finish(null);
      } catch (cut) {
        finish(cut);
      }
    },
  };
}
