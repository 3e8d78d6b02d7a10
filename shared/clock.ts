/** Whole or fractional seconds. As a point in time: since 1970-01-01T00:00:00Z. */
export type Seconds = number;

/** Milliseconds, for deadlines and timers only; points in time are {@link Seconds}. */
export type Milliseconds = number;

/** Tells the time in whole seconds since 1970. Nothing below a runtime calls `Date.now()`. */
export type Clock = () => Seconds;

/** The machine's own clock. */
export const systemClock: Clock = () => Math.floor(Date.now() / 1000);
