import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { call } from "../gateway/call.js";
import { useAction } from "../gateway/load.js";
import { count, duration, moment, say } from "../language.js";
import { Button, Table, Trouble } from "../pieces/pieces.js";

/** @import { PastRequest, PastPage } from "../gateway/answers.ts" */

/** One's own last requests, a page at a time. */
export function Requests() {
  const rows = useSignal(/** @type {PastRequest[]} */ ([]));
  const next = useSignal(/** @type {string | null} */ (null));
  const { busy, error, run } = useAction();
  const more = () =>
    run(async () => {
      const cursor = next.value === null ? "" : `&cursor=${encodeURIComponent(next.value)}`;
      const page = /** @type {PastPage} */ (await call("GET", `me/requests?limit=20${cursor}`));
      rows.value = [...rows.value, ...page.data];
      next.value = page.next_cursor;
    });
  useEffect(() => void more(), []);
  return html`
    ${
      (rows.value.length > 0 || (!busy && error === null)) &&
      html`<${Table} caption=${say("me.requests")} columns=${columns()} rows=${rows.value.map(rowOf)} />`
    }
    <${Trouble} error=${error} onRetry=${more} />
    ${next.value !== null && html`<${Button} busy=${busy} tone="quiet" onClick=${more}>${say("more")}<//>`}`;
}

const columns = () => [
  { name: say("time") },
  { name: say("model") },
  { name: say("past.outcome") },
  { name: say("past.waited"), number: true },
  { name: say("past.first"), number: true },
  { name: say("past.took"), number: true },
  { name: say("metric.tokens"), number: true },
];

/** @param {PastRequest} row */
function rowOf(row) {
  const seconds = (/** @type {number | null} */ ms) => (ms === null ? "–" : duration(ms / 1_000));
  return {
    id: row.id,
    cells: [
      moment(row.started_at),
      row.model ?? "–",
      outcomeOf(row),
      seconds(row.queue_ms),
      seconds(row.first_token_ms),
      seconds(row.duration_ms),
      `${count(row.input_tokens)} + ${count(row.output_tokens)}`,
    ],
  };
}

/** @param {PastRequest} row */
function outcomeOf({ state, error_code: code, status }) {
  if (state === "done") return say("outcome.finished");
  if (state === "cancelled") return say("outcome.cancelled");
  if (state === "interrupted") return say("outcome.interrupted");
  if (state === "open") return say("outcome.open");
  return `${say("outcome.failed")}${code === null ? (status === null ? "" : ` (${status})`) : ` (${code})`}`;
}
