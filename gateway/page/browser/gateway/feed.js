import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { send } from "./call.js";

/** @import { Queue } from "./answers.ts" */

/** The newest state of the queue; null until there is one. @type {import("@preact/signals").Signal<Queue | null>} */
export const queue = signal(null);

/** Whether `queue` is told as it changes. */
export const isLive = signal(true);

/** The gateway says something at least every 15 s; after this long it is asked again. */
const silenceMs = 40_000;

let followers = 0;
let stop = new AbortController();

/** Keeps `queue` up to date while the calling component is on the screen. */
export function useQueue() {
  useEffect(() => {
    followers++;
    if (followers === 1) start();
    return () => {
      followers--;
      if (followers === 0) stop.abort();
    };
  }, []);
}

/** Forgets the queue of the person before. */
export function forgetQueue() {
  stop.abort();
  queue.value = null;
}

// A browser opens six connections to one server: hidden tabs must not hold them.
document.addEventListener("visibilitychange", () => {
  if (followers === 0) return;
  if (document.hidden) stop.abort();
  else start();
});

function start() {
  stop.abort();
  stop = new AbortController();
  void followAgain(stop.signal);
}

/** @param {AbortSignal} end */
async function followAgain(end) {
  for (let tries = 0; !end.aborted; tries++) {
    try {
      await follow(end, () => {
        tries = 0;
      });
    } catch {
      // Said by `isLive`; a key that was refused signs out, which ends this.
    }
    if (end.aborted) return;
    isLive.value = false;
    // Everyone comes back after a restart: not all at the same moment.
    await pause(Math.min(10_000, 500 * 2 ** tries) * (0.5 + Math.random()), end);
  }
}

/** @param {AbortSignal} end @param {() => void} onEvent */
async function follow(end, onEvent) {
  const silent = new AbortController();
  const both = AbortSignal.any([end, silent.signal]);
  const wait = () => setTimeout(() => silent.abort(), silenceMs);
  let timer = wait();
  try {
    const options = { signal: both, accept: "text/event-stream" };
    const response = await send("GET", "queue/events", options);
    for await (const data of eventsOf(response)) {
      clearTimeout(timer);
      timer = wait();
      if (data === "" || both.aborted) continue;
      queue.value = JSON.parse(data);
      isLive.value = true;
      onEvent();
    }
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The data of each event of a stream, and an empty text for each comment.
 * @param {Response} response
 * @returns {AsyncGenerator<string>}
 */
export async function* eventsOf(response) {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) return;
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const events = (rest + value).split(/\r?\n\r?\n/);
      rest = events.pop() ?? "";
      for (const event of events) {
        const lines = event.split(/\r?\n/).filter((line) => line.startsWith("data:"));
        yield lines.map((line) => line.slice(5).trimStart()).join("\n");
      }
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}

/** @param {number} ms @param {AbortSignal} end @returns {Promise<void>} */
function pause(ms, end) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    end.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
