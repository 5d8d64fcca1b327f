/**
 * Whatever way a photo comes: chosen, taken, dropped or pasted. The last one counts.
 *
 * @param {Iterable<HTMLInputElement>} inputs file inputs
 * @param {HTMLElement} hint is shown while something is dragged over the page
 * @param {(file: File) => void} chosen
 */
export function listenForPhotos(inputs, hint, chosen) {
  for (const input of inputs) {
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      if (file) chosen(file);
      input.value = ""; // the same photo once more is a change again
    });
  }
  listenForDrops(hint, chosen);
  document.addEventListener("paste", (event) => {
    const file = event.clipboardData?.files[0];
    if (file === undefined) return; // text: not for this page
    event.preventDefault();
    chosen(file);
  });
}

/**
 * @param {HTMLElement} hint
 * @param {(file: File) => void} chosen
 */
function listenForDrops(hint, chosen) {
  let depth = 0; // elements of the page are entered and left one by one
  const over = (/** @type {number} */ by) => {
    depth = Math.max(0, depth + by);
    hint.hidden = depth === 0;
  };
  document.addEventListener("dragenter", (event) => {
    if (event.dataTransfer?.types.includes("Files")) over(1);
  });
  document.addEventListener("dragleave", (event) => {
    if (event.dataTransfer?.types.includes("Files")) over(-1);
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault(); // else the browser opens the file in place of the page
  });
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    over(-depth);
    const file = event.dataTransfer?.files[0];
    if (file !== undefined) chosen(file);
  });
}
