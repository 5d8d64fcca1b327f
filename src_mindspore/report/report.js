"use strict";
(() => {
  const zh = document.getElementById("zh");
  const setLanguage = () => { document.documentElement.lang = zh.checked ? "zh" : "en"; };
  zh.checked = (navigator.language || "").toLowerCase().startsWith("zh");
  zh.addEventListener("change", setLanguage);
  setLanguage();

  // what a link leads to is opened, and shown even where it was the last one followed
  const open = (hash) => {
    const target = hash.length > 1 && document.getElementById(hash.slice(1));
    if (!target) return;
    for (let e = target; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
    target.scrollIntoView({ block: "start" });
  };
  addEventListener("hashchange", () => open(location.hash));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    if (link && link.getAttribute("href") === location.hash) open(location.hash);
  });
  open(location.hash);

  // on paper nothing can be opened any more
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = [...document.querySelectorAll("details:not([open])")];
    for (const details of closed) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of closed) details.open = false;
    closed = [];
  });
})();
