import type { LanguageModelV4FilePart } from "@ai-sdk/provider";
import { wrong } from "../field-checks.ts";

type FileData = LanguageModelV4FilePart["data"];
export type FileSource = { data: FileData; mediaType: string };

const typesByEnding: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  bmp: "image/bmp",
  heic: "image/heic",
  svg: "image/svg+xml",
  pdf: "application/pdf",
  txt: "text/plain",
  md: "text/markdown",
  csv: "text/csv",
  html: "text/html",
  json: "application/json",
  wav: "audio/wav",
  mp3: "audio/mpeg",
  ogg: "audio/ogg",
  flac: "audio/flac",
  mp4: "video/mp4",
  webm: "video/webm",
  mov: "video/quicktime",
};

/** Names that clients write for a type, which providers refuse. */
const otherNames: Readonly<Record<string, string>> = {
  "image/jpg": "image/jpeg",
  "image/pjpeg": "image/jpeg",
  "image/x-png": "image/png",
  "application/x-pdf": "application/pdf",
  "audio/mp3": "audio/mpeg",
  "audio/x-wav": "audio/wav",
  "audio/wave": "audio/wav",
};

/** A media type by the name that it is registered under, without parameters. */
function registeredType(given: string): string {
  const type = given.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return Object.hasOwn(otherNames, type) ? (otherNames[type] ?? type) : type;
}

/** How images begin, as latin1 text. */
const imageStarts: readonly (readonly [RegExp, string])[] = [
  [/^\x89PNG/, "image/png"],
  [/^\xff\xd8\xff/, "image/jpeg"],
  [/^GIF8/, "image/gif"],
  [/^RIFF....WEBP/s, "image/webp"],
];

/**
 * Base64 with its media type. Of an image the first bytes decide: clients tell a wrong type, and
 * Anthropic refuses the image then.
 */
function contentOf(data: string, mediaType: string): FileSource {
  const start = mediaType.startsWith("image/")
    ? Buffer.from(data.slice(0, 16), "base64").toString("latin1")
    : "";
  const found = imageStarts.find(([form]) => form.test(start));
  return { data: { type: "data", data }, mediaType: found?.[1] ?? mediaType };
}

/** By the ending of a file name or of an address' path; `otherwise` where that says nothing. */
export function typeByName(name: string, otherwise: string): string {
  const ending = name.slice(name.lastIndexOf(".") + 1).toLowerCase();
  return Object.hasOwn(typesByEnding, ending) ? (typesByEnding[ending] ?? otherwise) : otherwise;
}

/** The media type of `input_audio.format`: `wav`, `mp3`, … */
export function audioType(format: string): string {
  return typeByName(`.${format}`, `audio/${format}`);
}

/** Characters of a `data:` address before its content. */
const longestHead = 1024;

/**
 * `data:image/png;base64,…`; what is not in base64 is put into it. Null where it is no such
 * address.
 */
function readDataUrl(address: string, otherwise: string): FileSource | null {
  const comma = address.indexOf(",");
  if (comma < 0 || comma > longestHead) return null;
  const head = address.slice("data:".length, comma).split(";");
  const mediaType = registeredType(head[0] ?? "") || otherwise;
  const payload = address.slice(comma + 1);
  if (head.slice(1).some((word) => word.trim().toLowerCase() === "base64")) {
    return contentOf(payload, mediaType);
  }
  try {
    const data = Buffer.from(decodeURIComponent(payload), "utf8").toString("base64");
    return { data: { type: "data", data }, mediaType };
  } catch {
    return null;
  }
}

/**
 * A file given by an address: its content where that is a `data:` address, else the address itself (http,
 * https, gs), which the upstream fetches; the gateway never does. `otherwise` is the media type where the
 * address tells none. Throws GatewayError (400).
 */
export function fileByAddress(address: string, otherwise: string, path: string): FileSource {
  if (address.slice(0, 5).toLowerCase() === "data:") {
    return readDataUrl(address, otherwise) ?? wrong(path, "is not a valid data: address");
  }
  if (!/^(https?|gs):\/\//i.test(address) || !URL.canParse(address)) {
    return wrong(path, "must be a data:, http: or https: address");
  }
  const url = new URL(address);
  const data: FileData = { type: "url", url };
  if (url.protocol === "gs:") data.originalUrl = address;
  return { data, mediaType: typeByName(url.pathname, otherwise) };
}

/** A file given by its content: a `data:` address or bare base64. */
export function fileByContent(content: string, mediaType: string, path: string): FileSource {
  if (content === "") return wrong(path, "must not be empty");
  if (content.slice(0, 5).toLowerCase() === "data:") return fileByAddress(content, mediaType, path);
  return contentOf(content, registeredType(mediaType));
}

/** A file that lies on the server of another provider, where no converted request can reach it. */
export function refuseFileId(path: string): never {
  return wrong(path, "names a file on another server; send its content instead");
}
