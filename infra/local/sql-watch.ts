import type { Milliseconds } from '../../shared/clock.ts';

/** A statement that a server ran, or refused. */
export type SqlStatement = {
  /** As it was sent. */
  readonly text: string;
  /** How many parameters came with it. */
  readonly parameters: number;
  /** What the server said of it: `SELECT 1`, `INSERT 0 1`, or `error 23505`. Empty: nothing. */
  readonly outcome: string;
  /** From its leaving the client to the answer. */
  readonly durationMs: Milliseconds;
};

/** Reads along on one connection. Both take what passes, in whatever pieces. */
export type SqlWatch = { fromClient(chunk: Buffer): void; fromServer(chunk: Buffer): void };

type Running = { readonly text: string; readonly parameters: number; readonly at: Milliseconds };
/** What the server still owes an answer to, in order. `sync` is where it picks up again after an error. */
type Owed =
  | { readonly kind: 'parse' | 'run'; readonly statement: Running }
  | { readonly kind: 'simple'; readonly statement: Running; outcome: string }
  | { readonly kind: 'sync' };

/**
 * Understands as much of PostgreSQL's protocol as it takes to tell statements apart.
 *
 * @param tell Gets each statement once it was answered.
 * @see https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export function createSqlWatch(tell: (statement: SqlStatement) => void, now: () => Milliseconds): SqlWatch {
  const prepared = new Map<string, string>();
  const portals = new Map<string, Running>();
  const owed: Owed[] = [];

  function done(statement: Running, outcome: string): void {
    const { text, parameters, at } = statement;
    tell({ text, parameters, outcome, durationMs: now() - at });
  }

  function fromClient(type: string, body: Buffer): void {
    const at = now();
    if (type === 'Q') {
      owed.push({ kind: 'simple', statement: { text: texts(body, 1)[0] ?? '', parameters: 0, at }, outcome: '' });
    }
    if (type === 'P') {
      const [name = '', text = ''] = texts(body, 2);
      prepared.set(name, text);
      owed.push({ kind: 'parse', statement: { text, parameters: 0, at } });
    }
    if (type === 'B') {
      const [portal = '', name = ''] = texts(body, 2);
      const start = Buffer.byteLength(portal) + Buffer.byteLength(name) + 2;
      const formats = body.readInt16BE(start);
      const parameters = body.readInt16BE(start + 2 + 2 * formats);
      portals.set(portal, { text: prepared.get(name) ?? `(${name})`, parameters, at });
    }
    if (type === 'E') {
      const statement = portals.get(texts(body, 1)[0] ?? '');
      if (statement) owed.push({ kind: 'run', statement });
    }
    if (type === 'S') owed.push({ kind: 'sync' });
  }

  function fromServer(type: string, body: Buffer): void {
    const [head] = owed;
    if (head === undefined) return; // it greets, or says something that nobody asked for
    if (type === '1' && head.kind === 'parse') owed.shift();
    if (type === 'C' || type === 'I' || type === 's') answered(head, type === 'C' ? (texts(body, 1)[0] ?? '') : '');
    if (type === 'E') failed(head, `error ${sqlState(body)}`);
    if (type === 'Z') ready();
  }

  function answered(head: Owed, outcome: string): void {
    if (head.kind === 'simple') head.outcome = [head.outcome, outcome].filter(Boolean).join(', ');
    if (head.kind !== 'run') return;
    owed.shift();
    done(head.statement, outcome);
  }

  function failed(head: Owed, outcome: string): void {
    if (head.kind === 'simple') head.outcome = outcome;
    else if (head.kind !== 'sync') {
      done(head.statement, outcome);
      // the server skips everything up to here
      while (owed.length > 0 && owed[0]?.kind !== 'sync') owed.shift();
    }
  }

  function ready(): void {
    const head = owed.shift();
    if (head?.kind === 'simple') done(head.statement, head.outcome);
  }

  return { fromClient: frames(fromClient, true), fromServer: frames(fromServer, false) };
}

/** Cuts a stream into messages. The client's first one has no type. */
function frames(each: (type: string, body: Buffer) => void, startsUntyped: boolean): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  let isUntyped = startsUntyped;
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      const head = isUntyped ? 0 : 1;
      if (rest.length < head + 4) return;
      const end = head + rest.readInt32BE(head);
      if (rest.length < end) return;
      if (!isUntyped) each(String.fromCharCode(rest[0] ?? 0), rest.subarray(5, end));
      isUntyped = false;
      rest = rest.subarray(end);
    }
  };
}

/** The first `count` strings of a message, each of which ends in a zero. */
function texts(body: Buffer, count: number): string[] {
  const found: string[] = [];
  for (let start = 0; found.length < count; ) {
    const end = body.indexOf(0, start);
    if (end < 0) break;
    found.push(body.toString('utf8', start, end));
    start = end + 1;
  }
  return found;
}

/** @see https://www.postgresql.org/docs/current/protocol-error-fields.html */
function sqlState(body: Buffer): string {
  const fields = texts(body, 32);
  return fields.find((field) => field.startsWith('C'))?.slice(1) ?? '';
}
