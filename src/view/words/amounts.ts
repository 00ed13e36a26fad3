/**
 * Numbers as people read them. Unknown is `-`, never zero.
 *
 * @module
 */

/** Stands where something is not known, or does not apply. */
export const NOTHING = "-";

const BYTE_UNITS = ["B", "Ki", "Mi", "Gi", "Ti", "Pi"];

/** Cores: `3.5`, `0.25`, `12`. */
export function cores(value: number | undefined): string {
  if (value === undefined) return NOTHING;
  return String(value >= 10 ? Math.round(value) : Number(value.toFixed(value < 1 ? 2 : 1)));
}

/** Bytes in binary units: `512Mi`, `7.5Gi`. */
export function bytes(value: number | undefined): string {
  if (value === undefined) return NOTHING;
  let amount = value;
  let unit = 0;
  while (amount >= 1024 && unit < BYTE_UNITS.length - 1) {
    amount /= 1024;
    unit++;
  }
  return `${amount >= 10 || unit === 0 ? Math.round(amount) : Number(amount.toFixed(1))}${
    BYTE_UNITS[unit]
  }`;
}

/** A share in whole percent; `-` where a part is not known. */
export function percent(part: number | undefined, whole: number | undefined): string {
  if (part === undefined || whole === undefined || whole <= 0) return NOTHING;
  return `${Math.round(100 * part / whole)}%`;
}

/** A span of time in its two largest units at most, as kubectl writes it: `45s`, `12m`, `3d4h`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (minutes < 2) return `${seconds}s`;
  if (hours < 3) return `${minutes}m`;
  if (days < 2) return `${hours}h`;
  return days < 8 && hours % 24 > 0 ? `${days}d${hours % 24}h` : `${days}d`;
}

/** Time since an ISO 8601 moment; `-` where it is not known. */
export function since(moment: string | undefined, now: number): string {
  const at = moment === undefined ? NaN : Date.parse(moment);
  return Number.isNaN(at) ? NOTHING : duration(now - at);
}

/**
 * Whether a text, painted or not, has an age or a countdown in seconds: `45s`, `1m05s`; not the
 * `5m0s` of a message, which stands still.
 */
export function showsSeconds(line: string): boolean {
  return SECONDS.test(line);
}

// deno-lint-ignore no-control-regex
const SECONDS = /(?:^|\s|\u001b\[[\d;]*m)\d{1,3}s(?![\w-])|\dm\d\ds(?![\w-])/;
