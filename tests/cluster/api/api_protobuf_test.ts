import assert from "node:assert/strict";
import fc from "fast-check";
import {
  bool,
  decodePodList,
  number,
  readMessage,
  table,
  text,
} from "../../../src/cluster/api/api_protobuf.ts";
import { ApiError, listVersioned } from "../../../src/cluster/api/kubernetes_api.ts";
import { readPod } from "../../../src/cluster/read/read_objects.ts";
import { withConnection } from "../api_fixture.ts";

/** The same two pods of one API server (v1.36.3), listed in both forms one after the other. */
const read = (name: string) => new URL(`testdata/${name}`, import.meta.url);
const BINARY = await Deno.readFile(read("pods.pb"));
const JSON_FORM = JSON.parse(await Deno.readTextFile(read("pods.json")));

/** `resourceVersion` of the list in Protocol Buffers. */
const VERSION = "108949";

const PROTOBUF = { "content-type": "application/vnd.kubernetes.protobuf" };
const PODS = "/api/v1/pods";

interface List {
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string };
  readonly items: readonly unknown[];
}

Deno.test("a list is the same in both forms", () => {
  const list = decodePodList(BINARY) as List;
  assert.deepEqual(list.items.map(readPod), JSON_FORM.items.map(readPod));
  assert.equal(list.metadata.resourceVersion, VERSION);
  assert.match(list.metadata.continue ?? "", /^eyJ2/);
  const [mark] = list.items.map(readPod);
  assert.equal(mark?.name, "a-mark");
  assert.deepEqual(mark?.requests, { cpu: 0.1, memory: 64 * 2 ** 20 });
});

Deno.test("pods are asked for in Protocol Buffers, and read in what form they come", async () => {
  const options = { pick: readPod, decode: decodePodList };
  const asked: (string | null)[] = [];
  const lastPage = { ...JSON_FORM, metadata: { resourceVersion: "1" } };
  await withConnection({
    [PODS]: ({ searchParams }, { headers }) => {
      asked.push(headers.get("accept"));
      return searchParams.has("continue")
        ? lastPage
        : new Response(BINARY.slice(), { headers: PROTOBUF });
    },
  }, async (api) => {
    const { objects, version } = await listVersioned(api, PODS, options);
    const once = JSON_FORM.items.map(readPod);
    assert.deepEqual(objects, [...once, ...once]);
    assert.equal(version, VERSION);
  });
  const accept = "application/vnd.kubernetes.protobuf, application/json";
  assert.deepEqual(asked, [accept, accept]);
});

Deno.test("a refusal in Protocol Buffers keeps its words", async () => {
  const status = [...field(3, bytesOf("pods is forbidden")), ...field(4, bytesOf("Forbidden"))];
  const body = new Uint8Array([...bytesOf("k8s\0"), ...field(2, status)]);
  const routes = { [PODS]: () => new Response(body, { status: 403, headers: PROTOBUF }) };
  await withConnection(routes, async (api) => {
    await assert.rejects(api.get(PODS, { decode: decodePodList }), (error) => {
      assert.ok(error instanceof ApiError);
      assert.deepEqual([error.status, error.reason, error.message], [
        403,
        "Forbidden",
        "pods is forbidden",
      ]);
      return true;
    });
  });
});

Deno.test("what only calls itself Protocol Buffers is said to be none", async () => {
  const routes = { [PODS]: () => new Response("<html>", { headers: PROTOBUF }) };
  await withConnection(routes, async (api) => {
    await assert.rejects(api.get(PODS, { decode: decodePodList }), /not Protocol Buffers/);
  });
});

Deno.test("a list that was cut off or garbled is a list still, or refused as none", () => {
  const garbled = fc.record({
    length: fc.nat(BINARY.length),
    changes: fc.array(fc.tuple(fc.nat(BINARY.length - 1), fc.nat(255)), { maxLength: 5 }),
  });
  fc.assert(
    fc.property(garbled, ({ length, changes }) => {
      const bytes = BINARY.slice(0, length);
      for (const [at, byte] of changes) bytes[at] = byte; // beyond the end nothing is changed
      try {
        decodePodList(bytes);
      } catch (error) {
        assert.ok(error instanceof RangeError, String(error));
      }
    }),
    { numRuns: 500 },
  );
});

Deno.test("numbers, texts and what is not asked for come back as they were sent", () => {
  const fields = table({
    1: number("number"),
    2: text("text"),
    40: bool("yes"),
  });
  const sent = fc.record({
    number: fc.oneof(fc.integer(), fc.maxSafeInteger()),
    text: fc.string({ unit: "binary" }),
    yes: fc.boolean(),
    other: fc.uint8Array(),
  });
  fc.assert(
    fc.property(sent, ({ number, text, yes, other }) => {
      const bytes = new Uint8Array([
        ...field(7, [...other]),
        ...[5 << 3 | 1, 1, 2, 3, 4, 5, 6, 7, 8], // a fixed64
        ...[6 << 3 | 5, 1, 2, 3, 4], // a fixed32
        ...[...varint(1 << 3), ...varint(number)],
        ...field(2, bytesOf(text)),
        ...[...varint(40 << 3), yes ? 1 : 0],
      ]);
      assert.deepEqual({ ...readMessage(bytes, fields) }, {
        number,
        text: new TextDecoder().decode(new TextEncoder().encode(text)),
        yes,
      });
    }),
    { numRuns: 300 },
  );
});

function bytesOf(text: string): number[] {
  return [...new TextEncoder().encode(text)];
}

/** A field that says how long it is. */
function field(number: number, content: readonly number[]): number[] {
  return [...varint(number << 3 | 2), ...varint(content.length), ...content];
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return [...bytes, Number(rest)];
}
