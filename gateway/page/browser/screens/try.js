import { signal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { send } from "../gateway/call.js";
import { eventsOf } from "../gateway/feed.js";
import { asCallError, useCall } from "../gateway/load.js";
import { me } from "../gateway/session.js";
import { say } from "../language.js";
import { useAnnouncement } from "../pieces/announce.js";
import { Answer, Trouble } from "../pieces/pieces.js";
import { waitOf } from "./request.js";

/** @import { CallError } from "../gateway/call.js" */
/** @typedef {{ role: "user" | "assistant", content: string, thought: string }} Turn */

/** The conversation: in this tab's memory only. @type {import("@preact/signals").Signal<Turn[]>} */
const turns = signal([]);
const model = signal("");
/** The gateway tells the person, elsewhere, when a long answer is done. */
const tells = signal(false);
/** What is shown while it waits; empty while it does not. */
const wait = signal("");
const error = signal(/** @type {CallError | null} */ (null));
/** Ends the answer that comes in now; null while none does. */
const running = signal(/** @type {AbortController | null} */ (null));
/** Whose conversation it is: the next person on this tab does not see it. */
let owner = "";

/** "Does it work?" */
export function Try() {
  if (owner !== me.value?.user) {
    running.value?.abort();
    owner = me.value?.user ?? "";
    turns.value = [];
    tells.value = false;
  }
  const {
    data: models,
    error: trouble,
    reload,
  } = /** @type {ReturnType<typeof useCall<{ data: { id: string }[] }>>} */ (useCall("v1/models"));
  const names = models?.data.map(({ id }) => id) ?? [];
  const chosen = names.includes(model.value) ? model.value : (names[0] ?? "");
  const end = useRef(/** @type {HTMLDivElement | null} */ (null));
  useEffect(() => {
    // A person who scrolled up to read is left there.
    const below = document.documentElement.scrollHeight - innerHeight - scrollY;
    if (below < 300) end.current?.scrollIntoView({ block: "nearest" });
  }, [turns.value]);
  const last = turns.value.at(-1);
  const answered = running.value === null && last?.role === "assistant" ? last.content : "";
  const announcement = useAnnouncement(wait.value.split(" · ")[0] ?? "", wait.value);
  return html`
    <${Answer} title=${say("screen.try")} answer=${say("try.answer")} note=${say("try.note")} />
    <${Trouble} error=${trouble} onRetry=${reload} />
    <div class="chat" role="log" aria-live="off">
      ${turns.value.map((turn, at) => html`<${Said} key=${at} turn=${turn} />`)}
      ${wait.value !== "" && html`<p class="place">${wait.value}</p>`}
      <${Trouble} error=${error.value} />
      <div class="end" ref=${end}></div>
    </div>
    <p class="unseen" role="status" aria-live="polite">${announcement || answered}</p>
    <form class="ask" onSubmit=${(/** @type {SubmitEvent} */ event) => submit(event, chosen)}>
      <label class="grow"><span class="unseen">${say("try.message")}</span>
        <textarea name="text" rows="2" placeholder=${say("try.message")} onKeyDown=${sendOnEnter}></textarea></label>
      <label><span class="unseen">${say("model")}</span>
        <select value=${chosen} onChange=${(/** @type {Event} */ { target }) => {
          if (target instanceof HTMLSelectElement) model.value = target.value;
        }}>${names.map((id) => html`<option key=${id} value=${id}>${id}</option>`)}</select></label>
      ${
        me.value?.features.notify === true &&
        html`<label><input type="checkbox" checked=${tells.value} onChange=${(
          /** @type {Event} */ { target },
        ) => {
          if (target instanceof HTMLInputElement) tells.value = target.checked;
        }} /> ${say("try.notify")}</label>`
      }
      ${
        running.value === null
          ? html`<button class="main" aria-disabled=${chosen === ""}>${say("try.send")}</button>`
          : html`<button type="button" class="danger" onClick=${() => running.value?.abort()}>${say("stop")}</button>`
      }
    </form>`;
}

/** @param {{ turn: Turn }} props */
function Said({ turn: { role, content, thought } }) {
  return html`<div class=${`turn ${role}`}>
    <span class="unseen">${say(role === "user" ? "try.you" : "try.model")}</span>
    ${thought !== "" && html`<details><summary>${say("try.thought")}</summary><p>${thought}</p></details>`}
    <p>${content}</p>
  </div>`;
}

/** @param {KeyboardEvent} event */
function sendOnEnter(event) {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (event.target instanceof HTMLTextAreaElement) event.target.form?.requestSubmit();
}

/** @param {SubmitEvent} event @param {string} chosen */
function submit(event, chosen) {
  event.preventDefault();
  const field = event.target instanceof HTMLFormElement && event.target.elements.namedItem("text");
  if (!(field instanceof HTMLTextAreaElement) || running.value !== null) return;
  // The models are not known yet: the text stays in its field.
  if (chosen === "") return;
  const content = field.value.trim();
  if (content === "") return;
  field.value = "";
  void ask(content, chosen);
}

/** @param {string} content @param {string} chosen */
async function ask(content, chosen) {
  const stop = new AbortController();
  running.value = stop;
  error.value = null;
  const asked = [...turns.value, { role: /** @type {const} */ ("user"), content, thought: "" }];
  turns.value = asked;
  const messages = asked.map(({ role, content: text }) => ({ role, content: text }));
  let answer = "";
  let thought = "";
  try {
    const response = await send("POST", "v1/chat/completions", {
      body: { model: chosen, messages, stream: true },
      signal: stop.signal,
      accept: "text/event-stream",
      notify: tells.value && me.value?.features.notify === true,
    });
    for await (const data of eventsOf(response)) {
      if (data === "" || data === "[DONE]") continue;
      const event = JSON.parse(data);
      if (event.error) throw new Error(event.error.message);
      if (event.queue) wait.value = placeIn(event.queue);
      const delta = event.choices?.[0]?.delta ?? {};
      answer += delta.content ?? "";
      thought += delta.reasoning_content ?? delta.reasoning ?? "";
      if (answer === "" && thought === "") continue;
      wait.value = "";
      turns.value = [...asked, { role: "assistant", content: answer, thought }];
    }
  } catch (cause) {
    if (!stop.signal.aborted) error.value = asCallError(cause);
  } finally {
    wait.value = "";
    running.value = null;
  }
}

/** @param {{ position: number, of: number, eta_seconds: number | null }} place */
function placeIn(place) {
  if (place.position === 0) return say("try.starts");
  const waiting = {
    id: "",
    user: "",
    model: "",
    state: /** @type {const} */ ("waiting"),
    since: "",
  };
  const { answer, note } = waitOf({ ...waiting, ...place });
  return note === "" ? answer : `${answer} · ${note}`;
}
