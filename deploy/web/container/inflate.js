/** zlib streams (RFC 1950), by the browser's own decompressor. */

/**
 * Passes what a stream holds on as it comes.
 *
 * @param {Uint8Array[]} parts of the stream
 * @param {(chunk: Uint8Array) => boolean} sink whether more is wanted
 * @throws {TypeError} no such stream, damaged, or not at its end
 */
export async function inflate(parts, sink) {
  const blob = new Blob(/** @type {Uint8Array<ArrayBuffer>[]} */ (parts));
  const reader = blob.stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    if (!sink(value)) {
      await reader.cancel().catch(() => {});
      return;
    }
  }
}

/**
 * A short text; empty where it is damaged, or longer than `limit` bytes.
 *
 * @param {Uint8Array} packed
 * @param {number} limit
 * @returns {Promise<Uint8Array>}
 */
export async function inflatedText(packed, limit) {
  const text = new Uint8Array(limit);
  let length = 0;
  try {
    await inflate([packed], (chunk) => {
      if (length + chunk.length <= limit) text.set(chunk, length);
      length += chunk.length;
      return length <= limit;
    });
  } catch {
    return new Uint8Array(0);
  }
  return length <= limit ? text.subarray(0, length) : new Uint8Array(0);
}
