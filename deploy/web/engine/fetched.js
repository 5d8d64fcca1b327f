/** Files of the page's own folder, bounded in size, with what went wrong told apart. */

import { Fault } from "../core/fault.js";

/**
 * @typedef {object} FetchOptions
 * @property {number} limit bytes; more is `too_large`
 * @property {number} [total] bytes, where they are known, for `progress`
 * @property {(loaded: number, total: number) => void} [progress]
 * @property {import("../core/fault.js").Code} [missing] the code for a file that is not there
 */

/**
 * @param {string | URL} url
 * @param {FetchOptions} options
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 * @throws {Fault} `offline`: no answer at all; `options.missing`: another answer than the file;
 *   `too_large`
 */
export async function fetchBytes(url, options) {
  const file = new URL(url).pathname.split("/").pop() ?? "";
  try {
    const response = await fetch(url);
    if (!response.ok || !response.body) {
      throw new Fault(options.missing ?? "model_missing", { file, status: response.status });
    }
    return await collect(response.body, options);
  } catch (error) {
    throw Fault.of(error, "offline", { file });
  }
}

/**
 * All bytes of a stream; the rest is not waited for where it is longer than `limit`.
 *
 * @param {ReadableStream<Uint8Array>} stream
 * @param {FetchOptions} options
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function collect(stream, { limit, total = 0, progress }) {
  const reader = stream.getReader();
  /** @type {Uint8Array[]} */
  const parts = [];
  let loaded = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    loaded += value.length;
    progress?.(loaded, Math.max(total, loaded));
    if (loaded > limit) {
      await reader.cancel().catch(() => {});
      throw new Fault("too_large", { what: "bytes", got: loaded, limit });
    }
  }
  const whole = new Uint8Array(loaded);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
