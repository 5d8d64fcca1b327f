/** SHA-256 (FIPS 180-4): the browser's, or our own where a page of plain http has none. */

const BLOCK = 64; // bytes
const primes = firstPrimes(64);
// the first 32 bits of the fractions of cube roots, and of square roots (sections 4.2.2 and 5.3.3)
const ROUNDS = Uint32Array.from(primes, (p) => fraction(p, 3));
const START = Uint32Array.from(primes.slice(0, 8), (p) => fraction(p, 2));

/** @param {number} count */
function firstPrimes(count) {
  /** @type {number[]} */
  const found = [];
  for (let n = 2; found.length < count; n++) if (found.every((p) => n % p)) found.push(n);
  return found;
}

/**
 * floor(2^32 p^(1/root)) mod 2^32, in whole numbers: a root in floating point has too few bits.
 *
 * @param {number} p
 * @param {2 | 3} root
 */
function fraction(p, root) {
  const wanted = BigInt(p) << BigInt(32 * root);
  let low = 0n;
  let high = 1n << 40n;
  while (high - low > 1n) {
    const middle = (low + high) >> 1n;
    if (middle ** BigInt(root) <= wanted) low = middle;
    else high = middle;
  }
  return Number(low & 0xffffffffn);
}

/**
 * @param {Uint8Array} bytes
 * @param {SubtleCrypto | undefined} [subtle] `crypto.subtle`, where there is one
 * @returns {Promise<string>} hexadecimal
 */
export async function sha256(bytes, subtle = globalThis.crypto?.subtle) {
  if (!subtle) return sha256Plain(bytes);
  const digest = await subtle.digest("SHA-256", /** @type {Uint8Array<ArrayBuffer>} */ (bytes));
  return hex(new Uint8Array(digest));
}

/**
 * @param {Uint8Array} bytes
 * @returns {string} hexadecimal
 */
export function sha256Plain(bytes) {
  const state = START.slice();
  const words = new Uint32Array(BLOCK);
  const whole = bytes.length - (bytes.length % BLOCK);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < whole; at += BLOCK) mix(state, words, view, at);
  const tail = new Uint8Array(bytes.length % BLOCK < BLOCK - 8 ? BLOCK : 2 * BLOCK);
  tail.set(bytes.subarray(whole));
  tail[bytes.length - whole] = 0x80;
  const end = new DataView(tail.buffer);
  end.setBigUint64(tail.length - 8, BigInt(bytes.length) * 8n);
  for (let at = 0; at < tail.length; at += BLOCK) mix(state, words, end, at);
  const digest = new Uint8Array(32);
  state.forEach((word, i) => {
    new DataView(digest.buffer).setUint32(4 * i, word);
  });
  return hex(digest);
}

/**
 * One block (section 6.2.2).
 *
 * @param {Uint32Array} state
 * @param {Uint32Array} words room for the message schedule
 * @param {DataView} view
 * @param {number} at
 */
function mix(state, words, view, at) {
  for (let i = 0; i < 16; i++) words[i] = view.getUint32(at + 4 * i);
  for (let i = 16; i < 64; i++) {
    const early = words[i - 15];
    const late = words[i - 2];
    const s0 = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3);
    const s1 = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10);
    words[i] = (words[i - 16] + s0 + words[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const one = (h + s1 + ((e & f) ^ (~e & g)) + ROUNDS[i] + words[i]) | 0;
    const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => {
    state[i] += value;
  });
}

/**
 * @param {number} word
 * @param {number} bits
 */
function turn(word, bits) {
  return (word >>> bits) | (word << (32 - bits));
}

/** @param {Uint8Array} bytes */
function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
