/** @typedef {{x: number, y: number, width: number, height: number}} Box */
/**
 * @typedef {object} InputRules the part of a spec's `input` that says what is seen
 * @property {[number, number]} size height, width
 * @property {{rule: string, size: [number, number]}} resize
 * @property {{size: [number, number]} | null} [crop]
 */

/**
 * How much of the picture that it is given the model sees, about its middle.
 *
 * @param {InputRules} input
 * @returns {{aspect: number, across: number, down: number}} width over height of the picture to
 *     give it, and the shares of its width and height that are seen
 */
export function seenShare(input) {
  const [height, width] = input.crop?.size ?? input.size;
  const aspect = width / height;
  if (!input.crop) return { aspect, across: 1, down: 1 };
  if (input.resize.rule === "shorter_side") {
    const side = Math.min(...input.resize.size);
    return { aspect, across: Math.min(width, height) / side, down: Math.min(width, height) / side };
  }
  return { aspect, across: width / input.resize.size[1], down: height / input.resize.size[0] };
}

/**
 * Where the frame is drawn over a video that covers its stage (`object-fit: cover`), and which
 * pixels of the video are handed to the model, so that what is in the frame is what it sees.
 *
 * @param {{width: number, height: number}} stage CSS pixels
 * @param {Box} free the part of the stage that nothing lies upon, CSS pixels
 * @param {{width: number, height: number}} video pixels
 * @param {InputRules} input
 * @returns {{frame: Box, source: Box}} in CSS pixels of the stage; in pixels of the video
 */
export function viewfinder(stage, free, video, input) {
  const { aspect, across, down } = seenShare(input);
  const scale = Math.max(stage.width / video.width, stage.height / video.height);
  const left = (stage.width - video.width * scale) / 2;
  const top = (stage.height - video.height * scale) / 2;
  // the picture that is handed over: as large as the free part lets it be
  const width = Math.min(free.width / across, (free.height / down) * aspect, video.width * scale);
  const fitted = Math.min(width, video.height * scale * aspect);
  const given = { width: fitted, height: fitted / aspect };
  const middle = { x: free.x + free.width / 2, y: free.y + free.height / 2 };
  // it stays within the video where the free part is not in its middle
  const x = clamp(middle.x - given.width / 2, left, left + video.width * scale - given.width);
  const y = clamp(middle.y - given.height / 2, top, top + video.height * scale - given.height);
  const source = pixels(
    { x: (x - left) / scale, y: (y - top) / scale },
    { width: given.width / scale, height: given.height / scale },
    video,
  );
  const frame = {
    x: x + (given.width * (1 - across)) / 2,
    y: y + (given.height * (1 - down)) / 2,
    width: given.width * across,
    height: given.height * down,
  };
  return { frame, source };
}

/**
 * @typedef {object} Placed where a picture is on its stage: a pixel (x, y) of it is drawn at
 *     (this.x + x * scale, this.y + y * scale), CSS pixels
 * @property {number} x
 * @property {number} y
 * @property {number} scale
 * @property {number} stage the width of the stage
 */

/**
 * A picture that covers its stage (`object-fit: cover`), and the part of it that is seen.
 *
 * @param {{width: number, height: number}} stage CSS pixels
 * @param {{width: number, height: number}} video pixels
 * @returns {{placed: Placed, source: Box}} `source` is the part, pixels of the video
 */
export function covering(stage, video) {
  const scale = Math.max(stage.width / video.width, stage.height / video.height);
  const seen = { width: stage.width / scale, height: stage.height / scale };
  const corner = { x: (video.width - seen.width) / 2, y: (video.height - seen.height) / 2 };
  const source = pixels(corner, seen, video);
  const left = (stage.width - video.width * scale) / 2;
  const top = (stage.height - video.height * scale) / 2;
  return { placed: { x: left, y: top, scale, stage: stage.width }, source };
}

/**
 * A picture that is whole on its stage (`object-fit: contain`).
 *
 * @param {{width: number, height: number}} stage CSS pixels
 * @param {Box} room what the picture may take of it
 * @param {{width: number, height: number}} picture pixels
 * @returns {Placed}
 */
export function containing(stage, room, picture) {
  const scale = Math.min(room.width / picture.width, room.height / picture.height);
  const x = room.x + (room.width - picture.width * scale) / 2;
  const y = room.y + (room.height - picture.height * scale) / 2;
  return { x, y, scale, stage: stage.width };
}

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
function clamp(value, low, high) {
  return Math.max(low, Math.min(value, high));
}

/**
 * Whole pixels, all of them in the video.
 * @param {{x: number, y: number}} corner
 * @param {{width: number, height: number}} size
 * @param {{width: number, height: number}} video
 * @returns {Box}
 */
function pixels(corner, size, video) {
  const width = clamp(Math.round(size.width), 1, video.width);
  const height = clamp(Math.round(size.height), 1, video.height);
  return {
    x: clamp(Math.round(corner.x), 0, video.width - width),
    y: clamp(Math.round(corner.y), 0, video.height - height),
    width,
    height,
  };
}
