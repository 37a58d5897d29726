/**
 * After so many small pieces they are joined: a Buffer costs some 400 bytes besides its content.
 */
const together = 256;
const small = 4096;

/**
 * Collects the pieces of a body. A body that arrives byte by byte must not use hundreds of times
 * its size.
 */
export class Pieces {
  readonly #whole: Buffer[] = [];
  #small: Buffer[] = [];

  add(piece: Buffer): void {
    if (piece.length >= small) {
      this.#gather();
      this.#whole.push(piece);
      return;
    }
    this.#small.push(piece);
    if (this.#small.length === together) this.#gather();
  }

  joined(): Buffer {
    this.#gather();
    const [first] = this.#whole;
    return first !== undefined && this.#whole.length === 1 ? first : Buffer.concat(this.#whole);
  }

  #gather(): void {
    const [first] = this.#small;
    if (first === undefined) return;
    this.#whole.push(this.#small.length === 1 ? first : Buffer.concat(this.#small));
    this.#small = [];
  }
}
