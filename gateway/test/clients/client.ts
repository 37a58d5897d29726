/** Where a client asks. */
export type ClientPlace = {
  /** The gateway's origin. */
  url: string;
  key: string;
};

/** What a client is asked to do. */
export type Asked = ClientPlace & {
  /** The client's own way to leave. */
  signal: AbortSignal;
  /** Called with each piece of the answer, as the client's iterator gives it. */
  onPiece: () => void;
  /** Takes each object that the client's iterator gives, when it gives it. */
  seen: unknown[];
};

/** What the client had of it, in its own words. */
export type Had = {
  /** The whole text; for a tool, its name and arguments. */
  text: string;
  /** Places in line that its iterator showed. */
  places: number;
};

/** One way to use one published client; `run` rejects where the client raises an error. */
export type Client = {
  /** Ends in `tools` if it offers one, and is to call it. */
  name: string;
  /** True if it learns of a call only when the call is whole. */
  callsComeWhole?: boolean;
  /** True if it looks at its own signal only when a line of the answer comes. */
  leavesLate?: boolean;
  /** True if it leaves out an error in the stream, and ends as if that were the end of the answer. */
  losesErrors?: boolean;
  run(asked: Asked): Promise<Had>;
  /** The ids of the models that it lists; absent if it cannot. */
  list?(place: ClientPlace): Promise<string[]>;
};

/** What every mock answer says. */
export const said = "Hello there";
/** The tool every mock calls, where it is offered one. */
export const called = 'light {"on":true}';

/** A JSON schema for the arguments of that tool. */
export const toolSchema = {
  type: "object",
  properties: { on: { type: "boolean" } },
  required: ["on"],
  additionalProperties: false,
} as const;

/** How many of the objects say where their reader is in line. */
export function countPlaces(objects: readonly unknown[]): number {
  return objects.filter((one) => {
    const queue = (one as { queue?: { position?: number } } | null)?.queue;
    return (queue?.position ?? 0) > 0;
  }).length;
}
