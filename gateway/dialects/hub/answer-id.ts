/** The id under which a dialect knows an answer: with its prefix, once. */
export function prefixedId(prefix: string, id: string): string {
  return id.startsWith(prefix) ? id : prefix + id;
}
