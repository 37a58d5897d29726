/** Asks the upstream itself, past the line, with the gateway's own key. */
export type UpstreamProbe = {
  get(path: string): Promise<{ status: number; body: unknown; date: string | null }>;
  /** A streamed chat; each parsed event goes to `onEvent`, which ends it by returning false. */
  chat(maxTokens: number, onEvent: (event: Members) => boolean): Promise<number>;
};

export type Members = Record<string, unknown>;

export type ProbeOptions = { url: string; key: string | null; model: string; timeoutMs: number };

export function createUpstreamProbe(options: ProbeOptions): UpstreamProbe {
  const headers = {
    "content-type": "application/json",
    ...(options.key === null ? {} : { authorization: `Bearer ${options.key}` }),
  };
  return {
    async get(path) {
      const signal = AbortSignal.timeout(options.timeoutMs);
      const response = await fetch(options.url + path, { headers, signal });
      const text = await response.text();
      return { status: response.status, body: parsed(text), date: response.headers.get("date") };
    },
    async chat(maxTokens, onEvent) {
      const leaving = new AbortController();
      const signal = AbortSignal.any([leaving.signal, AbortSignal.timeout(options.timeoutMs * 6)]);
      const response = await fetch(`${options.url}/v1/chat/completions`, {
        method: "POST",
        headers,
        signal,
        body: JSON.stringify({
          model: options.model,
          stream: true,
          stream_options: { include_usage: true },
          max_tokens: maxTokens,
          messages: [{ role: "user", content: "Count from one to one hundred, in words." }],
        }),
      });
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
  };
}

async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Members> {
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

export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
