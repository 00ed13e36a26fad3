/**
 * What simulated programs print: which lines a container prints in a second follows from who it is
 * and from the second alone.
 *
 * @module
 */

import { type App, type LogStyle } from "./apps.ts";
import { fraction } from "./noise.ts";

/** A container and the moment it was started. */
export interface Printer {
  readonly app: App;
  /** UID of its pod. */
  readonly uid: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly seed: number;
}

/** Lines a second, about. */
const RATES: Readonly<Record<LogStyle, number>> = {
  access: 0.8,
  controller: 0.15,
  database: 0.1,
  bridge: 1,
  backup: 1,
  model: 0.5,
  quiet: 0.03,
};

/** The lines of the second that begins at `at` (milliseconds since the epoch, whole seconds). */
export function linesOfSecond(printer: Printer, at: number): readonly string[] {
  const { app, startedAt } = printer;
  const second = Math.round((at - startedAt) / 1000);
  if (second < 0) return [];
  const chance = (what: string) => fraction(printer.seed, `${printer.uid} ${what} ${at}`);
  if (second === 0) return [`${time(at)} INFO  starting ${app.name}`];
  const story = STORIES[app.log]?.[second];
  if (story !== undefined) return [`${time(at)} ${story}`];
  if (STORIES[app.log] !== undefined || chance("speaks") >= RATES[app.log]) return [];
  return [SPEECHES[app.log](at, chance)];
}

/** Programs that do the same each time they are started, by second. */
const STORIES: Partial<Record<LogStyle, Readonly<Record<number, string>>>> = {
  bridge: {
    1: "INFO  reading /etc/bridge/config.yaml",
    2: "INFO  connecting to mqtt.home.svc:1883",
    3: "INFO  connected, subscribing to zigbee2mqtt/#",
    5: "WARN  serial port /dev/ttyUSB0: no such device, trying again (1/3)",
    6: "WARN  serial port /dev/ttyUSB0: no such device, trying again (2/3)",
    7: "WARN  serial port /dev/ttyUSB0: no such device, trying again (3/3)",
    8: "FATAL no coordinator: is the stick plugged in? giving up",
  },
  backup: {
    1: "repository 5f1c22ae opened (version 2, compression level auto)",
    2: "using parent snapshot a41c07d3",
    4: "scanning: 18233 files, 41.2 GiB",
    7: "uploaded 34 new blobs, 112.4 MiB",
    10: "pruning: keep 24 hourly, 7 daily, 4 weekly",
    12: "snapshot saved, no errors were found",
  },
};

type Speech = (at: number, chance: (what: string) => number) => string;

const PATHS = ["/", "/api/albums", "/api/albums/42", "/static/app.js", "/healthz", "/api/search"];
const THINGS = ["endpoints", "configmaps", "nodes", "services", "ingressroutes"];

const SPEECHES: Readonly<Record<LogStyle, Speech>> = {
  access: (at, chance) => {
    const status = chance("status") < 0.03 ? 502 : chance("status") < 0.12 ? 404 : 200;
    const path = pickOf(PATHS, chance("path"));
    const took = (1 + 40 * chance("took") ** 3).toFixed(1);
    return `10.42.0.${2 + Math.floor(chance("who") * 200)} - [${time(at)}] "GET ${path}" ` +
      `${status} ${Math.floor(200 + 9000 * chance("size"))} ${took}ms`;
  },
  controller: (at, chance) =>
    chance("level") < 0.06
      ? `${time(at)} WARN  watch of ${pickOf(THINGS, chance("what"))} ended, starting it anew`
      : `${time(at)} INFO  reconciled ${pickOf(THINGS, chance("what"))} in ${
        Math.floor(3 + 90 * chance("took"))
      } ms`,
  database: (at, chance) =>
    chance("what") < 0.5
      ? `${time(at)} LOG:  checkpoint complete: wrote ${Math.floor(400 * chance("n"))} buffers`
      : `${time(at)} LOG:  connection authorized: user=photos database=photos`,
  model: (at, chance) =>
    `${time(at)} POST /api/chat 200 ${(0.4 + 9 * chance("took")).toFixed(2)}s ` +
    `${Math.floor(40 + 60 * chance("speed"))} tokens/s`,
  quiet: (at) => `${time(at)} INFO  still at work`,
  bridge: (at) => time(at),
  backup: (at) => time(at),
};

function pickOf(list: readonly string[], chance: number): string {
  return list[Math.floor(chance * list.length)] ?? "";
}

function time(at: number): string {
  return new Date(at).toISOString().slice(0, 19) + "Z";
}
