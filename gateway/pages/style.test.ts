import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { palette, style, styleSource, tileGrounds } from './style.ts';

const schemes = Object.entries(palette);

/** WCAG 2.2, 1.4.3: contrast ratio of two colours. */
function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

describe.each(schemes)('contrast in the %s scheme', (_, colours) => {
  it.each([
    ['text', 'page'],
    ['text', 'card'],
    ['muted', 'page'],
    ['muted', 'card'],
    ['onAccent', 'accent'],
    ['onAccent', 'strong'],
    ['calmInk', 'calm'],
    ['waitInk', 'wait'],
    ['shutInk', 'shut'],
  ] as const)('%s is readable on %s', (ink, ground) => {
    expect(contrast(colours[ink], colours[ground])).toBeGreaterThanOrEqual(4.5);
  });

  it.each([
    ['edge', 'card'],
    ['edge', 'page'],
    ['accent', 'card'],
    ['accent', 'page'],
  ] as const)('a control drawn in %s is seen on %s', (line, ground) => {
    expect(contrast(colours[line], colours[ground])).toBeGreaterThanOrEqual(3);
  });
});

it.each(tileGrounds)('a white letter is readable on the tile %s', (ground) => {
  expect(contrast('#ffffff', ground)).toBeGreaterThanOrEqual(4.5);
});

it('the style can stand between <style> tags and asks for nothing from elsewhere', () => {
  expect(style).not.toMatch(/[<\n\r]|url\(|@import|@font-face/);
});

it('the CSP source is the hash of the style', () => {
  expect(styleSource).toBe(`'sha256-${createHash('sha256').update(style, 'utf8').digest('base64')}'`);
});

it('every variable that is used is defined', () => {
  const used = new Set(Array.from(style.matchAll(/var\(--(\w+)\)/g), (match) => match[1] ?? ''));
  expect([...used].filter((name) => !(name in palette.light) || !(name in palette.dark))).toEqual([]);
});

it('motion is only for those who want it', () => {
  const [always = '', wanted = ''] = style.split('@media (prefers-reduced-motion:no-preference)');
  expect(always).not.toMatch(/transition|animation|transform/);
  expect(wanted).toContain('transition');
});
