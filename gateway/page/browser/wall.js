import { html, render } from "htm/preact";
import { useCall } from "./gateway/load.js";
import { duration, language, say } from "./language.js";

/** @import { Wall } from "./gateway/answers.ts" */

/** The screen on a wall: one sentence that is read from across the room. */
function WallScreen() {
  const { data, error } = /** @type {ReturnType<typeof useCall<Wall>>} */ (
    useCall("wall.json", 3_000)
  );
  document.documentElement.lang = language.value;
  if (data === null)
    return html`<main class="wall"><p>${error === null ? "" : error.code === "unreachable" ? say("unreachable") : error.message}</p></main>`;
  const { free, waiting, next_slot_seconds: next } = data;
  return html`<main class=${`wall ${error !== null ? "stale" : free > 0 ? "free" : "busy"}`}>
    <h1>${free > 0 ? say("wall.free", { n: free }) : say("wall.busy")}</h1>
    <p>${waiting === 0 ? say("wall.nobody") : say("wall.waiting", { n: waiting })}</p>
    ${free === 0 && next !== null && html`<p>${say("now.next", { time: duration(next) })}</p>`}
    ${error !== null && html`<p role="status">${say("now.lost")}</p>`}
  </main>`;
}

const root = document.getElementById("root");
if (root !== null) {
  root.replaceChildren();
  render(html`<${WallScreen} />`, root);
}
