/** What a finished command left behind. */
export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** How to run a command. */
export interface CommandOptions {
  /** Text given on standard input; without it standard input is empty. */
  stdin?: string;
  /** Variables added to the environment. */
  env?: Record<string, string>;
  cwd?: string;
  /** Ends the command when aborted. */
  signal?: AbortSignal;
}

/** A command of the lab itself that ended with a code other than 0. */
export class CommandError extends Error {
  constructor(readonly argv: readonly string[], readonly result: CommandResult) {
    const said = (result.stderr.trim() || result.stdout.trim()).split("\n").slice(-12).join("\n");
    super(`${argv.join(" ")}: exit code ${result.code}${said === "" ? "" : `\n${said}`}`);
    this.name = "CommandError";
  }
}

/** Runs a command to its end and returns what it said, whatever its exit code. */
export async function attempt(
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const child = new Deno.Command(argv[0] ?? "", {
    args: argv.slice(1),
    env: options.env ?? {},
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (options.stdin !== undefined) {
    const writer = child.stdin.getWriter();
    try {
      await writer.write(new TextEncoder().encode(options.stdin));
      await writer.close();
    } catch (error) {
      // The command may end without reading all of it; its exit code says whether that is wrong.
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
    }
  }
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs a command and returns its standard output; throws CommandError when it fails. */
export async function run(
  argv: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const result = await attempt(argv, options);
  if (result.code !== 0) throw new CommandError(argv, result);
  return result.stdout;
}

/** Runs a command on this terminal and returns its exit code. */
export async function runAttached(
  argv: readonly string[],
  options: Pick<CommandOptions, "env" | "cwd"> = {},
): Promise<number> {
  const child = new Deno.Command(argv[0] ?? "", {
    args: argv.slice(1),
    env: options.env ?? {},
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  return (await child.status).code;
}
