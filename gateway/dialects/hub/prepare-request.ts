import type { JsonObject } from "../../json-object.ts";
import { type DialectName, dialects } from "../all.ts";
import { parseExact } from "../json/exact-json.ts";
import { parseObject } from "../json/json-body.ts";
import { json } from "../json/json-framing.ts";
import { bodyBounds } from "../json/json-shape.ts";
import { answerNamesOf, type Conversion, prepare, type Ready } from "./convert.ts";
import { conversionError } from "./convert-error.ts";
import { convertEmbedding } from "./embed.ts";
import type { AnswerNames, EmbeddingRequest, HubRequest } from "./hub.ts";
import type { TargetSettings } from "./target.ts";

type Options = HubRequest["options"];

/** What a request is prepared for. It can be sent to a thread. */
export type Preparing = Pick<
  Conversion,
  "target" | "strict" | "defaultMaxTokens" | "requestId" | "askedModel"
> &
  Pick<TargetSettings, "baseUrl" | "model" | "strictFields" | "takesThoughts"> & {
    readonly dialect: DialectName;
    /** The upstream is asked for a stream. */
    readonly streams: boolean;
  };

/** What a provider would send. */
type Sent = {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
};

/** What is known of the answer to a text. */
type PreparedText = Sent &
  Pick<Ready, "toolNames"> &
  Pick<AnswerNames, "request" | "clientTools"> & {
    readonly dropped: readonly string[];
    /** The options without prompt and tools, for the provider's reading of the answer. */
    readonly options: Options;
  };

/** A request in the upstream's words, ready to be sent, and what its answer depends on. */
export type PreparedRequest =
  | PreparedText
  /** As many texts as the client has sent, each of them short. */
  | (Sent & { readonly embedding: EmbeddingRequest })
  /** The answer of a request for which no upstream is asked. */
  | { readonly reply: object };

/**
 * Reads a client's body and writes what the upstream is to be sent. Nothing is sent. Rejects with a
 * GatewayError (400) that names the field.
 */
export async function prepareRequest(bytes: Buffer, given: Preparing): Promise<PreparedRequest> {
  const { dialect } = given;
  const body = parseObject(bytes, bodyBounds.convertedValues, parseExact);
  const translator = await dialects[dialect].upstreams.conversion?.load();
  if (translator === undefined) throw new Error(`${dialect} cannot be converted`);
  const all: Sent[] = [];
  const keep: typeof fetch = async (url, init) => {
    const headers = Object.fromEntries(new Headers(init?.headers));
    all.push({ url: String(url), headers, body: Buffer.from(String(init?.body ?? "")) });
    return new Response("", { headers: { "content-type": "text/event-stream" } });
  };
  const sent = (): Sent => {
    const [first] = all;
    if (first === undefined) throw new Error("The provider wrote no request.");
    return first;
  };
  const conversion = { ...given, framing: json };
  const settings = { ...given, fetch: keep };
  try {
    if ("readTexts" in translator) {
      const embedding = translator.readTexts(body);
      const known = { ...translator, readTexts: () => embedding };
      await convertEmbedding(body, known, { ...conversion, translator }, settings).catch(
        (error) => {
          // It fails for want of an answer, when the request is written.
          if (all.length === 0) throw error;
        },
      );
      return { ...sent(), embedding: { ...embedding, texts: embedding.texts.map(() => ".") } };
    }
    const asked = translator.read(body);
    if (asked.reply !== undefined) return { reply: asked.reply(answerNamesOf(given, body)) };
    const ready = await prepare(body, asked, { ...conversion, translator }, settings);
    const dropped = await write(ready, given.streams);
    const { toolNames, names, options } = ready;
    const tools = names.clientTools === undefined ? {} : { clientTools: names.clientTools };
    const request = repeatable(body);
    return { ...sent(), ...tools, toolNames, request, dropped, options: lightOf(options) };
  } catch (error) {
    throw conversionError(error);
  }
}

/** Lets the provider write its request; gives what it says that it has dropped. */
async function write({ model, options, dropped }: Ready, streams: boolean): Promise<string[]> {
  // Without a stream it fails for want of an answer, when the request is written.
  if (!streams) {
    await model.doGenerate(options).then(
      () => {},
      () => {},
    );
  }
  const { stream } = await model.doStream(options);
  const reader = stream.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  return dropped(value?.type === "stream-start" ? value.warnings : []);
}

/** Fields that hold the prompt, which no answer repeats. */
const promptFields = new Set(["messages", "input", "contents", "system", "prompt"]);
/** The most JSON that an answer repeats of one field. Characters. */
const mostRepeated = 128 * 1024;

/** What an answer may repeat of its request. */
function repeatable(body: JsonObject): JsonObject {
  return shortOf(body, mostRepeated, (name) => !promptFields.has(name));
}

/** The fields whose JSON is short, as plain values. */
function shortOf(
  object: Readonly<Record<string, unknown>>,
  most: number,
  isWanted: (name: string) => boolean = () => true,
): JsonObject {
  const short: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(object)) {
    if (!isWanted(name)) continue;
    const text = JSON.stringify(value);
    if (text !== undefined && text.length <= most) short[name] = JSON.parse(text);
  }
  return short;
}

/** The most JSON of one option that the reading of an answer may need. Characters. */
const mostKept = 4_096;

/** The options on which the reading of an answer may depend, without what the client has said. */
function lightOf({ tools, responseFormat, providerOptions, ...rest }: Options): Options {
  const said = { type: "text", text: "." } as const;
  const light: Options = { ...rest, prompt: [{ role: "user", content: [said] }] };
  const schema = { type: "object" } as const;
  if (tools !== undefined) {
    light.tools = tools.map((tool) =>
      tool.type === "function" ? { type: "function", name: tool.name, inputSchema: schema } : tool,
    );
  }
  if (responseFormat !== undefined) {
    const hasSchema = responseFormat.type === "json" && responseFormat.schema !== undefined;
    light.responseFormat = hasSchema ? { ...responseFormat, schema } : responseFormat;
  }
  if (providerOptions !== undefined) {
    const entries = Object.entries(providerOptions);
    const kept = entries.map(([name, own]) => [name, shortOf(own, mostKept)]);
    light.providerOptions = Object.fromEntries(kept) as NonNullable<Options["providerOptions"]>;
  }
  return light;
}
