import { isJsonObject, type JsonObject } from "../../json-object.ts";
import type { Assembly } from "../openai-chat/assembly.ts";

/** A candidate so far: its fields, each from the last chunk that had it, and all its parts. */
type AssembledCandidate = { fields: JsonObject; role: unknown; parts: JsonObject[] };

/** True for a part that is a text and nothing else, or a thought. */
const isPlain = (part: JsonObject): boolean =>
  typeof part.text === "string" && Object.keys(part).every((key) => /^(?:text|thought)$/.test(key));

/** Texts in a row become one, as in an answer that was not streamed. */
function addPart(parts: JsonObject[], part: JsonObject): void {
  const last = parts.at(-1);
  const joins = last !== undefined && isPlain(last) && isPlain(part);
  if (joins && (last.thought === true) === (part.thought === true)) {
    parts[parts.length - 1] = { ...last, text: `${last.text}${part.text}` };
  } else if (!(isPlain(part) && part.text === "")) parts.push(part);
}

/** Puts an answer of generateContent together from the chunks of its stream. */
export function assembleGemini(): Assembly {
  const candidates = new Map<number, AssembledCandidate>();
  let fields: JsonObject = {};
  return {
    get upstreamId() {
      return typeof fields.responseId === "string" ? fields.responseId : null;
    },
    add(chunk) {
      if (!isJsonObject(chunk)) return;
      const { candidates: pieces, ...rest } = chunk;
      fields = { ...fields, ...rest };
      for (const piece of Array.isArray(pieces) ? pieces.filter(isJsonObject) : []) {
        const { content, ...told } = piece;
        const index = Number(piece.index ?? 0);
        const { role, parts } = isJsonObject(content) ? content : {};
        const found = candidates.get(index) ?? { fields: {}, role: "model", parts: [] };
        for (const part of Array.isArray(parts) ? parts.filter(isJsonObject) : []) {
          addPart(found.parts, part);
        }
        const all = { ...found.fields, ...told };
        candidates.set(index, { fields: all, role: role ?? found.role, parts: found.parts });
      }
    },
    answer() {
      const sorted = [...candidates].sort(([a], [b]) => a - b);
      const whole = sorted.map(([, { fields: own, role, parts }]) => {
        return { content: { role, parts }, ...own };
      });
      return whole.length === 0 ? fields : { ...fields, candidates: whole };
    },
  };
}
