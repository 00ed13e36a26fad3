/**
 * Questions to the user. If a question cannot be asked, the error names the flag to use instead.
 *
 * @module
 */

import { safeLines } from "../../errors/safe_text.ts";
import { interruptedError, usageError } from "../../errors/user_error.ts";
import type { GlobalOptions } from "../program/command.ts";

/** What all questions share. */
export interface Question {
  readonly message: string;
  /** The flag that answers it without asking: `"--role worker"`. */
  readonly flag: string;
}

/** A value to choose. */
export interface Choice<T> {
  readonly value: T;
  readonly label: string;
  readonly hint?: string;
}

/** Asks on the terminal; questions go to stderr. */
export class Prompter {
  readonly #globals: GlobalOptions;
  readonly #signal: AbortSignal;

  /** @param context.signal takes a question back when the program is told to end */
  constructor(globals: GlobalOptions, { signal }: { readonly signal: AbortSignal }) {
    this.#globals = globals;
    this.#signal = signal;
  }

  /** True where a question can be asked. */
  get canAsk(): boolean {
    return this.#globals.input;
  }

  /** Yes or no; `--yes` answers it. The answer offered first is no, unless `initial` says otherwise. */
  async confirm(question: Question & { readonly initial?: boolean }): Promise<boolean> {
    if (this.#globals.yes) return true;
    const { confirm, shared } = await this.#clack(question);
    return answered(await confirm({ ...shared, initialValue: question.initial ?? false }));
  }

  /** For what cannot be undone: the user types the name; `--yes` answers it. */
  async confirmByName(question: Question & { readonly name: string }): Promise<boolean> {
    if (this.#globals.yes) return true;
    const { text, shared } = await this.#clack(question);
    const message = `${shared.message} Type ${safeLines(question.name)} to continue.`;
    return answered(await text({ ...shared, message })) === question.name;
  }

  /** One line of text. */
  async text(
    question: Question & {
      readonly initial?: string | undefined;
      /** Says what is wrong with a value, or undefined. */
      readonly validate?: (value: string) => string | undefined;
    },
  ): Promise<string> {
    const { text, shared } = await this.#clack(question);
    const { initial, validate } = question;
    return answered(
      await text({
        ...shared,
        ...(initial === undefined ? {} : { initialValue: initial }),
        validate: (value) => validate?.(value ?? ""),
      }),
    );
  }

  /** One line that is not echoed. */
  async secret(question: Question): Promise<string> {
    const { password, shared } = await this.#clack(question);
    const validate = (value: string | undefined) => value ? undefined : "It must not be empty";
    return answered(await password({ ...shared, validate }));
  }

  /** Any number of several values. */
  async multiselect<T extends string>(
    question: Question & { readonly choices: readonly Choice<T>[] },
  ): Promise<readonly T[]> {
    const { multiselect, shared } = await this.#clack(question);
    return answered(
      // clack types its options by a conditional on T that an open T cannot satisfy.
      await multiselect<string>({
        ...shared,
        options: question.choices.map(safeChoice),
        required: false,
      }),
    ) as T[];
  }

  async #clack(question: Question) {
    if (!this.#globals.input) {
      throw usageError(`Cannot ask without a terminal: "${question.message}"`, {
        hint: `Use ${question.flag}.`,
      });
    }
    // Loaded here, as neither is needed to start.
    const [clack, { default: process }] = await Promise.all([
      import("@clack/prompts"),
      import("node:process"),
    ]);
    const message = safeLines(question.message);
    return { ...clack, shared: { message, signal: this.#signal, output: process.stderr } };
  }
}

function safeChoice<T>(choice: Choice<T>) {
  return {
    value: choice.value,
    label: safeLines(choice.label),
    ...(choice.hint === undefined ? {} : { hint: safeLines(choice.hint) }),
  };
}

function answered<T>(answer: T): Exclude<T, symbol> {
  if (typeof answer === "symbol") throw interruptedError("Cancelled; nothing was changed");
  return answer as Exclude<T, symbol>;
}
