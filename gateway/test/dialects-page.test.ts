import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { PlaceEvents } from "../answer/place-events.ts";
import { type DialectName, dialects } from "../dialects/all.ts";
import type { Dialect } from "../dialects/dialect.ts";

// The table of APIs in docs/dialects.md, made of the objects that the gateway runs by.

const page = join(import.meta.dirname, "../../docs/dialects.md");
const begin = "<!-- made by gateway/test/dialects-page.test.ts -->";
const end = "<!-- end of the table -->";

const titles: Readonly<Record<DialectName, string>> = {
  chat: "OpenAI chat",
  completions: "OpenAI text completions",
  responses: "OpenAI Responses",
  embeddings: "OpenAI embeddings",
  rerank: "Reranking",
  messages: "Anthropic Messages",
  gemini: "Gemini",
  llama: "llama-server's own",
  llama_embedding: "llama-server's embeddings",
  ollama: "Ollama chat",
  ollama_generate: "Ollama generate",
  ollama_embed: "Ollama embed",
  ollama_embeddings: "Ollama embeddings (old)",
  openai: "Other paths below `/v1`",
};

const families = { openai: "OpenAI's kind", anthropic: "Anthropic", google: "Gemini" } as const;

const verbs = "generateContent streamGenerateContent embedContent batchEmbedContents countTokens";

/** The paths that hold a model, of one kind. */
function pathsWithModel({ paths }: Dialect, kind: "generation" | "question"): string[] {
  return verbs.split(" ").flatMap((verb) => {
    const isIt = paths.kindAt?.(`/v1beta/models/m:${verb}`) === kind;
    return isIt ? [`/v1beta/models/{model}:${verb}`] : [];
  });
}

const code = (texts: readonly string[]): string =>
  texts.length === 0 ? "–" : texts.map((text) => `\`${text}\``).join(", ");

/** What a stream gets while it waits, by the names of its lines. */
function placesOf(name: DialectName, { framing }: Dialect): string {
  const context = { model: "m", framing, mayBegin: true, repeated: () => ({}) };
  const place = { position: 1, of: 1, etaSeconds: null };
  const told = new PlaceEvents({ requestId: "r", startedAt: 0, dialect: name }, "chunk");
  const kinds = (told.tell(place, context) ?? "").split("\n").flatMap((line, at, lines) => {
    if (line.startsWith(":")) return ["comment"];
    if (line.startsWith("event: ")) return [`\`${line.slice("event: ".length)}\``];
    const isNamed = lines[at - 1]?.startsWith("event: ") ?? false;
    return line === "" || isNamed ? [] : ["chunk"];
  });
  return kinds.length === 0 ? "–" : kinds.join(", ");
}

function rowOf([key, dialect]: [string, Dialect]): string[] {
  const name = key as DialectName;
  const { paths, upstreams, prompt } = dialect;
  const generations = [...paths.generations, ...pathsWithModel(dialect, "generation")];
  const reads = [...paths.questions, ...paths.reads, ...pathsWithModel(dialect, "question")];
  const native = upstreams.onlyOllama ? ["Ollama"] : upstreams.native.map((one) => families[one]);
  return [
    titles[name],
    name === "openai" ? "every other POST" : code(generations),
    code(reads),
    prompt.generates && name !== "openai" ? placesOf(name, dialect) : "–",
    native.join(", "),
    upstreams.conversion === null ? "no" : "yes",
  ];
}

const head = [
  ...["API", "Waits in the queue", "Passes at once", "A waiting stream gets"],
  ...["Passes as it is to", "Converted for others"],
];

const table = [head, head.map(() => "---"), ...Object.entries(dialects).map(rowOf)]
  .map((cells) => `| ${cells.join(" | ")} |`)
  .join("\n");

it("the table of docs/dialects.md is the gateway's own (UPDATE_DIALECTS=1 writes it)", () => {
  const text = readFileSync(page, "utf8");
  const [before = "", rest = ""] = text.split(begin);
  const after = rest.slice(rest.indexOf(end));
  const made = `${before}${begin}\n\n${table}\n\n${after}`;
  if (process.env.UPDATE_DIALECTS === "1") writeFileSync(page, made);
  else expect(text).toBe(made);
});
