/**
 * A colour laid on white, rounded to the nearest, as Pillow's alpha_composite does it.
 *
 * @param {number} colour 0..255
 * @param {number} alpha 0..255
 */
export function overWhite(colour, alpha) {
  return alpha === 255 ? colour : ((colour * alpha + 255 * (255 - alpha) + 127) / 255) | 0;
}
