/**
 * The name in `${NAME}`, which stands for a variable of the environment; null for any other text.
 */
export function variableIn(text: string): string | null {
  return /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(text)?.[1] ?? null;
}
