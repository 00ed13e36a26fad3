/**
 * What a run said last where it could not do its work.
 *
 * @module
 */

/** Signals by number, where their numbers are the same on Linux and macOS. */
const SIGNALS: Readonly<Record<number, string>> = {
  1: "SIGHUP",
  2: "SIGINT",
  6: "SIGABRT",
  9: "SIGKILL",
  11: "SIGSEGV",
  15: "SIGTERM",
};

/** ansible-playbook's own exit code after SIGINT (`lib/ansible/cli/__init__.py`). */
const INTERRUPTED = 99;

/** Why ansible-playbook could not work: the signal that ended it, the error it printed, or its end. */
export async function lastWords(log: string, rc: number): Promise<string> {
  // A shell's way to say which signal it was, and Deno's.
  const signal = rc === INTERRUPTED ? 2 : rc - 128;
  if (signal > 0) {
    return `ansible-playbook was ended from outside (${SIGNALS[signal] ?? `signal ${signal}`})`;
  }
  const lines = (await Deno.readTextFile(log)).split("\n").map((line) => line.trim())
    .filter((line) => line !== "");
  const error = lines.findLastIndex((line) => /^(?:\[?ERROR\]?|ERROR!|usage:)/i.test(line));
  const words = error < 0 ? lines.slice(-3) : lines.slice(error, error + 3);
  return words.join("\n").slice(0, 2_000) || "ansible-playbook ended without a word";
}
