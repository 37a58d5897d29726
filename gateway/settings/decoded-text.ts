/**
 * The text of a file that a person wrote, without the mark of its encoding. Windows writes UTF-16
 * with `>` in its older PowerShell, and marks the order of bytes.
 */
export function decodedText(bytes: Buffer): string {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe
      ? "utf-16le"
      : first === 0xfe && second === 0xff
        ? "utf-16be"
        : "utf-8";
  // The decoder leaves the mark out.
  return new TextDecoder(encoding).decode(bytes);
}
