import { describe, expect, it } from 'vitest';
import { isSlug, renderText, slugOf } from './wiki-text.ts';

const shown = async (text: string) => String(await renderText(text, (slug) => slug === 'lunch'));

describe('a page’s text', () => {
  it.each([
    ['paragraphs', 'one\ntwo\n\nthree', '<p>one<br>two</p><p>three</p>'],
    ['lines of Windows', 'one\r\n\r\ntwo', '<p>one</p><p>two</p>'],
    [
      'headings and lists',
      '## Days\n- Monday\n- Friday\nand so on',
      '<h2>Days</h2><ul><li>Monday</li><li>Friday</li></ul><p>and so on</p>',
    ],
    ['strong words and code', '**all** of `it`', '<p><strong>all</strong> of <code>it</code></p>'],
    ['a page that is there', '[[Lunch]]', '<p><a href="/pages/lunch">Lunch</a></p>'],
    [
      'one that is not',
      '[[Dinner]]',
      '<p><a class="missing" href="/pages/dinner" title="Nobody has written this page yet">Dinner</a></p>',
    ],
    ['what is no name of a page', '[[!!]] [[]] [[a]b]]', '<p>[[!!]] [[]] [[a]b]]</p>'],
    ['nothing', ' \n\n ', ''],
  ])('shows %s', async (_, text, expected) => expect(await shown(text)).toBe(expected));

  it.each([
    ['a tag', '<script>alert(1)</script>'],
    ['a tag in code', '`<img src=x onerror=alert(1)>`'],
    ['a tag in a heading', '## <svg onload=alert(1)>'],
    ['an attribute in a link', '[["onmouseover="alert(1)]]'],
    ['a tag in a link', '[[<b onclick=alert(1)>]]'],
    ['an address that is a script', '[[javascript:alert(1)]]'],
  ])('is never %s', async (_, text) => {
    const html = await shown(text);
    expect(
      html.replace(
        /<\/?(?:p|h2|code|strong|ul|li|br)>|<a (?:class="missing" )?href="\/pages\/[a-z0-9-]+"(?: title="[\w ]+")?>|<\/a>/g,
        '',
      ),
    ).not.toMatch(/[<>"]/);
  });

  it('of any shape is shown in no time', async () => {
    const long = ['[['.repeat(4000), '**a'.repeat(4000), '`'.repeat(8001), '\n \n'.repeat(3000)].join('x');
    const began = performance.now();
    await shown(long);
    expect(performance.now() - began).toBeLessThan(5000);
  });
});

it.each([
  ['Opening hours', 'opening-hours'],
  ['  Büro  &  Küche ', 'buro-kuche'],
  ['../admin', 'admin'],
  ['a/b?c#d', 'abcd'],
  ['日本', ''],
  ['x'.repeat(90), 'x'.repeat(60)],
])('calls “%s” %s', (title, slug) => {
  expect(slugOf(title)).toBe(slug);
  expect(isSlug(slug)).toBe(slug !== '');
});
