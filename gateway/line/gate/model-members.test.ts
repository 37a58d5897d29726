import { expect, test } from "vitest";
import type { LineRequest } from "../order/line-entry.ts";
import { Gate } from "./gate.ts";
import { ModelMembers } from "./model-members.ts";

const askFor = (model: string): LineRequest => ({ id: "x", user: "alice", model });

function setUp(exclusive: boolean) {
  const members = new ModelMembers({ capacityOf: () => 1, boxOf: () => null, exclusive });
  return { members, gate: new Gate({}, () => true, members) };
}

test("nothing is left of a made-up model name after its last request has ended", () => {
  const { members, gate } = setUp(false);
  const request = askFor("made-up");
  const group = gate.groupOf(request);
  gate.keep(group);
  const member = members.at(request);
  gate.start(group, request, 0);
  gate.drop(group);
  expect(members.at(request)).toBe(member);
  gate.end(request, "");
  expect(members.at(request)).not.toBe(member);
});

test("nothing is left of a made-up model name after its request has left the line", () => {
  const { members, gate } = setUp(false);
  const request = askFor("made-up");
  const group = gate.groupOf(request);
  gate.keep(group);
  const member = members.at(request);
  gate.drop(group);
  expect(members.at(request)).not.toBe(member);
});

test("a waiting request keeps its model in memory, and so does a loaded one", () => {
  for (const exclusive of [false, true]) {
    const { members, gate } = setUp(exclusive);
    const request = askFor("small");
    const group = gate.groupOf(request);
    for (const _ of ["runs", "waits"]) gate.keep(group);
    const member = members.at(request);
    gate.start(group, request, 0);
    gate.drop(group);
    gate.end(request, "");
    expect(members.at(request)).toBe(member);
    gate.drop(group);
    if (exclusive) expect(members.at(request)?.loaded).toBe("small");
    else expect(members.at(request)).not.toBe(member);
  }
});
