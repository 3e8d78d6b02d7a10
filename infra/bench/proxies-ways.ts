/** One way to the app: by a proxy, with the check or without. */
export type BenchWay = { readonly proxy: string; readonly asks: boolean; readonly port: number };

/** What the bench is told once everything runs. */
export type BenchReady = { readonly ways: readonly BenchWay[]; readonly host: string; readonly cookie: string };
