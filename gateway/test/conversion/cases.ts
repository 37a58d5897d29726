/** What an answer says, whatever the dialect it is told in. */
export type Said = {
  text: string;
  reasoning: string;
  /** The proof of the thoughts; null where there is none, or no word for it. */
  signature: string | null;
  calls: { name: string; input: unknown }[];
  stop: "stop" | "tools" | "length" | "filter";
  usage: { input: number; cached: number; output: number; reasoning: number };
};

/** One answer that every mock upstream can give, and every client should have. */
export type Case = Said & { name: string };

const usage = { input: 120, cached: 100, output: 30, reasoning: 0 };
const bare = { reasoning: "", signature: null, calls: [], usage };

export const cases: readonly Case[] = [
  { ...bare, name: "text", text: 'Grüße "du" \\ 😀\n\ndata: {', stop: "stop" },
  { ...bare, name: "length", text: "Half a sen", stop: "length" },
  { ...bare, name: "filter", text: "I would", stop: "filter" },
  {
    ...bare,
    name: "reasoning",
    reasoning: "Let me think… 🤔 yes.",
    signature: "c2lnbmVk",
    text: "Forty-two.",
    stop: "stop",
    usage: { ...usage, reasoning: 12 },
  },
  {
    ...bare,
    name: "tool call",
    text: "",
    calls: [{ name: "light", input: { on: true, where: 'hall "A"' } }],
    stop: "tools",
  },
  {
    ...bare,
    name: "parallel tool calls",
    text: "I look at both.",
    calls: [
      { name: "weather", input: { city: "Zürich", days: 2 } },
      { name: "weather", input: { city: "São Paulo", error: { deep: [1, 2] } } },
      { name: "clock", input: {} },
    ],
    stop: "tools",
  },
];

/** A text in pieces, as a model's tokens come. */
export function pieces(text: string, size = 4): string[] {
  const characters = [...text];
  const out: string[] = [];
  for (let at = 0; at < characters.length; at += size) {
    out.push(characters.slice(at, at + size).join(""));
  }
  return out;
}
