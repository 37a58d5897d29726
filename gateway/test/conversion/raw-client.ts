import type { Convertible } from "./requests.ts";

const paths: Readonly<Record<Convertible, string>> = {
  chat: "/v1/chat/completions",
  responses: "/v1/responses",
  messages: "/v1/messages",
  gemini: "/v1beta/models/asked:streamGenerateContent?alt=sse",
};

const bodies: Readonly<Record<Convertible, object>> = {
  chat: { model: "asked", stream: true, messages: [{ role: "user", content: "hello" }] },
  responses: { model: "asked", stream: true, input: "hello" },
  messages: {
    model: "asked",
    stream: true,
    max_tokens: 100,
    messages: [{ role: "user", content: "hello" }],
  },
  gemini: { contents: [{ role: "user", parts: [{ text: "hello" }] }] },
};

export type RawAsk = {
  fields?: object;
  path?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
};

/** A streamed request of a dialect, without an SDK in between; `fields` are added to its body. */
export function askRaw(url: string, dialect: Convertible, ask: RawAsk = {}): Promise<Response> {
  const { fields = {}, path = paths[dialect], headers = {}, signal } = ask;
  return fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ ...bodies[dialect], ...fields }),
    ...(signal === undefined ? {} : { signal }),
  });
}
