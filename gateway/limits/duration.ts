const names: readonly (readonly [number, string])[] = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1_000, "second"],
];

/** A duration in OpenAI's form (`x-ratelimit-reset-*`): `0s`, `20ms`, `1s`, `6m0s`, `26h3m0s`. */
export function shortDuration(ms: number): string {
  if (ms <= 0) return "0s";
  if (ms < 1_000) return `${Math.ceil(ms)}ms`;
  const seconds = Math.ceil(ms / 1_000);
  const s = `${seconds % 60}s`;
  if (seconds < 60) return s;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes}m${s}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${s}`;
}

/** A duration for a sentence, rounded up: `42 minutes`, `6 hours`, `1 second`. */
export function spokenDuration(ms: number): string {
  // At least two of a unit: "2 hours" for 61 minutes would be misleading.
  const [unit, name] = names.find(([length]) => ms >= 2 * length || ms === length) ?? [
    1_000,
    "second",
  ];
  const count = Math.max(1, Math.ceil(ms / unit));
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}
