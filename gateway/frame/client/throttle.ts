/** Lets one request a second through to the gateway, however many messages come. */
export type Throttle = {
  /**
   * May a request be made now?
   *
   * @param patient Wait until it may be. One can wait, and goes first; for every other one the answer is no, at once.
   */
  turn(patient: boolean): Promise<boolean>;
};

const interval = 1000;

/** Holds nothing but a time and one timer. */
export function createThrottle(): Throttle {
  let next = 0;
  let isSomebodyWaiting = false;
  return {
    async turn(patient) {
      const wait = next - performance.now();
      if (isSomebodyWaiting || (wait > 0 && !patient)) return false;
      if (wait > 0) {
        isSomebodyWaiting = true;
        await new Promise((resolve) => setTimeout(resolve, wait));
        isSomebodyWaiting = false;
      }
      next = performance.now() + interval;
      return true;
    },
  };
}
