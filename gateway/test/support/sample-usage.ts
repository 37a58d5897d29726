/**
 * An answer of GET /usage: the last days, each model less than the one before. The first has 20 000
 * tokens and 4 minutes a day, the second 16 000 and 2.
 */
export function usageOf(models: readonly string[], days: number): object {
  const rows = Array.from({ length: days }, (_, ago) => {
    const at = new Date(Date.now() - ago * 86_400_000).toISOString();
    return models.map((model, order) => ({
      day: at.slice(0, 10),
      hour: `${at.slice(0, 13)}:00:00.000Z`,
      model,
      requests: 10,
      errors: 0,
      cancelled: 0,
      input_tokens: 15_000 - 4_000 * order,
      output_tokens: 5_000,
      queue_ms: 30_000,
      upstream_ms: 240_000 / (order + 1),
      cost: null,
    }));
  }).flat();
  const sum = (read: (row: (typeof rows)[number]) => number): number =>
    rows.reduce((all, row) => all + read(row), 0);
  const total = {
    requests: sum(({ requests }) => requests),
    errors: 0,
    cancelled: 0,
    input_tokens: sum((row) => row.input_tokens),
    output_tokens: sum((row) => row.output_tokens),
    queue_ms: sum((row) => row.queue_ms),
    upstream_ms: sum((row) => row.upstream_ms),
    cost: null,
  };
  return { object: "usage", tz: "Europe/Berlin", data: rows, total };
}
