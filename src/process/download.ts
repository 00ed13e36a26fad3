/**
 * HTTP downloads with bounds: few redirects and none from https to http, a time limit on silence, a
 * limit on size.
 *
 * @module
 */

/** More redirects than this lead nowhere. GitHub's releases need one. */
const REDIRECTS = 5;

/** How long a server may be silent, in milliseconds. */
const SILENCE_MS = 30_000;

/** What servers answer that send files and do not take HEAD: some mirrors, and signed addresses of S3. */
const REFUSALS_OF_HEAD: readonly number[] = [403, 405, 501];

/** Why an address gave nothing, in words for a sentence. */
export class HttpFailure extends Error {
  override readonly name = "HttpFailure";

  /** @param status what the server answered, where it is no success */
  constructor(message: string, readonly status?: number) {
    super(message);
  }

  /** Whether the server has nothing at the address; asking again would not help. */
  get gone(): boolean {
    return this.status === 404 || this.status === 410;
  }
}

/** How an address is asked. */
export interface FetchOptions {
  readonly signal: AbortSignal;
  /** The most that is read, in bytes. */
  readonly limit: number;
  /** How long the server may be silent, in milliseconds; default {@linkcode SILENCE_MS}. */
  readonly silenceMs?: number;
}

/** An answer that is being read. */
export interface Download {
  /** Size in bytes, as the server says; undefined where it does not. */
  readonly bytes: number | undefined;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** The text at an address. @throws {HttpFailure} */
export async function fetchText(url: string, options: FetchOptions): Promise<string> {
  return await withDownload(url, options, async ({ chunks }) => {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
    return text + decoder.decode();
  });
}

/** The size of what is at an address; undefined where the server does not say. @throws {HttpFailure} */
export async function fetchSize(url: string, options: FetchOptions): Promise<number | undefined> {
  try {
    return await withDownload(url, { ...options, method: "HEAD" }, ({ bytes }) => bytes);
  } catch (error) {
    const refusesHead = error instanceof HttpFailure &&
      REFUSALS_OF_HEAD.includes(error.status ?? 0);
    if (refusesHead) return undefined;
    throw error;
  }
}

/** Runs `use` on what is at an address. @throws {HttpFailure} where the address gives nothing, or too much */
export async function withDownload<T>(
  url: string,
  { signal, limit, silenceMs = SILENCE_MS, method = "GET" }: FetchOptions & {
    readonly method?: "GET" | "HEAD";
  },
  use: (download: Download) => T | Promise<T>,
): Promise<T> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), silenceMs);
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), silenceMs);
  };
  const asWords = (error: unknown) => {
    signal.throwIfAborted();
    if (silence.signal.aborted) return new HttpFailure(`no answer in ${silenceMs / 1000} s`);
    return error instanceof HttpFailure ? error : new HttpFailure(reason(error));
  };
  try {
    const response = await answerOf(url, {
      method,
      signal: AbortSignal.any([signal, silence.signal]),
    }).catch((error) => {
      throw asWords(error);
    });
    try {
      const said = response.headers.get("content-length") ?? "";
      const bytes = /^\d{1,15}$/.test(said) ? Number(said) : undefined;
      if (bytes !== undefined && bytes > limit) throw new HttpFailure("the answer is too long");
      const body = response.body;
      const chunks = (async function* () {
        let read = 0;
        try {
          for await (const chunk of body ?? []) {
            heard();
            read += chunk.length;
            if (read > limit) throw new HttpFailure("the answer is too long");
            yield chunk;
          }
        } catch (error) {
          throw asWords(error);
        }
      })();
      return await use({ bytes, chunks });
    } finally {
      await response.body?.cancel().catch(() => {});
    }
  } finally {
    clearTimeout(timer);
  }
}

/** The answer behind redirects, which is a success. @throws {HttpFailure} */
async function answerOf(
  url: string,
  { method, signal }: { readonly method: string; readonly signal: AbortSignal },
): Promise<Response> {
  let address = webAddress(url);
  if (address === undefined) throw new HttpFailure("it is not an http or https address");
  for (let left = REDIRECTS; left >= 0; left--) {
    // As it is, so that its length is that of the file.
    const headers = { "accept-encoding": "identity" };
    const response = await fetch(address, { method, headers, redirect: "manual", signal });
    if (response.ok) return response;
    await response.body?.cancel();
    const location = response.headers.get("location");
    if (location === null || ![301, 302, 303, 307, 308].includes(response.status)) {
      throw new HttpFailure(`HTTP status ${response.status}`, response.status);
    }
    const next = webAddress(location, address);
    if (next === undefined) throw new HttpFailure("it redirects to no http or https address");
    if (address.protocol === "https:" && next.protocol === "http:") {
      throw new HttpFailure("it redirects from https to http");
    }
    address = next;
  }
  throw new HttpFailure(`it redirects more than ${REDIRECTS} times`);
}

function webAddress(text: string, base?: URL): URL | undefined {
  const url = URL.parse(text, base);
  return url !== null && /^https?:$/.test(url.protocol) ? url : undefined;
}

/** Deno keeps what the network said in the cause: `error sending request for url (…): client error …`. */
function reason(error: unknown): string {
  const { message, cause } = error as Error;
  const words = cause instanceof Error ? cause.message : message;
  return words.replace(/^error sending request for url \(\S+\): /, "");
}
