import type { JsonObject } from "../../json-object.ts";
import { isAbsent, wrong } from "../field-checks.ts";
import type { EmbeddingTranslator } from "../hub/hub.ts";
import { createDropped } from "../hub/read-dropped.ts";
import { integerAt, textAt } from "../hub/read-fields.ts";

const knownFields: ReadonlySet<string> = new Set([
  ...["model", "name", "input", "prompt", "dimensions", "truncate", "keep_alive", "options"],
]);

/** `input` of `/api/embed`: a text, or a list of texts. */
function textsOf({ input }: JsonObject): string[] {
  const list: unknown[] = Array.isArray(input) ? input : [input];
  return list.map((text, index) => {
    if (typeof text === "string") return text;
    return wrong(Array.isArray(input) ? `input[${index}]` : "input", "must be a text");
  });
}

/**
 * `/api/embed`, and the older `/api/embeddings`, which has one `prompt` and one `embedding`.
 * @see https://docs.ollama.com/api/embed
 */
export function createEmbedTranslator(isOld: boolean): EmbeddingTranslator {
  const field = isOld ? "prompt" : "input";
  return {
    readTexts(body) {
      const dropped = createDropped();
      if (isAbsent(body[field])) return wrong(field, "is required");
      const texts = isOld ? [textAt(body, "prompt", "") ?? ""] : textsOf(body);
      for (const name of ["truncate", "keep_alive", "options"]) {
        if (!isAbsent(body[name])) dropped.tell(name);
      }
      dropped.rest(body, "", knownFields);
      const dimensions = integerAt(body, "dimensions", "");
      return { texts, field, dimensions, dropped: dropped.list(), told: dropped.tolds() };
    },
    writeEmbeddings({ embeddings, tokens }, { model, startedAt }) {
      const total_duration = Math.round((performance.now() - startedAt) * 1e6);
      const count = tokens === null ? {} : { prompt_eval_count: tokens };
      // The older form has no counts, but accounts need them, and clients skip what they do not know.
      if (isOld) return { embedding: embeddings[0] ?? [], ...count };
      return { model, embeddings, total_duration, ...count };
    },
  };
}
