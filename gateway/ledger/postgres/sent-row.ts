import type { Row } from "../row.ts";
import {
  type ColumnValue,
  closeColumns,
  closeValues,
  openColumns,
  openValues,
} from "../row-values.ts";

const openNames = openColumns.split(", ");
const closeNames = closeColumns.split(", ");

/** A row as JSON, by column. */
export function sentText(row: Row, instance: string): string {
  const { opening, closing } = row;
  const sent: Record<string, ColumnValue> = {};
  put(sent, openNames, openValues(opening, closing?.servedBy ?? opening.upstream, instance));
  if (closing === null) sent.state = "open";
  else put(sent, closeNames, closeValues(closing));
  return JSON.stringify(sent);
}

function put(
  into: Record<string, ColumnValue>,
  names: readonly string[],
  values: readonly ColumnValue[],
): void {
  for (const [index, name] of names.entries()) {
    const value = values[index] ?? null;
    into[name] = value;
  }
}
