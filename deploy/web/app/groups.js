/** @typedef {import("./language.js").Label} Label */

/** How many colours and shapes app.css and index.html have; further groups begin anew. */
export const LOOKS = 8;

/**
 * Which look each class's group has: groups are counted in the order in which the classes name
 * them, so that a group looks the same whichever class of it is shown.
 *
 * @param {readonly Label[]} labels of the classes
 * @returns {number[]} 0 to LOOKS - 1 for each class; -1 where it has no group
 */
export function groupLooks(labels) {
  /** @type {string[]} */
  const seen = [];
  return labels.map(({ group }) => {
    if (group === undefined) return -1;
    const key = JSON.stringify([group.en, group.zh]);
    if (!seen.includes(key)) seen.push(key);
    return seen.indexOf(key) % LOOKS;
  });
}
