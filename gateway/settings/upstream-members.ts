import { defaultsOf, type MembersOf } from "../kinds/members.ts";

/** The members of one upstream of the section `upstreams`. */
export const upstreamMembers = {
  /** Origin and path prefix, without `/v1`, `/v1beta` or a final slash. */
  url: {
    name: "url",
    about: "the server's URL, with or without /v1",
    kind: "upstreamUrl",
    otherwise: "",
    example: "http://192.168.1.5:8080",
  },
  type: {
    name: "type",
    about: "the kind of server; auto finds out",
    kind: "upstreamType",
    otherwise: "auto",
    example: "llamacpp",
  },
  api: {
    name: "api",
    about:
      "the only API that it has for conversations: chat, responses or messages; auto finds out",
    kind: "upstreamApi",
    otherwise: "auto",
    example: "chat",
  },
  /** Null: the gateway sends no key of its own. */
  key: {
    name: "key",
    about: "the key that the gateway sends to it, or a variable that holds it",
    kind: "key",
    otherwise: null,
    example: "sk-...",
    secret: true,
  },
  passthrough: {
    name: "auth",
    about: "passthrough sends the client's own Authorization to it, unchanged",
    kind: "passthrough",
    otherwise: false,
    example: "passthrough",
  },
  maxConcurrent: {
    name: "max_concurrent",
    about: "how many generations it runs at once; auto asks it. The default is MAX_CONCURRENT",
    kind: "capacity",
    otherwise: 1,
    example: "4",
  },
  weight: {
    name: "weight",
    about: "its share of the work of a route with several upstreams",
    kind: "weight",
    otherwise: 1,
    example: "1",
  },
  drain: {
    name: "drain",
    about: "true: it gets no new requests",
    kind: "yesOrNo",
    otherwise: false,
    example: "false",
  },
  exclusiveModels: {
    name: "exclusive_models",
    about: "true: it holds one model at a time. The default is EXCLUSIVE_MODELS",
    kind: "yesOrNo",
    otherwise: false,
    example: "true",
  },
  streamUsage: {
    name: "stream_usage",
    about: "auto, on or off: asks its streams for their usage. The default is STREAM_USAGE",
    oneOf: ["auto", "on", "off"],
    otherwise: "auto",
    example: "off",
  },
  storedResponses: {
    name: "stored_responses",
    about: "true: passes on what it has stored, to its maker. The default is STORED_RESPONSES",
    kind: "yesOrNo",
    otherwise: false,
    example: "true",
  },
  /** Null: no other upstream is on its machine. */
  box: {
    name: "box",
    about: "a name for its machine; upstreams with the same box share its time",
    kind: "plainName",
    otherwise: null,
    example: "rack",
  },
  ca: {
    name: "ca",
    about: "a PEM file of certificate authorities to trust, beside the usual ones",
    kind: "path",
    otherwise: null,
    example: "data/ca.pem",
  },
  certificate: {
    name: "certificate",
    about: "a PEM file with the gateway's own certificate",
    kind: "path",
    otherwise: null,
    example: "data/gateway.pem",
  },
  certificateKey: {
    name: "certificate_key",
    about: "the PEM file with the key of that certificate",
    kind: "path",
    otherwise: null,
    example: "data/gateway.key",
  },
} as const;

/** One server that answers, as configured. */
export type UpstreamSettings = { readonly name: string } & MembersOf<typeof upstreamMembers>;

/** An upstream of which nothing is set. */
export const usualUpstream: MembersOf<typeof upstreamMembers> = defaultsOf(upstreamMembers);
