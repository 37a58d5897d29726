import { html } from "htm/preact";
import { gatewayNow } from "../gateway/call.js";
import { useCall } from "../gateway/load.js";
import { duration, moment, say } from "../language.js";
import { Bars } from "../pieces/bars.js";
import { Answer, Card, Trouble } from "../pieces/pieces.js";
import { Upstream } from "./upstream.js";
import { lastDays } from "./usage.js";

/** @import { Upstreams, UsageReport } from "../gateway/answers.ts" */

/** "Is the machine well, and is it busy?" */
export function Box() {
  const box = /** @type {ReturnType<typeof useCall<Upstreams>>} */ (useCall("upstreams", 5_000));
  const { from, to, tz } = lastDays(7);
  const usage = /** @type {ReturnType<typeof useCall<UsageReport>>} */ (
    useCall(`usage?from=${from}&to=${to}&group=hour&tz=${encodeURIComponent(tz)}`)
  );
  const all = box.data?.data ?? [];
  const down = all.filter(({ health }) => health === "down");
  const next = box.data?.next_slot_seconds ?? null;
  const answer =
    box.data === null
      ? say("asking")
      : down.length === 0
        ? say("box.well")
        : say("box.down", { n: down.length });
  return html`
    <${Answer} title=${say("screen.box")} tone=${down.length > 0 ? "stopped" : "free"} answer=${answer}
      note=${!next ? null : say("now.next", { time: duration(next) })} />
    <${Trouble} error=${box.error} onRetry=${box.reload} />
    <${Card} title=${say("box.upstreams")}>
      ${all.map((one, at) => html`<${Upstream} key=${one.name ?? at} upstream=${one} />`)}
    <//>
    <${Card} title=${say("box.hours")}>
      <${Trouble} error=${usage.error} onRetry=${usage.reload} />
      ${usage.data !== null && html`<${Hours} usage=${usage.data} />`}
    <//>`;
}

/** @param {{ usage: UsageReport }} props */
function Hours({ usage }) {
  const rows = usage.data.map((row) => ({ at: Date.parse(row.hour ?? ""), row }));
  // An hour without a row is one without work.
  const hour = 3_600_000;
  const from = Date.parse(usage.from);
  const length = rows.length === 0 ? 0 : Math.ceil((gatewayNow() - from) / hour);
  const times = Array.from({ length: Math.min(length, 24 * 8) }, (_, at) => from + at * hour);
  const byTime = new Map(rows.map(({ at, row }) => [at, row]));
  const of = (/** @type {(row: UsageReport["data"][number]) => number} */ read) =>
    times.map((time) => {
      const row = byTime.get(time);
      return row === undefined ? 0 : read(row);
    });
  const labels = times.map((time) => moment(new Date(time).toISOString()));
  const bars = [
    { name: say("box.time"), values: of(({ upstream_ms: ms }) => (ms ?? 0) / 1_000) },
    {
      name: say("box.wait"),
      values: of(({ queue_ms: ms, requests }) => (ms ?? 0) / 1_000 / Math.max(1, requests)),
    },
  ];
  return bars.map(
    (one) => html`<${Bars} key=${one.name} caption=${`${say("box.hours")}: ${one.name}`}
      labels=${labels} series=${[one]} format=${duration} />`,
  );
}
