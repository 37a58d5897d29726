import { html } from "htm/preact";
import { useCall } from "../gateway/load.js";
import { count, duration, percent, say } from "../language.js";
import { Answer, Card, Table, Trouble } from "../pieces/pieces.js";

/** @import { Fairness } from "../gateway/answers.ts" */

/** "Does everyone get their share?" */
export function Fair() {
  const { data, error, reload } = /** @type {ReturnType<typeof useCall<Fairness>>} */ (
    useCall("fairness", 10_000)
  );
  if (data === null) {
    return html`<${Answer} title=${say("screen.fair")} answer=${error === null ? say("asking") : "–"} />
      <${Trouble} error=${error} onRetry=${reload} />`;
  }
  const { jain, estimates } = data;
  const minutes = duration(data.window_seconds);
  return html`
    <${Answer} title=${say("screen.fair")} tone=${jain === null ? "" : jain < 0.8 ? "stopped" : "free"}
      answer=${jain === null ? say("fair.nobody") : say(jain >= 0.95 ? "fair.yes" : jain >= 0.8 ? "fair.nearly" : "fair.no")}
      note=${jain === null ? say("fair.nobody.note", { time: minutes }) : say("fair.jain", { jain: count(jain, 2), time: minutes })} />
    <${Trouble} error=${error} onRetry=${reload} />
    <${Card} title=${say("fair.shares")}><p class="note">${say("fair.shares.note")}</p><${Shares} data=${data} /><//>
    <${Card} title=${say("fair.estimates")}>
      <p>${estimates.coverage === null ? say("nothingYet") : say("fair.coverage", { part: percent(estimates.coverage), n: estimates.count, goal: percent(0.8) })}</p>
      ${estimates.median_error !== null && html`<p class="note">${say("fair.error", { time: duration(estimates.median_error) })}</p>`}
    <//>`;
}

/** The share of each against what their weight gives, with its table. @param {{ data: Fairness }} props */
function Shares({ data: { users } }) {
  // Only those who always wait compete: they divide by weight what the others leave.
  const rivals = users.filter(({ waited_throughout: waits }) => waits);
  const weights = rivals.reduce((sum, { weight }) => sum + weight, 0);
  const left = rivals.reduce((sum, { share }) => sum + share, 0);
  const due = (/** @type {Fairness["users"][number]} */ { weight, waited_throughout: waits }) =>
    waits ? (left * weight) / weights : null;
  const ordered = [...users].sort((a, b) => b.share - a.share).slice(0, 100);
  const largest = Math.max(0.01, ...ordered.flatMap((one) => [one.share, due(one) ?? 0]));
  return html`
    ${
      ordered.length > 0 &&
      html`<div class="shares" aria-hidden="true">${ordered.slice(0, 20).map(
        (one) => html`<div key=${one.user}>
        <span class="name">${one.user}</span>
        <span class="track"><i style=${{ width: `${(one.share / largest) * 100}%` }}></i>
          ${due(one) !== null && html`<b style=${{ left: `${((due(one) ?? 0) / largest) * 100}%` }}></b>`}</span>
        <span>${percent(one.share)}</span></div>`,
      )}</div>`
    }
    <${Table} caption=${say("fair.shares")}
      columns=${[
        { name: say("user") },
        { name: say("fair.weight"), number: true },
        { name: say("fair.due"), number: true },
        { name: say("fair.share"), number: true },
        { name: say("fair.slot"), number: true },
        { name: say("fair.p50"), number: true },
        { name: say("fair.p95"), number: true },
        { name: say("metric.requests"), number: true },
      ]}
      rows=${ordered.map((one) => ({
        id: one.user,
        cells: [
          html`<span class="name">${one.user}</span>`,
          count(one.weight, 2),
          percent(due(one)),
          percent(one.share),
          duration(one.slot_seconds),
          duration(one.wait_p50_seconds),
          duration(one.wait_p95_seconds),
          count(one.requests),
        ],
      }))} />`;
}
