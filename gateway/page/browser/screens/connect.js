import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { call, gatewayNow, key } from "../gateway/call.js";
import { useAction } from "../gateway/load.js";
import { me } from "../gateway/session.js";
import { duration, moment, say } from "../language.js";
import { Answer, Button, Card, CopyButton, Trouble } from "../pieces/pieces.js";
import { clients } from "./clients.js";

/** @import { Heard } from "../gateway/answers.ts" */

/** "What do I type into my program?" */
export function Connect() {
  const chosen = useSignal("curl");
  const withKey = useSignal(false);
  const away = useSignal(me.value?.is_public ?? false);
  const { lan = "", tunnel = null } = me.value?.base_urls ?? {};
  const base = (away.value && tunnel !== null ? tunnel : lan || location.origin).replace(/\/$/, "");
  const client = clients.find(({ name }) => name === chosen.value) ?? clients[0];
  const shownKey = withKey.value && key.value !== null ? key.value : "YOUR_KEY";
  const text = client?.block({ base, key: shownKey, model: me.value?.models[0] ?? "MODEL" }) ?? "";
  const pick = (/** @type {Event} */ { target }) => {
    if (target instanceof HTMLSelectElement) chosen.value = target.value;
  };
  const flip = (/** @type {{ value: boolean }} */ which) => () => {
    which.value = !which.value;
  };
  return html`
    <${Answer} title=${say("screen.connect")} answer=${html`<code>${base}/v1</code> <${CopyButton} text=${`${base}/v1`} />`} note=${say("connect.note")} />
    <${Card} title=${say("connect.block")}>
      <div class="fields">
        <label>${say("connect.client")}<select value=${chosen.value} onChange=${pick}>${clients.map(
          ({ name }) => html`<option key=${name} value=${name}>${name}</option>`,
        )}</select></label>
        ${key.value !== null && html`<label class="check"><input type="checkbox" checked=${withKey.value} onChange=${flip(withKey)} />${say("connect.withKey")}</label>`}
        ${tunnel !== null && html`<label class="check"><input type="checkbox" checked=${away.value} onChange=${flip(away)} />${say("connect.away")}</label>`}
      </div>
      <p>${say("connect.where", { where: client?.where ?? "" })}</p>
      <div class="block"><pre tabindex="0">${text}</pre><${CopyButton} text=${text} /></div>
    <//>
    <${TestMyClient} />`;
}

function TestMyClient() {
  const { busy, error, run } = useAction();
  const looking = useAction();
  const heard = useSignal(/** @type {Heard | null} */ (null));
  const until = heard.value?.until ?? null;
  const request = heard.value?.request ?? null;
  const left = until === null ? 0 : Math.max(0, (Date.parse(until) - gatewayNow()) / 1_000);
  const waits = request === null && left > 0;
  const listen = () =>
    run(async () => {
      heard.value = await call("POST", "me/listen");
    });
  useEffect(() => {
    if (until === null) return;
    const look = () =>
      looking.run(async () => {
        const now = /** @type {Heard} */ (await call("GET", "me/listen"));
        // After 5 minutes the gateway has forgotten it; here it stays to be read.
        heard.value = { until: now.until, request: now.request ?? heard.value?.request ?? null };
      });
    // Also after the request has come: what is wrong with it may be known only later.
    const timer = setInterval(look, 2_000);
    return () => clearInterval(timer);
  }, [until]);
  return html`<${Card} title=${say("listen.title")}>
    <p>${say("listen.text")}</p>
    <${Button} busy=${busy || waits} tone=${waits ? "" : "main"} onClick=${waits ? () => {} : listen}>${say("listen.go")}<//>
    <div aria-live="polite">
      ${waits && html`<p class="note">${say("listen.waits", { time: duration(Math.ceil(left / 60) * 60) })}</p>`}
      ${request !== null && html`<${HeardRequest} request=${request} />`}
    </div>
    <${Trouble} error=${error ?? looking.error} />
  <//>`;
}

/** @param {{ request: NonNullable<Heard["request"]> }} props */
function HeardRequest({ request }) {
  const { at, method, path, header_names: headers, fields, fault } = request;
  return html`<div class="heard">
    <p class=${fault === null ? "good" : "trouble"}>${fault ?? say("listen.good")}</p>
    <dl>
      <dt>${say("listen.request")}</dt><dd><code>${method} ${path}</code> <span class="note">${moment(at, { timeStyle: "medium" })}</span></dd>
      <dt>${say("listen.headers")}</dt><dd>${headers.join(", ")}</dd>
      <dt>${say("listen.fields")}</dt><dd>${fields.length === 0 ? "–" : fields.map(({ name, type }) => html`<code key=${name}>${name}: ${type}</code> `)}</dd>
    </dl>
  </div>`;
}
