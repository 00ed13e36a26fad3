/**
 * Messages of Protocol Buffers as plain objects: of each only the fields that a table names, the rest is
 * passed over unread.
 *
 * Wire format: https://protobuf.dev/programming-guides/encoding/
 *
 * @module
 */

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
  return new Reader(bytes).message(fields, bytes.length);
}

/** `google.protobuf.Timestamp`, which Kubernetes' `Time` is like: the seconds alone. */
const TIME = table({ 1: { name: "seconds", kind: "number" } });

/** How the kinds are written. */
const WIRE = { varint: 0, eightBytes: 1, delimited: 2, fourBytes: 5 } as const;

/** Texts up to this length are quicker to read byte by byte, where they are ASCII. */
const SHORT = 64;

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The message that ends before `end`. */
  message(fields: Table, end: number): Message {
    const message: Message = {};
    while (this.#at < end) {
      const tag = this.#varint();
      const field = fields[tag >>> 3];
      switch (tag & 7) {
        case WIRE.varint: {
          const value = this.#varint();
          if (field?.kind === "number") message[field.name] = value;
          else if (field?.kind === "bool") message[field.name] = value !== 0;
          break;
        }
        case WIRE.delimited: {
          const length = this.#varint();
          const stop = this.#at + length;
          if (length < 0 || stop > end) throw malformed();
          if (field !== undefined) this.#value(message, field, stop);
          this.#at = stop;
          break;
        }
        case WIRE.eightBytes:
          this.#at += 8;
          break;
        case WIRE.fourBytes:
          this.#at += 4;
          break;
        default:
          throw malformed();
      }
    }
    if (this.#at > end) throw malformed();
    return message;
  }

  #value(message: Message, { name, kind, table = [], many, only }: Field, stop: number): void {
    switch (kind) {
      case "text":
        message[name] = this.#text(stop);
        break;
      case "time": {
        // The zero time of Go is sent as none.
        const { seconds } = this.message(TIME, stop);
        if (seconds) message[name] = isoTime(Number(seconds));
        break;
      }
      case "map": {
        const { key = "", value = "" } = this.message(table, stop);
        const entries = (message[name] ??= Object.create(null)) as Message;
        entries[String(key)] = value;
        break;
      }
      case "message": {
        const whole = this.message(table, stop);
        const inner = only === undefined ? whole : whole[only];
        if (many) ((message[name] ??= []) as unknown[]).push(inner);
        else message[name] = inner;
        break;
      }
      default: // a number where a text was sent: another version's field, not ours
    }
  }

  #text(end: number): string {
    if (this.#at === end) return "";
    const bytes = this.#bytes.subarray(this.#at, end);
    if (bytes.length > SHORT) return DECODER.decode(bytes);
    for (let index = 0; index < bytes.length; index++) {
      if (bytes[index]! > 0x7f) return DECODER.decode(bytes);
    }
    return String.fromCharCode.apply(null, bytes as unknown as number[]);
  }

  /** A number of at most 64 bits, signed as int64 is. */
  #varint(): number {
    let [low, high] = [0, 0];
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw malformed();
      const bits = byte & 0x7f;
      if (shift < 32) low |= bits << shift;
      if (shift === 28) high |= bits >> 4;
      else if (shift > 28) high |= bits << (shift - 32);
      if (byte < 0x80) return high * 2 ** 32 + (low >>> 0);
    }
    throw malformed();
  }
}

const DECODER = new TextDecoder();

/** As the JSON of the API has it: `2026-11-23T13:57:18Z`. @throws {RangeError} */
function isoTime(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, -5)}Z`;
}

function malformed(): RangeError {
  return new RangeError("not a message of Protocol Buffers");
}
