/** What a browser said it is, in words of ours. */
export type Device = {
  /** "Chrome on Windows". Nothing of the header stands in it. */
  readonly name: string;
  readonly kind: 'computer' | 'phone';
};

type Named = readonly (readonly [RegExp, string])[];

/** The first that fits: most browsers also name those that they descend from. */
const browsers: Named = [
  [/\b(Edg|EdgA|EdgiOS|Edge)\//, 'Edge'],
  [/\b(OPR|OPT|OPX)\/|\bOpera\b/, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bYaBrowser\//, 'Yandex Browser'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\b(DuckDuckGo|Ddg)\//, 'DuckDuckGo'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|CriOS|HeadlessChrome)\//, 'Chrome'],
  [/\bChromium\//, 'Chromium'],
  [/\bVersion\/[\d.]+ .*\bSafari\//, 'Safari'],
  [/\bMSIE |\bTrident\//, 'Internet Explorer'],
];

const systems: Named = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bWindows Phone\b/, 'Windows Phone'],
  [/\bWindows\b/, 'Windows'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bMacintosh\b|\bMac OS X\b/, 'Mac'],
  [/\bLinux\b|\bX11\b/, 'Linux'],
];

const handheld = new Set(['iPhone', 'iPad', 'Android', 'Windows Phone']);

/**
 * Says in words which browser signed in where, for its owner to tell it from the others. Whoever signs in chooses the
 * header: it is a hint, and proves nothing.
 *
 * @param userAgent `User-Agent` at sign-in; absent: none was sent.
 */
export function deviceInWords(userAgent = ''): Device {
  const browser = named(browsers, userAgent);
  const system = named(systems, userAgent);
  const kind = system !== undefined && handheld.has(system) ? 'phone' : 'computer';
  if (system === undefined) return { name: browser ?? 'Unknown browser', kind };
  return { name: `${browser ?? 'Unknown browser'} on ${system}`, kind };
}

const named = (all: Named, text: string): string | undefined => all.find(([pattern]) => pattern.test(text))?.[1];
