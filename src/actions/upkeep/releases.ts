/**
 * Releases of k3s, by the channels that its channel server publishes.
 *
 * @module
 */

import * as z from "zod";
import { safeText } from "../../errors/safe_text.ts";
import { unreachableError, type UserError } from "../../errors/user_error.ts";
import { compareReleases, K3S_VERSION, minorOf } from "../../inventory/kubernetes_syntax.ts";
import { fetchText, HttpFailure } from "../../process/download.ts";
import { parseJson } from "../../process/json.ts";

/** How long the channel server may be silent, in milliseconds. */
const TIMEOUT_MS = 15_000;

/** More than this is no list of channels, in bytes; the real one has about 20 KiB. */
const LIMIT = 1 << 20;

/** A channel: `stable`, `latest`, `v1.36`. */
export interface Channel {
  readonly name: string;
  readonly version: string;
}

/** A channel, and what upgrading to it would mean. */
export interface ReleaseChoice extends Channel {
  readonly upgrade: "possible" | "runs now" | "downgrade" | "skips a minor version" | "unknown";
}

// k3s-io/k3s channel.yaml has the channels; rancher/channelserver serves them as a collection.
const Collection = z.object({
  data: z.array(z.object({ name: z.string(), latest: z.string().nullish() })),
});

/** Reads the channels that have a release. @throws {UserError} exit code 4 */
export async function readChannels(
  url: string,
  { signal }: { readonly signal: AbortSignal },
): Promise<readonly Channel[]> {
  let text: string;
  try {
    text = await fetchText(url, { signal, limit: LIMIT, silenceMs: TIMEOUT_MS });
  } catch (error) {
    if (error instanceof HttpFailure) throw unread(url, error.message);
    throw error;
  }
  const parsed = parseJson(Collection, text);
  if (parsed === undefined) throw unread(url, "the answer is not a list of channels");
  return parsed.data.flatMap(({ name, latest }) =>
    latest && K3S_VERSION.test(latest) && /^[a-z0-9.-]{1,40}$/.test(name)
      ? [{ name, version: latest }]
      : []
  );
}

function unread(url: string, why: string): UserError {
  return unreachableError(
    `The list of k3s releases cannot be read from ${safeText(url)}: ${safeText(why)}`,
    { hint: "Without it, name a release: k3s-tool upgrade --to v1.36.3+k3s1" },
  );
}

/** What each channel means for nodes that run these versions. Pure. */
export function releaseChoices(
  channels: readonly Channel[],
  running: readonly string[],
): readonly ReleaseChoice[] {
  const judge = (version: string): ReleaseChoice["upgrade"] => {
    if (running.length === 0) return "unknown";
    if (running.some((each) => compareReleases(each, version) > 0)) return "downgrade";
    if (running.every((each) => each === version)) return "runs now";
    return running.some((each) => minorOf(version) - minorOf(each) > 1)
      ? "skips a minor version"
      : "possible";
  };
  return channels.map((channel) => ({ ...channel, upgrade: judge(channel.version) }));
}
