/** A larger body has memory of its own, which goes back to the system when it is freed. Bytes. */
const small = 64 * 1024;

/**
 * The bytes of one body, kept once. A large body grows in place, in memory that is reserved for
 * `most` bytes and used only as far as bytes came; so there is never a second, joined copy.
 */
export class BodyStore {
  readonly #most: number;
  #memory: Buffer;
  #large: ArrayBuffer | null = null;
  #length = 0;

  /**
   * @param most - the store is never given more bytes than these.
   * @param expected - how many bytes the client has declared; 0 if it has declared none.
   */
  constructor(most: number, expected: number) {
    this.#most = most;
    this.#memory = Buffer.allocUnsafeSlow(Math.min(small, most, expected || 4096));
  }

  get length(): number {
    return this.#length;
  }

  add(piece: Buffer): void {
    const needed = this.#length + piece.length;
    if (needed > this.#memory.length) this.#grow(needed);
    piece.copy(this.#memory, this.#length);
    this.#length = needed;
  }

  /** What came so far. It is empty once the store is freed. */
  bytes(): Buffer {
    return this.#memory.subarray(0, this.#length);
  }

  /** Gives the memory back at once: the garbage collector would come only with the next burst. */
  free(): void {
    this.#large?.resize(0);
    this.#large = null;
    this.#memory = Buffer.alloc(0);
    this.#length = 0;
  }

  #grow(needed: number): void {
    if (this.#large !== null) {
      this.#large.resize(Math.min(this.#most, Math.ceil(needed / small) * small));
      this.#memory = Buffer.from(this.#large);
      return;
    }
    const before = this.#memory;
    if (needed <= small) {
      this.#memory = Buffer.allocUnsafeSlow(Math.min(small, Math.max(needed, before.length * 2)));
    } else {
      const first = Math.min(this.#most, Math.ceil(needed / small) * small);
      this.#large = new ArrayBuffer(first, { maxByteLength: this.#most });
      this.#memory = Buffer.from(this.#large);
    }
    before.copy(this.#memory, 0, 0, this.#length);
  }
}
