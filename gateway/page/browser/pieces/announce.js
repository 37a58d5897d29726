import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

/** A screen reader that is told more often never comes to an end. */
const everyMs = 5_000;

/**
 * What a screen reader is told: `text` as it is when `what` changes, at most every 5 s.
 * @param {string} what without what changes all the time, such as an estimate
 * @param {string} text
 */
export function useAnnouncement(what, text) {
  const told = useSignal("");
  const newest = useRef(text);
  newest.current = text;
  const lastAt = useRef(Number.NEGATIVE_INFINITY);
  useEffect(() => {
    const wait = Math.max(0, lastAt.current + everyMs - performance.now());
    const timer = setTimeout(() => {
      if (told.value === newest.current) return;
      lastAt.current = performance.now();
      told.value = newest.current;
    }, wait);
    return () => clearTimeout(timer);
  }, [what]);
  return told.value;
}
