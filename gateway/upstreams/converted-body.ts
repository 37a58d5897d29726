import type { ConvertedAnswer } from "./converted-answer.ts";
import type { Receiver } from "./forward.ts";

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
 * @param answer - what the hub is given of the upstream's bytes
 * @param cancelled - called when the reader wants no more.
 */
export function createConvertedBody(
  answer: ConvertedAnswer,
  cancelled: (reason: unknown) => void,
): ConvertedBody {
  let controller: ReadableStreamDefaultController<Uint8Array>;
  let resume: (() => void) | null = null;
  let isOver = false;

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
    enqueue(answer.push(chunk));
    // Some servers leave the connection open: what can only be silence is not waited for.
    if (!answer.ended) return;
    enqueue(answer.end());
    finish(null);
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
      return isOver || (controller.desiredSize ?? 0) > 0;
    },
    whenDrained(goOn) {
      resume = goOn;
    },
    isComplete: () => answer.complete,
    end(error) {
      if (error !== null || isOver) {
        finish(error);
        return;
      }
      try {
        enqueue(answer.end());
        finish(null);
      } catch (cut) {
        finish(cut);
      }
    },
  };
}
