import { write, writeSync } from "node:fs";

/** Where finished log lines go. Never throws. */
export type LogSink = {
  write(line: string): void;
  /** Writes all buffered lines now. Returns when they are written or cannot be. */
  flush(): void;
  /** Flushes; later lines are written at once. */
  close(): void;
};

export type LogSinkOptions = {
  /**
   * Lines are written together after so many characters, because one write costs more than a line.
   */
  together: number;
  /** The longest time that a line is buffered. Milliseconds. */
  patienceMs?: number;
  /** If the reader has stopped, lines above so many characters are dropped. */
  most?: number;
  /** Called when writing works again after `lines` were lost. */
  onLost?: (lines: number) => void;
};

const usual = { patienceMs: 200, most: 8 * 1024 * 1024 };

/** How long `flush` retries on a full pipe, and the pause between two attempts. Milliseconds. */
const full = { patienceMs: 1_000, pauseMs: 20 };

const isFull = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "EAGAIN" || error.code === "EBUSY");

const linesIn = (bytes: Buffer): number => bytes.toString("latin1").split("\n").length - 1;

/**
 * Writes lines to a file descriptor, several together, outside the event loop. pino's own
 * destination retries for ever on a closed pipe: `npm start | head` never ended.
 */
export function createLogSink(fd: number, options: LogSinkOptions): LogSink {
  return new FileSink(fd, options);
}

class FileSink implements LogSink {
  #held = "";
  /** Taken out of `#held`, not yet written. */
  #rest: Buffer | null = null;
  /** True while the system writes `#rest`. Nothing else may write then. */
  #writing = false;
  #timer: NodeJS.Timeout | null = null;
  #lost = 0;
  #closed = false;
  readonly #fd: number;
  readonly #options: LogSinkOptions;

  constructor(fd: number, options: LogSinkOptions) {
    this.#fd = fd;
    this.#options = options;
  }

  write(line: string): void {
    const { together, patienceMs = usual.patienceMs, most = usual.most } = this.#options;
    if (this.#held.length + line.length > most) {
      this.#lost++;
      return;
    }
    this.#held += line;
    if (this.#closed) this.flush();
    else if (this.#held.length < together) this.#wake(patienceMs);
    else if (this.#rest === null) this.#send();
  }

  /** While the system writes, it is out of reach; the process does not end before that is done. */
  flush(): void {
    if (this.#rest !== null && !this.#writing) {
      const bytes = this.#rest;
      this.#rest = null;
      writeNow(this.#fd, bytes);
    }
    if (this.#held !== "") writeNow(this.#fd, this.#take());
  }

  close(): void {
    this.#closed = true;
    this.#sleep();
    this.flush();
  }

  #wake(ms: number): void {
    this.#timer ??= setTimeout(() => this.#send(), ms).unref();
  }

  #sleep(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #take(): Buffer {
    const bytes = Buffer.from(this.#held);
    this.#held = "";
    return bytes;
  }

  #send(): void {
    this.#sleep();
    if (this.#writing || (this.#rest === null && this.#held === "")) return;
    this.#rest ??= this.#take();
    this.#writing = true;
    write(this.#fd, this.#rest, (error, bytes) => this.#written(error, bytes));
  }

  /** A failed write drops its lines, and the next lines are tried: a full disk can recover. */
  #written(error: Error | null, bytes: number): void {
    const rest = this.#rest;
    this.#writing = false;
    if (rest === null) return;
    if (isFull(error)) {
      this.#wake(full.pauseMs);
      return;
    }
    this.#rest = error === null && bytes < rest.length ? rest.subarray(bytes) : null;
    if (error === null) this.#tellLost();
    else this.#lost += linesIn(rest);
    const { together, patienceMs = usual.patienceMs } = this.#options;
    if (this.#rest !== null || this.#held.length >= together) this.#send();
    else if (this.#held !== "") this.#wake(patienceMs);
  }

  #tellLost(): void {
    const lines = this.#lost;
    this.#lost = 0;
    if (lines > 0) this.#options.onLost?.(lines);
  }
}

/** Writes as much as possible. Nothing can be told about the rest. */
function writeNow(fd: number, bytes: Buffer): void {
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

/** Stops this thread; only for a flush at the end of the process. */
function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
