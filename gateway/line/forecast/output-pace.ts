/** The number of observations remembered. */
const remembered = 100;
/** With fewer observations, the cost of a long context cannot be told from chance. */
const enoughToFit = 12;
/** Sweeps over the three costs, and passes in which outliers lose weight. */
const [sweeps, passes] = [40, 4];

type Costs = readonly [fixed: number, perInput: number, perOutput: number];

/**
 * Milliseconds for each token of an answer. Each token looks at all tokens before it, so it takes
 * longer in a longer context: a fixed part, a part for each token of the prompt, and a part for
 * each token of the answer so far. With small models and long contexts the last two are most of it.
 * The parts are fitted to the recent generations, by the time of a token, so that no outlier moves
 * them.
 */
export class OutputPace {
  /** Tokens of the prompt and of the answer, and milliseconds for each token of the answer. */
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
   * How long an answer of `output` tokens takes, in milliseconds. For an average over answers,
   * `output` is their mean length and `longest` the mean of the squares divided by the mean. Beyond
   * the longest context seen, the pace stays the same.
   */
  msOf(input: number, output: number, longest: number = output): number {
    const [base, perOutput] = this.#costsFor(input);
    return output * (base + (perOutput * Math.min(longest, this.#longest.output)) / 2);
  }

  /** How many tokens there are after `ms` milliseconds. */
  tokensIn(input: number, ms: number): number {
    const [base, perOutput] = this.#costsFor(input);
    const end = this.#longest.output;
    const slowest = Math.max(Number.MIN_VALUE, base + (perOutput * end) / 2);
    if (perOutput === 0 || ms >= slowest * end) return ms / slowest;
    return (Math.sqrt(base * base + 2 * perOutput * ms) - base) / perOutput;
  }

  #costsFor(input: number): [number, number] {
    // Fitted again when a quarter has changed: a fit costs as much as a hundred medians.
    if (this.#unseen * 4 > this.#seen.length) this.#fit();
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
    const rows = new Float64Array(this.#seen.length * width);
    let at = 0;
    for (const { input, output, ms } of this.#seen) {
      rows[at] = 1;
      rows[at + 1] = input / Math.max(1, mostInput);
      rows[at + 2] = output / Math.max(1, mostOutput);
      rows[at + 3] = ms / middle;
      at += width;
    }
    const [fixed = 1, perInput = 0, perOutput = 0] = leastDeviations(rows);
    this.#costs = [
      fixed * middle,
      (perInput * middle) / Math.max(1, mostInput),
      (2 * perOutput * middle) / Math.max(1, mostOutput),
    ];
  }
}

/** The length of a row: the factors of its three costs, then their sum. */
const width = 4;

/**
 * The costs, none below 0, from which the rows deviate least by absolute value. It is least squares
 * in passes: a row counts less if it deviated more in the pass before. Plain loops over numbers,
 * because it runs every few requests.
 */
function leastDeviations(rows: Float64Array): Float64Array {
  const costs = Float64Array.of(1, 0, 0);
  // For each cost: its products with the three costs, then with the target.
  const sums = new Float64Array(3 * width);
  for (let pass = 0; pass < passes; pass++) {
    sums.fill(0);
    for (let row = 0; row < rows.length; row += width) {
      const y = rows[row + 3] ?? 0;
      const off = Math.abs(y - fitted(rows, row, costs));
      const weight = pass === 0 ? 1 / Math.max(1, y) ** 2 : 1 / Math.max(0.02, off);
      for (let i = 0; i < 3; i++) {
        const weighted = weight * (rows[row + i] ?? 0);
        for (let j = 0; j < width; j++) add(sums, i * width + j, weighted * (rows[row + j] ?? 0));
      }
    }
    descend(sums, costs);
  }
  return costs;
}

/** The sweeps end when the costs move less than this, as a part of the usual pace. */
const settled = 1e-6;

/** Least squares without negative costs, one coordinate after the other. */
function descend(sums: Float64Array, costs: Float64Array): void {
  for (let sweep = 0, moved = 1; sweep < sweeps && moved > settled; sweep++) {
    moved = 0;
    for (let i = 0; i < 3; i++) {
      const row = i * width;
      const own = sums[row + i] ?? 0;
      const target = sums[row + 3] ?? 0;
      const rest = target - fitted(sums, row, costs) + own * (costs[i] ?? 0);
      const better = own > 0 ? Math.max(0, rest / own) : 0;
      moved = Math.max(moved, Math.abs(better - (costs[i] ?? 0)));
      costs[i] = better;
    }
  }
}

/** The sum of the costs for the row of `of` that begins at `row`. */
function fitted(of: Float64Array, row: number, costs: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < 3; i++) sum += (of[row + i] ?? 0) * (costs[i] ?? 0);
  return sum;
}

function add(sums: Float64Array, at: number, value: number): void {
  sums[at] = (sums[at] ?? 0) + value;
}
