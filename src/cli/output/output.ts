/**
 * Where a command's output goes: data to stdout, messages to stderr, painted where a person looks.
 *
 * @module
 */

import type { GlobalOptions, OutputFormat } from "../program/command.ts";
import type { Context } from "../program/context.ts";
import type { DocumentKind } from "../program/document_schemas.ts";
import { escapeControls, safeLines, steersTerminal } from "../../errors/safe_text.ts";
import { usageError } from "../../errors/user_error.ts";
import type { Column } from "../../view/tables/table.ts";
import { noPaint, type Paint, type Tone } from "../../view/words/tone.ts";

/** Version of every JSON document the tool prints. */
export const API_VERSION = "k3s-tool/v1";

/** A list in all of its formats. */
export interface Listing<R> {
  /** `kind` of the JSON document: `"PeerList"`. */
  readonly kind: DocumentKind;
  readonly rows: readonly R[];
  readonly columns: readonly Column<R>[];
  /** What `-o name` prints for a row. */
  readonly name: (row: R) => string;
  /** A row as it appears in the JSON document; default: the row itself. */
  readonly item?: (row: R) => unknown;
  /** Further members of the JSON document. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** Said on stderr instead of an empty table. */
  readonly empty: string;
}

/** What a command prints through. */
export class Output {
  readonly format: OutputFormat;
  readonly #context: Context;
  readonly #globals: GlobalOptions;
  /** Colours for stdout. */
  readonly paint: Paint;
  /** Colours for stderr. */
  readonly paintWords: Paint;

  constructor(context: Context, globals: GlobalOptions) {
    this.#context = context;
    this.#globals = globals;
    this.format = globals.output;
    const env = context.env;
    const colors = (isTerminal: boolean) =>
      paintFor({ color: wantsColor({ isTerminal, flag: globals.color, env }) });
    this.paint = colors(context.stdout.isTerminal);
    this.paintWords = colors(context.stderr.isTerminal);
  }

  /** True with `-o json` or `-o yaml`. */
  get structured(): boolean {
    return this.format === "json" || this.format === "yaml";
  }

  /** True with `-q`. */
  get quiet(): boolean {
    return this.#globals.quiet;
  }

  /** Data as it is; the caller has made it harmless. */
  data(text: string): void {
    this.#context.stdout.write(text);
  }

  /** A message to the user; not with `-q`. */
  note(text: string): void {
    if (!this.#globals.quiet) this.#context.stderr.write(safeLines(text) + "\n");
  }

  /** A warning; also with `-q`. */
  warn(text: string): void {
    this.#context.stderr.write(`${this.paintWords("warn", "Warning:")} ${safeLines(text)}\n`);
  }

  /** Details; only with `-v`. */
  detail(text: string): void {
    if (this.#globals.verbose) {
      this.#context.stderr.write(this.paintWords("muted", safeLines(text)) + "\n");
    }
  }

  /** A JSON document with `apiVersion` and `kind`, as JSON or YAML by `-o`. */
  async document(kind: DocumentKind, body: Readonly<Record<string, unknown>>): Promise<void> {
    const document = { apiVersion: API_VERSION, kind, ...body };
    this.data(this.format === "yaml" ? await yamlText(document) : jsonText(document));
  }

  /** One compact JSON document on its own line (streams of `-o json`). */
  event(kind: DocumentKind, body: Readonly<Record<string, unknown>>): void {
    this.data(jsonLine({ apiVersion: API_VERSION, kind, ...body }));
  }

  /** A list in the format asked for. */
  async list<R>(listing: Listing<R>): Promise<void> {
    const { rows } = listing;
    if (this.structured) {
      const items = rows.map((row) => listing.item === undefined ? row : listing.item(row));
      return this.document(listing.kind, { ...listing.extra, items });
    }
    if (this.format === "name" && rows.length > 0) {
      return this.data(rows.map((row) => safeLines(listing.name(row)) + "\n").join(""));
    }
    if (rows.length === 0) return this.note(listing.empty);
    const { renderTable } = await import("../../view/tables/table.ts");
    const wide = this.format === "wide";
    this.data(renderTable(listing.columns, rows, { wide, paint: this.paint }));
  }
}

/** A document as YAML; written out where it repeats, as not every reader of YAML knows aliases. */
export async function yamlText(document: unknown): Promise<string> {
  const { Document, Scalar, stringify, visit } = await import("yaml");
  const options = { aliasDuplicateObjects: false };
  const text = stringify(document, options);
  if (!steersTerminal(text)) return text;
  const quoted = new Document(document, options);
  visit(quoted, {
    Scalar: (_, node) => {
      if (typeof node.value === "string" && steersTerminal(node.value)) {
        node.type = Scalar.QUOTE_DOUBLE;
      }
    },
  });
  return escapeControls(quoted.toString());
}

/** A document as JSON that a person can read. */
export function jsonText(document: unknown): string {
  return escapeControls(JSON.stringify(document, null, 2)) + "\n";
}

/** A document as JSON on one line. */
export function jsonLine(document: unknown): string {
  return escapeControls(JSON.stringify(document)) + "\n";
}

/** Refuses an output format a command has no meaning for. */
export function assertFormat(
  format: OutputFormat,
  { formats, command }: { readonly formats: readonly OutputFormat[]; readonly command: string },
): void {
  if (formats.includes(format)) return;
  throw usageError(`k3s-tool ${command} does not support -o ${format}`, {
    hint: `Use -o ${formats.join(", -o ")}.`,
  });
}

/**
 * Codes that begin and end each tone (ECMA-48, Select Graphic Rendition). Written out, because the first
 * module of Node's costs Deno a third of an empty program's start, and `styleText` is in one.
 */
const CODES: Record<Exclude<Tone, "plain">, readonly [begin: number, end: number]> = {
  good: [32, 39],
  warn: [33, 39],
  bad: [31, 39],
  muted: [2, 22],
  accent: [36, 39],
};

/** Paints for a stream; the identity where colour is off. */
export function paintFor({ color }: { readonly color: boolean }): Paint {
  if (!color) return noPaint;
  return (tone, text) => {
    if (tone === "plain" || text === "") return text;
    const [begin, end] = CODES[tone];
    return `\u001b[${begin}m${text}\u001b[${end}m`;
  };
}

/**
 * Whether a stream gets colour: a terminal, and the person did not say no
 * (`--no-color`, `NO_COLOR` of no-color.org, `TERM=dumb`).
 */
export function wantsColor(
  { isTerminal, flag, env }: {
    readonly isTerminal: boolean;
    readonly flag: boolean;
    readonly env: (name: string) => string | undefined;
  },
): boolean {
  return isTerminal && flag && env("NO_COLOR") === undefined && env("TERM") !== "dumb";
}
