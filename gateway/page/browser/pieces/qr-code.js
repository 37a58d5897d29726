import { html } from "htm/preact";
import { generate } from "lean-qr/nano";
import { useMemo } from "preact/hooks";

/** Modules of white around the code, which readers need. */
const margin = 4;

/** A QR code as one drawn path. @param {{ text: string, label: string }} props */
export function QrCode({ text, label }) {
  const { size, path } = useMemo(() => {
    const code = generate(text);
    let d = "";
    for (let y = 0; y < code.size; y++) {
      for (let x = 0; x < code.size; x++) if (code.get(x, y)) d += `M${x} ${y}h1v1h-1z`;
    }
    return { size: code.size, path: d };
  }, [text]);
  const box = `${-margin} ${-margin} ${size + 2 * margin} ${size + 2 * margin}`;
  return html`<svg class="qr" role="img" aria-label=${label} viewBox=${box} shape-rendering="crispEdges">
    <rect x=${-margin} y=${-margin} width=${size + 2 * margin} height=${size + 2 * margin} fill="#fff" />
    <path d=${path} fill="#000" />
  </svg>`;
}
