import { isJsonObject, type JsonObject, jsonText } from "../json-object.ts";
import { innerError } from "./error-body.ts";

/** What an upstream's error body says, in whatever shape it says it. Unknown is null. */
export type UpstreamError = {
  message: string | null;
  type: string | null;
  /** Its own name for the error; llama-server's and OpenRouter's numbers only repeat the status. */
  code: string | null;
  param: string | null;
  /** Further fields of its error object: `n_ctx`, `n_prompt_tokens`, `metadata`. */
  extra: Readonly<Record<string, unknown>>;
};

const maxMessage = 2000;
const maxPageTitle = 200;
/** Bytes of further fields, as JSON; more than that is a document, not a detail. */
const maxExtra = 4096;
const ownKeys: ReadonlySet<string> = new Set([
  "message",
  "type",
  "code",
  "param",
  "error",
  "detail",
]);

const nothing: UpstreamError = { message: null, type: null, code: null, param: null, extra: {} };

function plain(text: string, limit: number): string | null {
  const line = text
    .slice(0, limit * 4)
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
  if (line === "") return null;
  return line.length > limit ? `${line.slice(0, limit)}…` : line;
}

function name(value: unknown): string | null {
  return typeof value === "string" && /^[\w.-]{1,64}$/.test(value) ? value : null;
}

/** FastAPI: `detail` is a text, or a list of what is wrong where (its `input` repeats the body). */
function detailText(detail: unknown): string | null {
  if (typeof detail === "string") return detail;
  if (!Array.isArray(detail)) return null;
  const lines = detail.filter(isJsonObject).map((one) => {
    const where = Array.isArray(one.loc) ? one.loc.map(jsonText).join(".") : "";
    return where === "" ? jsonText(one.msg) : `${where}: ${jsonText(one.msg)}`;
  });
  return lines.length === 0 ? null : lines.join("; ");
}

function furtherFields(fields: Record<string, unknown>): Record<string, unknown> {
  const extra = Object.fromEntries(Object.entries(fields).filter(([key]) => !ownKeys.has(key)));
  return JSON.stringify(extra).length > maxExtra ? {} : extra;
}

/** What it says, by whatever name. */
function textOf(fields: JsonObject): unknown {
  const { base_resp: base } = fields;
  const texts = [
    ...[fields.message, detailText(fields.detail), fields.error_message, fields.error_msg],
    ...[fields.msg, isJsonObject(base) ? base.status_msg : null, fields.title],
  ];
  return texts.find((one) => typeof one === "string" && one !== "");
}

function fromObject(fields: JsonObject): UpstreamError {
  const text = textOf(fields);
  return {
    message: typeof text === "string" ? plain(text, maxMessage) : null,
    type: name(fields.type) ?? name(fields.error_type),
    code: name(fields.code),
    param: typeof fields.param === "string" ? plain(fields.param, 200) : null,
    extra: furtherFields(fields),
  };
}

/** `{"error":{…}}`, `{"error":"…"}`, `[{"error":{…}}]` (Gemini), or the error itself (old vLLM). */
function fromJson(value: unknown): UpstreamError {
  const outer = Array.isArray(value) ? value[0] : value;
  if (typeof outer === "string") return { ...nothing, message: plain(outer, maxMessage) };
  if (!isJsonObject(outer)) return nothing;
  const inner = innerError(outer);
  if (inner !== null) return fromObject(inner);
  const { error } = outer;
  if (typeof error === "string" && error !== "") {
    // `{"error":"Bad Request","message":"…"}`: the longer text says more.
    const said = textOf(outer);
    const text = typeof said === "string" && said.length > error.length ? said : error;
    return { ...nothing, message: plain(text, maxMessage) };
  }
  return { ...fromObject(outer), extra: {} };
}

function fromPage(text: string): UpstreamError {
  const title = /<title[^>]*>([^<]{1,1000})/i.exec(text.slice(0, 16_384))?.[1];
  return { ...nothing, message: title === undefined ? null : plain(title, maxPageTitle) };
}

/** Reads an error body of llama.cpp's, OpenAI's, Anthropic's or FastAPI's shape, text or HTML. */
export function readUpstreamError(body: Uint8Array, contentType: string): UpstreamError {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
  const trimmed = text.trimStart();
  if (trimmed.startsWith("{") || trimmed.startsWith("[") || trimmed.startsWith('"')) {
    try {
      return fromJson(JSON.parse(trimmed));
    } catch {
      // Cut or not JSON after all: what it says is still worth showing.
    }
  }
  if (/html/i.test(contentType) || /^<(!doctype|html)/i.test(trimmed)) return fromPage(trimmed);
  return { ...nothing, message: plain(trimmed, maxMessage) };
}
