import { describe, expect, it } from "vitest";
import { toLogfmt } from "./logfmt.ts";

const shown = (fields: object): string => toLogfmt(`${JSON.stringify(fields)}\n`);

describe("a log line as logfmt", () => {
  it("begins with time, level and message", () => {
    const line = shown({ level: "info", time: "2026-01-01T00:00:00.000Z", port: 8000, msg: "up" });
    expect(line).toBe("time=2026-01-01T00:00:00.000Z level=info msg=up port=8000\n");
  });

  it("leaves out what is not known, and keeps 0 and false", () => {
    expect(shown({ tokens: null, queue_ms: 0, public: false })).toBe("queue_ms=0 public=false\n");
  });

  it("quotes what a reader would take apart", () => {
    expect(shown({ a: "two words", b: 'say "x"', c: "k=v", d: "", e: "C:\\x" })).toBe(
      'a="two words" b="say \\"x\\"" c="k=v" d="" e="C:\\\\x"\n',
    );
  });

  it("stays one line, whatever a text holds", () => {
    expect(shown({ msg: "one\ntwo\r\u2028three\u0000" })).not.toMatch(/[\r\n](?!$)/);
  });

  it("shows an error field by field, and a list as JSON", () => {
    const line = shown({ err: { type: "TypeError", cause: { type: "Error" } }, names: ["a", "b"] });
    expect(line).toBe('err.type=TypeError err.cause.type=Error names="[\\"a\\",\\"b\\"]"\n');
  });
});
