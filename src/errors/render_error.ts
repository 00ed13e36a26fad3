/**
 * Errors as text for a person, or as a JSON document for a program.
 *
 * @module
 */

import { refusalWords } from "./refusal.ts";
import { safeLines, safeText } from "./safe_text.ts";
import { hideSecrets } from "./secrets.ts";
import { ExitCode, type Place, type Problem, UserError } from "./user_error.ts";

/** Where the source of an unexpected error should be reported. */
const REPORT_HINT =
  "This is a bug in k3s-tool. Run the command again with -v and report the output.";

/** Longest value that is shown, in characters; a wrong file may be one value as a whole. */
const LONGEST_VALUE = 120;

/** How {@linkcode renderErrorText} decorates words; the identity where there is no colour. */
export interface ErrorTones {
  readonly error: (text: string) => string;
  readonly hint: (text: string) => string;
}

const PLAIN: ErrorTones = { error: (text) => text, hint: (text) => text };

/** `file:line:column` as far as it is known. */
export function renderPlace(place: Place): string {
  const line = place.line === undefined ? "" : `:${place.line}`;
  const column = place.line === undefined || place.column === undefined ? "" : `:${place.column}`;
  return safeText(`${place.file}${line}${column}`);
}

/** One problem as a line: place, message, value, expectation. */
export function renderProblem(problem: Problem): string {
  const where = problem.where === undefined ? "" : `${renderPlace(problem.where)}: `;
  const value = problem.value === undefined ? "" : `, got ${quoted(problem.value)}`;
  const expected = problem.expected === undefined ? "" : `; expected ${problem.expected}`;
  return `${where}${safeText(hideSecrets(problem.message + value + expected))}`;
}

/** Text from anywhere, harmless and without what looks like a secret. */
function shown(text: string): string {
  return safeLines(hideSecrets(text));
}

function shownProblem({ value, ...problem }: Problem): Problem {
  return {
    ...problem,
    message: shown(problem.message),
    ...(value === undefined ? {} : { value: hideSecrets(value) }),
  };
}

/** In quotes, but for what YAML writes in quotes or brackets itself. */
function quoted(value: string): string {
  if (
    /^(?:"(?:[^"\\]|\\.)*"|'[^']*'|\{.*\}|\[.*\])$/s.test(value) && value.length <= LONGEST_VALUE
  ) {
    return value;
  }
  return value.length <= LONGEST_VALUE
    ? JSON.stringify(value)
    : `${JSON.stringify(value.slice(0, LONGEST_VALUE).toWellFormed())}…`;
}

/**
 * The lines printed to stderr for an error.
 *
 * The key line comes last but for the hint, because that is what stays in view.
 */
export function renderErrorText(
  error: unknown,
  { verbose = false, tones = PLAIN }: { verbose?: boolean; tones?: ErrorTones } = {},
): string {
  const lines: string[] = [];
  if (error instanceof UserError) {
    for (const problem of error.problems) lines.push(`  ${renderProblem(problem)}`);
    const where = error.where === undefined ? "" : `${renderPlace(error.where)}: `;
    lines.push(`${tones.error("Error:")} ${where}${shown(error.message)}`);
    if (error.hint !== undefined) lines.push(`${tones.hint("Hint:")} ${shown(error.hint)}`);
    if (verbose && error.cause !== undefined) lines.unshift(shown(describe(error.cause)));
  } else {
    if (verbose) lines.push(shown(describe(error)));
    const { message, hint } = wordsOf(error);
    lines.push(`${tones.error("Error:")} ${shown(message)}`);
    lines.push(`${tones.hint("Hint:")} ${shown(hint)}`);
  }
  return lines.join("\n") + "\n";
}

/** The `Error` document of `-o json`, as a value. */
export function errorDocument(error: unknown): Record<string, unknown> {
  const base = { apiVersion: "k3s-tool/v1", kind: "Error" };
  if (!(error instanceof UserError)) {
    const { message, hint } = wordsOf(error);
    return { ...base, message: shown(message), exitCode: ExitCode.Failed, hint: shown(hint) };
  }
  return {
    ...base,
    message: shown(error.message),
    exitCode: error.exitCode,
    ...(error.hint === undefined ? {} : { hint: shown(error.hint) }),
    ...(error.where === undefined ? {} : { where: error.where }),
    ...(error.problems.length === 0 ? {} : { problems: error.problems.map(shownProblem) }),
  };
}

/** An error that nobody foresaw: of the system, or a bug. */
function wordsOf(error: unknown): { readonly message: string; readonly hint: string } {
  const message = error instanceof Error ? error.message : String(error);
  return refusalWords(error) ?? { message, hint: REPORT_HINT };
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.stack ?? cause.message : String(cause);
}
