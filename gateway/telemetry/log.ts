import { createRequire } from "node:module";
import pino, { type DestinationStream, type Logger } from "pino";
import { errorFields } from "./error-fields.ts";
import type { LogLine } from "./exchange-line.ts";
import { createLogSink, type LogSink } from "./log-sink.ts";
import { toLogfmt } from "./logfmt.ts";

/** `pretty` is text for people, `logfmt` is `key=value`. */
export type LogForm = "json" | "pretty" | "logfmt";

export type LogOptions = {
  level: string;
  form: LogForm;
  /** Gets each line at once. By default lines go to standard output, several together. */
  destination?: DestinationStream;
};

export type Log = {
  readonly logger: Logger;
  /**
   * Logs plain fields at level info, for events that come thousands of times a second. One
   * JSON.stringify costs a fifth of what pino takes for twenty fields.
   */
  info(fields: () => LogLine, message: string): void;
  /** Writes what is buffered, now. */
  flush(): void;
  /** Flushes, and stops keeping the process alive. */
  close(): void;
};

const standardOutput = 1;

/**
 * A pipe's capacity: lines are written together after so many characters. With 4096 (seven lines) a
 * line cost 3 µs more.
 */
const together = 65_536;

/**
 * The log: one JSON object a line, or the same fields in another form. It never holds a header, a key or a prompt, because nothing
 * gives it one (`shown-text.ts` and `error-fields.ts`). So nothing must be redacted. Lines are
 * buffered for up to 200 ms. No line is lost when the process ends or throws.
 */
export function createLog({ level, form, destination }: LogOptions): Log {
  const sink: LogSink =
    destination === undefined
      ? createLogSink(standardOutput, {
          // On a terminal each line is written at once.
          together: form === "pretty" ? 1 : together,
          onLost: (lines) => logger.warn({ lines }, "log lines were lost"),
        })
      : { write: (line) => destination.write(line), flush: () => {}, close: () => {} };
  const out = inForm(form, sink);
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errorFields },
    },
    out,
  );
  // Also when an uncaught exception ends the process.
  const flush = (): void => sink.flush();
  process.on("exit", flush);
  return {
    logger,
    info(fields, message) {
      if (!logger.isLevelEnabled("info")) return;
      const text = JSON.stringify(fields()).slice(1, -1);
      const time = isoTime(Date.now());
      out.write(`{"level":"info","time":"${time}",${text},"msg":${JSON.stringify(message)}}\n`);
    },
    flush,
    close() {
      process.off("exit", flush);
      sink.close();
    },
  };
}

/** The second of the last line, and its text up to the milliseconds. */
let [second, untilPoint] = [Number.NaN, ""];

/** ISO 8601. A second is written once: that takes longer than the rest of a line. */
function isoTime(at: number): string {
  const now = Math.floor(at / 1000);
  if (now !== second) [second, untilPoint] = [now, new Date(now * 1000).toISOString().slice(0, -4)];
  return `${untilPoint}${String(at - now * 1000).padStart(3, "0")}Z`;
}

function inForm(form: LogForm, sink: LogSink): DestinationStream {
  if (form === "json") return sink;
  if (form === "logfmt") return { write: (line) => sink.write(toLogfmt(line)) };
  return forPeople(sink);
}

function forPeople(sink: LogSink): DestinationStream {
  // Loaded here, because most gateways never need it.
  const load = createRequire(import.meta.url);
  const { prettyFactory } = load("pino-pretty") as typeof import("pino-pretty");
  const format = prettyFactory({ translateTime: "SYS:HH:MM:ss", singleLine: true });
  return { write: (line) => sink.write(format(line)) };
}
