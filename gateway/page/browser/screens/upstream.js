import { html } from "htm/preact";
import { count, moment, say } from "../language.js";
import { Table } from "../pieces/pieces.js";

/** @import { LoadsShown, Upstreams } from "../gateway/answers.ts" */

/** What one upstream does now. @param {{ upstream: Upstreams["data"][number] }} props */
export function Upstream({ upstream }) {
  const {
    name,
    health,
    models,
    active,
    capacity,
    tokens_per_second: pace,
    model_loads: loads,
  } = upstream;
  const facts = [
    typeof active === "number" && typeof capacity === "number"
      ? say("now.slots", { active, of: capacity })
      : "",
    typeof pace === "number" ? say("pace", { n: count(pace, pace < 100 ? 1 : 0) }) : "",
  ].filter((text) => text !== "");
  return html`<div class="upstream">
    ${(name || health) && html`<div class="row"><b>${name ?? ""}</b>${health && html`<span class=${`tag ${health}`}>${healthText(health)}</span>`}</div>`}
    ${
      models.length > 0 &&
      html`<ul class="models">${models.map(
        ({
          id,
          loaded,
        }) => html`<li key=${id}>${loaded !== null && html`<i class=${`dot ${loaded ? "on" : "off"}`} aria-hidden="true"></i>`}${id}
        ${loaded !== null && html`<span class="note">${say(loaded ? "loaded" : "cold")}</span>`}</li>`,
      )}</ul>`
    }
    ${loads && html`<${Loads} loads=${loads} />`}
    ${facts.length > 0 && html`<p class="note">${facts.join(" · ")}</p>`}
  </div>`;
}

/** How often it loaded a model, and when. @param {{ loads: LoadsShown }} props */
function Loads({ loads: { count: n, last } }) {
  const said = say("box.loads", { n });
  if (n === 0) return null;
  return html`<details><summary>${said}</summary>
    <${Table} caption=${said} columns=${[{ name: say("time") }, { name: say("model") }]}
      rows=${last.map(({ at, model }, order) => ({ id: String(n - order), cells: [moment(at), model] }))} />
  </details>`;
}

/** @param {string} health */
function healthText(health) {
  if (health === "up") return say("health.up");
  return say(health === "down" ? "health.down" : "health.unknown");
}
