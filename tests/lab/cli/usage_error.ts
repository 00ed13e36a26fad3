/** Thrown for a command line that does not make sense; the message says what would. */
export class UsageError extends Error {
  override name = "UsageError";
}
