import { connect, type Socket } from "node:net";
import { createAnswerReader } from "./answer-reader.ts";

/** What one answer came to. */
type Answer = { status: number };

/** A kept connection that carries one exchange at a time. */
export type Wire = {
  /**
   * Sends a whole request; `onBody` gets its answer's bytes. Rejects where the connection fails.
   */
  exchange(request: Buffer, onBody: (bytes: Buffer) => void): Promise<Answer>;
  close(): void;
};

type Waiting = {
  onBody: (bytes: Buffer) => void;
  resolve: (answer: Answer) => void;
  reject: (error: Error) => void;
};

/** Opens a wire to 127.0.0.1; it connects at the first exchange, and anew after a failure. */
export function openWire(port: number): Wire {
  let socket: Socket | null = null;
  let waiting: Waiting | null = null;

  function fail(error: Error): void {
    socket?.destroy();
    socket = null;
    const failed = waiting;
    waiting = null;
    failed?.reject(error);
  }

  function dial(): Socket {
    const mine = connect({ port, host: "127.0.0.1", noDelay: true });
    let status = 0;
    const reader = createAnswerReader({
      head: (told) => {
        status = told;
      },
      body: (bytes) => waiting?.onBody(bytes),
      end: (reusable) => {
        if (!reusable) {
          socket = null;
          mine.destroy();
        }
        const done = waiting;
        waiting = null;
        done?.resolve({ status });
      },
    });
    const failMine = (error: Error): void => {
      if (socket === mine) fail(error);
    };
    mine.on("data", (bytes: Buffer) => {
      try {
        reader.feed(bytes);
      } catch (error) {
        failMine(error instanceof Error ? error : new Error(String(error)));
      }
    });
    mine.on("error", failMine);
    mine.on("close", () => failMine(new Error("the connection was closed")));
    return mine;
  }

  return {
    exchange(request, onBody) {
      return new Promise((resolve, reject) => {
        waiting = { onBody, resolve, reject };
        socket ??= dial();
        socket.write(request);
      });
    },
    close: () => fail(new Error("closed")),
  };
}
