/**
 * Copies of backups in a bucket of S3, or of a server that speaks its protocol (MinIO, Garage, Backblaze).
 *
 * Requests are signed with Signature Version 4, the checksum of the content included, so that the server
 * refuses what did not arrive as it was sent, and an object is there whole or not at all. Addresses have the
 * bucket in their path, as not every server knows buckets as host names.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { join } from "node:path";
import { Readable } from "node:stream";
import { AwsV4Signer } from "aws4fetch";
import { type Dispatcher, EnvHttpProxyAgent } from "undici";
import { unreadable } from "../../errors/refusal.ts";
import { safeText } from "../../errors/safe_text.ts";
import {
  ExitCode,
  missingError,
  unreachableError,
  usageError,
  UserError,
} from "../../errors/user_error.ts";
import { ifThere, readSmallText } from "../../process/small_file.ts";
import type { ActionSystem } from "../action_system.ts";
import type { CopyPlace, LocalFile, StoredFile } from "./copy_place.ts";

/** What names the bucket, and how it is reached. */
export interface S3Setting {
  /** `s3://BUCKET[/PREFIX]` */
  readonly to: string;
  /** Default: AWS. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  /** Absolute; default: the environment, else the user's own file. */
  readonly credentialsFile?: string | undefined;
  /** Absolute; of a certificate authority, in PEM. */
  readonly caFile?: string | undefined;
}

/** The most that one request may send (Amazon S3 User Guide, "Uploading objects"). */
const MOST_SENT = 5 * 2 ** 30;

/** Longest answer that is not a backup: a list of 1000 objects has some 400 KiB. */
const MOST_ANSWERED = 1 << 22;

/** As many lists of 1000 objects are read. */
const MOST_LISTS = 100;

/** As many bytes of a file as its age header needs to tell what opens it. */
const START = 256;

/** Where a copy's SHA-256 is kept. */
const SHA256_HEADER = "x-amz-meta-sha256";

const EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/** Settings of AWS have this region where none is named, and other servers do not care. */
const REGION = "us-east-1";

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

interface Question {
  readonly method?: "GET" | "HEAD" | "PUT" | "DELETE";
  /** Name of a file; undefined: the bucket. */
  readonly name?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: LocalFile;
  /** Statuses that are no failure, besides success. */
  readonly accept?: readonly number[];
}

/**
 * The bucket of a setting; nothing is contacted.
 *
 * @throws {UserError} exit code 2 where a file of the setting cannot be read, 3 where there are no credentials
 */
export async function s3Place(system: ActionSystem, setting: S3Setting): Promise<CopyPlace> {
  const credentials = await credentialsOf(system, setting);
  const { caFile } = setting;
  const ca = caFile && await readText(caFile);
  if (ca === undefined && caFile !== undefined) throw usageError(`There is no ${caFile} (ca_file)`);
  // A proxy of the environment is used, as by everything else that leaves this machine. The header that is
  // signed, Host, is none in HTTP/2.
  const agent = new EnvHttpProxyAgent({
    allowH2: false,
    ...ca === undefined ? {} : { connect: { ca }, requestTls: { ca } },
  });
  return new Bucket(system, setting, credentials, agent);
}

class Bucket implements CopyPlace {
  readonly address: string;
  readonly #prefix: string;
  readonly #bucket: URL;
  readonly #region: string;

  constructor(
    private readonly system: ActionSystem,
    { to, endpoint, region }: S3Setting,
    private readonly credentials: Credentials,
    private readonly agent: Dispatcher,
  ) {
    this.address = to;
    const [, bucket = "", prefix] = /^s3:\/\/([^/]+)(?:\/(.+))?$/.exec(to) ?? [];
    this.#prefix = prefix === undefined ? "" : `${prefix}/`;
    const regions = [region, system.env("AWS_REGION"), system.env("AWS_DEFAULT_REGION")];
    const set = regions.find((each) => each !== undefined);
    this.#region = set ?? REGION;
    this.#bucket = new URL(
      `/${bucket}`,
      endpoint ?? `https://s3.${this.#region}.amazonaws.com`,
    );
  }

  async list(wantsStart: (name: string) => boolean): Promise<readonly StoredFile[]> {
    const found: StoredFile[] = [];
    let token: string | undefined;
    for (let lists = 0; lists === 0 || token !== undefined; lists++) {
      if (lists === MOST_LISTS) throw new UserError(`${this.address} holds too many files`);
      const page = await this.#page(this.#prefix, token);
      found.push(...page.files);
      token = page.next;
    }
    return await Promise.all(found.map(async (file) => ({
      ...file,
      start: wantsStart(file.name) ? await this.#start(file) : undefined,
    })));
  }

  async put(file: LocalFile): Promise<boolean> {
    const { name, bytes, sha256, md5 } = file;
    if (bytes > MOST_SENT) {
      throw new UserError(`${name} was not copied: it is larger than 5 GiB`, {
        hint:
          "k3s-tool does not do multipart uploads. Use an ssh:// directory, or an S3 client such " +
          "as aws s3 cp.",
      });
    }
    // Lists say why they are refused, and before much is sent.
    const { files } = await this.#page(this.#prefix + name, undefined);
    if (files.some((each) => each.name === name)) {
      if (await this.#has(file)) return false;
      throw new UserError(`${this.address}/${name} already exists with different content`, {
        hint: "Compare the two with backup show; --copy shows the copy.",
      });
    }
    await this.#text({
      method: "PUT",
      name,
      body: file,
      headers: { "content-length": String(bytes), "content-md5": md5, [SHA256_HEADER]: sha256 },
    });
    if (await this.#has(file)) return true;
    throw new UserError(`The copy of ${name} in ${this.address} differs from what was sent`, {
      hint: "Delete it there and copy it again.",
    });
  }

  async get(name: string, into: WritableStream<Uint8Array>): Promise<string | undefined> {
    const writer = into.getWriter();
    try {
      const { headers, body } = await this.#ask({ name });
      try {
        for await (const chunk of body) {
          await writer.write(chunk);
        }
      } catch (error) {
        throw this.#unreachable(error);
      }
      await writer.close();
      const said = headers[SHA256_HEADER];
      return typeof said === "string" && /^[0-9a-f]{64}$/.test(said) ? said : undefined;
    } catch (error) {
      await writer.abort(error).catch(() => {});
      throw error;
    }
  }

  async remove(names: readonly string[]): Promise<void> {
    for (const name of names) await this.#text({ method: "DELETE", name, accept: [404] });
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }

  /** Up to 1000 files whose keys begin with a text. */
  async #page(prefix: string, token: string | undefined) {
    const text = await this.#text({
      query: {
        "list-type": "2",
        prefix,
        delimiter: "/",
        ...token === undefined ? {} : { "continuation-token": token },
      },
    });
    if (!/<ListBucketResult[\s>]/.test(text)) {
      throw new UserError(`${this.#bucket.origin} does not answer like an S3 server`);
    }
    const files: StoredFile[] = [];
    for (const content of text.split("</Contents>").slice(0, -1)) {
      const key = element(content, "Key") ?? "";
      const bytes = Number(element(content, "Size") ?? NaN);
      if (!key.startsWith(this.#prefix) || !Number.isSafeInteger(bytes)) continue;
      files.push({ name: key.slice(this.#prefix.length), bytes });
    }
    const more = element(text, "IsTruncated") === "true";
    return { files, next: more ? element(text, "NextContinuationToken") : undefined };
  }

  async #start({ name, bytes }: StoredFile): Promise<Uint8Array> {
    if (bytes === 0) return new Uint8Array();
    const headers = { range: `bytes=0-${START - 1}` };
    const { body } = await this.#ask({ name, headers });
    return await this.#read(body);
  }

  /** Whether the very file is there. Where another program has written it, its checksum may not be. */
  async #has({ name, bytes, sha256, md5 }: LocalFile): Promise<boolean> {
    const { headers, body, statusCode } = await this.#ask({ method: "HEAD", name, accept: [404] });
    await body.dump();
    if (statusCode === 404 || headers["content-length"] !== String(bytes)) return false;
    const said = headers[SHA256_HEADER];
    if (said !== undefined) return said === sha256;
    return headers.etag === `"${Buffer.from(md5, "base64").toString("hex")}"`;
  }

  async #text(question: Question): Promise<string> {
    const { body } = await this.#ask(question);
    return new TextDecoder().decode(await this.#read(body));
  }

  async #read(body: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let size = 0;
    try {
      for await (const chunk of body) {
        size += chunk.length;
        if (size > MOST_ANSWERED) throw new Error("the answer is too long");
        chunks.push(chunk.slice());
      }
    } catch (error) {
      throw this.#unreachable(error);
    }
    return await new Blob(chunks).bytes();
  }

  async #ask(
    { method = "GET", name, query = {}, headers = {}, body, accept = [] }: Question,
  ): Promise<Dispatcher.ResponseData> {
    const url = new URL(this.#bucket);
    // Encoded here: `+` would be a space to the signature.
    const key = name === undefined ? [] : `${this.#prefix}${name}`.split("/");
    url.pathname = [this.#bucket.pathname, ...key.map(encodeURIComponent)].join("/");
    for (const [parameter, value] of Object.entries(query)) url.searchParams.set(parameter, value);
    const signed = await new AwsV4Signer({
      method,
      url: url.href,
      headers: { ...headers, "x-amz-content-sha256": body?.sha256 ?? EMPTY_SHA256 },
      service: "s3",
      region: this.#region,
      datetime: new Date(this.system.clock.now()).toISOString().replace(/[:-]|\.\d{3}/g, ""),
      ...this.credentials,
    }).sign();
    let answer: Dispatcher.ResponseData;
    try {
      answer = await this.agent.request({
        origin: url.origin,
        // Spaces as Signature Version 4 has them.
        path: url.pathname + url.search.replaceAll("+", "%20"),
        method,
        headers: Object.fromEntries(signed.headers),
        body: body === undefined ? null : Readable.from(body.read(), { objectMode: false }),
        signal: this.system.signal,
      });
    } catch (error) {
      throw this.#unreachable(error);
    }
    const { statusCode } = answer;
    if (statusCode >= 200 && statusCode < 300 || accept.includes(statusCode)) return answer;
    throw await this.#refusal(answer, name);
  }

  async #refusal(answer: Dispatcher.ResponseData, name: string | undefined): Promise<UserError> {
    const { statusCode, headers } = answer;
    const text = await this.#read(answer.body).then((bytes) => new TextDecoder().decode(bytes))
      .catch(() => "");
    const code = element(text, "Code") ?? `HTTP status ${statusCode}`;
    const message = element(text, "Message");
    const region = element(text, "Region") ?? headers["x-amz-bucket-region"];
    const file = name === undefined ? this.address : `${this.address}/${name}`;
    const said = safeText(message === undefined ? code : `${code}: ${message}`);
    const elsewhere = typeof region === "string" && region !== this.#region;
    return new UserError(`${file} cannot be used: ${said}`, {
      exitCode: statusCode >= 500 ? ExitCode.Unreachable : ExitCode.Failed,
      hint: code === "NoSuchBucket"
        ? `Create the bucket at ${this.#bucket.origin}; k3s-tool does not.`
        : code === "RequestTimeTooSkewed"
        ? "Check the clock of this machine: timedatectl shows whether it is synchronised."
        : elsewhere
        ? `The bucket is in another region: add region: ${safeText(String(region))} to backup_copy.`
        : statusCode >= 500
        ? "Run the command again."
        : statusCode === 403
        ? "Check the credentials, and that they may list, read, write and delete in the bucket."
        : `Check backup_copy in the inventory: the server is ${this.#bucket.origin}.`,
    });
  }

  /** What an error of a connection means for the person. */
  #unreachable(error: unknown): unknown {
    if (this.system.signal.aborted) return this.system.signal.reason;
    if (error instanceof UserError) return error;
    const { message, cause, code } = error as Error & { code?: string };
    const words = message || (cause as Error | undefined)?.message || code || "no connection";
    return unreachableError(`${this.#bucket.origin} cannot be reached: ${safeText(words)}`, {
      hint: /certificate/i.test(words)
        ? "Name its certificate authority with ca_file in backup_copy."
        : "Check endpoint in backup_copy, and run the command again.",
      cause: error,
    });
  }
}

/** The text of the first element of a name, in XML of a server; it may be anything. */
function element(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  return text?.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|(\w+));/gi, (all, decimal, hex, named) => {
    if (named !== undefined) return entities[named] ?? all;
    const point = decimal === undefined ? parseInt(hex, 16) : Number(decimal);
    return point > 0x10ffff ? all : String.fromCodePoint(point);
  });
}

/** Those of the setting's file, else of the environment, else of the file that AWS' own programs read. */
async function credentialsOf(
  system: ActionSystem,
  { to, credentialsFile }: S3Setting,
): Promise<Credentials> {
  const { env, directories } = system;
  const [id, secret, token] = ["ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"]
    .map((name) => env(`AWS_${name}`));
  if (credentialsFile === undefined && id !== undefined && secret !== undefined) {
    return usable({ id, secret, token }, "the environment");
  }
  const file = credentialsFile ?? env("AWS_SHARED_CREDENTIALS_FILE") ??
    join(directories.home, ".aws/credentials");
  const profile = env("AWS_PROFILE") ?? "default";
  const text = await readText(file);
  const found = text === undefined ? undefined : profileOf(text, profile);
  if (found !== undefined) return usable(found, file);
  throw missingError(
    text === undefined
      ? `There are no credentials for ${to}`
      : `${file} has no credentials for the profile ${safeText(profile)}`,
    {
      hint: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write them as AWS does to " +
        `${file}:\n[default]\naws_access_key_id = …\naws_secret_access_key = …`,
    },
  );
}

interface Keys {
  readonly id: string;
  readonly secret: string;
  readonly token: string | undefined;
}

/** A profile of a file as AWS' programs have it (AWS CLI User Guide, "Configuration and credential file settings"). */
function profileOf(text: string, profile: string): Keys | undefined {
  const keys = new Map<string, string>();
  let section = "";
  for (const line of text.split(/\r?\n/)) {
    section = /^\s*\[\s*([^\]]*?)\s*\]/.exec(line)?.[1] ?? section;
    const [, key, value] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (section === profile && key !== undefined) keys.set(key.toLowerCase(), value!);
  }
  const [id, secret] = ["aws_access_key_id", "aws_secret_access_key"].map((key) => keys.get(key));
  if (id === undefined || secret === undefined) return undefined;
  return { id, secret, token: keys.get("aws_session_token") };
}

/** The values go into headers and signatures. */
function usable({ id, secret, token }: Keys, from: string): Credentials {
  if ([id, secret, token ?? "x"].some((value) => !/^[\x21-\x7e]+$/.test(value))) {
    throw usageError(`The credentials in ${from} contain characters that are not allowed in keys`);
  }
  return {
    accessKeyId: id,
    secretAccessKey: secret,
    ...token === undefined ? {} : { sessionToken: token },
  };
}

/** Undefined where there is none. */
async function readText(file: string): Promise<string | undefined> {
  return await ifThere(readSmallText(file)).catch(unreadable(file));
}
