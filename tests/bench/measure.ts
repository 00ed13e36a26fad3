/**
 * Times commands in turn (A B A B …) and compares them pair by pair, so that a machine whose speed
 * drifts cannot favour one of them.
 *
 * Beside the wall time stands the processor time of the process and its children (user + system): it
 * hardly changes when other programs want the processor too.
 *
 * @module
 */

/** A command to time. */
export interface Candidate {
  readonly name: string;
  readonly argv: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What one run took, in milliseconds. */
export interface Times {
  readonly wall: number;
  readonly cpu: number;
}

/** Smallest, middle and largest of some figures. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** Figures of each, and ratios subject/peer pair by pair. */
export interface Comparison {
  readonly subject: Spread;
  readonly peer: Spread;
  readonly ratio: Spread;
}

/** The comparison of wall times and of processor times. */
export type Comparisons = Readonly<Record<keyof Times, Comparison>>;

/** Runs both `runs` times in turn, after one run each that is not counted. */
export async function comparePairs(
  subject: () => Promise<Times>,
  peer: () => Promise<Times>,
  { runs = 15 }: { readonly runs?: number } = {},
): Promise<Comparisons> {
  await subject();
  await peer();
  const pairs: { subject: Times; peer: Times }[] = [];
  for (let run = 0; run < runs; run++) {
    pairs.push({ subject: await subject(), peer: await peer() });
  }
  const compare = (what: keyof Times): Comparison => ({
    subject: spread(pairs.map((pair) => pair.subject[what])),
    peer: spread(pairs.map((pair) => pair.peer[what])),
    ratio: spread(pairs.map((pair) => pair.subject[what] / pair.peer[what])),
  });
  return { wall: compare("wall"), cpu: compare("cpu") };
}

/** bash's `time` waits for the command and knows its processor time, to the millisecond. */
const TIMED = 'TIMEFORMAT="%3R %3U %3S"; time "$@" >/dev/null';

/** One run of a whole process; throws where it fails. */
export async function timeOnce({ name, argv, cwd, env }: Candidate): Promise<Times> {
  const command = new Deno.Command("bash", {
    args: ["-c", TIMED, "bash", ...argv],
    ...(cwd === undefined ? {} : { cwd }),
    // A decimal point, whatever the language.
    env: { ...env, LC_ALL: "C" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  });
  const { code, stderr } = await command.output();
  const said = new TextDecoder().decode(stderr).trimEnd();
  if (code !== 0) throw new Error(`${name} failed: ${said}`);
  const [wall, user, system] = said.split("\n").at(-1)!.split(" ").map((each) => +each * 1000);
  return { wall: wall!, cpu: user! + system! };
}

/** Smallest, middle and largest. */
export function spread(figures: readonly number[]): Spread {
  const sorted = [...figures].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return {
    min: at(0),
    median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    max: at(sorted.length - 1),
  };
}
