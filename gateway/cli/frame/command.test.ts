import { expect, test } from "vitest";
import { runCommand } from "../../test/support/run-command.ts";
import { command, commandGroup } from "./command.ts";

const paint = command({
  name: "house paint",
  summary: "paints a room",
  operands: ["ROOM", "[COLOUR]"],
  options: {
    coats: { type: "string", value: "N", about: "how many coats" },
    dry: { type: "boolean", about: "waits until the paint is dry" },
  },
  async run({ values, operands }, { out }) {
    out(JSON.stringify({ ...values, operands }));
  },
});

const sell = command({
  name: "house sell",
  summary: "sells the house",
  operands: [],
  options: { dry: { type: "boolean", about: "waits until the paint is dry" } },
  run: async () => {
    throw new TypeError("nobody buys it\n    at a stack");
  },
});

const house = commandGroup({ name: "house", summary: "a house", commands: [paint, sell] });

test("help names each subcommand with its arguments, and each option once with its takers", async () => {
  const lines = [
    "house: a house",
    "",
    "  house paint ROOM [COLOUR]  paints a room",
    "  house sell                 sells the house",
    "",
    "  --coats N  paint: how many coats",
    "  --dry      waits until the paint is dry",
  ];
  for (const argv of [[], ["help"], ["--help"], ["-h"]]) {
    expect(await runCommand(house, argv)).toEqual({ status: 0, out: lines.join("\n"), said: "" });
  }
  expect((await runCommand(house, ["sell", "--help"])).out).not.toContain("--coats");
});

test.each([
  [["paint", "hall", "--coats=2"], { coats: "2", operands: ["hall"] }],
  [["--coats", "2", "paint", "hall", "red"], { coats: "2", operands: ["hall", "red"] }],
  [["--dry", "paint", "hall"], { dry: true, operands: ["hall"] }],
])("%j is read, wherever the options stand", async (argv, given) => {
  const { status, out } = await runCommand(house, argv);
  expect(status).toBe(0);
  expect(JSON.parse(out)).toEqual(given);
});

test.each([
  [["burn"], 2, "house: it takes one of paint, sell"],
  [["toString"], 2, "house: it takes one of paint, sell"],
  [["paint"], 2, "house: ROOM is missing: house paint ROOM [COLOUR]"],
  [["paint", "a", "b", "sk-c"], 2, "house: too many arguments: house paint ROOM [COLOUR]"],
  [["paint", "a", "--coats"], 2, "house: --coats needs a value: --coats=N"],
  [["paint", "a", "--coats", "--dry"], 2, "house: --coats needs a value: --coats=N"],
  [["paint", "a", "--dry=sk-c"], 2, "house: --dry takes no value"],
  [["sell", "--fast=sk-c"], 2, "house: unknown option --fast; there are --dry"],
  [["sell"], 1, "house: nobody buys it"],
])("%j exits with its status and one line that says what is right", async (argv, status, said) => {
  expect(await runCommand(house, argv)).toEqual({ status, out: "", said });
});
