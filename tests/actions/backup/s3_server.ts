/**
 * A small S3 server: one bucket in memory. It takes signatures of Signature Version 4 apart by itself, as AWS describes them, and
 * refuses a content that is not what was signed; a lab scenario does the same with a server that people use.
 *
 * @module
 */

import { createHash, createHmac } from "node:crypto";
import type { Pair } from "../../cluster/tls_fixture.ts";

/** An object with the headers it was sent with. */
export interface StoredObject {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sha256: string | null;
}

/** Runs `work` while a server is there. */
export async function withS3(
  work: (s3: {
    readonly endpoint: string;
    readonly objects: Map<string, StoredObject>;
    /** Of each request: method, path and query. */
    readonly requests: string[];
    /** Answers in place of the server for as long as it is set. */
    instead?: ((request: Request) => Response | undefined) | undefined;
    /** Hears of each request before its content is read. */
    before?: ((request: Request) => void) | undefined;
  }) => Promise<void>,
  { region = "us-east-1", secret = "labsecret", pageSize = 1000, tls }: {
    readonly region?: string;
    readonly secret?: string;
    readonly pageSize?: number;
    /** Without it: HTTP. */
    readonly tls?: Pair;
  } = {},
): Promise<void> {
  const objects = new Map<string, StoredObject>();
  const state: Parameters<typeof work>[0] = { endpoint: "", objects, requests: [] };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {}, ...tls },
    async (request) => {
      const url = new URL(request.url);
      state.requests.push(`${request.method} ${url.pathname}${url.search}`);
      state.before?.(request);
      const bytes = await request.bytes().catch(() => undefined);
      if (bytes === undefined) return new Response(null, { status: 400 });
      const refusal = state.instead?.(request) ?? refusalOf(request, bytes, { region, secret });
      if (refusal !== undefined) return refusal;
      const [, bucket, ...rest] = url.pathname.split("/");
      if (bucket !== "homelab") return failed(404, "NoSuchBucket", "There is no such bucket.");
      const key = rest.map(decodeURIComponent).join("/");
      if (key === "") return listOf(objects, url.searchParams, pageSize);
      if (request.method === "PUT") {
        objects.set(key, { bytes, sha256: request.headers.get("x-amz-meta-sha256") });
        return new Response();
      }
      if (request.method === "DELETE") {
        objects.delete(key);
        return new Response(null, { status: 204 });
      }
      const object = objects.get(key);
      if (object === undefined) return failed(404, "NoSuchKey", "There is no such key.");
      const range = /^bytes=0-(\d+)$/.exec(request.headers.get("range") ?? "")?.[1];
      const body = range === undefined ? object.bytes : object.bytes.slice(0, Number(range) + 1);
      const headers = {
        "content-length": String(body.length),
        etag: `"${createHash("md5").update(object.bytes).digest("hex")}"`,
        ...object.sha256 === null ? {} : { "x-amz-meta-sha256": object.sha256 },
      };
      const status = range === undefined ? 200 : 206;
      return new Response(request.method === "HEAD" ? null : body, { status, headers });
    },
  );
  try {
    await work(
      Object.assign(state, {
        endpoint: `${tls === undefined ? "http" : "https"}://127.0.0.1:${server.addr.port}`,
      }),
    );
  } finally {
    await server.shutdown();
  }
}

/** The newest keys last, as many as a page has; the token is the last key of a page. */
function listOf(objects: Map<string, StoredObject>, query: URLSearchParams, size: number) {
  const prefix = query.get("prefix") ?? "";
  const after = query.get("continuation-token") ?? "";
  const keys = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
  const page = keys.slice(0, size);
  const more = keys.length > page.length;
  const contents = page.map((key) =>
    `<Contents><Key>${key}</Key><Size>${objects.get(key)!.bytes.length}</Size></Contents>`
  );
  return new Response(
    '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">' +
      `<IsTruncated>${more}</IsTruncated>${contents.join("")}` +
      `${more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ""}` +
      "</ListBucketResult>",
  );
}

/** An error as S3 has it. */
export function failed(status: number, code: string, message: string, more = ""): Response {
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message>` +
    `${more}</Error>`;
  return new Response(body, { status });
}

/** What is wrong with a signature, or with a content that is not what was signed. */
function refusalOf(
  request: Request,
  bytes: Uint8Array,
  { region, secret }: { readonly region: string; readonly secret: string },
): Response | undefined {
  const { headers, method } = request;
  const url = new URL(request.url);
  const found =
    /^AWS4-HMAC-SHA256 Credential=lab\/(\d{8})\/([\w-]+)\/s3\/aws4_request, SignedHeaders=([\w;-]+), Signature=([0-9a-f]{64})$/
      .exec(headers.get("authorization") ?? "");
  if (found === null) return failed(403, "InvalidAccessKeyId", "There is no such key.");
  const [, date = "", asked, names = "", signature] = found;
  if (asked !== region) {
    const expected = `<Region>${region}</Region>`;
    return failed(400, "AuthorizationHeaderMalformed", "the region is wrong", expected);
  }
  const signed = names.split(";");
  const hidden = [...headers.keys()].find((name) =>
    /^x-amz-|^host$/.test(name) && !signed.includes(name)
  );
  if (hidden !== undefined) return failed(403, "AccessDenied", `${hidden} is not signed`);
  const encode = (text: string) =>
    encodeURIComponent(text).replace(
      /[!'()*]/g,
      (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  const canonical = [
    method,
    url.pathname.split("/").map((part) => encode(decodeURIComponent(part))).join("/"),
    [...url.searchParams].map((pair) => pair.map(encode).join("=")).sort().join("&"),
    ...signed.map((name) => `${name}:${headers.get(name)?.trim()}`),
    "",
    names,
    headers.get("x-amz-content-sha256"),
  ].join("\n");
  const scope = `${date}/${region}/s3/aws4_request`;
  const text = [
    "AWS4-HMAC-SHA256",
    headers.get("x-amz-date"),
    scope,
    createHash("sha256").update(canonical).digest("hex"),
  ].join("\n");
  const key = scope.split("/").reduce<string | Uint8Array>(
    (key, part) => createHmac("sha256", key).update(part).digest(),
    `AWS4${secret}`,
  );
  if (createHmac("sha256", key).update(text).digest("hex") !== signature) {
    return failed(403, "SignatureDoesNotMatch", "The signature does not match.");
  }
  const digest = createHash("sha256").update(bytes).digest("hex");
  const md5 = headers.get("content-md5");
  if (headers.get("x-amz-content-sha256") !== digest) {
    return failed(400, "XAmzContentSHA256Mismatch", "The content is not what was signed.");
  }
  if (md5 !== null && md5 !== createHash("md5").update(bytes).digest("base64")) {
    return failed(400, "BadDigest", "The content is not what was sent.");
  }
  return undefined;
}
