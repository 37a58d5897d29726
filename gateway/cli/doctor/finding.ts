/** One thing that was looked at. */
export type Finding = {
  /** What was looked at, in a word or two. */
  about: string;
  /**
   * `fail`: it does not work; `warn`: it works, and will bite; `skip`: it could not be looked at.
   */
  state: "ok" | "warn" | "fail" | "skip";
  says: string;
  /** What to do; null where nothing is to be done. */
  todo: string | null;
};

export const ok = (about: string, says: string): Finding => ({
  about,
  state: "ok",
  says,
  todo: null,
});

export const skip = (about: string, says: string): Finding => ({
  about,
  state: "skip",
  says,
  todo: null,
});

export const warn = (about: string, says: string, todo: string): Finding => ({
  about,
  state: "warn",
  says,
  todo,
});

export const fail = (about: string, says: string, todo: string): Finding => ({
  about,
  state: "fail",
  says,
  todo,
});

/** `1 slot`, `2 slots`. */
export const counted = (count: number, what: string): string =>
  `${count} ${what}${count === 1 ? "" : "s"}`;

/** The reason of a failed request in words for a person. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "no answer in time";
  const { cause } = error;
  const isCoded = cause instanceof Error && "code" in cause;
  return isCoded ? String(cause.code) : (error.message.split("\n")[0] ?? "");
}
