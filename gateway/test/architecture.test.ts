import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");

/** Every room may import these. */
const forAll = [
  ...["bounded-map", "errors", "exchange", "json-object", "kinds", "roster", "stop-signal"],
  "telemetry",
];

/** Who may import whom, beside itself and `forAll`; type imports count. */
const mayImport: Record<string, string[] | "everything"> = {
  errors: [],
  // The names of dialects alone.
  exchange: ["dialects"],
  roster: [],
  "json-object": [],
  "bounded-map": [],
  "stop-signal": [],
  telemetry: [],
  // What a value may be, and how it is read: it knows nothing of the house.
  kinds: [],
  // The layers of limits are read by limits/, which owns them.
  settings: ["limits"],
  users: [],
  dialects: [],
  auth: ["users"],
  limits: ["dialects"],
  line: [],
  answer: ["dialects"],
  echo: ["dialects", "limits"],
  upstreams: ["auth", "dialects", "limits", "line", "echo"],
  ledger: ["dialects"],
  // The files of the gateway in one: made by a command, and daily by the gateway itself.
  backup: ["ledger"],
  // The frame of every exchange: written once, used by the four rooms below and by app.ts.
  "with-exchange": ["auth", "answer", "middlewares"],
  generation: [
    ...["with-exchange", "auth", "limits", "line", "answer", "upstreams", "ledger", "dialects"],
    "middlewares",
  ],
  reads: ["with-exchange", "generation", "auth", "limits", "answer", "upstreams", "dialects"],
  sockets: ["with-exchange", "generation", "auth", "answer", "upstreams", "dialects"],
  api: [
    ...["with-exchange", "generation", "auth", "limits", "line", "answer", "upstreams"],
    ...["ledger", "dialects", "users"],
  ],
  // What config.yaml may add: it knows nothing of the house.
  middlewares: [],
  app: [
    "with-exchange",
    "generation",
    "reads",
    "api",
    "auth",
    "dialects",
    "openapi",
    "page",
    "server",
  ],
  // The API in words; it is compared with the routes, and imports none of them.
  openapi: [],
  // What a browser gets, and the files it runs; these talk to the gateway by its documented calls alone.
  page: [],
  // Ports, listening, drain, the health page: it knows no request.
  server: ["users", "ledger", "line", "upstreams"],
  // One keeper, several processes: what is asked between them.
  cluster: ["generation", "ledger", "limits", "line", "upstreams", "server", "dialects"],
  // doctor opens upstreams as the gateway does, and asks through the same connections.
  cli: [
    ...["settings", "users", "limits", "ledger", "backup", "serve", "upstreams", "dialects"],
    "cluster",
  ],
  main: ["cli", "settings"],
  "serve-options": [
    "settings",
    "server",
    "upstreams",
    "backup",
    "generation",
    "ledger",
    "line",
    "users",
  ],
  "serve-generation": "everything",
  "serve-accounts": ["backup", "ledger", "limits", "settings", "serve-options"],
  "serve-cluster": "everything",
  "serve-signals": ["settings", "serve-options"],
  // The program of one of several processes.
  worker: "everything",
  serve: "everything",
  test: "everything",
};

/** Functions that are still longer than they may be. The list only shrinks. */
const stillLong: ReadonlySet<string> = new Set([
  ...["createTraceFiles", "createConvertedBody", "createStanding"],
  ...["createRecorder", "createIdentify", "createLimits"],
]);

/** A function declaration, from its first line to the brace that closes it. */
const functions = /^( *)(?:export )?(?:async )?function\*? (\w+)[\s\S]*?^\1\}$/gm;

const sources = readdirSync(root, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => join(root, file));

const production = sources.filter((file) => {
  return !file.endsWith(".test.ts") && !relative(root, file).startsWith(`test${sep}`);
});

function roomOf(file: string): string {
  const path = relative(root, file);
  return (path.split(sep)[0] ?? path).replace(/\.ts$/, "");
}

/** The relative imports of a file, static and dynamic. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const found = text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)"(\.{1,2}\/[^"]+)"/g);
  return [...found].map((match) => join(dirname(file), match[1] ?? ""));
}

describe("the structure of the source", () => {
  it("has files to check", () => {
    expect(production.length).toBeGreaterThan(50);
  });

  it("lets each room import only what the table allows", () => {
    const wrong: string[] = [];
    for (const file of production) {
      const room = roomOf(file);
      const allowed = mayImport[room];
      if (allowed === undefined) wrong.push(`${relative(root, file)}: no such room in the table`);
      if (allowed === undefined || allowed === "everything") continue;
      for (const target of importsOf(file)) {
        const other = roomOf(target);
        const fine = other === room || forAll.includes(other) || allowed.includes(other);
        // The version stands in package.json, which is no room.
        if (!fine && !target.startsWith("..") && !relative(root, target).startsWith("..")) {
          wrong.push(`${relative(root, file)} imports ${relative(root, target)}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it("has SQL in ledger/ only", () => {
    const others = production.filter((file) => {
      return roomOf(file) !== "ledger" && /"(better-sqlite3|pg)"/.test(readFileSync(file, "utf8"));
    });
    expect(others.map((file) => relative(root, file))).toEqual([]);
  });

  it("keeps its files small", () => {
    const lengths = production
      .map((file) => ({
        file: relative(root, file),
        lines: readFileSync(file, "utf8").split("\n").length - 1,
      }))
      .sort((a, b) => a.lines - b.lines);
    expect(lengths.filter(({ lines }) => lines > 300)).toEqual([]);
    expect(lengths[Math.floor(lengths.length / 2)]?.lines).toBeLessThanOrEqual(90);
    expect(lengths[Math.floor(lengths.length * 0.9)]?.lines).toBeLessThanOrEqual(180);
  });

  it("gives each exported type a name of its own", () => {
    const homes = new Map<string, string[]>();
    for (const file of sources) {
      const declared = readFileSync(file, "utf8").matchAll(
        /^export (?:abstract )?(?:type|interface|class) (\w+)\b(?! *[,}])/gm,
      );
      for (const [, name = ""] of declared) {
        homes.set(name, [...(homes.get(name) ?? []), relative(root, file)]);
      }
    }
    expect(homes.size).toBeGreaterThan(100);
    const doubles = [...homes].filter(([, files]) => files.length > 1);
    expect(doubles).toEqual([]);
  });

  it("has no function over 60 lines", () => {
    const long = production.flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(functions)].flatMap(([text, _indent, name = ""]) => {
        const isLong = text.split("\n").length > 60 && !stillLong.has(name);
        return isLong ? [`${relative(root, file)} ${name}`] : [];
      }),
    );
    expect(long).toEqual([]);
  });

  it("has no folder or file with a name that says nothing", () => {
    const drawers = sources.filter((file) =>
      /(^|\/)(utils?|helpers?|common|shared|misc|types)(\.ts|\/)/.test(relative(root, file)),
    );
    expect(drawers).toEqual([]);
  });

  it("has no test that is switched off", () => {
    const asleep = sources.filter((file) =>
      /\b(it|test|describe)\.(skip|only|todo)\(/.test(readFileSync(file, "utf8")),
    );
    expect(asleep.filter((file) => !file.endsWith("architecture.test.ts"))).toEqual([]);
  });
});
