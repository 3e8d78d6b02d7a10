import type { RuleConfig } from '../config.ts';

/** One rule, ready for `decide`. Any one of what it allows is enough. */
export type Rule = {
  /** Everybody, signed in or not. */
  readonly public: boolean;
  /** Everybody who is signed in. */
  readonly signedIn: boolean;
  readonly roles: readonly string[];
  /** `resource:action`. */
  readonly permissions: readonly string[];
  /** As it was configured, for logs and the API. */
  readonly config: RuleConfig;
};

/** What is asked for. The path was judged canonical before (no dot segments, no encoded slashes) and has no query. */
export type Target = { readonly host: string; readonly path: string; readonly method: string };

/** Finds the rule of a request: the first in the order of the configuration. `undefined`: no rule, so nobody may. */
export type RuleMatcher = {
  (target: Target): Rule | undefined;
  /**
   * A rule that would come first at a server which takes `/Admin/` for `/admin`, or `/admin` for `/admin/`, and that allows
   * something else.
   *
   * @param rule The target's own.
   */
  rival(target: Target, rule: Rule | undefined): Rule | undefined;
};

type Pattern = {
  readonly path: string;
  /** `/x` of `/x/*`, empty of `/*`; `undefined` for an exact path. */
  readonly below: string | undefined;
};

type Entry = Pattern & {
  readonly rule: Rule;
  readonly host: string;
  /** In lower case, without a slash at the end. */
  readonly loose: Pattern;
  readonly methods: ReadonlySet<string> | undefined;
};

/**
 * Compiles the rules once, so that a request looks only at those of its host.
 *
 * `*.acme.com` is every name below `acme.com` at any depth, not `acme.com` itself. `/x/*` is `/x`, `/x/` and all below,
 * never `/xy`; any other path is that path alone. Paths and methods compare case-sensitively, hosts in lower case without
 * port. A rule for GET covers HEAD.
 */
export function compileRules(rules: readonly RuleConfig[]): RuleMatcher {
  const entries = rules.map(compile);
  const exact = new Map<string, readonly Entry[]>();
  const below = new Map<string, readonly Entry[]>();
  for (const { host } of entries) {
    if (host.startsWith('*.')) {
      const suffix = host.slice(2);
      // `?` stands for any name that no rule names itself: it is in no host, so only patterns can cover it.
      below.set(suffix, applicable(entries, `?.${suffix}`));
    } else {
      exact.set(host, applicable(entries, host));
    }
  }
  const rulesOf = (name: string) => exact.get(name) ?? longestSuffix(below, name);
  // most often it comes as it is configured, and needs no taking apart
  const candidatesFor = (host: string) => exact.get(host) ?? rulesOf(hostName(host)) ?? [];
  const match = ({ host, path, method }: Target) =>
    candidatesFor(host).find((entry) => covers(entry, method) && matches(entry, path))?.rule;
  const rival = ({ host, path, method }: Target, rule: Rule | undefined) => {
    const asked = loosely(path);
    for (const entry of candidatesFor(host)) {
      if (entry.rule === rule) return undefined;
      if (covers(entry, method) && matches(entry.loose, asked) && !allowTheSame(entry.rule, rule)) return entry.rule;
    }
    return undefined;
  };
  return Object.assign(match, { rival });
}

/** Is it all the same which of these decides? */
export function allowTheSame(one: Rule | undefined, other: Rule | undefined): boolean {
  return one === other || (one !== undefined && other !== undefined && allowed(one) === allowed(other));
}

const allowed = ({ config }: Rule): string => JSON.stringify([config.allow].flat());

function compile(config: RuleConfig): Entry {
  const allowed = typeof config.allow === 'string' ? [config.allow] : config.allow;
  const named = (kind: string) => allowed.filter((one) => one.startsWith(kind)).map((one) => one.slice(kind.length));
  const methods = config.methods && new Set(config.methods);
  if (methods?.has('GET')) methods.add('HEAD');
  return {
    rule: {
      public: allowed.includes('public'),
      signedIn: allowed.includes('signed-in'),
      roles: named('role:'),
      permissions: named('permission:'),
      config,
    },
    host: config.host.toLowerCase(),
    ...patternOf(config.path),
    loose: patternOf(loosely(config.path)),
    methods,
  };
}

function loosely(path: string): string {
  const lower = path.toLowerCase();
  return lower.length > 1 && lower.endsWith('/') ? lower.slice(0, -1) : lower;
}

const patternOf = (path: string): Pattern => ({
  path,
  below: path.endsWith('/*') ? path.slice(0, -2) : undefined,
});

function applicable(entries: readonly Entry[], host: string): readonly Entry[] {
  return entries.filter(
    (entry) => entry.host === host || (entry.host[0] === '*' && host.endsWith(entry.host.slice(1))),
  );
}

function longestSuffix(below: ReadonlyMap<string, readonly Entry[]>, host: string): readonly Entry[] | undefined {
  for (let dot = host.indexOf('.'); dot > 0; dot = host.indexOf('.', dot + 1)) {
    const found = below.get(host.slice(dot + 1));
    if (found) return found;
  }
  return undefined;
}

const covers = ({ methods }: Entry, method: string): boolean => methods === undefined || methods.has(method);

function matches({ path, below }: Pattern, asked: string): boolean {
  if (below === undefined) return asked === path;
  return asked.startsWith(below) && (asked.length === below.length || asked[below.length] === '/');
}

function hostName(host: string): string {
  return host.replace(/:[0-9]+$/, '').toLowerCase();
}
