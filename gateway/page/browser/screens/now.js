import { useComputed } from "@preact/signals";
import { html } from "htm/preact";
import { isLive, queue, useQueue } from "../gateway/feed.js";
import { useCall } from "../gateway/load.js";
import { me } from "../gateway/session.js";
import { duration, say } from "../language.js";
import { useAnnouncement } from "../pieces/announce.js";
import { Answer, Card, Trouble } from "../pieces/pieces.js";
import { Request, waitOf } from "./request.js";
import { Upstream } from "./upstream.js";

/** @import { Queue, Queued, Upstreams } from "../gateway/answers.ts" */

/** "How long until it is my turn?" */
export function Now() {
  useQueue();
  const mine = useComputed(
    () => queue.value?.data.filter(({ user }) => user === me.value?.user) ?? [],
  );
  const box = /** @type {{ data: Upstreams | null, error: any, reload: () => void }} */ (
    useCall("upstreams", 5_000)
  );
  const first = mine.value.find(({ state }) => state === "waiting");
  const announcement = useAnnouncement(
    first === undefined ? "" : waitOf(first).answer,
    first === undefined ? "" : spoken(first),
  );
  return html`
    <p class="unseen" role="status" aria-live="polite">${announcement}</p>
    <${Headline} queue=${queue.value} mine=${mine.value} />
    ${!isLive.value && html`<p class="trouble" role="status">${say("now.lost")}</p>`}
    ${
      mine.value.length > 0 &&
      html`<${Card} title=${say("now.mine")}>
      <ul class="requests">${mine.value.map((one) => html`<${Request} key=${one.id} request=${one} />`)}</ul>
    <//>`
    }
    <${Card} title=${say("now.box")}>
      <${Slots} queue=${queue.value} next=${box.data?.next_slot_seconds ?? null} />
      <${Trouble} error=${box.error} onRetry=${box.reload} />
      ${box.data?.data.map((one, at) => html`<${Upstream} key=${one.name ?? at} upstream=${one} />`)}
    <//>`;
}

/** @param {{ queue: Queue | null, mine: Queued[] }} props */
function Headline({ queue: all, mine }) {
  const title = say("screen.now");
  if (all === null) return html`<${Answer} title=${title} answer=${say("asking")} />`;
  const waiting = mine.filter(({ state }) => state === "waiting");
  const [first] = waiting;
  if (first !== undefined) {
    const { answer, note } = waitOf(first);
    return html`<${Answer} title=${title} tone="waits" answer=${answer} note=${note} />`;
  }
  if (mine.length > 0) {
    return html`<${Answer} title=${title} tone="runs" answer=${say("now.runs", { n: mine.length })} />`;
  }
  if (all.state !== "open") {
    return html`<${Answer} title=${title} tone="stopped" answer=${say(`state.${all.state}`)} note=${say(`state.${all.state}.note`)} />`;
  }
  if (all.usable === 0) {
    return html`<${Answer} title=${title} tone="stopped" answer=${say("now.down")} note=${say("now.down.note")} />`;
  }
  const free = Math.max(0, all.usable - all.active);
  return free > 0
    ? html`<${Answer} title=${title} tone="free" answer=${say("now.free")} note=${say("now.free.note", { n: free, of: all.capacity })} />`
    : html`<${Answer} title=${title} answer=${say("now.busy")} note=${say("now.busy.note", { n: all.waiting })} />`;
}

/** @param {{ queue: Queue | null, next: number | null }} props */
function Slots({ queue: all, next }) {
  if (all === null) return null;
  // Squares up to what fits on a phone; a number tells the rest.
  const drawn = Math.min(all.capacity, 24);
  return html`<div class="slots">
    <span class="squares" aria-hidden="true">${Array.from(
      { length: drawn },
      (_, at) => html`<i class=${at < all.active ? "taken" : at < all.usable ? "" : "gone"}></i>`,
    )}</span>
    <span>${say("now.slots", { active: all.active, of: all.capacity })}</span>
    ${all.waiting > 0 && html`<span>${say("now.waiting", { n: all.waiting })}</span>`}
    ${next !== null && all.active >= all.usable && html`<span>${say("now.next", { time: duration(next) })}</span>`}
  </div>`;
}

/** The place in words for a screen reader. @param {Queued} one */
function spoken(one) {
  const { answer, note } = waitOf(one);
  return `${answer} ${note}`;
}
