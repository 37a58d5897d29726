import { write, writeSync } from "node:fs";

/** Where finished log lines go. Never throws. */
export type LogSink = {
  write(line: string): void;
  /** Writes what is held, now; returns when it is written, or cannot be. */
  flush(): void;
  /** Flushes; later lines are written at once. */
  close(): void;
};

export type LogSinkOptions = {
  /** Lines are written together from so many characters on: one write costs more than a line. */
  together: number;
  /** No line waits longer. Milliseconds. */
  patienceMs?: number;
  /** Beyond so many characters, behind a reader that has stopped, lines are dropped. */
  most?: number;
  /** Called when writing goes on after `lines` were lost. */
  onLost?: (lines: number) => void;
};

/** How long `flush` tries on a pipe that is full, and waits between two tries. Milliseconds. */
const full = { patienceMs: 1_000, pauseMs: 20 };

const isFull = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "EAGAIN" || error.code === "EBUSY");

const linesIn = (bytes: Buffer): number => bytes.toString("latin1").split("\n").length - 1;

/**
 * Writes lines to a file descriptor, several together, outside the event loop. Not pino's own
 * destination: its flushSync tries for ever on a closed pipe, so that `npm start | head` never ended.
 */
export function createLogSink(fd: number, options: LogSinkOptions): LogSink {
  const { together, patienceMs = 200, most = 8 * 1024 * 1024, onLost } = options;
  let held = "";
  /** Taken out of `held`, not yet written. */
  let rest: Buffer | null = null;
  /** The system is writing `rest`; nobody else may. */
  let writing = false;
  let timer: NodeJS.Timeout | null = null;
  let lost = 0;
  let closed = false;

  function wake(ms: number): void {
    timer ??= setTimeout(send, ms).unref();
  }

  function send(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (writing || (rest === null && held === "")) return;
    rest ??= take();
    writing = true;
    write(fd, rest, 0, rest.length, null, written);
  }

  function take(): Buffer {
    const bytes = Buffer.from(held);
    held = "";
    return bytes;
  }

  /** What cannot be written is dropped, and the next lines are tried again: a full disk may pass. */
  function written(error: Error | null, bytes: number): void {
    writing = false;
    if (rest === null) return;
    if (isFull(error)) {
      wake(full.pauseMs);
      return;
    }
    if (error !== null) lost += linesIn(rest);
    rest = error === null && bytes < rest.length ? rest.subarray(bytes) : null;
    if (error === null) tellLost();
    if (rest !== null || held.length >= together) send();
    else if (held !== "") wake(patienceMs);
  }

  function tellLost(): void {
    const lines = lost;
    lost = 0;
    if (lines > 0) onLost?.(lines);
  }

  /** While the system writes `rest` it is out of reach; the process does not end before that is done. */
  function flush(): void {
    if (rest !== null && !writing) {
      const bytes = rest;
      rest = null;
      writeNow(bytes);
    }
    if (held !== "") writeNow(take());
  }

  function writeNow(bytes: Buffer): void {
    const until = performance.now() + full.patienceMs;
    for (let at = 0; at < bytes.length; ) {
      try {
        at += writeSync(fd, bytes, at);
      } catch (error) {
        if (!isFull(error) || performance.now() > until) return;
        pause(full.pauseMs);
      }
    }
  }

  return {
    write(line) {
      if (held.length + line.length > most) {
        lost++;
        return;
      }
      held += line;
      if (closed) flush();
      else if (held.length < together) wake(patienceMs);
      else if (!writing && rest === null) send();
    },
    flush,
    close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      timer = null;
      flush();
    },
  };
}

/** Stops this thread; only for a flush at the end of the process. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
