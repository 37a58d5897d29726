import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { alike, crowded, differing } from "./line/crowd.ts";
import { informed } from "./line/informed.ts";
import { fallingGpu, type Gpu, steadyGpu } from "./line/load.ts";
import { plot } from "./line/plot.ts";
import {
  backlogged,
  backlogs,
  errors,
  jainIndex,
  laterErrors,
  loads,
  median,
  visited,
  visits,
} from "./line/scenarios.ts";
import type { Outcome } from "./line/simulate.ts";

/**
 * Compares the line with first come, first served on simulated time: `node bench/line-simulation.ts`.
 * Prints the table, and writes it and a plot beside this file. Every run has the same numbers.
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
/** Errors of the first promise in a crowd, for requests that were promised at least so long. */
const error = (slots: number, leastMs: number) => async (first: boolean) => {
  const told = await crowded({ gpu: steadyGpu, capacity: slots, longer: alike }, first);
  return medianError(told.filter(({ etaMs }) => (etaMs ?? 0) >= leastMs));
};
/** Errors of the promises that a crowd gets later, while it waits. */
const laterError = (slots: number) => async (first: boolean) => {
  const told = await crowded({ gpu: steadyGpu, capacity: slots, longer: alike }, first);
  return percent(median(laterErrors(told)));
};
/** Errors if one user keeps fifty waiting and another sends single requests. */
const visitError = (slots: number, of: (one: Outcome) => boolean) => async (first: boolean) => {
  const told = await visited(first, { capacity: slots, everyMs: 120_000 });
  return medianError(told.filter(of));
};
const anyone = (): boolean => true;
const single = ({ user }: Outcome): boolean => user === "visitor";
/** Errors if five users have a backlog each. */
const backlogError = (slots: number) => async (first: boolean) =>
  medianError(await backlogged(first, equal, { capacity: slots }));

/** All waits of a second and more that were promised a time. */
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
    ["later promises, median error: eight people at random, 1 slot", laterError(1)],
    ["… eight people at random, 4 slots", laterError(4)],
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

/** What the line gains by the sizes of requests, on a GPU. Errors of the first promises. */
async function sizesEarn(name: string, gpu: Gpu, capacity: number): Promise<string[]> {
  const setups: [string, (sizes: boolean) => Promise<Outcome[]>][] = [
    [
      "a backlog of 50 and single requests",
      (sizes) => visited(false, { gpu, capacity, everyMs: 120_000, sizes }),
    ],
    [
      "… the single requests alone",
      async (sizes) =>
        (await visited(false, { gpu, capacity, everyMs: 120_000, sizes })).filter(single),
    ],
    ["five users with backlogs", (sizes) => backlogged(false, equal, { gpu, capacity, sizes })],
    ["eight alike at random", (sizes) => crowded({ gpu, capacity, longer: alike }, false, sizes)],
    [
      "eight differing at random",
      (sizes) => crowded({ gpu, capacity, longer: differing }, false, sizes),
    ],
  ];
  const rows: string[] = [];
  for (const [who, of] of setups) {
    const [known, unknown] = [medianError(await of(true)), medianError(await of(false))];
    rows.push(`| ${name} | ${capacity} | ${who} | ${known} | ${unknown} |`);
  }
  return rows;
}

/** The line's first promises beside those of forecasters that know more. */
function apart(longer: readonly number[], capacity: number): string[] {
  const forecasters = [
    { lengths: false, arrivals: false },
    { lengths: false, arrivals: true },
    { lengths: true, arrivals: false },
  ];
  const told = informed({ gpu: steadyGpu, capacity, longer }, forecasters, capacity * 12);
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
  "The median error of the first promise, with and without the sizes of prompts and answers. A GPU with a",
  "falling pace needs twice as long for a token after 2000 tokens of context. Without sizes the line learns",
  "only how long slots were held.",
  "",
  "| Pace | Slots | Who waits | Sizes known | Sizes unknown |",
  "| --- | --- | --- | --- | --- |",
  ...(await sizesEarn("steady", steadyGpu, 1)),
  ...(await sizesEarn("steady", steadyGpu, 4)),
  ...(await sizesEarn("falling", fallingGpu, 1)),
  ...(await sizesEarn("falling", fallingGpu, 4)),
  "",
  "The median error of the first promise beside those of forecasters that know more. The first knows the line,",
  "its rules, and how lengths and arrivals are distributed; it draws a hundred futures and promises the time",
  "with the least error. The others also know the coming arrivals, or the lengths of all present answers.",
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
