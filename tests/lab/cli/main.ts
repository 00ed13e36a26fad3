import { BuildError } from "../build/go_programs.ts";
import { CommandError } from "./command.ts";
import { runCommand } from "./commands.ts";
import { say } from "./progress.ts";
import { RequirementError } from "./requirements.ts";
import { LabBusyError, LabStateError } from "../state.ts";
import { UsageError } from "./usage_error.ts";
import { WaitError } from "../wait.ts";

try {
  Deno.exitCode = await runCommand(Deno.args);
} catch (error) {
  if (error instanceof UsageError) {
    say(`lab: ${error.message}`);
    Deno.exitCode = 2;
  } else if (isExpected(error)) {
    say(`lab: ${error.message}`);
    Deno.exitCode = 1;
  } else {
    throw error;
  }
}

function isExpected(error: unknown): error is Error {
  return [BuildError, CommandError, LabBusyError, LabStateError, RequirementError, WaitError].some((
    kind,
  ) => error instanceof kind);
}
