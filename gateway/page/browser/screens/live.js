import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { call, gatewayNow } from "../gateway/call.js";
import { isLive, queue, useQueue } from "../gateway/feed.js";
import { useAction } from "../gateway/load.js";
import { duration, say } from "../language.js";
import { Answer, Button, Card, Confirm, Table, Trouble } from "../pieces/pieces.js";
import { Cancel, timeOf } from "./request.js";

/** @import { Queued } from "../gateway/answers.ts" */

/** More rows than this nobody reads, and a phone cannot draw once a second. */
const shownAtOnce = 100;

/** "What runs, and who waits?" */
export function Live() {
  useQueue();
  const shown = useSignal(shownAtOnce);
  const all = queue.value;
  if (all === null) return html`<${Answer} title=${say("screen.live")} answer=${say("asking")} />`;
  const running = all.data.filter(({ state }) => state === "running");
  const waiting = all.data.filter(({ state }) => state === "waiting");
  return html`
    <${Answer} title=${say("screen.live")} tone=${all.state === "open" ? "" : "stopped"}
      answer=${say("live.answer", { running: all.active, waiting: all.waiting })}
      note=${all.state === "open" ? say("now.slots", { active: all.active, of: all.capacity }) : `${say(`state.${all.state}`)}. ${say(`state.${all.state}.note`)}`} />
    ${!isLive.value && html`<p class="trouble" role="status">${say("now.lost")}</p>`}
    <${Steering} state=${all.state} />
    <${Card} title=${say("live.running")}><${Rows} caption=${say("live.running")} rows=${running.slice(0, shownAtOnce)} empty=${say("live.nothingRuns")} /><//>
    <${Card} title=${say("live.waiting")}><${Rows} caption=${say("live.waiting")} rows=${waiting.slice(0, shown.value)} empty=${say("live.nobodyWaits")} />
      ${
        waiting.length > shown.value &&
        html`<${Button} busy=${false} tone="quiet" onClick=${() => {
          shown.value += shownAtOnce;
        }}>${say("live.more", { n: waiting.length - shown.value })}<//>`
      }
    <//>`;
}

/** @param {{ state: "open" | "paused" | "draining" }} props */
function Steering({ state }) {
  const { busy, error, run } = useAction();
  const steer = (/** @type {string} */ action) => () =>
    void run(() => call("POST", `queue/${action}`));
  return html`<div class="row start">
    ${
      state === "open"
        ? html`<${Button} busy=${busy} onClick=${steer("pause")}>${say("live.pause")}<//>
      <${Confirm} label=${say("live.drain")} question=${say("live.drainSure")} busy=${busy} onYes=${steer("drain")} />`
        : html`<${Button} busy=${busy} tone="main" onClick=${steer("resume")}>${say("live.resume")}<//>`
    }
    <${Trouble} error=${error} />
  </div>`;
}

/**
 * What waits, or what runs; that has neither a place nor a start.
 * @param {{ caption: string, rows: Queued[], empty: string }} props
 */
function Rows({ caption, rows, empty }) {
  const waits = rows.some(({ state }) => state === "waiting");
  const since = (/** @type {Queued} */ one) =>
    duration(Math.max(0, Math.round((gatewayNow() - Date.parse(one.since)) / 1_000)));
  const columns = [
    ...(waits ? [{ name: say("live.place"), number: true }] : []),
    { name: say("user") },
    { name: say("model") },
    { name: say("live.for"), number: true },
    ...(waits ? [{ name: say("live.then") }] : []),
    { name: "" },
  ];
  return html`<${Table} caption=${caption} empty=${empty} columns=${columns}
    rows=${rows.map((one) => ({
      id: one.id,
      cells: [
        ...(waits ? [one.position] : []),
        html`<span class="name">${one.user}</span>`,
        one.model || say("noModel"),
        since(one),
        ...(waits ? [timeOf(one)] : []),
        html`<${Cancel} id=${one.id} isWaiting=${waits} />`,
      ],
    }))} />`;
}
