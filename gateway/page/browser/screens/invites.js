import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import { call } from "../gateway/call.js";
import { useAction, useCall } from "../gateway/load.js";
import { me } from "../gateway/session.js";
import { moment, say } from "../language.js";
import { Confirm, Secret, Table, Trouble } from "../pieces/pieces.js";
import { QrCode } from "../pieces/qr-code.js";
import { RightsFields, readRights } from "./people-fields.js";

/** @typedef {{ id: string, user: string, role?: string, expires: string }} Invite */

/** Adds a person: by an invite, or with a key that is shown here. @param {{ onDone: () => void }} props */
export function InviteForm({ onDone }) {
  const { busy, error, run } = useAction();
  const made = useSignal(
    /** @type {{ label: string, text: string, isLink: boolean, note: string } | null} */ (null),
  );
  const mayInvite = me.value?.features.invites !== false;
  /** @param {SubmitEvent} event */
  const add = (event) => {
    event.preventDefault();
    const { target: form, submitter } = event;
    if (!(form instanceof HTMLFormElement)) return;
    const byInvite = submitter?.getAttribute("value") === "invite";
    void run(async () => {
      const data = new FormData(form);
      const user = String(data.get("user")).trim();
      const body = { user, ...readRights(form) };
      if (byInvite) {
        const answer = await call("POST", "invites", {
          body: { ...body, base: data.get("base") ?? "lan" },
        });
        made.value = {
          label: say("people.link", { user }),
          text: answer.url,
          isLink: true,
          note: say("people.linkNote", { time: moment(answer.expires) }),
        };
      } else {
        const answer = await call("POST", "users", { body });
        made.value = {
          label: say("people.newKey", { user }),
          text: answer.key,
          isLink: false,
          note: say("people.keyNote"),
        };
      }
      form.reset();
      onDone();
    });
  };
  return html`<form onSubmit=${add}>
    <div class="fields">
      <label class="grow">${say("people.name")}<input name="user" required maxlength="128" autocomplete="off" autocapitalize="off" spellcheck=${false} /></label>
      ${
        me.value?.base_urls.tunnel &&
        html`<label>${say("people.base")}<select name="base">
        <option value="lan">${say("people.base.lan")}</option><option value="tunnel">${say("people.base.tunnel")}</option></select></label>`
      }
    </div>
    <details><summary>${say("people.more")}</summary><${RightsFields} rights=${{}} /></details>
    <div class="row start">
      ${mayInvite && html`<button class="main" value="invite" aria-disabled=${busy}>${say("people.invite")}</button>`}
      <button value="key" class=${mayInvite ? "quiet" : "main"} aria-disabled=${busy}>${say("people.withKey")}</button>
    </div>
    <${Trouble} error=${error} />
    ${
      made.value !== null &&
      html`<div class="made" role="status">
      <${Secret} text=${made.value.text} label=${made.value.label} />
      ${made.value.isLink && html`<${QrCode} text=${made.value.text} label=${say("people.qr")} />`}
      <p class="note">${made.value.note}</p>
    </div>`
    }
  </form>`;
}

/** The invites that nobody has used. @param {{ asked: number, onDone: () => void }} props */
export function Invites({ asked, onDone }) {
  const invites = /** @type {ReturnType<typeof useCall<{ data: Invite[] }>>} */ (
    useCall("invites")
  );
  const { busy, error, run } = useAction();
  useEffect(() => {
    if (asked > 0) invites.reload();
  }, [asked]);
  const open = invites.data?.data ?? [];
  if (open.length === 0 && error === null) return null;
  const withdraw = (/** @type {string} */ id) =>
    run(async () => {
      await call("DELETE", `invites/${encodeURIComponent(id)}`);
      onDone();
    });
  return html`<section class="card"><header><h2>${say("people.invites")}</h2></header>
    <${Trouble} error=${error} />
    <${Table} caption=${say("people.invites")}
      columns=${[{ name: say("people.name") }, { name: say("key.expires") }, { name: "" }]}
      rows=${open.map(({ id, user, expires }) => ({
        id,
        cells: [
          html`<span class="name">${user}</span>`,
          moment(expires),
          html`<${Confirm} label=${say("people.withdraw")} question=${say("sure")} busy=${busy} onYes=${() => withdraw(id)} />`,
        ],
      }))} />
  </section>`;
}
