/** Somebody who asks, and asks again as soon as the answer is there and they have read it. */
export type Person = {
  user: string;
  /** The middle of the lengths of their answers, in tokens. */
  tokens: number;
  /** How long they think on the average; 0 for a program. */
  thinkMs: number;
  /** How many such there are of this user. */
  count: number;
};

export type Situation = "mix" | "agent";

/** Who asks. With more slots more ask, so that they wait as long. */
export function peopleOf(situation: Situation, slots: number): Person[] {
  if (situation === "mix") {
    return [
      { user: "alice", tokens: 2_000, thinkMs: 2_000, count: 3 + slots },
      { user: "bob", tokens: 2_600, thinkMs: 4_000, count: 2 },
      { user: "carol", tokens: 1_400, thinkMs: 2_500, count: 1 },
    ];
  }
  return [
    { user: "alice", tokens: 1_200, thinkMs: 0, count: 50 },
    { user: "bob", tokens: 2_600, thinkMs: 12_000, count: slots },
    { user: "carol", tokens: 1_400, thinkMs: 8_000, count: slots },
  ];
}
