/** Reading numbers and names of a file's bytes; past the end every byte is 0. */

/**
 * @param {Uint8Array} bytes
 * @param {number} at
 * @param {number} count 1..6
 */
export function big(bytes, at, count) {
  let value = 0;
  for (let i = 0; i < count; i++) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
}

/**
 * @param {Uint8Array} bytes
 * @param {number} at
 * @param {number} count 1..6
 */
export function little(bytes, at, count) {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
}

/**
 * A byte a character.
 *
 * @param {Uint8Array} bytes
 * @param {number} [start]
 * @param {number} [end]
 */
export function latin1(bytes, start = 0, end = bytes.length) {
  let text = "";
  for (const byte of bytes.subarray(start, end)) text += String.fromCharCode(byte);
  return text;
}

/**
 * @param {Uint8Array} bytes
 * @param {string} name a byte a character
 * @param {number} [at]
 */
export function says(bytes, name, at = 0) {
  for (let i = 0; i < name.length; i++) if (bytes[at + i] !== name.charCodeAt(i)) return false;
  return true;
}

/**
 * @param {Uint8Array[]} parts
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
