/**
 * The one way an inventory on disk changes: locked, read, edited, validated, replaced.
 *
 * @module
 */

import { basename, dirname } from "node:path";
import { type Problem, usageError, UserError } from "../errors/user_error.ts";
import { type Clock, machineClock } from "../process/system.ts";
import { nothingWritten, writeAtomically } from "../process/atomic_write.ts";
import { withDirectoryLock } from "../process/lock.ts";
import { ifThere } from "../process/small_file.ts";
import type { Edit } from "./edit/edit.ts";
import { InventoryFiles } from "./read/inventory_files.ts";
import { resolveInventoryFile } from "./read/locate.ts";
import { invalidInventory, type LoadedContent, loadInventory } from "./read/read.ts";

/** What changing an inventory needs of the outside. */
export interface StoreOptions {
  readonly cwd: string;
  /** Default: the machine's. */
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  /** How long another process may hold the inventory, in milliseconds. Default: as `withDirectoryLock`. */
  readonly limitMs?: number;
  /** Plans and validates, and writes nothing. */
  readonly dryRun?: boolean;
}

/** One file an edit changed. */
export interface ChangedFile {
  /** Absolute path. */
  readonly path: string;
  /** As it is shown. */
  readonly shown: string;
  /** Empty where the file is new. */
  readonly before: string;
  readonly after: string;
  /** Its mode, where it is a copy of another file. */
  readonly mode?: number;
}

/** What was done to an inventory, or would be. */
export interface Change {
  /** Empty where everything was as asked for already. */
  readonly files: readonly ChangedFile[];
  readonly notes: readonly string[];
  readonly warnings: readonly Problem[];
}

/** A change, and the inventory after it. */
export interface EditOutcome extends Change {
  readonly content: LoadedContent;
}

/** How often an edit starts over because an editor saved the file meanwhile. */
const MAX_ATTEMPTS = 5;

/**
 * Changes an inventory as `plan` says.
 *
 * Nothing is written unless the result is valid; an inventory that had problems before may be
 * changed only so that it fixes problems and adds none.
 *
 * @throws {UserError} exit code 2 where the result would be invalid, 1 where it cannot be written
 */
export async function editInventory(
  file: string,
  plan: (content: LoadedContent) => Edit,
  options: StoreOptions,
): Promise<EditOutcome> {
  const path = await resolveInventoryFile(file, options);
  if (options.dryRun) return planned(path, { plan, options });
  const directory = dirname(await Deno.realPath(path));
  return withDirectoryLock(directory, { clock: machineClock, ...options }, async () => {
    for (let attempt = 1;; attempt++) {
      const outcome = planned(path, { plan, options });
      const unchanged = await Promise.all(outcome.files.map(isUnchanged));
      if (unchanged.every(Boolean)) {
        for (const [index, { path, after, mode }] of outcome.files.entries()) {
          const options = { locked: directory, ...mode !== undefined && { mode } };
          await writeAtomically(path, after, options).catch((error) => {
            throw index === 0 ? nothingWritten(error) : error;
          });
        }
        return outcome;
      }
      if (attempt === MAX_ATTEMPTS) {
        throw new UserError("Another program keeps changing the inventory; nothing was written", {
          where: { file: path },
          hint: "Save it there, then try again.",
        });
      }
    }
  });
}

function planned(
  path: string,
  { plan, options }: {
    readonly plan: (content: LoadedContent) => Edit;
    readonly options: StoreOptions;
  },
): EditOutcome {
  const files = new InventoryFiles(options);
  const before = loadInventory(path, files);
  if (before.content === undefined) throw invalidInventory(files.show(path), before.problems);
  const edit = plan(before.content);
  const present = edit.absent?.find((each) => files.list(dirname(each)).has(basename(each)));
  if (present !== undefined) {
    throw usageError(`${files.show(present)} already exists; nothing was written`, {
      hint:
        "Ansible would read it for that host. Remove it or give it another name, then try again.",
    });
  }
  const old = new Map<string, string>([
    [path, before.content.document.text],
    ...before.content.files.map((each) => [each.path, each.document?.text ?? ""] as const),
  ]);
  const over = new InventoryFiles({ cwd: options.cwd, over: edit.documents });
  const after = loadInventory(path, over);
  const onDisk = () => linesOnDisk(edit, (each) => old.get(each) ?? "");
  if (after.content === undefined || after.problems.length > 0) {
    // The old problems matter only now; finding them costs as much as the edit.
    const known = new Set(before.problems.map(identity));
    const added = after.problems.filter((problem) => !known.has(identity(problem)));
    const better = added.length === 0 && after.problems.length < before.problems.length;
    if (after.content === undefined || !better) {
      throw refused(files.show(path), { added: added.map(onDisk()), all: before.problems });
    }
  }
  const changed = [...edit.documents].map(([each, document]): ChangedFile => ({
    path: each,
    shown: files.show(each),
    before: old.get(each) ?? "",
    after: document.text,
    ...modeOf(edit.copies?.get(each)),
  }));
  const warnings = [...after.problems, ...after.warnings];
  return {
    content: after.content,
    files: changed.filter((each) => each.before !== each.after),
    notes: edit.notes,
    warnings: options.dryRun ? warnings.map(onDisk()) : warnings,
  };
}

/** What a copy of a file has of it. */
function modeOf(path: string | undefined): Pick<ChangedFile, "mode"> {
  const mode = path === undefined ? null : Deno.statSync(path).mode;
  return mode === null ? {} : { mode: mode & 0o777 };
}

/** True where a file is still as it was when the edit was planned. */
async function isUnchanged({ path, before }: ChangedFile): Promise<boolean> {
  const bytes = await ifThere(Deno.readFile(path)) ?? new Uint8Array();
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) === before;
}

/** A problem apart from its lines, which an edit may move. */
function identity({ message, value, where }: Problem): string {
  return JSON.stringify([message.replaceAll(LINE, ""), value, where?.file]);
}

/** A line that a message names beside the problem's own. */
const LINE = / \(line (\d+)\)/g;

/**
 * Makes a problem of the edited files speak of the lines that are on disk, where a person will look;
 * a line that was never written has none there.
 */
function linesOnDisk(
  { documents }: Edit,
  textBefore: (path: string) => string,
): (problem: Problem) => Problem {
  const files = new Map([...documents].map(([path, after]) => {
    const [now, old] = [after.text.split("\n"), textBefore(path).split("\n")];
    const most = Math.min(now.length, old.length);
    let [above, below] = [0, 0];
    while (above < most && now[above] === old[above]) above++;
    while (below < most - above && now.at(-1 - below) === old.at(-1 - below)) below++;
    const lineOf = (line: number) =>
      line <= above || now.length === old.length
        ? line
        : line > now.length - below
        ? line + old.length - now.length
        : undefined;
    return [after.file, lineOf] as const;
  }));
  return (problem) => {
    const lineOf = files.get(problem.where?.file ?? "");
    if (lineOf === undefined || problem.where === undefined) return problem;
    const { file, line, column } = problem.where;
    const old = line === undefined ? undefined : lineOf(line);
    return {
      ...problem,
      message: problem.message.replaceAll(LINE, (_, other) => {
        const moved = lineOf(Number(other));
        return moved === undefined ? "" : ` (line ${moved})`;
      }),
      where: old === undefined
        ? { file }
        : { file, line: old, ...(column === undefined ? {} : { column }) },
    };
  };
}

function refused(
  file: string,
  { added, all }: { readonly added: readonly Problem[]; readonly all: readonly Problem[] },
): UserError {
  if (added.length === 0) {
    return usageError(`${file} already has problems; nothing was written`, {
      problems: all,
      hint: "Correct them first, with an editor or: k3s-tool config set",
    });
  }
  return usageError(`${file} would no longer be valid; nothing was written`, { problems: added });
}
