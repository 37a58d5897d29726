/** A larger body has memory of its own, which goes back to the system when it is freed. Bytes. */
const small = 64 * 1024;

const nothing = Buffer.alloc(0);

/**
 * The bytes of one body, kept once. A small body that comes in one piece, as nearly all do, is that
 * piece. A large body grows in place, in memory that is reserved for
 * `most` bytes and used only as far as bytes came; so there is never a second, joined copy.
 */
export class BodyStore {
  readonly #most: number;
  readonly #expected: number;
  #memory: Buffer = nothing;
  #large: ArrayBuffer | null = null;
  #length = 0;

  /**
   * @param most - the store is never given more bytes than these.
   * @param expected - how many bytes the client has declared; 0 if it has declared none.
   */
  constructor(most: number, expected: number) {
    this.#most = most;
    this.#expected = expected;
  }

  get length(): number {
    return this.#length;
  }

  add(piece: Buffer): void {
    if (this.#length === 0 && this.#isAll(piece)) {
      this.#memory = piece;
      this.#length = piece.length;
      return;
    }
    const needed = this.#length + piece.length;
    if (needed > this.#memory.length) this.#grow(needed);
    piece.copy(this.#memory, this.#length);
    this.#length = needed;
  }

  /** What came so far. It is empty once the store is freed. */
  bytes(): Buffer {
    const memory = this.#memory;
    return memory.length === this.#length ? memory : memory.subarray(0, this.#length);
  }

  /** Gives the memory back at once: the garbage collector would come only with the next burst. */
  free(): void {
    this.#large?.resize(0);
    this.#large = null;
    this.#memory = nothing;
    this.#length = 0;
  }

  /** True for the whole of a small body, in memory of its own: a slice would keep what it is of. */
  #isAll(piece: Buffer): boolean {
    const { length } = piece;
    return length === this.#expected && length <= small && length === piece.buffer.byteLength;
  }

  #grow(needed: number): void {
    if (this.#large !== null) {
      this.#large.resize(Math.min(this.#most, Math.ceil(needed / small) * small));
      this.#memory = Buffer.from(this.#large);
      return;
    }
    const before = this.#memory;
    if (needed <= small) {
      const first = Math.min(small, this.#most, this.#expected || 4096);
      const size = Math.min(small, Math.max(needed, first, before.length * 2));
      this.#memory = Buffer.allocUnsafeSlow(size);
    } else {
      const first = Math.min(this.#most, Math.ceil(needed / small) * small);
      this.#large = new ArrayBuffer(first, { maxByteLength: this.#most });
      this.#memory = Buffer.from(this.#large);
    }
    before.copy(this.#memory, 0, 0, this.#length);
  }
}
