/** The columns of a row, in the order of its reading, and their types in PostgreSQL. */
export const rowColumns: Readonly<Record<string, "text" | "bigint">> = {
  id: "text",
  request_id: "text",
  user: "text",
  key: "text",
  model: "text",
  upstream: "text",
  dialect: "text",
  path: "text",
  streamed: "bigint",
  started_at: "bigint",
  instance: "text",
  state: "text",
  status: "bigint",
  error_code: "text",
  queue_ms: "bigint",
  first_token_ms: "bigint",
  upstream_ms: "bigint",
  duration_ms: "bigint",
  input_tokens: "bigint",
  output_tokens: "bigint",
  cached_tokens: "bigint",
  reasoning_tokens: "bigint",
  usage_source: "text",
  upstream_id: "text",
  cost: "bigint",
  served_model: "text",
};

/** A row as it is sent: by column. */
export type SentRow = Readonly<Record<string, string | number | null>> & { readonly id: string };

/** A name as PostgreSQL takes it: `user` alone would be the user of the database. */
export const quoted = (name: string): string => `"${name}"`;

/** All columns, as a list. */
export const rowNames: string = Object.keys(rowColumns).map(quoted).join(", ");

/** The columns with their types, as `json_to_recordset` takes them. */
export const rowTypes: string = Object.entries(rowColumns)
  .map(([name, type]) => `${quoted(name)} ${type}`)
  .join(", ");
