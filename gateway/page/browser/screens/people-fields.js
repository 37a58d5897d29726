import { html } from "htm/preact";
import { useId } from "preact/hooks";
import { say } from "../language.js";

/** What an administrator may set for a person: empty fields are left out of a request. */
const numbers = /** @type {const} */ (["weight", "priority", "max_concurrent", "max_queued"]);

/** @typedef {{ role?: string, weight?: number | null, priority?: number | null, max_concurrent?: number | null, max_queued?: number | null, models?: string[] | null, limits?: unknown, speaks_for?: unknown }} Rights */

/** The fields of a person. @param {{ rights: Rights, withSpeaksFor?: boolean }} props */
export function RightsFields({ rights, withSpeaksFor = false }) {
  const roles = useId();
  return html`<div class="fields">
    <label>${say("people.role")}<input name="role" required list=${roles} value=${rights.role ?? "user"} />
      <datalist id=${roles}><option value="user"></option><option value="admin"></option></datalist></label>
    ${numbers.map(
      (name) => html`<label key=${name}>${say(`people.${name}`)}
        <input name=${name} type="number" step="any" min=${name === "priority" ? undefined : "0"} value=${rights[name] ?? ""} placeholder=${name === "weight" ? "1" : ""} /></label>`,
    )}
    <label>${say("people.models")}<input name="models" value=${rights.models?.join(", ") ?? ""} placeholder=${say("people.models.all")} /></label>
    <label class="grow">${say("people.limits")}
      <input name="limits" spellcheck=${false} value=${asText(rights.limits)} placeholder='{"tokens_per_day": 200000}' /></label>
    ${
      withSpeaksFor &&
      html`<label class="grow">${say("people.speaks_for")}
      <input name="speaks_for" spellcheck=${false} value=${asText(rights.speaks_for)} placeholder='"open-webui"' /></label>`
    }
  </div>`;
}

/** @param {unknown} value */
const asText = (value) => (value === null || value === undefined ? "" : JSON.stringify(value));

/**
 * What the fields say. With `before`, only what differs from it, and null for what was emptied.
 * Throws an Error with a text for people where a field cannot be read.
 * @param {HTMLFormElement} form
 * @param {Rights} [before]
 * @returns {Record<string, unknown>}
 */
export function readRights(form, before) {
  const data = new FormData(form);
  /** @type {Record<string, unknown>} */
  const found = {};
  for (const [name, raw] of data) {
    const text = String(raw).trim();
    if (!isField(name)) continue;
    const value = text === "" ? null : read(name, text);
    if (
      before === undefined
        ? value !== null
        : JSON.stringify(value) !== JSON.stringify(before[name] ?? null)
    ) {
      found[name] = value;
    }
  }
  if (before !== undefined && before.role === found.role) delete found.role;
  return found;
}

const fields = /** @type {(keyof Rights)[]} */ ([
  "role",
  ...numbers,
  "models",
  "limits",
  "speaks_for",
]);

/** @param {string} name @returns {name is keyof Rights} */
const isField = (name) => fields.some((one) => one === name);

/** @param {keyof Rights} name @param {string} text */
function read(name, text) {
  if (name === "role") return text;
  if (name === "models") return text.split(/\s*,\s*/).filter((one) => one !== "");
  if (name !== "limits" && name !== "speaks_for") return Number(text);
  try {
    return JSON.parse(text);
  } catch {
    // A name of a preset needs no quotes.
    if (name === "speaks_for" && /^[\w-]+$/.test(text)) return text;
    throw new Error(say("people.badJson", { field: say(`people.${name}`) }));
  }
}
