// Keeps what live regions of the chat say in `heard`: of a log what is added, of a status the whole. Run by access.rs after seek.js.
window.heard = [];
const root = chat().shadowRoot;
const politeness = el => el.closest("[aria-live]")?.getAttribute("aria-live") !== "off";
new MutationObserver(changes => {
  const statuses = new Set();
  for (const change of changes) {
    const el = change.target.nodeType === 1 ? change.target : change.target.parentElement;
    const region = el?.closest("[role=log],[role=status],[role=alert]");
    if (!region || !shown(region) || !politeness(el)) continue;
    if (region.role !== "log") { statuses.add(region); continue; }
    const added = [...change.addedNodes].filter(node => node.textContent.trim() && politeness(node.nodeType === 1 ? node : el));
    const relevant = (region.getAttribute("aria-relevant") || "additions text").split(" ");
    if (relevant.includes("additions")) for (const node of added) if (node.nodeType === 1) heard.push("log: " + node.innerText.trim());
    if (relevant.includes("text") && (change.type === "characterData" || added.some(node => node.nodeType === 3))) heard.push("log: " + el.innerText.trim());
  }
  for (const region of statuses) if (region.innerText.trim()) heard.push(region.role + ": " + region.innerText.trim());
}).observe(root, { childList: true, characterData: true, subtree: true });
