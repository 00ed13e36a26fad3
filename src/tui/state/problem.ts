import { UserError } from "../../errors/user_error.ts";

/** What went wrong, as an error a person can read. */
export function problemOf(error: unknown): UserError {
  if (error instanceof UserError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new UserError(message, {
    hint: "This is a bug in k3s-tool; please report it.",
    cause: error,
  });
}
