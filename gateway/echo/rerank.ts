import { isJsonObject } from "../json-object.ts";
import type { EchoCall } from "./call.ts";
import { modelOf, wrongField } from "./fields.ts";
import { splitWords } from "./words.ts";

/** `POST /v1/rerank`: the best documents first. A score is a part of the query's words. */
export async function answerRerank(call: EchoCall): Promise<void> {
  const { body, tokenizer, signal } = call;
  const { query, documents } = body;
  if (typeof query !== "string") throw wrongField("query", "a string");
  if (!Array.isArray(documents)) throw wrongField("documents", "a list");
  const topN = body.top_n ?? documents.length;
  if (!Number.isInteger(topN) || Number(topN) < 0) throw wrongField("top_n", "an integer from 0");
  const wanted = new Set(splitWords(query));
  let tokens = await tokenizer.count(query, signal);
  const results: { index: number; relevance_score: number; document?: { text: string } }[] = [];
  for (const [index, document] of documents.entries()) {
    const text = documentText(document, index);
    tokens += await tokenizer.count(text, signal);
    const relevance_score = overlap(wanted, text);
    const shown = body.return_documents !== false ? { document: { text } } : {};
    results.push({ index, relevance_score, ...shown });
  }
  results.sort((a, b) => b.relevance_score - a.relevance_score);
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  const model = modelOf(body);
  await call.json({ model, object: "list", usage, results: results.slice(0, Number(topN)) });
}

function documentText(document: unknown, index: number): string {
  if (typeof document === "string") return document;
  if (isJsonObject(document) && typeof document.text === "string") return document.text;
  throw wrongField(`documents[${index}]`, "a string or an object with a text");
}

function overlap(wanted: ReadonlySet<string>, text: string): number {
  if (wanted.size === 0) return 0;
  const found = new Set(splitWords(text));
  let hits = 0;
  for (const word of wanted) if (found.has(word)) hits++;
  return hits / wanted.size;
}
