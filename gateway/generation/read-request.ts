import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import type { Identity } from "../auth/identity.ts";
import { endpointOf } from "../dialects/endpoints.ts";
import { framings } from "../dialects/framings.ts";
import { topLevelFields } from "../dialects/json/json-scan.ts";
import { noFields, type RequestFields } from "../dialects/request-fields.ts";
import type { ReadInput, ReadResult } from "../dialects/tasks/body-tasks.ts";
import type { BodyWork } from "../dialects/tasks/body-thread.ts";
import type { Exchange } from "../exchange.ts";
import type { BodyReader } from "../limits/body.ts";
import { contentEncodingOf } from "../limits/content-coding.ts";
import type { Ear, HeardField } from "../telemetry/ear.ts";
import { watchFormModel } from "./model-of-form.ts";
import { sessionOf } from "./session-of.ts";

export type ReadRequestParts = {
  bodies: BodyReader;
  work: Pick<BodyWork, "run">;
  /** The model decides which upstream answers. */
  hasManyModels: boolean;
  /** Shows users what their body held. */
  ear?: Pick<Ear, "read">;
};

/** The request of a generation, as far as the gateway knows it. */
export type GenerationRequest = {
  readonly headers: IncomingHttpHeaders;
  readonly fields: RequestFields;
  /** True where we know the body, and the answer is JSON too; not for audio, images, and others. */
  readonly json: boolean;
  readonly body: Buffer | Readable;
  /** The body is JSON that was read here: it may be counted and edited. Others pass as they came. */
  readonly parsed: boolean;
  /** True if the body was compressed, and the gateway has inflated it. */
  readonly inflated: boolean;
  /** Names the conversation that it goes on with; null if it names none, or nobody needs it. */
  readonly conversation: string | null;
  /** It has items or tools that not every server of its API knows. */
  readonly hasAgentItems: boolean;
};

/** A request, and the memory of its body until that is freed. */
type HeldRequest = GenerationRequest & { free(): void };

type Sender = { exchange: Exchange; identity: Identity };

/**
 * Reads and checks the body of a generation. Throws the 4xx that says what is wrong. Of a body that
 * the gateway does not know (audio, images) only the model is read, where it matters. Compressed
 * JSON is inflated there too, since hardly any upstream takes it.
 */
export function readRequest(
  parts: ReadRequestParts,
  request: IncomingMessage,
  response: ServerResponse,
  sender: Sender,
): Promise<HeldRequest> {
  const { exchange, identity } = sender;
  const { json } = endpointOf(exchange.method, exchange.path);
  if (json) return readWhole(parts, request, response, sender, { json, what: "fields" });
  const needsModel = parts.hasManyModels || identity.models !== null;
  const { headers } = request;
  const isRead = needsModel || contentEncodingOf(headers) !== null;
  if (isRead && jsonType.test(headers["content-type"] ?? "")) {
    const what = needsModel ? "models" : "nothing";
    return readWhole(parts, request, response, sender, { json, what });
  }
  return readUpload(parts, request, response, sender, needsModel);
}

/** RFC 9110 §8.3.1, RFC 6839 §3.1. */
const jsonType = /^application\/(?:[\w.+-]+\+)?json *(?:;|$)/i;

function readWhole(
  parts: ReadRequestParts,
  request: IncomingMessage,
  response: ServerResponse,
  sender: Sender,
  { json, what }: { json: boolean; what: ReadInput["what"] },
): Promise<HeldRequest> {
  const { exchange, identity } = sender;
  const { user } = identity;
  const { headers } = request;
  const { bodies } = parts;
  return bodies.read(request, response, { user, signal: exchange.signal }).then((body) => {
    const { bytes, inflated, free } = body;
    const held = ({ fields: plain, conversation, hasAgentItems }: ReadResult): HeldRequest => {
      const { framing } = plain;
      const fields = { ...plain, framing: framing === null ? null : framings[framing] };
      const read = { headers, fields, json, body: bytes, parsed: true, inflated };
      return { ...read, conversation, hasAgentItems, free };
    };
    const failed = (error: unknown): never => {
      free();
      throw error;
    };
    try {
      const found = fieldsOf(parts, sender, headers, { bytes, what });
      return found instanceof Promise ? found.then(held).catch(failed) : held(found);
    } catch (error) {
      return failed(error);
    }
  });
}

function fieldsOf(
  { work, hasManyModels, ear }: ReadRequestParts,
  { exchange, identity }: Sender,
  headers: IncomingHttpHeaders,
  { bytes, what }: { bytes: Buffer; what: ReadInput["what"] },
): ReadResult | Promise<ReadResult> {
  const { dialect, path, query, signal } = exchange;
  const { user } = identity;
  ear?.read(user, exchange, () => fieldsIn(bytes));
  // A conversation matters only if there is more than one upstream to choose from.
  const sender = hasManyModels ? { user, session: sessionOf(headers) } : null;
  return work.run("read", bytes, { dialect, target: { path, query }, what, sender }, signal);
}

const types: Readonly<Record<string, string>> = {
  ...{ '"': "string", "{": "object", "[": "array", t: "boolean", f: "boolean", n: "null" },
};

/** The names of a body's fields, and what they hold. */
function fieldsIn(bytes: Buffer): HeardField[] {
  return topLevelFields(bytes).map(({ name, start }) => {
    return { name, type: types[String.fromCharCode(bytes[start] ?? 0)] ?? "number" };
  });
}

async function readUpload(
  { bodies }: ReadRequestParts,
  request: IncomingMessage,
  response: ServerResponse,
  { exchange, identity }: Sender,
  needsModel: boolean,
): Promise<HeldRequest> {
  const { headers } = request;
  const form = needsModel ? watchFormModel(headers, identity.models !== null) : null;
  const sender = { user: identity.user, signal: exchange.signal };
  const read = await bodies.readAhead(request, response, sender, form);
  const fields = { ...noFields, model: form?.model() ?? null };
  const body = "stream" in read ? read.stream : read.bytes;
  const unread = { json: false, parsed: false, inflated: false };
  const about = { conversation: null, hasAgentItems: false };
  return { headers, fields, body, ...unread, ...about, free: read.free };
}
