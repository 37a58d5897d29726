import type {
  LanguageModelV4Content as Content,
  LanguageModelV4GenerateResult as Result,
  LanguageModelV4StreamPart as StreamPart,
} from "@ai-sdk/provider";
import fc from "fast-check";

/** The same answer twice: as the parts of a stream, and whole. */
export type ArbitraryAnswer = { parts: StreamPart[]; whole: Result };

/** Some content of an answer. `ends`: parts that some upstreams tell at the very end only. */
type Chapter = { content: Content[]; parts: StreamPart[]; ends: StreamPart[] };

/** `late`: the ends will be told at the very end. */
type Make = (id: string, late: boolean) => Chapter;

const word: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.constantFrom("", '"', "\\", "\n\n", "data: [DONE]", "\u2028", "ü😀", "{", '{"error":{}}'),
);
const pieces: fc.Arbitrary<string[]> = fc.array(word, { maxLength: 4 });

const text: fc.Arbitrary<Make> = pieces.map((said) => (id) => ({
  content: [{ type: "text", text: said.join("") }],
  parts: [
    { type: "text-start", id },
    ...said.map((delta): StreamPart => ({ type: "text-delta", id, delta })),
  ],
  ends: [{ type: "text-end", id }],
}));

const redacted: Make = (id) => {
  const providerMetadata = { anthropic: { redactedData: `secret ${id}` } };
  return {
    content: [{ type: "reasoning", text: "", providerMetadata }],
    parts: [
      { type: "reasoning-start", id, providerMetadata },
      { type: "reasoning-end", id },
    ],
    ends: [],
  };
};

const reasoning: fc.Arbitrary<Make> = fc
  .tuple(pieces, fc.boolean())
  .map(([said, signed]) => (id) => {
    const providerMetadata = { anthropic: { signature: `proof ${id}` } };
    const proof: StreamPart = { type: "reasoning-delta", id, delta: "", providerMetadata };
    return {
      content: [
        { type: "reasoning", text: said.join(""), ...(signed ? { providerMetadata } : {}) },
      ],
      parts: [
        { type: "reasoning-start", id },
        ...said.map((delta): StreamPart => ({ type: "reasoning-delta", id, delta })),
        ...(signed ? [proof] : []),
        { type: "reasoning-end", id },
      ],
      ends: [],
    };
  });

/** The arguments of a call, and where they are cut. */
type Call = { args: object | null; cuts: number[] };

const call: fc.Arbitrary<Call> = fc.record({
  args: fc.option(
    fc.dictionary(fc.string({ minLength: 1, maxLength: 4 }), fc.jsonValue({ maxDepth: 2 }), {
      noNullPrototype: true,
      maxKeys: 3,
    }),
  ),
  cuts: fc.array(fc.nat(30), { maxLength: 4 }),
});

function cut(whole: string, cuts: readonly number[]): string[] {
  const places = [0, ...cuts.filter((at) => at < whole.length).sort((a, b) => a - b)];
  return places.map((at, index) => whole.slice(at, places[index + 1] ?? whole.length));
}

/** Calls side by side: begun in order, their arguments whole or in turns. */
const calls: fc.Arbitrary<Make> = fc
  .record({
    all: fc.array(call, { minLength: 1, maxLength: 3 }),
    streamed: fc.boolean(),
    order: fc.array(fc.nat(), { maxLength: 15 }),
  })
  .map(({ all, streamed, order }) => (prefix, late) => {
    const told = all.map(({ args, cuts }, at) => {
      const input = args === null ? "" : JSON.stringify(args);
      return { id: `${prefix}.${at}`, input, deltas: cut(input, cuts) };
    });
    const content = told.map(({ id: toolCallId, input }): Content & StreamPart => ({
      type: "tool-call",
      toolCallId,
      toolName: "look",
      input,
    }));
    if (!streamed && !late) return { content, parts: content, ends: [] };
    const turns = told.flatMap(({ id, deltas }) => [
      { id, delta: null },
      ...deltas.map((delta) => ({ id, delta })),
    ]);
    return { content, parts: inTurns(turns, order), ends: content };
  });

type Turn = { id: string; delta: string | null };

/** Takes the turns of all calls in any order that keeps each call's own, and that of the starts. */
function inTurns(turns: readonly Turn[], order: readonly number[]): StreamPart[] {
  const left = [...turns];
  const parts: StreamPart[] = [];
  for (let at = 0; left.length > 0; at += 1) {
    const firstStart = left.findIndex(({ delta }) => delta === null);
    const ready = left.filter(
      (turn, index) =>
        left.findIndex(({ id }) => id === turn.id) === index &&
        (turn.delta !== null || index === firstStart),
    );
    const turn = ready[(order[at] ?? 0) % ready.length];
    if (turn === undefined) break;
    left.splice(left.indexOf(turn), 1);
    const { id, delta } = turn;
    if (delta === null) parts.push({ type: "tool-input-start", id, toolName: "look" });
    else parts.push({ type: "tool-input-delta", id, delta });
  }
  return parts;
}

/** What is for nobody here: a tool that the provider ran itself, and a ping. */
const foreign: Make = (id) => {
  const tool = { toolName: "web_search", providerExecuted: true };
  const ran: Content & StreamPart = { type: "tool-call", toolCallId: id, input: "{}", ...tool };
  const found: Content & StreamPart = {
    type: "tool-result",
    toolCallId: id,
    toolName: "web_search",
    result: [],
  };
  const start: StreamPart = { type: "tool-input-start", id, ...tool };
  const delta: StreamPart = { type: "tool-input-delta", id, delta: "{}" };
  const ping: StreamPart = { type: "ping" };
  return { content: [ran, found], parts: [start, delta, ran, ping, found], ends: [] };
};

const tokens: fc.Arbitrary<number | undefined> = fc.option(fc.nat(1000), { nil: undefined });

const ending: fc.Arbitrary<Pick<Result, "finishReason" | "usage">> = fc.record({
  finishReason: fc.record({
    unified: fc.constantFrom("stop", "length", "content-filter", "tool-calls", "other" as const),
    raw: fc.constant(undefined),
  }),
  usage: fc.record({
    inputTokens: fc.record({
      total: tokens,
      noCache: tokens,
      cacheRead: tokens,
      cacheWrite: tokens,
    }),
    outputTokens: fc.record({ total: tokens, text: tokens, reasoning: tokens }),
  }),
});

const make: fc.Arbitrary<Make> = fc.oneof(
  text,
  reasoning,
  calls,
  fc.constantFrom(redacted, foreign),
);

/** Any answer that a provider can give. */
export const anyAnswer: fc.Arbitrary<ArbitraryAnswer> = fc
  .record({ makes: fc.array(make, { maxLength: 6 }), late: fc.boolean(), end: ending })
  .map(({ makes, late, end }) => {
    const chapters = makes.map((one, at) => one(`b${at}`, late));
    const ends = (some: Chapter[]): StreamPart[] => some.flatMap((chapter) => chapter.ends);
    return {
      parts: [
        { type: "stream-start", warnings: [] },
        { type: "response-metadata", id: "upstream" },
        ...chapters.flatMap((one) => [...one.parts, ...(late ? [] : ends([one]))]),
        ...(late ? ends(chapters) : []),
        { type: "finish", ...end },
      ],
      whole: { content: chapters.flatMap(({ content }) => content), ...end, warnings: [] },
    };
  });
