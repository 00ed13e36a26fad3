import { run } from "./src/cli/program.ts";
import { realContext } from "./src/cli/real_context.ts";

// Nothing else sets the exit code, and nothing ends the process: what is still to be written is
// written, and the terminal is given back.
Deno.exitCode = await run(Deno.args, realContext(import.meta.dirname ?? "."));
