import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { call } from "./gateway/call.js";
import { useAction } from "./gateway/load.js";
import { invite, signIn, wasRefused } from "./gateway/session.js";
import { say } from "./language.js";
import { Button, Secret, Trouble } from "./pieces/pieces.js";

/** Everything for somebody who is not signed in. */
export function SignIn() {
  return html`<main class="door">
    <span class="brand"><i aria-hidden="true"></i>llm-gateway</span>
    ${invite.value === null ? html`<${WithKey} />` : html`<${WithInvite} />`}
  </main>`;
}

function WithKey() {
  const { busy, error, run } = useAction();
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    const field = event.target instanceof HTMLFormElement && new FormData(event.target).get("key");
    const text = String(field || "").trim();
    if (text !== "") void run(() => signIn(text));
  };
  return html`<h1>${say("signIn.title")}</h1>
    ${wasRefused.value && html`<p class="trouble" role="alert">${say("signIn.refused")}</p>`}
    <form onSubmit=${submit}>
      <label>${say("signIn.key")}
        <input name="key" type="password" autocomplete="off" spellcheck=${false} autocapitalize="off" required />
      </label>
      <button class="main" aria-disabled=${busy}>${say("signIn.go")}</button>
    </form>
    <${Trouble} error=${error} />
    <p class="note">${say("signIn.note")}</p>
    <p class="note">${say("signIn.none")}</p>`;
}

/** One press of a button: programs that look at links in advance do not use the invite up. */
function WithInvite() {
  const { busy, error, run } = useAction();
  const made = useSignal(/** @type {{ user: string, key: string } | null} */ (null));
  const redeem = () =>
    run(async () => {
      made.value = await call("POST", "invites/redeem", { body: { secret: invite.value } });
    });
  const enter = () =>
    run(async () => {
      if (made.value !== null) await signIn(made.value.key);
      invite.value = null;
    });
  const dismiss = () => {
    invite.value = null;
  };
  if (made.value === null) {
    return html`<h1>${say("invite.title")}</h1>
      <p>${say("invite.text")}</p>
      <${Trouble} error=${error} />
      <div class="row">
        <${Button} tone="main" busy=${busy} onClick=${redeem}>${say("invite.redeem")}<//>
        <button class="quiet" onClick=${dismiss}>${say("invite.haveKey")}</button>
      </div>`;
  }
  return html`<h1>${say("invite.welcome", { user: made.value.user })}</h1>
    <p>${say("invite.save")}</p>
    <${Secret} text=${made.value.key} label=${say("yourKey")} />
    <${Trouble} error=${error} />
    <${Button} tone="main" busy=${busy} onClick=${enter}>${say("invite.enter")}<//>`;
}
