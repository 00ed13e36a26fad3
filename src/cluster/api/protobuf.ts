/**
 * Messages of Protocol Buffers as plain objects: of each only the fields that a table names, the rest is
 * passed over unread.
 *
 * @module
 */

import { PbfReader } from "pbf";

/** What a field holds, and the name it gets. */
export interface Field {
  readonly name: string;
  /** `map`: a message of a key (1) and a value (2), such as `map<string, string>`. */
  readonly kind: "text" | "number" | "bool" | "time" | "message" | "map";
  /** Of a message, or of the entries of a map. */
  readonly table?: Table;
  /** It may come again and again, and becomes an array. */
  readonly many?: true;
  /** The field that takes the place of its message, whose only one it is. */
  readonly only?: string;
}

/** Fields by their number. */
export type Table = readonly (Field | undefined)[];

/** A table from fields by number. */
export function table(fields: Readonly<Record<number, Field>>): Table {
  const numbers = Object.keys(fields).map(Number);
  return Array.from({ length: Math.max(...numbers) + 1 }, (_unused, number) => fields[number]);
}

/** A message as an object. Fields that were not sent are not there. */
export type Message = Record<string, unknown>;

/** Reads a message. @throws {RangeError} where it is not one */
export function readMessage(bytes: Uint8Array, fields: Table): Message {
  try {
    return readUntil(new PbfReader(bytes), { fields, end: bytes.length });
  } catch (cause) {
    throw new RangeError("not a message of Protocol Buffers", { cause });
  }
}

/** `google.protobuf.Timestamp`, which Kubernetes' `Time` is like: the seconds alone. */
const TIME = table({ 1: { name: "seconds", kind: "number" } });

/** How what is a number, and what says its length, is written. */
const WIRE = { varint: 0, delimited: 2 } as const;

/** The message that ends before `end`. */
function readUntil(
  reader: PbfReader,
  { fields, end }: { readonly fields: Table; readonly end: number },
): Message {
  const message: Message = {};
  for (let number; (number = reader.nextField(end)) !== 0;) {
    const field = fields[number];
    // What was not read is passed over by the next turn, also another version's field of another kind.
    if (field === undefined) continue;
    if (field.kind === "number" || field.kind === "bool") {
      if (reader.type !== WIRE.varint) continue;
      const value = reader.readVarint(true);
      message[field.name] = field.kind === "bool" ? value !== 0 : value;
    } else if (reader.type === WIRE.delimited) {
      readValue(reader, { message, field, end });
    }
  }
  if (reader.pos !== end) throw new RangeError("it ends elsewhere");
  return message;
}

function readValue(
  reader: PbfReader,
  { message, field, end }: {
    readonly message: Message;
    readonly field: Field;
    readonly end: number;
  },
): void {
  const { name, kind, table: fields = [], many, only } = field;
  if (kind === "text") {
    message[name] = reader.readString();
    return;
  }
  const length = reader.readVarint();
  if (length > end - reader.pos) throw new RangeError("a field is longer than its message");
  const whole = readUntil(reader, {
    fields: kind === "time" ? TIME : fields,
    end: reader.pos + length,
  });
  if (kind === "time") {
    // The zero time of Go is sent as none.
    if (whole.seconds) message[name] = isoTime(Number(whole.seconds));
  } else if (kind === "map") {
    const entries = (message[name] ??= Object.create(null)) as Message;
    entries[String(whole.key ?? "")] = whole.value ?? "";
  } else {
    const value = only === undefined ? whole : whole[only];
    if (many) ((message[name] ??= []) as unknown[]).push(value);
    else message[name] = value;
  }
}

/** As the JSON of the API has it: `2026-11-23T13:57:18Z`. @throws {RangeError} */
function isoTime(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, -5)}Z`;
}
