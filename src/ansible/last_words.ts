/**
 * What a run said last where it could not do its work.
 *
 * @module
 */

/** The error in what ansible-playbook printed, or the end of it. */
export async function lastWords(log: string): Promise<string> {
  const lines = (await Deno.readTextFile(log)).split("\n").map((line) => line.trim())
    .filter((line) => line !== "");
  const error = lines.findLastIndex((line) => /^(?:\[?ERROR\]?|ERROR!|usage:)/i.test(line));
  const words = error < 0 ? lines.slice(-3) : lines.slice(error, error + 3);
  return words.join("\n").slice(0, 2_000) || "ansible-playbook ended without a word";
}
