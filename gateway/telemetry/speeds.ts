import type { SettledEvent } from "./settled-event.ts";

/** Seconds, and tokens a second; null where unknown. */
export type Speeds = {
  generating: number | null;
  promptEval: number | null;
  tokens: number | null;
  promptTokens: number | null;
};

const positive = (value: number): number | null =>
  value > 0 && Number.isFinite(value) ? value : null;

/** The speed of a generation: the upstream's own measure, or else the measured times. */
export function speedsOf(event: SettledEvent): Speeds {
  const { timings, usage, firstTokenMs, queueMs, durationMs } = event;
  const generatingMs =
    timings?.outputMs ?? (firstTokenMs === null ? null : durationMs - firstTokenMs);
  const promptMs = timings?.promptMs ?? (firstTokenMs === null ? null : firstTokenMs - queueMs);
  const output = timings?.outputTokens ?? usage.output;
  // With one token there is no time between first and last.
  const told = timings?.outputMs != null || (output ?? 0) > 1;
  const uncached = usage.input === null ? null : usage.input - (usage.cached ?? 0);
  const prompt = timings?.promptTokens ?? uncached;
  const perSecond = (tokens: number | null, ms: number | null): number | null =>
    tokens === null || ms === null ? null : positive((tokens * 1000) / ms);
  return {
    generating: generatingMs === null ? null : positive(generatingMs / 1000),
    promptEval: promptMs === null ? null : positive(promptMs / 1000),
    tokens: told ? perSecond(output, generatingMs) : null,
    promptTokens: perSecond(prompt, promptMs),
  };
}
