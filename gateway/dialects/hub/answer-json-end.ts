const quote = 0x22;
const backslash = 0x5c;

function isOpening(code: number): boolean {
  return code === 0x7b || code === 0x5b;
}

function isClosing(code: number): boolean {
  return code === 0x7d || code === 0x5d;
}

/**
 * Takes the text of a JSON object or array piece by piece, however it is cut, and says after each
 * whether it is whole now.
 */
export function createJsonEnd(): (piece: string) => boolean {
  let depth = 0;
  let isBegun = false;
  let isInText = false;
  let isEscaped = false;

  return (piece) => {
    for (let at = 0; at < piece.length; at += 1) {
      const code = piece.charCodeAt(at);
      if (isEscaped) isEscaped = false;
      else if (isInText) {
        if (code === backslash) isEscaped = true;
        else if (code === quote) isInText = false;
      } else if (code === quote) isInText = true;
      else if (isOpening(code)) {
        depth += 1;
        isBegun = true;
      } else if (isClosing(code)) depth -= 1;
    }
    return isBegun && depth <= 0;
  };
}
