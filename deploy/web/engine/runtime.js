/**
 * onnxruntime-web, whose WebAssembly is served gzipped (3.7 of 14.2 MB) and unpacked here: a static
 * server need not know how.
 */

import { Fault } from "../core/fault.js";
import { collect, fetchBytes } from "./fetched.js";

const SCRIPT = "ort.wasm.bundle.min.js";
const WASM = "ort-wasm-simd-threaded.wasm.gz";
const MAX_WASM = 64 << 20; // bytes, unpacked
const MAX_THREADS = 4; // two gave 14 ms for 25, more than four gain nothing on small photos

/** @typedef {import("../runtime").Ort} Ort */

/**
 * The runtime, ready to open models.
 *
 * @param {Ort} ort its module
 * @param {ArrayBuffer} wasm its WebAssembly
 * @param {number} threads
 * @returns {Ort}
 */
export function setUp(ort, wasm, threads) {
  ort.env.wasm.wasmBinary = wasm;
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.proxy = false;
  ort.env.logLevel = "error";
  return ort;
}

/**
 * Threads share memory, which a page may have only when it is isolated from other origins.
 *
 * @returns {number}
 */
export function threadsHere() {
  if (!globalThis.crossOriginIsolated) return 1;
  return Math.max(1, Math.min(MAX_THREADS, globalThis.navigator?.hardwareConcurrency ?? 1));
}

/**
 * @param {URL} folder of the runtime's files
 * @param {number} threads
 * @returns {Promise<Ort>}
 * @throws {Fault} `runtime_missing`: a file is not there, or damaged
 */
export async function loadRuntime(folder, threads) {
  const [ort, packed] = await Promise.all([
    importFrom(new URL(SCRIPT, folder)),
    fetchBytes(new URL(WASM, folder), { limit: MAX_WASM, missing: "runtime_missing" }),
  ]);
  return setUp(ort, await unpacked(packed), threads);
}

/** @param {URL} url */
async function importFrom(url) {
  try {
    return await import(url.href);
  } catch (error) {
    throw Fault.of(error, "runtime_missing", { file: SCRIPT });
  }
}

/**
 * @param {Uint8Array<ArrayBuffer>} packed gzip
 * @returns {Promise<ArrayBuffer>}
 */
export async function unpacked(packed) {
  try {
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return (await collect(stream, { limit: MAX_WASM })).buffer;
  } catch (error) {
    throw Fault.of(error, "runtime_missing", { file: WASM });
  }
}
