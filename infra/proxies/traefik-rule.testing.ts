/** Matchers of Traefik's rules (v3 syntax), and how many arguments each takes. */
const matchers: Readonly<Record<string, readonly [number, number]>> = {
  ...{ ClientIP: [1, 1], Host: [1, 1], HostRegexp: [1, 1], Method: [1, 1], Path: [1, 1], PathPrefix: [1, 1] },
  ...{ PathRegexp: [1, 1], Header: [2, 2], HeaderRegexp: [2, 2], Query: [1, 2], QueryRegexp: [1, 2] },
};

const token = /\s*(?:(&&|\|\||!|[(),])|([A-Za-z]+)(?=\s*\()|`([^`]*)`|"((?:[^"\\]|\\.)*)")/y;

/**
 * Why a rule is none.
 *
 * @returns Nothing for a rule that Traefik can read.
 * @see https://doc.traefik.io/traefik/reference/routing-configuration/http/routing/rules-and-priority/
 */
export function ruleRefusal(rule: string): string | undefined {
  try {
    const reader = new Reader(rule);
    reader.alternatives();
    return reader.next === undefined ? undefined : `what is ${JSON.stringify(reader.next.text)} for?`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

type Token = { readonly kind: 'mark' | 'name' | 'text'; readonly text: string };

class Reader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(rule: string) {
    this.#tokens = tokens(rule);
  }

  get next(): Token | undefined {
    return this.#tokens[this.#at];
  }

  alternatives(): void {
    do this.#all();
    while (this.#takes('||'));
  }

  #all(): void {
    do this.#one();
    while (this.#takes('&&'));
  }

  #one(): void {
    while (this.#takes('!'));
    if (this.#takes('(')) {
      this.alternatives();
      this.#must(')');
      return;
    }
    const name = this.#take('name');
    const found = matchers[name];
    if (found === undefined) throw new Error(`no such matcher: ${name}`);
    this.#must('(');
    const values = [this.#take('text')];
    while (this.#takes(',')) values.push(this.#take('text'));
    this.#must(')');
    if (values.length < found[0] || values.length > found[1]) throw new Error(`${name} of ${values.length} values`);
    if (name.endsWith('Regexp')) readExpression(values.at(-1) ?? '');
  }

  #takes(mark: string): boolean {
    const found = this.next?.kind === 'mark' && this.next.text === mark;
    if (found) this.#at += 1;
    return found;
  }

  #must(mark: string): void {
    if (!this.#takes(mark)) throw new Error(`${mark} expected`);
  }

  #take(kind: Token['kind']): string {
    const { next } = this;
    if (next?.kind !== kind) throw new Error(`${kind} expected`);
    this.#at += 1;
    return next.text;
  }
}

function tokens(rule: string): Token[] {
  const found: Token[] = [];
  token.lastIndex = 0;
  let end = 0;
  for (let one = token.exec(rule); one !== null; one = token.exec(rule)) {
    const [, mark, name, raw, quoted] = one;
    if (mark !== undefined) found.push({ kind: 'mark', text: mark });
    else if (name !== undefined) found.push({ kind: 'name', text: name });
    else found.push({ kind: 'text', text: raw ?? quoted ?? '' });
    end = token.lastIndex;
  }
  if (rule.slice(end).trim() !== '') throw new Error(`cannot read ${rule.slice(end)}`);
  return found;
}

/**
 * Go's expressions are RE2's: no looking around, no references back.
 *
 * @throws Error for one that Go would not compile.
 * @see https://github.com/google/re2/wiki/Syntax
 */
export function readExpression(text: string): RegExp {
  if (/\(\?(?:[=!]|<[=!])|\\[1-9]/.test(text)) throw new Error(`not of RE2: ${text}`);
  const [, flags = '', body = text] = /^\(\?([ims]+)\)(.*)$/s.exec(text) ?? [];
  return new RegExp(body, flags);
}
