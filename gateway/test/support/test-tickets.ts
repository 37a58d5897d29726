import { createLine, type Line, type LineOptions, type Ticket } from "../../line/line.ts";

let serial = 0;

/** A request of alice that asks for a slot, with an id of its own. */
export const ticket = (more: Partial<Ticket> = {}): Ticket => ({
  id: `ticket-${++serial}`,
  user: "alice",
  model: "m",
  signal: new AbortController().signal,
  ...more,
});

/** A line of one slot, in which any number may wait. */
export const lineOf = (options: Partial<LineOptions> = {}): Line =>
  createLine({ capacity: 1, maxQueue: null, ...options });

/** Lets all promises settle that can. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
