/** Whether a credential has the form of a token: three parts with dots between them. */
export function looksLikeJwt(text: string): boolean {
  const first = text.indexOf(".");
  const second = text.indexOf(".", first + 1);
  return first > 0 && second > first + 1 && !text.includes(".", second + 1);
}
