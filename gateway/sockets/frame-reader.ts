/** A longer message holds no usage that is read. Bytes. */
const mostText = 1024 * 1024;

const text = 1;
const firstControl = 8;

/**
 * Follows the frames of one side of a WebSocket (RFC 6455 §5.2) as its bytes pass. It keeps whole
 * text messages of a side that does not mask, which is the upstream's.
 */
export class FrameReader {
  readonly #onText: (message: string) => void;
  #head: Buffer = Buffer.alloc(0);
  /** Bytes of the payload that are still to come. */
  #left = 0;
  #kept: Buffer[] | null = null;
  #keptBytes = 0;
  #isLast = true;
  #isControl = false;
  /** When the last frame with data began. Monotonic milliseconds. */
  activeAt: number = performance.now();

  constructor(onText: (message: string) => void = () => {}) {
    this.#onText = onText;
  }

  /** A frame may be put in here. */
  get isBetweenFrames(): boolean {
    return this.#left === 0 && this.#head.length === 0;
  }

  push(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      if (this.#left > 0) {
        const part = rest.subarray(0, this.#left);
        this.#left -= part.length;
        this.#keep(part);
        rest = rest.subarray(part.length);
        if (this.#left === 0) this.#frameEnded();
        continue;
      }
      // A head has at most 14 bytes, so they are taken one by one.
      this.#head = Buffer.concat([this.#head, rest.subarray(0, 1)]);
      rest = rest.subarray(1);
      if (this.#head.length !== this.#headSize()) continue;
      this.#begin(this.#head);
      this.#head = Buffer.alloc(0);
      if (this.#left === 0) this.#frameEnded();
    }
  }

  /** Null while too few bytes have come to know. */
  #headSize(): number | null {
    const second = this.#head[1];
    if (second === undefined) return null;
    const length = second & 0x7f;
    const more = length === 126 ? 2 : length === 127 ? 8 : 0;
    return 2 + more + (second & 0x80 ? 4 : 0);
  }

  #begin(head: Buffer): void {
    const [first = 0, second = 0] = head;
    const short = second & 0x7f;
    if (short === 126) this.#left = head.readUInt16BE(2);
    else if (short === 127) this.#left = Number(head.readBigUInt64BE(2));
    else this.#left = short;
    const opcode = first & 0x0f;
    this.#isControl = opcode >= firstControl;
    if (this.#isControl) return;
    this.activeAt = performance.now();
    this.#isLast = (first & 0x80) !== 0;
    // Masked or compressed text cannot be read.
    const isPlain = (second & 0x80) === 0 && (first & 0x40) === 0;
    if (opcode === text) this.#kept = isPlain ? [] : null;
    else if (opcode !== 0) this.#kept = null;
    if (opcode !== 0) this.#keptBytes = 0;
  }

  #keep(part: Buffer): void {
    if (this.#isControl || this.#kept === null) return;
    this.#keptBytes += part.length;
    if (this.#keptBytes > mostText) this.#kept = null;
    else this.#kept.push(Buffer.from(part));
  }

  #frameEnded(): void {
    if (this.#isControl || !this.#isLast || this.#kept === null) return;
    const message = Buffer.concat(this.#kept).toString();
    this.#kept = null;
    this.#onText(message);
  }
}
