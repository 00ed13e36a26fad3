/**
 * Times commands in turn (A B A B …) and compares them pair by pair, so that a machine whose speed
 * drifts cannot favour one of them.
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

/** Smallest, middle and largest of some figures. */
export interface Spread {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** A comparison: milliseconds of each, and ratios subject/peer pair by pair. */
export interface Comparison {
  readonly subject: Spread;
  readonly peer: Spread;
  readonly ratio: Spread;
}

/** Runs both `runs` times in turn, after one run each that is not counted. */
export async function comparePairs(
  subject: Candidate,
  peer: Candidate,
  { runs = 15 }: { readonly runs?: number } = {},
): Promise<Comparison> {
  await timeOnce(subject);
  await timeOnce(peer);
  const pairs: { subject: number; peer: number }[] = [];
  for (let run = 0; run < runs; run++) {
    pairs.push({ subject: await timeOnce(subject), peer: await timeOnce(peer) });
  }
  return {
    subject: spread(pairs.map((pair) => pair.subject)),
    peer: spread(pairs.map((pair) => pair.peer)),
    ratio: spread(pairs.map((pair) => pair.subject / pair.peer)),
  };
}

/** Wall milliseconds of one run of a whole process; throws where it fails. */
export async function timeOnce({ name, argv, cwd, env }: Candidate): Promise<number> {
  const [program = "", ...args] = argv;
  const command = new Deno.Command(program, {
    args,
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env: { ...env } }),
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  });
  const began = performance.now();
  const { code, stderr } = await command.output();
  const took = performance.now() - began;
  if (code !== 0) throw new Error(`${name} failed: ${new TextDecoder().decode(stderr)}`);
  return took;
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
