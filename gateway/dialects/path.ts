import { GatewayError } from "../errors.ts";

/** A request target as every later step knows it. */
export type JudgedPath = {
  /** Without query and without the `/api` of the alias; `*` for `OPTIONS *`. */
  path: string;
  /** `""` or `?a=b`, as it came. It may still hold a credential, which the forwarder removes. */
  query: string;
  /** True where the client used `/api/v1`. */
  alias: boolean;
};

/** Behind these stands an id, which alone may hold percent-escapes (`models/org%2Fname`). */
const collections: readonly string[] = [
  "/v1/models/",
  "/v1/model/",
  "/v1/files/",
  "/v1/responses/",
  "/v1/batches/",
  "/v1/uploads/",
  "/v1/chat/completions/",
  "/v1/messages/batches/",
  "/v1/fine_tuning/jobs/",
  "/users/",
];

/** A model's name may hold slashes. */
const modelCollections: ReadonlySet<string> = new Set(["/v1/models/", "/v1/model/"]);

const percent = 0x25;
const slash = 0x2f;
const dot = 0x2e;

function refuse(what: string): never {
  throw new GatewayError("invalid_path", `The path ${what}.`);
}

/** `.` and `..`, also as `..;x`, which some servers take for `..`. */
function isDotSegment(text: string, start: number, end: number): boolean {
  let at = start;
  while (at < end && text.charCodeAt(at) === dot) at += 1;
  return at > start && at - start <= 2 && (at === end || text.charCodeAt(at) === 0x3b);
}

/**
 * Refuses what servers read in different ways; gives where the first percent-escape stands, or -1.
 */
function judgeCharacters(path: string): number {
  let escaped = -1;
  let segment = 1;
  for (let at = 1; at <= path.length; at += 1) {
    const code = at === path.length ? slash : path.charCodeAt(at);
    if (code === slash) {
      if (at === segment && at < path.length) refuse("contains an empty segment ('//')");
      if (isDotSegment(path, segment, at)) refuse("contains a dot segment ('.' or '..')");
      segment = at + 1;
    } else if (code <= 0x20 || code === 0x7f) refuse("contains a space or control character");
    else if (code > 0x7f)
      refuse("contains a character that is not ASCII; percent-encode it as UTF-8");
    else if (code === 0x5c) refuse("contains a backslash");
    else if (code === 0x23) refuse("contains a fragment ('#')");
    else if (code === percent && escaped < 0) escaped = at;
  }
  return escaped;
}

function decoded(id: string): string {
  try {
    return decodeURIComponent(id);
  } catch {
    return refuse("contains a percent-escape that is not UTF-8");
  }
}

/** Judges an id again after decoding, so that it cannot turn into another path. */
function judgeId(id: string, mayHoldSlash: boolean): void {
  const text = decoded(id);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a decoded id must hold none
  if (/[\u0000-\u001f\u007f\\?#%]/.test(text)) {
    refuse("contains an id with an escaped control character, '\\', '?', '#' or '%'");
  }
  const segments = text.split("/");
  if (segments.length > 1 && !mayHoldSlash) refuse("contains an id with an escaped '/'");
  for (const segment of segments) {
    if (segment === "" || isDotSegment(segment, 0, segment.length)) {
      refuse("contains an id that is empty or a dot segment after decoding");
    }
  }
}

function judgeEscapes(path: string, escaped: number): void {
  const collection = collections.find((one) => path.startsWith(one) && escaped >= one.length);
  if (collection === undefined)
    refuse("contains a percent-escape ('%'); write the character itself");
  // A model's name may hold slashes, so all that follows is its id; elsewhere one segment is.
  const isModel = modelCollections.has(collection);
  const end = isModel ? -1 : path.indexOf("/", collection.length);
  const id = end < 0 ? path.slice(collection.length) : path.slice(collection.length, end);
  if (end >= 0 && path.includes("%", end)) refuse("contains a percent-escape ('%') after the id");
  judgeId(id, isModel);
}

function judgeQuery(query: string): void {
  for (let at = 0; at < query.length; at += 1) {
    const code = query.charCodeAt(at);
    if (code <= 0x20 || code >= 0x7f || code === 0x23) {
      throw new GatewayError(
        "invalid_path",
        "The query contains a space, a control character, '#' or a character that is not ASCII.",
      );
    }
  }
}

/**
 * Judges a request target once, before routing, for every port and route: what two servers could
 * read as two different paths is refused with `invalid_path` (400), so that what we meter is what
 * the upstream runs. Case counts. `/api/v1` is an alias of `/v1`.
 */
export function judgePath(target: string): JudgedPath {
  if (target === "*") return { path: "*", query: "", alias: false };
  if (target.charCodeAt(0) !== slash) refuse("must begin with '/'");
  const mark = target.indexOf("?");
  const query = mark < 0 ? "" : target.slice(mark);
  let path = mark < 0 ? target : target.slice(0, mark);
  const alias = path.startsWith("/api/v1") && (path.length === 7 || path.charCodeAt(7) === slash);
  if (alias) path = path.slice(4);
  const escaped = judgeCharacters(path);
  if (escaped >= 0) judgeEscapes(path, escaped);
  judgeQuery(query);
  return { path, query, alias };
}

/** What a client requests if it adds a version to a base URL that has one. */
const twice = /^(\/v1(?:beta)?)(\/v1(?:beta)?)\//;

/** The version of an API that a path has twice, as both stand there; null: it has not. */
export function versionTwice(path: string): { first: string; second: string } | null {
  const [, first, second] = twice.exec(path) ?? [];
  return first === undefined || second === undefined ? null : { first, second };
}
