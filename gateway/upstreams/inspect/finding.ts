import { certificateTrouble } from "../certificate-trouble.ts";

/** One thing that doctor looked at. */
export type Finding = {
  /** What was looked at, in a word or two. */
  about: string;
  /**
   * `fail`: it does not work; `warn`: it works, but causes trouble later; `skip`: it could not be
   * looked at.
   */
  state: "ok" | "warn" | "fail" | "skip";
  says: string;
  /** What to do; null if there is nothing to do. */
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

/** Why a request failed, for a person: a certificate in the gateway's words, else the code. */
export function reasonOf(error: unknown): string {
  const found = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(found instanceof Error)) return String(found);
  if (found.name === "TimeoutError") return "no answer in time";
  const message = found.message.split("\n")[0] ?? "";
  const code = "code" in found && typeof found.code === "string" ? found.code : "";
  if (code === "ERR_PROXY") return message;
  return certificateTrouble(code) ?? (code || message);
}
