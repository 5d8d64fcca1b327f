import { Steady } from "./steady.js";
import { inWhole, steadyTop, Tracks } from "./tracks.js";

/** @typedef {import("./client.js").Reply} Reply */
/** @typedef {import("./frame.js").Box} Box */
/** @typedef {import("./words.js").One} One */
/** @typedef {import("./words.js").Many} Many */

/** Pixels of the longer side in which a frame is searched for faces: quicker than a photo. */
const LONGEST = 480;
/** Before the model is free, ms, that the next frame is seen to: it waits no longer than that. */
const AHEAD = 60;

/**
 * Asks the model about one frame after the other. One more is taken just before the answer to the
 * last is due, so that the model does not wait for the camera; a slow phone answers less often, and
 * never late.
 */
export class Live {
  #turn = 0;

  /**
   * @param {HTMLVideoElement} video
   * @param {import("./client.js").Client} client
   * @param {() => Box | null} source which pixels of the video; null: none yet
   * @param {(shown: One | Many, changed: boolean) => void} answered
   * @param {(error: unknown) => void} failed the loop has ended
   */
  constructor(video, client, source, answered, failed) {
    this.video = video;
    this.client = client;
    this.source = source;
    this.answered = answered;
    this.failed = failed;
  }

  /** @param {number | null} threshold of the model */
  start(threshold) {
    const turn = ++this.#turn;
    this.#loop(turn, new Steady(threshold), new Tracks(threshold)).catch((error) => {
      if (turn !== this.#turn) return;
      this.failed(error);
    });
  }

  stop() {
    this.#turn += 1;
  }

  /**
   * @param {number} turn
   * @param {Steady} steady of whole pictures
   * @param {Tracks} tracks of faces
   */
  async #loop(turn, steady, tracks) {
    let busy = 0; // ms of the model's last answer
    let before = Promise.resolve();
    while (turn === this.#turn) {
      await nextFrame(this.video);
      if (turn !== this.#turn) return;
      const box = this.source();
      if (box === null || this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) continue;
      const bitmap = await createImageBitmap(this.video, box.x, box.y, box.width, box.height);
      if (turn !== this.#turn) {
        bitmap.close();
        return;
      }
      const shown = this.client.frame(bitmap, 1, LONGEST).then((reply) => {
        busy = Object.values(reply.ms).reduce((sum, ms) => sum + ms, 0);
        if (turn === this.#turn) this.#show(reply, box, steady, tracks);
      });
      shown.catch(() => {}); // told in the next round, where it is waited for
      await before;
      before = shown;
      await pause(busy - AHEAD);
    }
  }

  /**
   * @param {Reply} reply
   * @param {Box} box what of the video it is about
   * @param {Steady} steady
   * @param {Tracks} tracks
   */
  #show(reply, box, steady, tracks) {
    const { ms } = reply;
    if ("faces" in reply) {
      const { faces, changed } = tracks.follow(inWhole(reply.faces, box), performance.now());
      this.answered({ faces, ms }, changed);
    } else {
      const now = steady.add(reply.answer.probabilities, performance.now());
      this.answered({ ...steadyTop(now), ms }, now.changed);
    }
  }
}

/**
 * @param {number} ms nothing is waited for below 1
 * @returns {Promise<void>}
 */
function pause(ms) {
  return ms < 1 ? Promise.resolve() : new Promise((done) => setTimeout(done, ms));
}

/**
 * Waits until the video shows another frame, or, where that is not told or does not come, a little.
 * @param {HTMLVideoElement} video
 * @returns {Promise<void>}
 */
function nextFrame(video) {
  return new Promise((done) => {
    const timer = setTimeout(done, 250);
    const go = () => {
      clearTimeout(timer);
      done();
    };
    if (typeof video.requestVideoFrameCallback === "function") video.requestVideoFrameCallback(go);
    else requestAnimationFrame(go);
  });
}
