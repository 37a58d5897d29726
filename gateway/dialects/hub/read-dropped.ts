import type { JsonObject } from "../../json-object.ts";
import { isAbsent } from "../field-checks.ts";
import { below } from "./read-fields.ts";

/** What a reader had to leave out, by the path that the client gave it. */
export type Dropped = {
  add(path: string): void;
  /** What is worth telling, but no reason to refuse the request. */
  tell(path: string): void;
  /** Names every field of `object` that is not in `known` and asks for something. */
  rest(object: JsonObject, path: string, known: ReadonlySet<string>): void;
  /** The same where being there is asking: `googleSearch: {}`. */
  others(object: JsonObject, path: string, known: ReadonlySet<string>): void;
  /** In the order of their finding, each once. */
  list(): string[];
  /** The same of what was told. */
  tolds(): string[];
};

/** Enough to tell what is missing; a hostile body could have millions. */
const most = 50;
const longestName = 64;

/** Nothing was asked for: servers fill such fields in, and clients send them back. */
function isIdle(value: unknown): boolean {
  if (isAbsent(value) || value === false || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** The list goes into a header: names have no spaces, line ends or foreign letters there. */
function plain(name: string): string {
  return name.slice(0, longestName).replace(/[^\w$-]/g, "?") || "?";
}

export function createDropped(): Dropped {
  const paths = new Set<string>();
  const told = new Set<string>();
  const add = (path: string): void => {
    if (paths.size < most) paths.add(path);
  };
  return {
    add,
    tell(path) {
      if (told.size < most) told.add(path);
    },
    rest(object, path, known) {
      for (const [name, value] of Object.entries(object)) {
        if (!known.has(name) && !isIdle(value)) add(below(path, plain(name)));
      }
    },
    others(object, path, known) {
      for (const [name, value] of Object.entries(object)) {
        if (!known.has(name) && !isAbsent(value)) add(below(path, plain(name)));
      }
    },
    list: () => [...paths],
    tolds: () => [...told],
  };
}
