// Plots as SVG text: panels below each other, each with its own scale.

const WIDTH = 860;
const LEFT = 76;
const RIGHT = 24;
const HEAD = 58;
const PANEL = 190;
const PLOT_HEIGHT = 118;
const FOOT = 30;
const LEGEND_SLOT = 150;
const COLOURS = ['#1f6feb', '#d1702a', '#2da44e', '#8250df'];

/**
 * `panels` have `title` and `series` of `{ name, points: [[x, y], ...] }`; all share the x axis.
 */
export function linePlot({ title, subtitle, xLabel, panels }) {
  const xMax = Math.max(
    1e-9,
    ...panels.flatMap(({ series }) => series.flatMap(({ points }) => points.map(([x]) => x))),
  );
  const toX = (x) => LEFT + (x / xMax) * (WIDTH - LEFT - RIGHT);
  const ticks = niceTicks(xMax, 8);
  return picture({ title, subtitle, xLabel, panels }, (panel, toY, bottom) => [
    ...ticks.map((tick) => label(toX(tick), bottom + 16, number(tick), 'middle')),
    ...panel.series.map(({ points }, index) => {
      const path = points.map(([x, y]) => `${toX(x).toFixed(1)},${toY(y).toFixed(1)}`).join(' ');
      return `<polyline points="${path}" fill="none" stroke="${COLOURS[index]}" stroke-width="1.6"/>`;
    }),
  ]);
}

/**
 * `panels` have `title` and `series` of `{ name, points: [[group, y], ...] }`; each group is a number or a text,
 * and a bar for each series stands above it.
 */
export function barPlot({ title, subtitle, xLabel, panels }) {
  return picture({ title, subtitle, xLabel, panels }, (panel, toY, bottom) => {
    const groups = panel.series[0].points.map(([group]) => group);
    const groupWidth = (WIDTH - LEFT - RIGHT) / groups.length;
    const barWidth = Math.min(40, (groupWidth * 0.7) / panel.series.length);
    const middle = (place) => LEFT + (place + 0.5) * groupWidth;
    return [
      ...groups.map((group, place) => label(middle(place), bottom + 16, String(group), 'middle')),
      ...panel.series.flatMap(({ points }, index) =>
        points.map(([, y], place) => {
          const x = middle(place) + (index - panel.series.length / 2) * barWidth;
          const height = (bottom - toY(y)).toFixed(1);
          return (
            `<rect x="${x.toFixed(1)}" y="${toY(y).toFixed(1)}" width="${(barWidth - 2).toFixed(1)}" ` +
            `height="${height}" fill="${COLOURS[index]}"/>`
          );
        }),
      ),
    ];
  });
}

function picture({ title, subtitle, xLabel, panels }, marksOf) {
  const height = HEAD + panels.length * PANEL + FOOT;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" ` +
      'font-family="system-ui, sans-serif" font-size="12" fill="#333">',
    `<title>${escape(title)}</title>`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    `<text x="${LEFT}" y="24" font-size="16" font-weight="600">${escape(title)}</text>`,
    `<text x="${LEFT}" y="43" fill="#666">${escape(subtitle)}</text>`,
  ];
  panels.forEach((panel, index) => {
    const top = HEAD + index * PANEL + 32;
    const bottom = top + PLOT_HEIGHT;
    const values = panel.series.flatMap(({ points }) => points.map(([, y]) => y));
    const ticks = niceTicks(Math.max(1e-9, ...values), 4);
    const toY = (y) => bottom - (y / ticks.at(-1)) * PLOT_HEIGHT;
    parts.push(`<text x="${LEFT}" y="${top - 12}" font-weight="600">${escape(panel.title)}</text>`);
    parts.push(...legend(panel.series, top - 12));
    for (const tick of ticks) {
      parts.push(
        `<path d="M${LEFT} ${toY(tick).toFixed(1)}H${WIDTH - RIGHT}" stroke="${tick === 0 ? '#888' : '#e4e4e4'}"/>`,
      );
      parts.push(label(LEFT - 8, toY(tick) + 4, number(tick), 'end'));
    }
    parts.push(...marksOf(panel, toY, bottom));
  });
  parts.push(label((LEFT + WIDTH - RIGHT) / 2, height - 14, xLabel, 'middle'), '</svg>', '');
  return parts.join('\n');
}

/** In slots of one width, from the right: how wide a text becomes is the viewer's affair. */
function legend(series, y) {
  const left = (index) => WIDTH - RIGHT - (series.length - index) * LEGEND_SLOT;
  return series.flatMap(({ name }, index) => [
    `<rect x="${left(index)}" y="${y - 9}" width="10" height="10" fill="${COLOURS[index]}"/>`,
    label(left(index) + 16, y, name, 'start'),
  ]);
}

/** From 0 to at least `most`, in about `steps` round steps. */
function niceTicks(most, steps) {
  const rough = most / steps;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough);
  const last = Math.ceil(most / step - 1e-9);
  return Array.from({ length: last + 1 }, (_, index) => Number((index * step).toPrecision(6)));
}

const label = (x, y, text, anchor) =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" fill="#555">${escape(text)}</text>`;

const number = (value) => value.toLocaleString('en-US', { maximumFractionDigits: 3 });

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
