/**
 * What one generation cost, in tokens. `input` is the whole prompt, cached tokens included;
 * `cached` and `reasoning` are parts of `input` and `output`. Unknown is null, never a guessed 0.
 * `source` says whose numbers they are: the upstream's `usage`, llama.cpp's `timings`, or counted here.
 */
export type Usage = {
  input: number | null;
  output: number | null;
  cached: number | null;
  reasoning: number | null;
  source: "reported" | "timings" | "estimated" | null;
};
