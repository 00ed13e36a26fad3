/**
 * Answers of the API in Protocol Buffers as plain objects: of each message only the fields that a table
 * names, the rest is passed over unread.
 *
 * @module
 */

import { PbfReader } from "pbf";

/** A field: the name it gets, and how its value is read. */
export interface Field {
  readonly name: string;
  readonly wire: typeof VARINT | typeof DELIMITED;
  /**
   * @param end of the message that it is a field of
   * @param before what was read of the same field before, where it comes again and again
   */
  readonly read: (reader: PbfReader, end: number, before: unknown) => unknown;
}

/** How what is a number, and what says its length, is written. */
const VARINT = 0;
const DELIMITED = 2;

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
    return readUntil(new PbfReader(bytes), fields, bytes.length);
  } catch (cause) {
    throw new RangeError("not a message of Protocol Buffers", { cause });
  }
}

/** The message that ends before `end`. */
function readUntil(reader: PbfReader, fields: Table, end: number): Message {
  const message: Message = {};
  for (let number; (number = reader.nextField(end)) !== 0;) {
    const field = fields[number];
    // What was not read is passed over by the next turn, also another version's field of another kind.
    if (field === undefined || field.wire !== reader.type) continue;
    const value = field.read(reader, end, message[field.name]);
    if (value !== undefined) message[field.name] = value;
  }
  if (reader.pos !== end) throw new RangeError("it ends elsewhere");
  return message;
}

/** The message that a field of another one holds. */
function inner(reader: PbfReader, fields: Table, end: number): Message {
  const length = reader.readVarint();
  if (length > end - reader.pos) throw new RangeError("a field is longer than its message");
  return readUntil(reader, fields, reader.pos + length);
}

/** Before each object that is not part of another. */
const MAGIC = [0x6b, 0x38, 0x73, 0x00]; // "k8s" and a zero

/** `runtime.Unknown`, around the object itself. */
const RAW_FIELD = 2;

/**
 * A list, or a page of one, in the form of its JSON.
 *
 * @throws {RangeError} where it is none
 */
export function decodePodList(bytes: Uint8Array): unknown {
  return decode(bytes, POD_LIST);
}

/**
 * A `Status`, in the form of its JSON.
 *
 * @throws {RangeError} where it is none
 */
export function decodeStatus(bytes: Uint8Array): unknown {
  return decode(bytes, STATUS);
}

function decode(bytes: Uint8Array, fields: Table): unknown {
  if (!MAGIC.every((byte, index) => bytes[index] === byte)) {
    throw new RangeError("not an object of Kubernetes in Protocol Buffers");
  }
  const envelope = table({ [RAW_FIELD]: one("object", fields) });
  return readMessage(bytes.subarray(MAGIC.length), envelope).object;
}

const field = (name: string, read: Field["read"], wire: Field["wire"] = DELIMITED): Field => ({
  name,
  wire,
  read,
});

export const text = (name: string) => field(name, (reader) => reader.readString());
export const number = (name: string) => field(name, (reader) => reader.readVarint(true), VARINT);
export const bool = (name: string) =>
  field(name, (reader) => reader.readVarint(true) !== 0, VARINT);

const one = (name: string, table: Table) => field(name, (reader, end) => inner(reader, table, end));

const many = (name: string, table: Table) =>
  field(name, (reader, end, before = []) => {
    (before as Message[]).push(inner(reader, table, end));
    return before;
  });

/** A message of a key (1) and a value (2), such as `map<string, string>`. */
const map = (name: string, value: Field) => {
  const entry = table({ 1: text("key"), 2: value });
  return field(name, (reader, end, before = Object.create(null)) => {
    const { key = "", value = "" } = inner(reader, entry, end);
    (before as Message)[String(key)] = value;
    return before;
  });
};

/** `google.protobuf.Timestamp`, which Kubernetes' `Time` is like: the seconds alone. */
const TIME = table({ 1: number("seconds") });

/** As the JSON of the API has it: `2026-11-23T13:57:18Z`; the zero time of Go is sent as none. */
const time = (name: string) =>
  field(name, (reader, end) => {
    const { seconds } = inner(reader, TIME, end);
    return seconds ? `${new Date(Number(seconds) * 1000).toISOString().slice(0, -5)}Z` : undefined;
  });

/** A message of one text; its JSON is that text. */
const QUANTITY = table({ 1: text("string") });
const quantity = field("value", (reader, end) => inner(reader, QUANTITY, end).string);

const OWNER_REFERENCE = table({ 1: text("kind"), 3: text("name"), 6: bool("controller") });

const OBJECT_META = table({
  1: text("name"),
  3: text("namespace"),
  5: text("uid"),
  8: time("creationTimestamp"),
  9: time("deletionTimestamp"),
  11: map("labels", text("value")),
  13: many("ownerReferences", OWNER_REFERENCE),
});

const CONTAINER = table({
  8: one("resources", table({ 2: map("requests", quantity) })),
  24: text("restartPolicy"),
});

const POD_SPEC = table({
  2: many("containers", CONTAINER),
  10: text("nodeName"),
  20: many("initContainers", CONTAINER),
});

const CONTAINER_STATE = table({
  1: one("waiting", table({ 1: text("reason"), 2: text("message") })),
  3: one("terminated", table({ 1: number("exitCode"), 3: text("reason"), 4: text("message") })),
});

const CONTAINER_STATUS = table({
  1: text("name"),
  2: one("state", CONTAINER_STATE),
  3: one("lastState", CONTAINER_STATE),
  4: bool("ready"),
  5: number("restartCount"),
});

const POD_STATUS = table({
  1: text("phase"),
  2: many(
    "conditions",
    table({ 1: text("type"), 2: text("status"), 5: text("reason"), 6: text("message") }),
  ),
  3: text("message"),
  4: text("reason"),
  8: many("containerStatuses", CONTAINER_STATUS),
  10: many("initContainerStatuses", CONTAINER_STATUS),
});

const POD = table({
  1: one("metadata", OBJECT_META),
  2: one("spec", POD_SPEC),
  3: one("status", POD_STATUS),
});

const POD_LIST = table({
  1: one("metadata", table({ 2: text("resourceVersion"), 3: text("continue") })),
  2: many("items", POD),
});

const STATUS = table({ 3: text("message"), 4: text("reason") });
