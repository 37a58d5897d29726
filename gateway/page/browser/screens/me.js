import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { gatewayNow } from "../gateway/call.js";
import { useCall } from "../gateway/load.js";
import { me } from "../gateway/session.js";
import { count, duration, moment, percent, say, short } from "../language.js";
import { Bars } from "../pieces/bars.js";
import { Answer, Card, Meter, Table, Trouble } from "../pieces/pieces.js";
import { Requests } from "./past.js";
import { amountOf, byDay, lastDays, metrics } from "./usage.js";

/** @import { LimitShown, UsageReport } from "../gateway/answers.ts" */

/** "What did I use, and what is left?" */
export function MeScreen() {
  const days = 14;
  const { from, to, tz } = lastDays(days);
  const path = `usage?from=${from}&to=${to}&group=day,model&tz=${encodeURIComponent(tz)}&user=${encodeURIComponent(me.value?.user ?? "")}`;
  const usage = /** @type {ReturnType<typeof useCall<UsageReport>>} */ (useCall(path));
  const limits = /** @type {ReturnType<typeof useCall<{ limits: LimitShown[] }>>} */ (
    useCall("limits", 15_000)
  );
  const total = usage.data?.total ?? null;
  return html`
    <${Answer} title=${say("screen.me")}
      answer=${total === null ? say("asking") : say("me.answer", { tokens: short(amountOf("tokens", total)), time: duration(total.upstream_ms === null ? null : total.upstream_ms / 1_000) })}
      note=${say("me.days", { n: days })} />
    <${Trouble} error=${usage.error} onRetry=${usage.reload} />
    ${usage.data !== null && html`<${ByDay} usage=${usage.data} days=${days} />`}
    <${Card} title=${say("me.limits")}>
      <${Trouble} error=${limits.error} onRetry=${limits.reload} />
      ${limits.data?.limits.map((one) => html`<${LimitMeter} key=${`${one.metric}${one.window_seconds}`} limit=${one} />`)}
      ${limits.data?.limits.length === 0 && html`<p class="note">${say("me.noLimits")}</p>`}
    <//>
    <${Card} title=${say("me.requests")}><${Requests} /><//>
    <${Card} title=${say("me.keys")}><${Keys} /><//>`;
}

/** @param {{ usage: UsageReport, days: number }} props */
function ByDay({ usage, days }) {
  const metric = useSignal(/** @type {import("./usage.js").Metric} */ ("tokens"));
  const priced = usage.data.some(({ cost }) => cost !== null && cost > 0);
  const { labels, series } = byDay(usage, days, metric.value);
  const pick = (/** @type {Event} */ { target }) => {
    const chosen = metrics.find(
      (one) => target instanceof HTMLSelectElement && one === target.value,
    );
    if (chosen !== undefined) metric.value = chosen;
  };
  const chooser = html`<label><span class="unseen">${say("me.show")}</span><select value=${metric.value} onChange=${pick}>
    ${metrics.filter((one) => one !== "cost" || priced).map((one) => html`<option key=${one} value=${one}>${say(`metric.${one}`)}</option>`)}
  </select></label>`;
  const digits = metric.value === "cost" ? 4 : 1;
  return html`<${Card} title=${say("me.byDay")} aside=${chooser}>
    <${Bars} caption=${say("me.byDay")} labels=${labels} series=${series} format=${(/** @type {number | null} */ value) => count(value, digits)} />
  <//>`;
}

/** @param {{ limit: LimitShown }} props */
function LimitMeter({ limit }) {
  const {
    metric,
    window_seconds: window,
    used,
    reserved,
    limit: max,
    remaining,
    resets_at: at,
  } = limit;
  const left = Math.max(0, (Date.parse(at) - gatewayNow()) / 1_000);
  const reset = used + reserved > 0 ? say("me.reset", { time: duration(Math.ceil(left)) }) : "";
  return html`<${Meter} label=${say("me.limit", { what: limitName(metric), time: duration(window) })}
    part=${max === 0 ? 1 : (used + reserved) / max}
    text=${[say("me.left", { left: short(remaining), of: short(max), part: percent(max === 0 ? 0 : remaining / max) }), reset].filter(Boolean).join(" · ")} />`;
}

/** @param {string} metric */
function limitName(metric) {
  if (metric === "requests" || metric === "tokens" || metric === "cost")
    return say(`metric.${metric}`);
  return metric === "upstream_seconds" ? say("metric.seconds") : metric;
}

function Keys() {
  const keys = me.value?.keys ?? [];
  return html`<${Table} caption=${say("me.keys")}
    columns=${[{ name: say("key") }, { name: say("key.expires") }, { name: say("key.state") }]}
    rows=${keys.map(({ id, hint, expires, disabled }) => ({
      id,
      cells: [
        html`<code>${hint ?? id}…</code>`,
        expires === null ? say("never") : moment(expires, { dateStyle: "medium" }),
        say(disabled ? "key.disabled" : "key.valid"),
      ],
    }))} />`;
}
