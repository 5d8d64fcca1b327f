import { element, fill, part, say } from "./elements.js";
import { groupLooks } from "./groups.js";

/** @typedef {import("./client.js").About} About */
/** @typedef {import("./client.js").Times} Times */
/** @typedef {import("./language.js").Language} Language */
/**
 * @typedef {object} Shown an answer
 * @property {{index: number, score: number}[]} top best first; the first is the one that is named
 * @property {boolean} abstained
 * @property {Times} ms
 */

/** Classes that are shown: the best one large, the others as bars. */
export const TOP = 3;

/** The answer in the panel. */
export class AnswerView {
  /** @type {{shown: Shown, about: About} | null} */
  #now = null;
  /** @type {number[]} */
  #looks = [];
  #box = part("answer");
  #time = element("time", HTMLButtonElement);
  #times = part("times");
  #others = element("others", HTMLUListElement);

  /** @param {Language} language */
  constructor(language) {
    this.language = language;
    this.#time.addEventListener("click", () => {
      this.#times.hidden = !this.#times.hidden;
      this.#time.setAttribute("aria-expanded", String(!this.#times.hidden));
    });
  }

  get visible() {
    return !this.#box.hidden;
  }

  hide() {
    this.#now = null;
    this.#box.hidden = true;
  }

  /**
   * @param {Shown} shown
   * @param {About} about the model
   */
  show(shown, about) {
    if (this.#now?.about !== about) this.#looks = groupLooks(about.labels);
    this.#now = { shown, about };
    this.redraw();
    this.#box.hidden = false;
  }

  /** Draws it again, in another language for one. */
  redraw() {
    if (this.#now === null) return;
    const { shown, about } = this.#now;
    const [best, ...others] = shown.top;
    this.#box.classList.toggle("unsure", shown.abstained);
    const name = this.#name(best.index);
    say(part("name"), shown.abstained ? this.language.text("not_sure") : name);
    say(part("score"), shown.abstained ? "" : this.language.percent(best.score));
    const perhaps = part("perhaps");
    perhaps.hidden = part("tip").hidden = !shown.abstained;
    if (shown.abstained) {
      say(
        perhaps,
        `${this.language.text("perhaps", { name })} · ${this.language.percent(best.score)}`,
      );
    }
    fill(part("best-bar"), best.score);
    this.#drawGroup(shown.abstained ? -1 : best.index);
    this.#drawTimes(shown.ms, about.threads);
    this.#drawOthers(others);
  }

  /** The answer as one sentence, for those who listen. */
  get spoken() {
    if (this.#now === null) return "";
    const { shown, about } = this.#now;
    const best = shown.top[0];
    const values = {
      name: this.#name(best.index),
      score: this.language.percent(best.score),
      group: this.language.name(about.labels[best.index].group, ""),
    };
    if (shown.abstained) return this.language.text("spoken_not_sure", values);
    return this.language.text(values.group ? "spoken_group" : "spoken", values);
  }

  /** @param {number} index */
  #name(index) {
    const about = /** @type {{about: About}} */ (this.#now).about;
    return this.language.name(about.labels[index], about.classes[index]);
  }

  /** @param {number} index of the class; -1: none */
  #drawGroup(index) {
    const chip = part("group");
    const about = /** @type {{about: About}} */ (this.#now).about;
    const look = index < 0 ? -1 : this.#looks[index];
    const name = look < 0 ? "" : this.language.name(about.labels[index].group, "");
    chip.hidden = name === "";
    if (name === "") return;
    chip.dataset.look = String(look);
    chip.querySelector("use")?.setAttribute("href", `#shape-${look}`);
    say(part("group-name"), name);
    say(part("group-spoken"), this.language.text("group", { name }));
  }

  /**
   * @param {Times} ms
   * @param {number} threads
   */
  #drawTimes(ms, threads) {
    const whole = (/** @type {number} */ value) => Math.max(1, Math.round(value));
    const text = (/** @type {number} */ value) =>
      this.language.text("milliseconds", { ms: value < 0.5 ? "<1" : whole(value) });
    const total = whole(ms.decode + ms.prepare + ms.model);
    say(this.#time, this.language.text("time", { ms: total }));
    this.#time.setAttribute("aria-label", this.language.text("time_label", { ms: total }));
    say(part("ms-decode"), text(ms.decode));
    say(part("ms-prepare"), text(ms.prepare));
    say(part("ms-model"), text(ms.model));
    say(part("threads"), String(threads));
  }

  /** @param {{index: number, score: number}[]} others */
  #drawOthers(others) {
    const rows = this.#others.children;
    while (rows.length > others.length) rows[rows.length - 1].remove();
    while (rows.length < others.length) this.#others.append(newRow());
    others.forEach(({ index, score }, i) => {
      const [name, share, bar] = rows[i].children;
      say(name, this.#name(index));
      say(share, this.language.percent(score));
      fill(bar, score);
    });
  }
}

/** A class that is less likely: its name, its share and a bar. */
function newRow() {
  const row = document.createElement("li");
  const name = document.createElement("span");
  name.dir = "auto";
  const bar = document.createElement("div");
  bar.className = "bar";
  bar.setAttribute("aria-hidden", "true");
  bar.append(document.createElement("i"));
  row.append(name, document.createElement("span"), bar);
  return row;
}
