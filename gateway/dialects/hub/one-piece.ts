/** Gives a whole answer as its only piece, then null for its end (`Converted.next`). */
export function onePiece(text: string): () => Promise<string | null> {
  let rest: string | null = text;
  return async () => {
    const piece = rest;
    rest = null;
    return piece;
  };
}
