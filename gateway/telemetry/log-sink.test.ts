import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { createLogSink } from "./log-sink.ts";

const undo: (() => void)[] = [];
afterEach(() => {
  for (const step of undo.splice(0).reverse()) step();
});

function openFile(): { fd: number; text(): string } {
  const dir = mkdtempSync(join(tmpdir(), "llm-gateway-log-"));
  const file = join(dir, "log");
  const fd = openSync(file, "a");
  undo.push(() => {
    closeSync(fd);
    rmSync(dir, { recursive: true, force: true });
  });
  return { fd, text: () => readFileSync(file, "utf8") };
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 2_000 && !condition(); i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(condition()).toBe(true);
}

/** A process that logs with `createLog` to its standard output, and then does `then`. */
function logging(then: string): ChildProcess {
  const log = JSON.stringify(new URL("./log.ts", import.meta.url).href);
  const code = `const { createLog } = await import(${log});
    const log = createLog({ level: "info", form: "json" });
    ${then}`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", code]);
  undo.push(() => void child.kill("SIGKILL"));
  return child;
}

async function outputOf(child: ChildProcess): Promise<{ code: number | null; text: string }> {
  let text = "";
  child.stdout?.on("data", (bytes) => {
    text += bytes;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, text };
}

describe("a log sink", () => {
  it("writes what is held once the patience is over", async () => {
    const { fd, text } = openFile();
    const sink = createLogSink(fd, { together: 4096, patienceMs: 20 });
    sink.write("one\n");
    expect(text()).toBe("");
    await until(() => text() === "one\n");
  });

  it("writes at once when enough is held", async () => {
    const { fd, text } = openFile();
    const sink = createLogSink(fd, { together: 8, patienceMs: 3_600_000 });
    sink.write("one\n");
    sink.write("two\n");
    await until(() => text() === "one\ntwo\n");
  });

  it("keeps every line whole and in order under a flood", async () => {
    const { fd, text } = openFile();
    const sink = createLogSink(fd, { together: 64 });
    const lines = Array.from({ length: 5_000 }, (_, i) => `line ${i} äöü\n`);
    for (const [i, line] of lines.entries()) {
      sink.write(line);
      if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => text().length === lines.join("").length);
    expect(text()).toBe(lines.join(""));
  });

  it("has written everything when flush and close return, and later lines too", () => {
    const { fd, text } = openFile();
    const sink = createLogSink(fd, { together: 4096 });
    sink.write("one\n");
    sink.flush();
    expect(text()).toBe("one\n");
    sink.write("two\n");
    sink.close();
    sink.write("three\n");
    expect(text()).toBe("one\ntwo\nthree\n");
  });

  it("holds no more than its bound", async () => {
    const { fd, text } = openFile();
    const sink = createLogSink(fd, { together: 4096, most: 10 });
    for (let i = 0; i < 100; i++) sink.write("1234\n");
    sink.flush();
    expect(text()).toBe("1234\n1234\n");
  });

  it("says how many lines were lost when writing goes on", async () => {
    const { fd, text } = openFile();
    const told: number[] = [];
    const sink = createLogSink(fd, {
      together: 11,
      patienceMs: 5,
      most: 10,
      onLost: (lines) => told.push(lines),
    });
    for (let i = 0; i < 5; i++) sink.write("1234\n");
    await until(() => text() === "1234\n1234\n" && told.length > 0);
    expect(told).toEqual([3]);
  });

  it("throws nothing at what cannot be written, and ends", async () => {
    const readOnly = openSync("/dev/null", "r");
    undo.push(() => closeSync(readOnly));
    const sink = createLogSink(readOnly, { together: 1 });
    sink.write("one\n");
    await new Promise((resolve) => setTimeout(resolve, 20));
    sink.write("two\n");
    sink.flush();
    sink.close();
  });
});

describe("the log of a process", () => {
  it("is whole when the process just ends", async () => {
    const { code, text } = await outputOf(logging(`log.logger.info("last words");`));
    expect(code).toBe(0);
    expect(JSON.parse(text)).toMatchObject({ level: "info", msg: "last words" });
  });

  it("is whole when nobody catches an exception", async () => {
    const child = logging(`log.logger.info("before"); throw new Error("crash");`);
    const { code, text } = await outputOf(child);
    expect(code).toBe(1);
    expect(text).toContain("before");
  });

  it("is whole at process.exit with writes under way", async () => {
    const child = logging(`for (let i = 0; i < 1000; i++) log.logger.info({ i }, "many");
      setImmediate(() => process.exit(0));`);
    const { text } = await outputOf(child);
    const seen = text
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { i: number }).i);
    expect(new Set(seen).size).toBe(1_000);
  });

  // pino's own destination tries for ever here: `npm start | head` could not be stopped.
  it("does not hang or crash the gateway when its reader has gone", async () => {
    const child = logging(`process.stdin.once("data", () => {
        log.logger.info("to nobody");
        log.close();
        process.exit(7);
      });
      process.stderr.write("ready");`);
    if (child.stderr === null) throw new Error("no stderr");
    await once(child.stderr, "data");
    child.stdout?.destroy();
    child.stdin?.write("go");
    const [code] = (await once(child, "exit")) as [number | null];
    expect(code).toBe(7);
  });

  it("lets the gateway work on while its reader is gone", async () => {
    const child = logging(`process.stdin.once("data", () => {
        let i = 0;
        const more = setInterval(() => {
          log.logger.info("x".repeat(5000));
          if (++i === 20) { clearInterval(more); process.exit(8); }
        }, 5);
      });
      process.stderr.write("ready");`);
    if (child.stderr === null) throw new Error("no stderr");
    await once(child.stderr, "data");
    child.stdout?.destroy();
    child.stdin?.write("go");
    const [code] = (await once(child, "exit")) as [number | null];
    expect(code).toBe(8);
  });
});
