/**
 * Makes the worker's JavaScript see the step's time: just-bash's commands ask `Date`. It starts at
 * `epoch` (seconds since 1970) and runs as the host's clock does.
 */
export function installClock(epoch: number): void {
  const HostDate = globalThis.Date;
  const offset = epoch * 1000 - HostDate.now();
  class StepDate extends HostDate {
    constructor(...values: [] | ConstructorParameters<typeof HostDate>) {
      if (values.length === 0) super(StepDate.now());
      else super(...(values as ConstructorParameters<typeof HostDate>));
    }
    static override now(): number {
      return HostDate.now() + offset;
    }
  }
  globalThis.Date = StepDate as DateConstructor;
}
