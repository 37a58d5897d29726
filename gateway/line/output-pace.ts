/** How many observations are remembered. */
const remembered = 100;
/** With fewer, what a longer context costs can not be told from chance. */
const enoughToFit = 12;
/** Sweeps over the three costs, and passes in which outliers lose their weight. */
const [sweeps, passes] = [40, 4];

type Costs = readonly [fixed: number, perInput: number, perOutput: number];

/**
 * Milliseconds for each token of an answer. Each token looks at all before it, so the longer the
 * context, the longer it takes: a fixed part, a part for each token of the prompt, and one for each
 * token of the answer so far. Small models and long contexts make the latter two most of it.
 * Fitted to the recent generations, each by its token's time, so that no outlier moves it.
 */
export class OutputPace {
  /** Prompt, answer, milliseconds for each token of the answer. */
  readonly #seen: { input: number; output: number; ms: number }[] = [];
  #next = 0;
  #unseen = 0;
  #costs: Costs = [0, 0, 0];
  #longest = { input: 0, output: 0 };

  get count(): number {
    return this.#seen.length;
  }

  add(input: number, output: number, ms: number): void {
    this.#seen[this.#next] = { input, output, ms: ms / output };
    this.#next = (this.#next + 1) % remembered;
    this.#unseen++;
  }

  /**
   * How long `output` tokens take; as many as that on the average, where `longest` is the mean of
   * the squares of the lengths by that of the lengths. Beyond what was seen, paces stay as they are.
   */
  msOf(input: number, output: number, longest: number = output): number {
    const [base, perOutput] = this.#costsFor(input);
    return output * (base + (perOutput * Math.min(longest, this.#longest.output)) / 2);
  }

  /** How many tokens there are after so many milliseconds. */
  tokensIn(input: number, ms: number): number {
    const [base, perOutput] = this.#costsFor(input);
    const end = this.#longest.output;
    const slowest = Math.max(Number.MIN_VALUE, base + (perOutput * end) / 2);
    if (perOutput === 0 || ms >= slowest * end) return ms / slowest;
    return (Math.sqrt(base * base + 2 * perOutput * ms) - base) / perOutput;
  }

  #costsFor(input: number): [number, number] {
    // Anew when a sixteenth has changed, as with every recent quantity.
    if (this.#unseen * 16 > this.#seen.length) this.#fit();
    const [fixed, perInput, perOutput] = this.#costs;
    return [fixed + perInput * Math.min(input, this.#longest.input), perOutput];
  }

  #fit(): void {
    this.#unseen = 0;
    const paces = this.#seen.map(({ ms }) => ms).sort((a, b) => a - b);
    const middle = paces[paces.length >> 1] ?? 0;
    this.#costs = [middle, 0, 0];
    this.#longest = { input: 0, output: 0 };
    for (const { input, output } of this.#seen) {
      this.#longest.input = Math.max(this.#longest.input, input);
      this.#longest.output = Math.max(this.#longest.output, output);
    }
    if (this.#seen.length < enoughToFit || middle === 0) return;
    const { input: mostInput, output: mostOutput } = this.#longest;
    const rows = this.#seen.map(({ input, output, ms }) => ({
      x: [1, input / Math.max(1, mostInput), output / Math.max(1, mostOutput)],
      y: ms / middle,
    }));
    const [fixed = 1, perInput = 0, perOutput = 0] = leastDeviations(rows);
    this.#costs = [
      fixed * middle,
      (perInput * middle) / Math.max(1, mostInput),
      (2 * perOutput * middle) / Math.max(1, mostOutput),
    ];
  }
}

type Row = { x: readonly number[]; y: number };

/**
 * The costs, none below 0, of which the rows deviate least by absolute value: least squares, in
 * which a row counts the less the more it deviated in the pass before.
 */
function leastDeviations(rows: readonly Row[]): number[] {
  let costs = [1, 0, 0];
  for (let pass = 0; pass < passes; pass++) {
    const squares = [0, 0, 0].map(() => [0, 0, 0]);
    const targets = [0, 0, 0];
    for (const { x, y } of rows) {
      const fitted = dot(costs, x);
      const weight =
        pass === 0 ? 1 / Math.max(1, y) ** 2 : 1 / Math.max(0.02, Math.abs(y - fitted));
      for (const [i, xi] of x.entries()) {
        targets[i] = (targets[i] ?? 0) + weight * xi * y;
        const row = squares[i] ?? [];
        for (const [j, xj] of x.entries()) row[j] = (row[j] ?? 0) + weight * xi * xj;
      }
    }
    costs = descend(squares, targets, costs);
  }
  return costs;
}

/** Least squares without negative parts, one coordinate after the other. */
function descend(squares: number[][], targets: number[], from: number[]): number[] {
  const costs = [...from];
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (const [i, row] of squares.entries()) {
      const own = row[i] ?? 0;
      const rest = (targets[i] ?? 0) - dot(row, costs) + own * (costs[i] ?? 0);
      costs[i] = own > 0 ? Math.max(0, rest / own) : 0;
    }
  }
  return costs;
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (const [i, value] of a.entries()) sum += value * (b[i] ?? 0);
  return sum;
}
