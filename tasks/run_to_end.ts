/** Runs a program on this terminal and throws where it fails; for the project's own tasks. */
export async function runToEnd(
  argv: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<void> {
  const [program = "", ...args] = argv;
  const child = new Deno.Command(program, {
    args,
    cwd,
    ...(env === undefined ? {} : { env: { ...env } }),
    stdin: "null",
  }).spawn();
  const { code } = await child.status;
  if (code !== 0) throw new Error(`${argv.slice(0, 4).join(" ")} … ended with exit code ${code}`);
}
