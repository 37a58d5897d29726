/**
 * Copies a text. Browsers have a clipboard only over TLS: over plain http an invisible field is
 * selected and copied.
 * @param {string} text
 * @returns {Promise<boolean>} false where the browser refuses
 */
export async function copyText(text) {
  if (window.isSecureContext && navigator.clipboard !== undefined) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Refused by the browser's settings: the other way may work.
    }
  }
  const field = document.createElement("textarea");
  field.value = text;
  field.readOnly = true;
  field.className = "unseen";
  document.body.append(field);
  const focused = document.activeElement;
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return done;
}
