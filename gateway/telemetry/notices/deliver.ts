import { request } from "undici";
import type { NotifyAddress } from "../../kinds/notify-address.ts";
import { messageFor, type Stamp } from "./forms.ts";
import type { Notice } from "./notice.ts";

/** What came of one try; `mayRetry` is false where another one would end the same. */
export type Delivery =
  | { readonly isSent: true }
  | {
      readonly isSent: false;
      readonly reason: string;
      readonly mayRetry: boolean;
      /** What the service asks to wait; 0: nothing. */
      readonly retryAfterMs: number;
    };

const longestTryMs = 10_000;
/** The address is the only one that is asked: a redirect is not followed. */
const mostAnswerBytes = 64 * 1024;

/** Sends a notice once. Never rejects. No reason holds a part of the address. */
export async function deliver(
  to: NotifyAddress,
  notice: Notice,
  stamp: Stamp,
  signal: AbortSignal = new AbortController().signal,
): Promise<Delivery> {
  const { url, headers, body } = messageFor(to, notice, stamp);
  try {
    const answer = await request(url, {
      method: "POST",
      headers,
      body,
      // Nothing of it stays open for the next notice, which may come in days.
      reset: true,
      signal: AbortSignal.any([signal, AbortSignal.timeout(longestTryMs)]),
    });
    await answer.body.dump({ limit: mostAnswerBytes });
    return deliveryOf(answer.statusCode, answer.headers["retry-after"]);
  } catch (error) {
    return { isSent: false, reason: reasonOf(error), mayRetry: true, retryAfterMs: 0 };
  }
}

function deliveryOf(status: number, retryAfter: string | string[] | undefined): Delivery {
  if (status >= 200 && status < 300) return { isSent: true };
  const mayRetry = status === 429 || status === 408 || status >= 500;
  const seconds = Number(retryAfter);
  const retryAfterMs = seconds > 0 ? seconds * 1000 : 0;
  return { isSent: false, reason: `it answers ${status}`, mayRetry, retryAfterMs };
}

/** A code such as ECONNREFUSED; a message could quote the address. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "it failed";
  if ("code" in error && typeof error.code === "string") return error.code;
  return error.name === "TimeoutError" ? "it does not answer" : error.name;
}
