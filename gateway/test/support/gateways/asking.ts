import { chat } from "../harness.ts";
import { wanting } from "./counting-upstream.ts";

/** What became of a request. */
export type ChatOutcome = {
  /** Null: there was no answer, as the connection ended. */
  readonly status: number | null;
  /** The whole answer came. */
  readonly isWhole: boolean;
  /** The code of the error, as status or in the stream; null: none. */
  readonly error: string | null;
  readonly message: string;
};

/** A request under way. */
export type AskedChat = {
  readonly name: string;
  /** The places that it was told, in order. */
  readonly places: readonly number[];
  readonly outcome: Promise<ChatOutcome>;
  /** The outcome; null: it is still under way. */
  now(): ChatOutcome | null;
};

export type AskOptions = {
  /** Who asks; another person each time, if it is not said. */
  readonly user?: string;
  readonly stream?: boolean;
  /** How long the answer takes; null: until the test ends it. Milliseconds. */
  readonly forMs?: number | null;
};

export type AskAt = { readonly url: string; readonly key: string; readonly requestId: string };

/** Asks a gateway for a chat; `name` says which one, at the upstream too. */
export function ask(
  at: AskAt,
  name: string,
  { stream = true, forMs = null }: Omit<AskOptions, "user">,
): AskedChat {
  const places: number[] = [];
  let ended: ChatOutcome | null = null;
  const outcome = answered(at, { name, stream, forMs }, places).then((one) => {
    ended = one;
    return one;
  });
  return { name, places, outcome, now: () => ended };
}

type Wish = { name: string; stream: boolean; forMs: number | null };

async function answered(
  { url, key, requestId }: AskAt,
  { name, stream, forMs }: Wish,
  places: number[],
): Promise<ChatOutcome> {
  let status: number | null = null;
  let text = "";
  try {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...{ authorization: `Bearer ${key}`, "x-request-id": requestId },
      },
      body: JSON.stringify(
        chat({ stream, messages: [{ role: "user", content: wanting(name, forMs) }] }),
      ),
    });
    status = response.status;
    const decoder = new TextDecoder();
    for await (const bytes of response.body ?? []) {
      text += decoder.decode(bytes, { stream: true });
      const told = [...text.matchAll(/^: queue-position=(\d+)$/gm)].map(([, place]) =>
        Number(place),
      );
      places.push(...told.slice(places.length));
    }
    return { status, ...judged(status, stream, text) };
  } catch (error) {
    return { status, isWhole: false, error: "connection", message: causesOf(error) };
  }
}

function judged(status: number, stream: boolean, text: string): Omit<ChatOutcome, "status"> {
  const objects = [...text.matchAll(/^(?:data: )?(\{.*\})$/gm)].map(
    ([, json = ""]) => JSON.parse(json) as { error?: { code?: string; message?: string } },
  );
  const error = objects.find((one) => one.error !== undefined)?.error;
  const isWhole =
    status === 200 && error === undefined && (!stream || /^data: \[DONE\]$/m.test(text));
  return {
    isWhole,
    error: error?.code ?? (error ? "unnamed" : null),
    message: error?.message ?? "",
  };
}

function causesOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `: ${causesOf(error.cause)}`;
  return error.message + cause;
}
