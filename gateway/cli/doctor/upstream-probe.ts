import { readFileSync } from "node:fs";
import { getCACertificates } from "node:tls";
import { EnvHttpProxyAgent, fetch, type RequestInit } from "undici";
import { isMembers, type Members } from "./members.ts";
import type { ProbedUpstream } from "./probed-upstreams.ts";
import { type UpstreamWords, wordsOf } from "./upstream-words.ts";

/** Asks the upstream itself, past the line, with the gateway's own key. */
export type UpstreamProbe = {
  readonly words: UpstreamWords;
  get(path: string): Promise<{ status: number; body: unknown; date: string | null }>;
  /** A streamed chat; each parsed event goes to `onEvent`, which ends it by returning false. */
  chat(model: string, maxTokens: number, onEvent: (event: Members) => boolean): Promise<number>;
  close(): Promise<void>;
};

type ProbeOptions = Pick<
  ProbedUpstream,
  "url" | "type" | "key" | "ca" | "certificate" | "certificateKey"
> & { timeoutMs: number; env: Readonly<Record<string, string | undefined>> };

/** Goes through the proxy the gateway goes through. Throws where a PEM file cannot be read. */
export function createUpstreamProbe(options: ProbeOptions): UpstreamProbe {
  const { url, key, timeoutMs } = options;
  const words = wordsOf(options.type);
  const own = key === null ? {} : words.keyHeaders(key);
  const headers = { "content-type": "application/json", ...own };
  const dispatcher = agentFor(options);

  async function post(path: string, body: Members, signal: AbortSignal) {
    const init: RequestInit = {
      method: "POST",
      headers,
      signal,
      dispatcher,
      body: JSON.stringify(body),
    };
    return await fetch(url + path, init);
  }

  return {
    words,
    async get(path) {
      const signal = AbortSignal.timeout(timeoutMs);
      const response = await fetch(url + path, { headers, signal, dispatcher });
      const text = await response.text();
      return { status: response.status, body: parsed(text), date: response.headers.get("date") };
    },
    async chat(model, maxTokens, onEvent) {
      const leaving = new AbortController();
      const signal = AbortSignal.any([leaving.signal, AbortSignal.timeout(timeoutMs * 6)]);
      const { max_tokens: most, ...body } = words.chatBody(model, maxTokens);
      const given = most === undefined ? body : { ...body, max_tokens: most };
      let response = await post(words.chatPath(model), given, signal);
      if (response.status === 400 && most !== undefined) {
        // OpenAI's newer models know it by another name only.
        await response.body?.cancel();
        response = await post(
          words.chatPath(model),
          { ...body, max_completion_tokens: most },
          signal,
        );
      }
      if (!response.ok || response.body === null) {
        await response.body?.cancel();
        return response.status;
      }
      for await (const event of eventsOf(response.body)) {
        if (onEvent(event)) continue;
        leaving.abort();
        break;
      }
      return response.status;
    },
    close: () => dispatcher.destroy(),
  };
}

function agentFor({ ca, certificate, certificateKey, env }: ProbeOptions): EnvHttpProxyAgent {
  const tls = {
    ...(ca === null ? {} : { ca: [...getCACertificates("default"), readFileSync(ca, "utf8")] }),
    ...(certificate === null ? {} : { cert: readFileSync(certificate) }),
    ...(certificateKey === null ? {} : { key: readFileSync(certificateKey) }),
  };
  const variable = (name: string): string => env[name.toLowerCase()] || env[name] || "";
  return new EnvHttpProxyAgent({
    connect: tls,
    requestTls: tls,
    httpProxy: variable("HTTP_PROXY"),
    httpsProxy: variable("HTTPS_PROXY"),
    noProxy: variable("NO_PROXY"),
  });
}

async function* eventsOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<Members> {
  const decoder = new TextDecoder();
  let held = "";
  try {
    for await (const chunk of body) {
      const lines = (held + decoder.decode(chunk, { stream: true })).split("\n");
      held = lines.pop() ?? "";
      for (const line of lines) {
        const event = line.startsWith("data:") ? parsed(line.slice(5)) : null;
        if (isMembers(event)) yield event;
      }
    }
  } catch (error) {
    // Our own leaving ends it so.
    if (!(error instanceof Error) || error.name !== "AbortError") throw error;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
