import { html } from "htm/preact";
import { call, gatewayNow } from "../gateway/call.js";
import { useAction } from "../gateway/load.js";
import { duration, range, say } from "../language.js";
import { Confirm, Trouble } from "../pieces/pieces.js";

/** @import { Queued } from "../gateway/answers.ts" */

/** How a waiting request stands, in two sentences. @param {Queued} one */
export function waitOf(one) {
  return {
    answer: one.position === 1 ? say("wait.next") : say("wait.place", { place: one.position }),
    note: [aheadOf(one), timeOf(one), reasonOf(one)].filter((text) => text !== "").join(" · "),
  };
}

/** @param {Queued} one */
function aheadOf({ people_ahead: people, requests_ahead: requests, position }) {
  if (people === null || people === undefined) return "";
  if (people === 0) return position > 1 ? say("wait.ownAhead", { n: position - 1 }) : "";
  return say("wait.ahead", {
    people: say("people", { n: people }),
    requests: say("requests", { n: requests ?? position - 1 }),
  });
}

/** @param {Queued} one */
export function timeOf({ eta_seconds: eta, eta_low_seconds: low, eta_high_seconds: high }) {
  if (typeof low === "number" && typeof high === "number")
    return say("about", { time: range(low, high) });
  return eta === null ? say("wait.unknown") : say("about", { time: duration(eta) });
}

/** @param {Queued} one */
const reasonOf = ({ waits_for: reason }) =>
  reason === null || reason === undefined || reason === "slot" ? "" : say(`waitsFor.${reason}`);

/** A request of one's own, with its cancel. @param {{ request: Queued }} props */
export function Request({ request }) {
  const isWaiting = request.state === "waiting";
  const { answer, note } = waitOf(request);
  const for_ = duration(
    Math.max(0, Math.round((gatewayNow() - Date.parse(request.since)) / 1_000)),
  );
  return html`<li class=${request.state}>
    <div>
      <b>${request.model || say("noModel")}</b>
      <span class="note">${isWaiting ? `${answer} · ${note}` : say("running.since", { time: for_ })}</span>
    </div>
    <${Cancel} id=${request.id} isWaiting=${isWaiting} />
  </li>`;
}

/** @param {{ id: string, isWaiting: boolean }} props */
export function Cancel({ id, isWaiting }) {
  const { busy, error, run } = useAction();
  const cancel = () =>
    run(async () => {
      await call("DELETE", `queue/${encodeURIComponent(id)}`).catch((cause) => {
        // It came to its end meanwhile: that is what was wanted.
        if (cause?.status !== 404) throw cause;
      });
    });
  return html`<span>
    <${Confirm} label=${say(isWaiting ? "cancel" : "stop")} question=${say("sure")} busy=${busy} onYes=${cancel} />
    <${Trouble} error=${error} />
  </span>`;
}
