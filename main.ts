import { run } from "./src/cli/program/program.ts";
import { realContext } from "./src/cli/program/real_context.ts";

// Nothing else sets the exit code, and nothing ends the process while it does its work: what is
// still to be written is written, and the terminal is given back. (Told to end and not ending, it
// is ended by real_context.ts.)
Deno.exitCode = await run(Deno.args, realContext(import.meta.dirname ?? "."));
