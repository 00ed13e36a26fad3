/** True where a program can be called by its name. */
export async function hasProgram(name: string): Promise<boolean> {
  const command = new Deno.Command("sh", {
    args: ["-c", 'command -v "$1" >/dev/null', "sh", name],
  });
  return (await command.output()).success;
}
