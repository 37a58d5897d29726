import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { say } from "../language.js";
import { copyText } from "./copy.js";

/** @import { CallError } from "../gateway/call.js" */
/** @import { ComponentChildren } from "preact" */

/** A part of a screen with its own heading. @param {{ title: string, children?: ComponentChildren, aside?: ComponentChildren }} props */
export function Card({ title, children, aside = null }) {
  return html`<section class="card">
    <header><h2>${title}</h2>${aside}</header>
    ${children}
  </section>`;
}

/**
 * The answer of a screen in a few words.
 * @param {{ title: string, answer: ComponentChildren, note?: ComponentChildren, tone?: string }} props
 */
export function Answer({ title, answer, note = null, tone = "" }) {
  return html`<div class=${`answer ${tone}`}>
    <h1>${title}</h1>
    <p class="big">${answer}</p>
    ${note !== null && html`<p class="note">${note}</p>`}
  </div>`;
}

/** What went wrong, and what to do. @param {{ error: CallError | null, onRetry?: () => void }} props */
export function Trouble({ error, onRetry }) {
  if (error === null) return null;
  const text = error.code === "unreachable" ? say("unreachable") : error.message;
  return html`<p class="trouble" role="alert">
    ${text} ${onRetry !== undefined && html`<button class="quiet" onClick=${onRetry}>${say("retry")}</button>`}
  </p>`;
}

/** @param {{ text: string, label?: string }} props */
export function CopyButton({ text, label }) {
  const state = useSignal("");
  const copy = async () => {
    state.value = say((await copyText(text)) ? "copied" : "copyRefused");
    setTimeout(() => {
      state.value = "";
    }, 2_000);
  };
  return html`<button class="quiet copy" type="button" onClick=${copy}>
    <span aria-live="polite">${state.value || label || say("copy")}</span>
  </button>`;
}

/** A secret that is shown once. @param {{ text: string, label: string }} props */
export function Secret({ text, label }) {
  return html`<div class="secret">
    <label>${label}<input readonly value=${text} onFocus=${selectAll} /></label>
    <${CopyButton} text=${text} />
  </div>`;
}

/** @param {FocusEvent} event */
function selectAll({ target }) {
  if (target instanceof HTMLInputElement) target.select();
}

/**
 * Part of a whole, as a bar with its numbers beside it.
 * @param {{ label: string, part: number, text: string }} props `part` between 0 and 1
 */
export function Meter({ label, part, text }) {
  const width = Math.max(0, Math.min(1, part));
  const tone = width >= 1 ? "full" : width > 0.8 ? "high" : "";
  return html`<div class=${`meter ${tone}`}>
    <div class="row"><span>${label}</span><span>${text}</span></div>
    <div class="track"><div style=${{ width: `${width * 100}%` }}></div></div>
  </div>`;
}

/**
 * A table that becomes a list of cards on a phone: each cell has the name of its column.
 * @param {{ caption: string, columns: { name: string, number?: boolean }[], rows: { id: string, cells: ComponentChildren[] }[], empty?: string }} props
 */
export function Table({ caption, columns, rows, empty }) {
  if (rows.length === 0) return html`<p class="note">${empty ?? say("nothingYet")}</p>`;
  const classOf = (/** @type {number} */ at) => (columns[at]?.number ? "number" : "");
  return html`<div class="wide" role="region" aria-label=${caption} tabindex="0">
    <table>
      <caption class="unseen">${caption}</caption>
      <thead><tr>${columns.map(({ name }, at) => html`<th scope="col" class=${classOf(at)}>${name}</th>`)}</tr></thead>
      <tbody>${rows.map(
        ({ id, cells }) =>
          html`<tr key=${id}>${cells.map(
            (cell, at) =>
              html`<td class=${classOf(at)} data-name=${columns[at]?.name}>${cell}</td>`,
          )}</tr>`,
      )}</tbody>
    </table>
  </div>`;
}

/** @param {{ busy: boolean, onClick: () => void, children?: ComponentChildren, tone?: string }} props */
export function Button({ busy, onClick, children, tone = "" }) {
  return html`<button type="button" class=${tone} aria-disabled=${busy} onClick=${onClick}>${children}</button>`;
}

/**
 * Asks once more before something that cannot be undone.
 * @param {{ label: string, question: string, busy?: boolean, onYes: () => void }} props
 */
export function Confirm({ label, question, busy = false, onYes }) {
  const isOpen = useSignal(false);
  if (!isOpen.value) {
    return html`<button type="button" class="quiet" onClick=${() => {
      isOpen.value = true;
    }}>${label}</button>`;
  }
  const close = () => {
    isOpen.value = false;
  };
  const yes = () => {
    close();
    onYes();
  };
  return html`<span class="confirm" role="group" aria-label=${question}>
    <span>${question}</span>
    <button type="button" class="danger" aria-disabled=${busy} onClick=${yes}>${label}</button>
    <button type="button" class="quiet" onClick=${close}>${say("no")}</button>
  </span>`;
}
