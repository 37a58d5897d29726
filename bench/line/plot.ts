type Series = { name: string; color: string; values: number[] };

const [width, height, left, top, right, bottom] = [720, 360, 60, 40, 20, 50];

/** Points over their number, on a logarithmic scale of seconds, as an SVG document. */
export function plot(title: string, abscissa: string, series: Series[]): string {
  const most = Math.max(...series.flatMap(({ values }) => values), 10);
  const decades = Math.ceil(Math.log10(most));
  const count = Math.max(...series.map(({ values }) => values.length));
  const x = (index: number): number => left + ((index + 0.5) / count) * (width - left - right);
  const y = (seconds: number): number => {
    const part = (Math.log10(Math.max(seconds, 0.1)) + 1) / (decades + 1);
    return height - bottom - part * (height - top - bottom);
  };
  const text = (at: string, body: string, more = ""): string =>
    `<text ${at} ${more}>${body}</text>`;
  const grid = Array.from({ length: decades + 2 }, (_, index) => {
    const seconds = 10 ** (index - 1);
    const line = `<path d="M${left} ${y(seconds)}H${width - right}" stroke="#ddd"/>`;
    return (
      line + text(`x="${left - 8}" y="${y(seconds) + 4}"`, `${seconds} s`, 'text-anchor="end"')
    );
  });
  const points = series.map(({ color, values }) =>
    values
      .map(
        (value, index) => `<circle cx="${x(index).toFixed(1)}" cy="${y(value).toFixed(1)}" r="4"/>`,
      )
      .join("")
      .replace(/^/, `<g fill="${color}">`)
      .concat("</g>"),
  );
  const legend = series.map(({ name, color }, index) =>
    text(`x="${left + 130 * index}" y="${height - 12}" fill="${color}"`, `● ${name}`),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}"`,
    ` font-family="system-ui, sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    text(`x="${left}" y="22"`, title, 'font-size="15"'),
    ...grid,
    ...points,
    ...legend,
    text(`x="${width - right}" y="${height - 12}"`, abscissa, 'text-anchor="end"'),
    "</svg>\n",
  ].join("\n");
}
