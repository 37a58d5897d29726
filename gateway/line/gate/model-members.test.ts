import { expect, test } from "vitest";
import type { Ask } from "../order/entry.ts";
import { Gate } from "./gate.ts";
import { ModelMembers } from "./model-members.ts";

const askFor = (model: string): Ask => ({ id: "x", user: "alice", model });

function setUp(exclusive: boolean) {
  const members = new ModelMembers({ capacityOf: () => 1, boxOf: () => null, exclusive });
  return { members, gate: new Gate({}, () => true, members) };
}

test("of a name that a client made up nothing is left once its last generation has ended", () => {
  const { members, gate } = setUp(false);
  const ask = askFor("made-up");
  const group = gate.groupOf(ask);
  gate.keep(group);
  const member = members.at(ask);
  gate.start(group, ask, 0);
  gate.drop(group);
  expect(members.at(ask)).toBe(member);
  gate.end(ask, "");
  expect(members.at(ask)).not.toBe(member);
});

test("of a name that a client made up nothing is left once it has left the line", () => {
  const { members, gate } = setUp(false);
  const ask = askFor("made-up");
  const group = gate.groupOf(ask);
  gate.keep(group);
  const member = members.at(ask);
  gate.drop(group);
  expect(members.at(ask)).not.toBe(member);
});

test("who waits for a model keeps it, and so does what is loaded", () => {
  for (const exclusive of [false, true]) {
    const { members, gate } = setUp(exclusive);
    const ask = askFor("small");
    const group = gate.groupOf(ask);
    for (const _ of ["runs", "waits"]) gate.keep(group);
    const member = members.at(ask);
    gate.start(group, ask, 0);
    gate.drop(group);
    gate.end(ask, "");
    expect(members.at(ask)).toBe(member);
    gate.drop(group);
    if (exclusive) expect(members.at(ask)?.loaded).toBe("small");
    else expect(members.at(ask)).not.toBe(member);
  }
});
