import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { CallError, call } from "./call.js";

/**
 * What a call answers, asked when the component appears, when `path` changes, every `everyMs`
 * while the page is visible, and by `reload`. An error keeps the last answer.
 * @template T
 * @param {string | null} path null asks nothing
 * @param {number} [everyMs] 0 asks once
 */
export function useCall(path, everyMs = 0) {
  const data = useSignal(/** @type {T | null} */ (null));
  const error = useSignal(/** @type {CallError | null} */ (null));
  const asked = useSignal(0);
  useEffect(() => {
    if (path === null) return;
    const stop = new AbortController();
    const ask = async () => {
      try {
        data.value = await call("GET", path, { signal: stop.signal });
        error.value = null;
      } catch (cause) {
        if (!stop.signal.aborted) error.value = asCallError(cause);
      }
    };
    void ask();
    const timer = everyMs === 0 ? 0 : setInterval(() => document.hidden || void ask(), everyMs);
    return () => {
      clearInterval(timer);
      stop.abort();
    };
  }, [path, everyMs, asked.value]);
  const reload = useMemo(() => () => void asked.value++, [asked]);
  return { data: data.value, error: error.value, reload };
}

/** @param {unknown} cause */
export const asCallError = (cause) =>
  cause instanceof CallError
    ? cause
    : new CallError(0, "failed", cause instanceof Error ? cause.message : String(cause));

/** A thing that a button does: whether it runs, and what went wrong. */
export function useAction() {
  const busy = useSignal(false);
  const error = useSignal(/** @type {CallError | null} */ (null));
  /** @param {() => Promise<unknown>} act */
  const run = async (act) => {
    if (busy.value) return;
    busy.value = true;
    error.value = null;
    try {
      await act();
    } catch (cause) {
      error.value = asCallError(cause);
    } finally {
      busy.value = false;
    }
  };
  return { busy: busy.value, error: error.value, run };
}
