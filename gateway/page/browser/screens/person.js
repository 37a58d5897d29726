import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { call } from "../gateway/call.js";
import { useAction } from "../gateway/load.js";
import { me } from "../gateway/session.js";
import { moment, say } from "../language.js";
import { Confirm, Secret, Trouble } from "../pieces/pieces.js";
import { RightsFields, readRights } from "./people-fields.js";

/** @import { User } from "../gateway/answers.ts" */

/** A person, and what an administrator may do. @param {{ person: User, onDone: () => void }} props */
export function Person({ person, onDone }) {
  const { user, role, disabled } = person;
  const isMe = user === me.value?.user;
  const { busy, error, run } = useAction();
  const newKey = useSignal("");
  const path = `users/${encodeURIComponent(user)}`;
  /** @param {string} method @param {string} at @param {unknown} [body] */
  const change = (method, at, body) =>
    run(async () => {
      const answer = await call(method, at, body === undefined ? {} : { body });
      if (answer?.key) newKey.value = answer.key;
      onDone();
    });
  return html`<li class=${disabled ? "off" : ""}>
    <details>
      <summary><b class="name">${user}</b>
        ${role !== "user" && html`<span class="tag">${role === "admin" ? say("role.admin") : role}</span>`}
        ${disabled && html`<span class="tag down">${say("people.disabled")}</span>`}
        <span class="note">${say("people.keys", { n: person.keys.length })}</span></summary>
      ${newKey.value !== "" && html`<${Secret} text=${newKey.value} label=${say("people.newKey", { user })} />`}
      <${Trouble} error=${error} />
      <${Keys} person=${person} busy=${busy} change=${change} path=${path} />
      <${EditForm} person=${person} path=${path} onDone=${onDone} />
      <div class="row start">
        <button type="button" class="quiet" aria-disabled=${busy} onClick=${() => change("POST", `${path}/keys`, {})}>${say("people.addKey")}</button>
        ${
          !isMe &&
          html`
          <button type="button" class="quiet" aria-disabled=${busy} onClick=${() => change("PATCH", path, { disabled: !disabled })}>${say(disabled ? "people.enable" : "people.disable")}</button>
          <${Confirm} label=${say("people.remove")} question=${say("people.removeSure", { user })} busy=${busy} onYes=${() => change("DELETE", path)} />`
        }
      </div>
    </details>
  </li>`;
}

/**
 * @param {{ person: User, busy: boolean, path: string, change: (method: string, at: string, body?: unknown) => void }} props
 */
function Keys({ person, busy, path, change }) {
  return html`<ul class="keys">${person.keys.map(
    ({ id, hint, expires, disabled, note }) => html`<li key=${id}>
      <code>${hint ?? id}…</code>
      <span class="note">${[note, disabled ? say("key.disabled") : "", expires === null ? "" : say("key.until", { time: moment(expires, { dateStyle: "medium" }) })].filter(Boolean).join(" · ")}</span>
      <${Confirm} label=${say("people.rotate")} question=${say("people.rotateSure")} busy=${busy} onYes=${() => change("POST", `${path}/keys/${id}/rotate`, {})} />
      ${person.keys.length > 1 && html`<${Confirm} label=${say("people.remove")} question=${say("sure")} busy=${busy} onYes=${() => change("DELETE", `${path}/keys/${id}`)} />`}
    </li>`,
  )}</ul>`;
}

/** @param {{ person: User, path: string, onDone: () => void }} props */
function EditForm({ person, path, onDone }) {
  const { busy, error, run } = useAction();
  const isSaved = useSignal(false);
  /** @param {SubmitEvent} event */
  const save = (event) => {
    event.preventDefault();
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    isSaved.value = false;
    void run(async () => {
      const body = readRights(form, person);
      if (Object.keys(body).length > 0) await call("PATCH", path, { body });
      isSaved.value = true;
      onDone();
    });
  };
  return html`<form onSubmit=${save}>
    <${RightsFields} rights=${person} withSpeaksFor />
    <div class="row start"><button aria-disabled=${busy}>${say("save")}</button>
      <span class="note" role="status">${isSaved.value ? say("saved") : ""}</span></div>
    <${Trouble} error=${error} />
  </form>`;
}
