import { html } from "htm/preact";
import { say } from "../language.js";
import { Table } from "./pieces.js";

/**
 * @typedef {{ name: string, values: (number | null)[] }} Series one value for each label
 */

const height = 160;
const step = 24;

/**
 * Stacked bars with their table below. A screen reader gets the table.
 * @param {{ caption: string, labels: string[], series: Series[], format: (value: number | null) => string }} props
 */
export function Bars({ caption, labels, series, format }) {
  const sums = labels.map((_, at) => series.reduce((sum, one) => sum + (one.values[at] ?? 0), 0));
  const highest = Math.max(...sums, 0);
  if (highest === 0) return html`<p class="note">${say("nothingYet")}</p>`;
  return html`<figure class="bars">
    <figcaption class="row"><span class="legend">${series.map(
      ({ name }, at) => html`<span><i class=${`dot c${at % 6}`}></i>${name}</span>`,
    )}</span><span>${say("highest", { value: format(highest) })}</span></figcaption>
    <svg viewBox=${`0 0 ${labels.length * step} ${height}`} preserveAspectRatio="none" aria-hidden="true">
      ${labels.map((label, at) => html`<g key=${at}><title>${label}: ${format(sums[at] ?? 0)}</title>${stack(series, at, highest)}</g>`)}
    </svg>
    <div class="row ends" aria-hidden="true"><span>${labels[0]}</span><span>${labels.at(-1)}</span></div>
    <details><summary>${say("asTable")}</summary>
      <${Table} caption=${caption}
        columns=${[{ name: say("time") }, ...series.map(({ name }) => ({ name, number: true }))]}
        rows=${labels.map((label, at) => ({
          id: String(at),
          cells: [label, ...series.map(({ values }) => format(values[at] ?? null))],
        }))} />
    </details>
  </figure>`;
}

/** The parts of one bar, from the bottom. @param {Series[]} series @param {number} at @param {number} highest */
function stack(series, at, highest) {
  let top = height;
  return series.map(({ values }, order) => {
    const size = ((values[at] ?? 0) / highest) * (height - 4);
    top -= size;
    if (size === 0) return null;
    return html`<rect class=${`c${order % 6}`} x=${at * step + 3} y=${top} width=${step - 6} height=${size} />`;
  });
}
