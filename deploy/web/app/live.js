import { Steady } from "./steady.js";

/** @typedef {import("./client.js").Reply} Reply */
/** @typedef {import("./frame.js").Box} Box */
/** @typedef {ReturnType<Steady["add"]>} Shown */

/**
 * Asks the model about one frame after the other, never more than one at a time: a slow phone
 * answers less often, and never late.
 */
export class Live {
  #turn = 0;
  /** Answers since the page was opened. */
  answers = 0;

  /**
   * @param {HTMLVideoElement} video
   * @param {import("./client.js").Client} client
   * @param {() => Box | null} source which pixels of the video; null: none yet
   * @param {(shown: Shown, reply: Reply) => void} answered
   * @param {(error: unknown) => void} failed the loop has ended
   */
  constructor(video, client, source, answered, failed) {
    this.video = video;
    this.client = client;
    this.source = source;
    this.answered = answered;
    this.failed = failed;
  }

  get running() {
    return this.#running;
  }

  #running = false;

  /** @param {number | null} threshold of the model */
  start(threshold) {
    const turn = ++this.#turn;
    this.#running = true;
    this.#loop(turn, new Steady(threshold)).catch((error) => {
      if (turn !== this.#turn) return;
      this.#running = false;
      this.failed(error);
    });
  }

  stop() {
    this.#turn += 1;
    this.#running = false;
  }

  /**
   * @param {number} turn
   * @param {Steady} steady
   */
  async #loop(turn, steady) {
    while (turn === this.#turn) {
      await nextFrame(this.video);
      if (turn !== this.#turn) return;
      const bitmap = await this.grab();
      if (bitmap === null) continue;
      if (turn !== this.#turn) {
        bitmap.close();
        return;
      }
      const reply = await this.client.frame(bitmap, 1);
      if (turn !== this.#turn) return;
      this.answers += 1;
      this.answered(steady.add(reply.answer.probabilities, performance.now()), reply);
    }
  }

  /** @returns {Promise<ImageBitmap | null>} what is in the frame now; null: no picture yet */
  async grab() {
    const box = this.source();
    if (box === null || this.video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
    return createImageBitmap(this.video, box.x, box.y, box.width, box.height);
  }
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
