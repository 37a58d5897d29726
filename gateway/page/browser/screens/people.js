import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useCall } from "../gateway/load.js";
import { say } from "../language.js";
import { Answer, Card, Trouble } from "../pieces/pieces.js";
import { InviteForm, Invites } from "./invites.js";
import { Person } from "./person.js";

/** @import { User } from "../gateway/answers.ts" */

/** Further people are found by name. */
const shownAtOnce = 200;

/** "Who may come in, and with what?" */
export function People() {
  const users = /** @type {ReturnType<typeof useCall<{ data: User[] }>>} */ (useCall("users"));
  const filter = useSignal("");
  const asked = useSignal(0);
  const all = users.data?.data ?? [];
  const off = all.filter(({ disabled }) => disabled).length;
  const wanted = filter.value.toLowerCase();
  const found = all.filter(({ user }) => user.toLowerCase().includes(wanted));
  const changed = () => {
    users.reload();
    asked.value++;
  };
  return html`
    <${Answer} title=${say("screen.people")}
      answer=${users.data === null ? say("asking") : say("people", { n: all.length })}
      note=${off === 0 ? null : say("people.note", { n: off })} />
    <${Card} title=${say("people.add")}><${InviteForm} onDone=${changed} /><//>
    <${Invites} asked=${asked.value} onDone=${changed} />
    <${Card} title=${say("people.all")} aside=${
      all.length > 8 &&
      html`<label><span class="unseen">${say("people.find")}</span><input type="search" placeholder=${say("people.find")} value=${filter.value} onInput=${(
        /** @type {Event} */ { target },
      ) => {
        if (target instanceof HTMLInputElement) filter.value = target.value;
      }} /></label>`
    }>
      <${Trouble} error=${users.error} onRetry=${users.reload} />
      <ul class="people">${found.slice(0, shownAtOnce).map((one) => html`<${Person} key=${one.user} person=${one} onDone=${changed} />`)}</ul>
      ${found.length > shownAtOnce && html`<p class="note">${say("people.rest", { n: found.length - shownAtOnce })}</p>`}
    <//>`;
}
