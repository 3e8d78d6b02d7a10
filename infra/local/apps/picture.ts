/** Seeds are whole numbers from 0 to this. */
export const highestSeed = 0x7fffffff;

/**
 * Paints a landscape: the same one for the same seed, for ever. An `<svg>` of 4 to 3 without text, style or script, whose
 * every part is a number of ours.
 *
 * @param key Distinguishes pictures on one page; letters and digits.
 * @param label What a screen reader says, already escaped.
 */
export function paint(seed: number, key: string, label: string): string {
  const random = numbersFrom(seed);
  const between = (low: number, high: number) => low + random() * (high - low);
  const isNight = random() < 0.35;
  // dawn and dusk, noon, and twilight: skies are seldom green
  const hue = [between(190, 225), between(325, 360), between(235, 285)][Math.floor(random() * 3)] ?? 200;
  const colour = (turn: number, saturation: number, lightness: number) =>
    `hsl(${Math.round((hue + turn + 360) % 360)} ${Math.round(saturation)}% ${Math.round(lightness)}%)`;

  const [high, low] = isNight ? [colour(0, 45, 12), colour(40, 45, 34)] : [colour(0, 62, 70), colour(40, 85, 88)];
  const sun = { x: between(60, 340), y: between(55, 130), r: between(16, 34) };
  const stars = Array.from({ length: isNight ? 40 : 0 }, () => {
    return `<circle cx="${between(0, 400).toFixed(0)}" cy="${between(0, 150).toFixed(0)}" r="${between(0.4, 1.3).toFixed(1)}"/>`;
  });
  const hills = [0, 1, 2, 3].map((i) => {
    const lightness = isNight ? 26 - i * 6 : 62 - i * 13;
    return `<path d="${ridge(between, 150 + i * 36, 44 - i * 5)}" fill="${colour(70 + i * 14, 34 + i * 4, lightness)}"/>`;
  });
  return `<svg viewBox="0 0 400 300" role="img" aria-label="${label}" preserveAspectRatio="xMidYMid slice"><defs><linearGradient id="sky${key}" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${high}"/><stop offset=".75" stop-color="${low}"/></linearGradient></defs><rect width="400" height="300" fill="url(#sky${key})"/><g fill="#fff" opacity=".8">${stars.join('')}</g><circle cx="${sun.x.toFixed(0)}" cy="${sun.y.toFixed(0)}" r="${(sun.r * 2.2).toFixed(0)}" fill="#fff" opacity=".14"/><circle cx="${sun.x.toFixed(0)}" cy="${sun.y.toFixed(0)}" r="${sun.r.toFixed(0)}" fill="${isNight ? '#f4f1e6' : '#ffe9b8'}"/>${hills.join('')}</svg>`;
}

const adjectives = ['Quiet', 'Distant', 'Early', 'Silver', 'Golden', 'Hidden', 'Northern', 'Warm', 'Windy', 'Soft'];
const nouns = ['hills', 'valley', 'coast', 'morning', 'ridge', 'light', 'evening', 'meadow', 'shore', 'pass'];

/** A name for the picture of a seed. */
export function titleFor(seed: number): string {
  const random = numbersFrom(seed ^ 0x5bd1e995);
  const pick = (words: readonly string[]) => words[Math.floor(random() * words.length)] ?? '';
  return `${pick(adjectives)} ${pick(nouns)}`;
}

/** The outline of a range of hills, closed at the bottom. */
function ridge(between: (low: number, high: number) => number, height: number, swing: number): string {
  const points = Array.from({ length: 6 }, (_, i) => [i * 80, height + between(-swing, swing)] as const);
  const curve = points.slice(1).map(([x, y], i) => {
    const [fromX, fromY] = points[i] ?? [0, 0];
    const middle = (fromX + x) / 2;
    return `C${middle} ${fromY.toFixed(0)} ${middle} ${y.toFixed(0)} ${x} ${y.toFixed(0)}`;
  });
  return `M0 300V${(points[0]?.[1] ?? height).toFixed(0)}${curve.join('')}V300z`;
}

/** Mulberry32: small, quick, and the same everywhere. Not for secrets. */
function numbersFrom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
