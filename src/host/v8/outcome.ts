/** Thrown through the guest's frames by its exit call; never seen outside of src/host/v8. */
export class GuestExit extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit ${code}`);
    this.code = code;
  }
}
