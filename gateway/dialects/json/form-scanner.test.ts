import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFormScanner, type FormScanner } from "./form-scanner.ts";

const type = "multipart/form-data; boundary=XyZ";
const field = (name: string, value: string): string =>
  `--XyZ\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const file = (bytes: string): string =>
  '--XyZ\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n' +
  `Content-Type: audio/wav\r\n\r\n${bytes}\r\n`;
const end = "--XyZ--\r\n";

function scanned(text: string, contentType = type, size = text.length): FormScanner {
  const scanner = createFormScanner(contentType);
  if (scanner === null) throw new Error("no form");
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) scanner.push(bytes.subarray(at, at + size));
  return scanner;
}

describe("the model of a form", () => {
  const whole: [string, string, string | null][] = [
    ["before the file", field("model", "whisper-1") + file("RIFF") + end, "whisper-1"],
    ["after the file", file("RIFF\r\n--Xy\r\n\r\n") + field("model", "größer") + end, "größer"],
    ["after a large file", file("x".repeat(100_000)) + field("model", "m") + end, "m"],
    ["nowhere", field("language", "de") + file("RIFF") + end, null],
    ["as a file's name only", file('name="model"') + end, null],
    [
      "with a type of its own",
      `--XyZ\r\nContent-Type: text/plain; charset=utf-8\r\n${'content-disposition: form-data; name="model"'}\r\n\r\nm\r\n${end}`,
      "m",
    ],
  ];

  it.each(whole)("is read %s", (_, text, model) => {
    for (const size of [1, 2, 3, 7, 4096, text.length]) {
      expect(scanned(text, type, size)).toMatchObject({ model, state: "whole" });
    }
  });

  it("is known as soon as the next part begins, and cut wherever the bytes are", () => {
    expect(scanned(field("model", "m"))).toMatchObject({ model: null, state: "reading" });
    expect(scanned(`${field("model", "m")}--XyZ\r\n`)).toMatchObject({ model: "m" });
    const text = file("a\r\n-\r\n--\r\n--X\r\n--Xy--") + field("model", "m") + end;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 40 }), (sizes) => {
        const scanner = createFormScanner(type);
        const bytes = Buffer.from(text);
        let at = 0;
        for (const size of [...sizes, bytes.length]) {
          scanner?.push(bytes.subarray(at, at + size));
          at += size;
        }
        expect(scanner).toMatchObject({ model: "m", state: "whole" });
      }),
    );
  });

  it("is read behind a quoted boundary, and not where the boundary is not plain", () => {
    const text = `${field("model", "m")}${end}`.replaceAll("XyZ", "a:b=?c");
    const quoted = 'Multipart/Form-Data; boundary="a:b=?c"; charset=UTF-8';
    expect(scanned(text, quoted)).toMatchObject({ model: "m", state: "whole" });
    for (const other of [
      "multipart/form-data",
      "multipart/mixed; boundary=XyZ",
      "multipart/form-data; boundary=",
      "multipart/form-data; boundary=a; boundary=b",
      'multipart/form-data; boundary="a\\"b"',
      `multipart/form-data; boundary=${"x".repeat(71)}`,
      "application/json",
    ]) {
      expect(createFormScanner(other), other).toBeNull();
    }
  });
});

describe("a form that servers might read in two ways", () => {
  const model = field("model", "allowed");
  const disguised = (head: string): string => `--XyZ\r\n${head}\r\n\r\nforbidden\r\n`;
  const named = "Content-Disposition: form-data; name=";
  it.each([
    ["with two models", model + field("model", "forbidden") + end],
    ["with another spelling of it", model + field("Model ", "forbidden") + end],
    ["with a name without quotes", model + disguised(`${named}model`) + end],
    ["with an escape in a name", model + disguised(`${named}"mod\\el"`) + end],
    ["with a percent in a name", model + disguised(`${named}"mode%6C"`) + end],
    [
      "with a name inside a file's",
      model + disguised(`${named}"x"; filename="a\\"; name=model; x="`) + end,
    ],
    ["with a name in another charset", model + disguised(`${named}"x"; name*=utf-8''model`) + end],
    ["with a head of two names", model + disguised(`${named}"x"\r\n${named}"model"`) + end],
    [
      "with a folded head",
      model + disguised('Content-Disposition: form-data;\r\n name="model"') + end,
    ],
    [
      "with a part in base64",
      model + disguised(`${named}"x"\r\nContent-Transfer-Encoding: base64`) + end,
    ],
    ["with a part without a head", `${model}--XyZ\r\n\r\nforbidden\r\n${end}`],
    ["with a field that says the charset", field("_charset_", "utf-7") + model + end],
    ["with a model that is a file", disguised(`${named}"model"; filename="m"`) + end],
    ["with a model of another type", disguised(`${named}"model"\r\nContent-Type: text/html`) + end],
    ["with lines that end otherwise", `${model}--XyZ\n${named}"model"\n\nforbidden\n--XyZ--\n`],
    ["with a boundary inside a line", `${model}${file("a--XyZ\r\n")}${end}`],
    ["with more behind a boundary", `${model.replace("XyZ", "XyZ ")}${end}`],
    ["that goes on behind its end", model + end + field("model", "forbidden")],
    ["with a preamble", `hello\r\n${model}${end}`],
    ["with a model that never ends", field("model", "x".repeat(5_000)) + end],
    ["with a head that never ends", `--XyZ\r\nX-A: ${"x".repeat(5_000)}\r\n\r\n\r\n${end}`],
    ["with a control character in the model", field("model", "a\0b") + end],
  ])("is odd: %s", (_, text) => {
    for (const size of [1, 5, text.length]) {
      expect(scanned(text, type, size).state).toBe("odd");
    }
  });

  it("is odd at once before a huge preamble has passed", () => {
    const scanner = createFormScanner(type);
    scanner?.push(Buffer.alloc(100_000, "x"));
    expect(scanner?.state).toBe("odd");
  });

  it("whatever its bytes are, nothing is thrown, and no model is made up", () => {
    const piece = fc.constantFrom("--XyZ", "\r\n", "--", "model", 'name="model"', "\r\n\r\n", "x");
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 4 }))), (pieces) => {
        const text = pieces.join("");
        const { model: found } = scanned(text, type, 3);
        if (found !== null) expect(text).toContain(`\r\n\r\n${found}\r\n--XyZ`);
      }),
    );
  });
});
