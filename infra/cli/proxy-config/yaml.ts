/** What a YAML document can hold. A multi-line text is printed as a literal block. */
export type Yaml = string | number | boolean | readonly Yaml[] | { readonly [key: string]: Yaml };

/**
 * Writes a YAML 1.2 document: blocks for lists and maps, JSON strings where a text could be read as anything else.
 *
 * @see https://yaml.org/spec/1.2.2/
 */
export function yaml(value: Yaml): string {
  return `${lines(value).join('\n')}\n`;
}

/** Several documents of one file. */
export const yamlDocuments = (values: readonly Yaml[]): string => values.map(yaml).join('---\n');

function lines(value: Yaml): string[] {
  if (Array.isArray(value)) {
    return (value as readonly Yaml[]).flatMap((item) => {
      const [first = '', ...rest] = isBlock(item) ? lines(item) : [scalar(item)];
      return [`- ${first}`, ...rest.map((line) => (line === '' ? '' : `  ${line}`))];
    });
  }
  if (typeof value !== 'object') return [scalar(value)];
  return Object.entries(value).flatMap(([key, item]) => {
    const name = scalar(key);
    if (typeof item === 'string' && item.includes('\n')) {
      const text = item.trimEnd().split('\n');
      return [`${name}: |`, ...text.map((line) => (line === '' ? '' : `  ${line}`))];
    }
    if (!isBlock(item)) return [`${name}: ${scalar(item)}`];
    const inner = lines(item);
    return [`${name}:`, ...inner.map((line) => (line === '' ? '' : `  ${line}`))];
  });
}

const isBlock = (value: Yaml): value is readonly Yaml[] | { readonly [key: string]: Yaml } =>
  typeof value === 'object' && Object.keys(value).length > 0;

/** Words that no YAML version takes for a number, a truth value, a date or a marker stand bare. */
function scalar(value: Yaml): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  const bare = /^[A-Za-z/][A-Za-z0-9_./-]*$/.test(value) && !/^(y|n|yes|no|on|off|true|false|null)$/i.test(value);
  return bare ? value : JSON.stringify(value);
}
