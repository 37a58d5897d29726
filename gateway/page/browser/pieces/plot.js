import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { asCallError } from "../gateway/load.js";
import { count, moment, say } from "../language.js";
import { Table, Trouble } from "./pieces.js";

/** @import { CallError } from "../gateway/call.js" */

/**
 * Lines over time, with their table. uPlot is loaded here and nowhere else.
 * @param {{ caption: string, times: number[], series: { name: string, values: number[] }[] }} props
 *   `times` in milliseconds since 1970
 */
export function Plot({ caption, times, series }) {
  const frame = useRef(/** @type {HTMLDivElement | null} */ (null));
  const error = useSignal(/** @type {CallError | null} */ (null));
  const shape = JSON.stringify([times, series]);
  useEffect(() => {
    if (frame.current === null || times.length === 0) return;
    let end = () => {};
    let isGone = false;
    draw(frame.current, times, series).then(
      (stop) => {
        if (isGone) stop();
        else end = stop;
      },
      (cause) => {
        error.value = asCallError(cause);
      },
    );
    return () => {
      isGone = true;
      end();
    };
  }, [shape]);
  if (times.length === 0) return html`<p class="note">${say("nothingYet")}</p>`;
  return html`<figure class="plot">
    <div ref=${frame} aria-hidden="true"></div>
    <${Trouble} error=${error.value} />
    <details><summary>${say("asTable")}</summary>
      <${Table} caption=${caption}
        columns=${[{ name: say("time") }, ...series.map(({ name }) => ({ name, number: true }))]}
        rows=${times.map((time, at) => ({
          id: String(time),
          cells: [
            moment(new Date(time).toISOString()),
            ...series.map(({ values }) => count(values[at], 1)),
          ],
        }))} />
    </details>
  </figure>`;
}

/**
 * @param {HTMLDivElement} frame
 * @param {number[]} times
 * @param {{ name: string, values: number[] }[]} series
 * @returns {Promise<() => void>} what takes the plot away
 */
async function draw(frame, times, series) {
  const [{ default: UPlot }] = await Promise.all([import("uplot"), loadStyle()]);
  const color = (/** @type {string} */ name) =>
    getComputedStyle(frame).getPropertyValue(name).trim();
  const axis = {
    stroke: color("--soft"),
    grid: { stroke: color("--line"), width: 1 },
    ticks: { show: false },
  };
  const size = () => ({ width: Math.max(200, frame.clientWidth), height: 220 });
  const plot = new UPlot(
    {
      ...size(),
      series: [
        {},
        ...series.map(({ name }, at) => ({
          label: name,
          stroke: color(`--c${at}`),
          width: 2,
          points: { show: false },
        })),
      ],
      axes: [axis, axis],
    },
    [times.map((time) => time / 1_000), ...series.map(({ values }) => values)],
    frame,
  );
  const observer = new ResizeObserver(() => plot.setSize(size()));
  observer.observe(frame);
  return () => {
    observer.disconnect();
    plot.destroy();
  };
}

/** The style sheet of uPlot. @returns {Promise<void>} */
function loadStyle() {
  const href = new URL("../npm/uplot.css", import.meta.url).href;
  if ([...document.styleSheets].some((one) => one.href === href)) return Promise.resolve();
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = href;
  return new Promise((resolve, reject) => {
    link.onload = () => resolve();
    link.onerror = () => reject(new Error("uplot.css"));
    document.head.append(link);
  });
}
