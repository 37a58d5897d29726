import type { ShownLine } from "./record-wait.ts";

const [margin, lineHeight, fontSize, charWidth] = [16, 18, 13, 7.85];
const gutter = 62;
/** A terminal of its own colours: to be read on a light page and on a dark one. */
const colors = { page: "#161b22", edge: "#6e7681", dim: "#8b949e", text: "#e6edf3" };
const wait = "#e3b341";
const answer = "#7ee787";

/** The command and the lines it printed, each with its second, as an SVG document. */
export function drawTerminal(command: string[], shown: ShownLine[]): string {
  const rows = [
    ...command.map((text) => ({ text, time: "", color: colors.text })),
    ...shown.map(({ atMs, text }, index) => {
      const time = `${(atMs / 1000).toFixed(1)} s`;
      const above = shown[index - 1];
      const isNew = above === undefined || `${(above.atMs / 1000).toFixed(1)} s` !== time;
      return { text, time: isNew ? time : "", color: colorOf(text) };
    }),
  ];
  const widest = Math.max(...rows.map(({ text }) => text.length));
  const width = Math.ceil(2 * margin + gutter + widest * charWidth);
  const height = 2 * margin + rows.length * lineHeight;
  const lines = rows.flatMap(({ text, time, color }, index) => {
    const y = margin + (index + 0.75) * lineHeight;
    const at = `<text x="${margin}" y="${y}" fill="${colors.dim}">${time}</text>`;
    const body = `<text x="${margin + gutter}" y="${y}" fill="${color}">${escaped(text)}</text>`;
    return time === "" ? [body] : [at, body];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}"`,
    ` width="${width}" height="${height}" font-size="${fontSize}" role="img"`,
    ` font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace">`,
    "<title>A terminal waiting in line: its place counts down, then the answer comes</title>",
    `<rect x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"`,
    ` fill="${colors.page}" stroke="${colors.edge}"/>`,
    `<g xml:space="preserve">`,
    ...lines,
    "</g>",
    "</svg>\n",
  ].join("\n");
}

function colorOf(text: string): string {
  if (text.startsWith(":")) return colors.dim;
  return text.includes('"queue"') ? wait : answer;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
