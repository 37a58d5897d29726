import pino, { type DestinationStream, type Logger } from "pino";
import pretty from "pino-pretty";

export type LogOptions = {
  level: string;
  /** For a person on a terminal, instead of JSON. */
  pretty: boolean;
  /** Where lines go; standard output by default. */
  destination?: DestinationStream;
};

export type Log = {
  readonly logger: Logger;
  /** Writes what is buffered, now. */
  flush(): void;
  /** Flushes and ends the timer. */
  close(): void;
};

/** Lines are written together: one write a turn costs more than the line itself. Bytes, milliseconds. */
const buffered = { minLength: 4096, flushEveryMs: 200 };

/**
 * The log: one JSON object a line. Never holds a header, a key or a prompt, because nothing hands it
 * one; there is nothing to redact.
 */
export function createLog({ level, pretty: forPeople, destination }: LogOptions): Log {
  if (forPeople && destination === undefined) {
    const stream = pretty({ sync: true, ignore: "pid,hostname", translateTime: "SYS:HH:MM:ss" });
    return { logger: pino({ level }, stream), flush: () => {}, close: () => {} };
  }
  const base = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (destination !== undefined) {
    return { logger: pino(base, destination), flush: () => {}, close: () => {} };
  }
  const output = pino.destination({ fd: 1, sync: false, minLength: buffered.minLength });
  // A closed pipe (`| head`) must end the lines, not the gateway.
  output.on("error", () => {});
  const flush = (): void => {
    try {
      output.flushSync();
    } catch {
      // Not open yet, or closed for good: there is nobody to tell.
    }
  };
  const timer = setInterval(() => output.flush(), buffered.flushEveryMs).unref();
  process.once("exit", flush);
  return {
    logger: pino(base, output),
    flush,
    close() {
      clearInterval(timer);
      process.off("exit", flush);
      flush();
    },
  };
}
