/**
 * Answers of the API in Protocol Buffers as plain objects: of each message only the fields that a table
 * names, the rest is passed over unread.
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

const text = (name: string): Field => ({ name, kind: "text" });
const bool = (name: string): Field => ({ name, kind: "bool" });
const number = (name: string): Field => ({ name, kind: "number" });
const time = (name: string): Field => ({ name, kind: "time" });
const one = (name: string, table: Table): Field => ({ name, kind: "message", table });
const many = (name: string, table: Table): Field => ({ name, kind: "message", table, many: true });
const map = (name: string, value: Field): Field => ({
  name,
  kind: "map",
  table: table({ 1: text("key"), 2: value }),
});

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

/** A message of one text; its JSON is that text. */
const quantity: Field = {
  name: "value",
  kind: "message",
  table: table({ 1: text("string") }),
  only: "string",
};

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
