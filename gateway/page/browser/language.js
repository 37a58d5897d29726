import { signal } from "@preact/signals";
import { dictionary } from "./dictionary.js";

/** @typedef {keyof typeof dictionary} Language */
/** @typedef {keyof typeof dictionary.en} Phrase */

const languages = /** @type {Language[]} */ (Object.keys(dictionary));

/** The language of the page: chosen here, else the browser's first that there is. */
export const language = signal(firstLanguage());

/** @returns {Language} */
function firstLanguage() {
  const wanted = [localStorage.getItem("language") ?? "", ...navigator.languages];
  for (const one of wanted) {
    const found = languages.find((name) => one.toLowerCase().split("-")[0] === name);
    if (found !== undefined) return found;
  }
  return "en";
}

/** @param {Language} next */
export function speak(next) {
  language.value = next;
  localStorage.setItem("language", next);
}

export const languageNames = languages.map((id) => ({ id, name: dictionary[id].language }));

/**
 * A phrase in the language of the page. Of a phrase with `|`, the first part is for one, the second
 * for any other number `n`.
 * @param {Phrase} phrase
 * @param {Record<string, string | number>} [values] what stands for `{name}`
 * @returns {string}
 */
export function say(phrase, values = {}) {
  const forms = dictionary[language.value][phrase].split("|");
  const form = values.n === 1 ? forms[0] : (forms[1] ?? forms[0]);
  return (form ?? "").replaceAll(/\{(\w+)\}/g, (_, name) => {
    const value = values[name] ?? "";
    return typeof value === "number" ? count(value) : value;
  });
}

/**
 * @param {number | null | undefined} value
 * @param {number} [digits] after the point
 */
export function count(value, digits = 0) {
  if (value === null || value === undefined) return "–";
  return new Intl.NumberFormat(language.value, { maximumFractionDigits: digits }).format(value);
}

/** 1234567 → `1.2M` @param {number | null | undefined} value */
export function short(value) {
  if (value === null || value === undefined) return "–";
  return new Intl.NumberFormat(language.value, {
    notation: value < 10_000 ? "standard" : "compact",
    maximumFractionDigits: value < 10 ? 1 : value < 10_000 ? 0 : 1,
  }).format(value);
}

/** @param {number | null} value between 0 and 1 */
export function percent(value) {
  if (value === null) return "–";
  return new Intl.NumberFormat(language.value, { style: "percent" }).format(value);
}

/**
 * A duration as a person says it: `40 s`, `3 min`, `2 h 10 min`.
 * @param {number | null | undefined} seconds
 * @returns {string}
 */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 10) return `${count(seconds, 1)} s`;
  if (Math.round(seconds) < 100) return `${count(Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours >= 48) return say("days", { n: Math.round(hours / 24) });
  return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
}

/**
 * `40–90 s`; one number where both ends say the same.
 * @param {number} low
 * @param {number} high
 */
export function range(low, high) {
  const whole = high >= 10 ? 1 : 0.1;
  const first = duration(Math.floor(low / whole) * whole);
  const last = duration(Math.ceil(high / whole) * whole);
  if (first === last) return first;
  const [amount, unit] = first.split(" ");
  return last.endsWith(` ${unit}`) && last.split(" ").length === 2 && first.split(" ").length === 2
    ? `${amount}–${last}`
    : `${first} – ${last}`;
}

/** @param {string} iso @param {Intl.DateTimeFormatOptions} [options] */
export function moment(iso, options = { dateStyle: "short", timeStyle: "short" }) {
  const time = Date.parse(iso);
  if (Number.isNaN(time)) return "–";
  return new Intl.DateTimeFormat(language.value, options).format(time);
}
