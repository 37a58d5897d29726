import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { alike, crowded, differing } from "./line/crowd.ts";
import { informed } from "./line/informed.ts";
import { plot } from "./line/plot.ts";
import {
  backlogged,
  backlogs,
  errors,
  jainIndex,
  loads,
  median,
  visited,
  visits,
} from "./line/scenarios.ts";
import type { Outcome } from "./line/simulate.ts";

/**
 * The line against first come, first served, on simulated time: `node bench/line-simulation.ts`.
 * Prints the table, and writes it and a plot beside this file. The same numbers in every run.
 */
const seconds = ({ startedAt, joinedAt }: Outcome): number => (startedAt - joinedAt) / 1000;
const most = (values: number[]): string => String(Math.max(...values));
const percent = (part: number): string => `${(part * 100).toFixed(0)} %`;

type Row = { measure: string; goal: string; fair: string; fifo: string };

async function compare(
  measure: string,
  goal: string,
  of: (fifo: boolean) => Promise<string>,
): Promise<Row> {
  return { measure, goal, fair: await of(false), fifo: await of(true) };
}

const [fair, fifo] = [await visits(false), await visits(true)];
const both = (measure: string, goal: string, of: (visits: Outcome[]) => string): Row => ({
  measure,
  goal,
  fair: of(fair),
  fifo: of(fifo),
});

const equal = [1, 1, 1, 1, 1];
const weighted = [1, 2, 4];
const swaps = await loads();
const medianError = (of: Outcome[]): string => percent(median(errors(of)));
/** Errors of the first estimate in the mix, for those who were promised at least so long. */
const error = (slots: number, leastMs: number) => async (first: boolean) => {
  const told = await crowded({ capacity: slots, longer: alike }, first);
  return medianError(told.filter(({ etaMs }) => (etaMs ?? 0) >= leastMs));
};
/** … where one user keeps fifty waiting and another comes with single requests. */
const visitError = (slots: number, of: (one: Outcome) => boolean) => async (first: boolean) => {
  const told = await visited(first, { capacity: slots, everyMs: 120_000 });
  return medianError(told.filter(of));
};
const anyone = (): boolean => true;
const single = ({ user }: Outcome): boolean => user === "visitor";
/** … where five users have a backlog each. */
const backlogError = (slots: number) => async (first: boolean) =>
  medianError(await backlogged(first, equal, slots));

/** Every wait of a second and more counts, from the first that was told a time. */
async function estimates(): Promise<Row[]> {
  const measures: [string, (first: boolean) => Promise<string>][] = [
    [
      "first promise, median error: a backlog of 50 and single requests, 1 slot",
      visitError(1, anyone),
    ],
    ["… of these the single requests alone, 1 slot", visitError(1, single)],
    ["… a backlog of 50 and single requests, 4 slots", visitError(4, anyone)],
    ["… five equal users with backlogs, 1 slot", backlogError(1)],
    ["… five equal users with backlogs, 4 slots", backlogError(4)],
    ["… eight people at random, 1 slot", error(1, 0)],
    ["… eight people at random, 4 slots", error(4, 0)],
    ["… of these, promised 30 s and more, 1 slot", error(1, 30_000)],
    ["… of these, promised 30 s and more, 4 slots", error(4, 30_000)],
  ];
  const rows: Row[] = [];
  for (const [measure, of] of measures) rows.push(await compare(measure, "≤ 30 %", of));
  return rows;
}

const rows: Row[] = [
  both("a single request behind a backlog of 50: starts before its own, at most", "0", (of) =>
    most(of.map(({ startsBefore }) => startsBefore)),
  ),
  both(
    "… and its wait, median",
    "the rest of one generation",
    (of) => `${median(of.map(seconds)).toFixed(1)} s`,
  ),
  await compare("Jain's index, five equal users with backlogs, 4 slots", "≥ 0.99", async (first) =>
    jainIndex(await backlogs(first, equal)).toFixed(4),
  ),
  await compare("Jain's index of time by weight, weights 1, 2 and 4", "≥ 0.99", async (first) => {
    const used = await backlogs(first, weighted);
    return jainIndex(used.map((ms, index) => ms / (weighted[index] ?? 1))).toFixed(4);
  }),
  ...(await estimates()),
  {
    measure: "loads of two models in a box that holds one, 4 busy hours",
    goal: "a fraction",
    fair: String(swaps.fair),
    fifo: String(swaps.fifo),
  },
];

/** The line's first estimates beside those of forecasters who know more. */
function apart(longer: readonly number[], capacity: number): string[] {
  const forecasters = [
    { lengths: false, arrivals: false },
    { lengths: false, arrivals: true },
    { lengths: true, arrivals: false },
  ];
  const told = informed({ capacity, longer }, forecasters, capacity * 12);
  const users = longer === alike ? "alike" : "differing";
  const spans: [string, number, number][] = [
    ["every wait", 0, Number.POSITIVE_INFINITY],
    ["under 10 s", 0, 10_000],
    ["10 s and more", 10_000, Number.POSITIVE_INFINITY],
  ];
  return spans.map(([span, from, to]) => {
    const waits = told.filter(({ waitedMs }) => waitedMs >= from && waitedMs < to);
    const errorOf = (promise: (each: (typeof waits)[number]) => number): string =>
      percent(median(waits.map((each) => Math.abs(promise(each) / each.waitedMs - 1))));
    const others = forecasters.map((_, index) => errorOf(({ promised }) => promised[index] ?? 0));
    const cells = [users, `${capacity}`, span, `${waits.length}`, errorOf(({ line }) => line)];
    return `| ${[...cells, ...others].join(" | ")} |`;
  });
}

const table = [
  "| Measure | Goal | The line | First come, first served |",
  "| --- | --- | --- | --- |",
  ...rows.map(({ measure, goal, fair, fifo }) => `| ${measure} | ${goal} | ${fair} | ${fifo} |`),
  "",
  "The median error of the first estimate, taken apart: what is left to a forecaster who knows the line, its",
  "rules, and how lengths and arrivals are distributed, and promises what is least wrong over a hundred",
  "futures of it; and to one who knows in addition who will come, or how long each present answer will be.",
  "",
  "| Users | Slots | Waits | Number | The line | Distributions | … and arrivals | … and lengths |",
  "| --- | --- | --- | --- | --- | --- | --- | --- |",
  ...[alike, differing].flatMap((longer) => [1, 4].flatMap((slots) => apart(longer, slots))),
  "",
].join("\n");

const here = import.meta.dirname;
writeFileSync(join(here, "line-simulation.md"), table);
writeFileSync(
  join(here, "line-simulation.svg"),
  plot(
    "Wait of a single request while another user keeps 50 waiting",
    "visit, one each 10 minutes",
    [
      { name: "the line", color: "#0a7", values: fair.map(seconds) },
      { name: "first come, first served", color: "#c33", values: fifo.map(seconds) },
    ],
  ),
);
process.stdout.write(table);
