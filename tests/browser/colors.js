// Calls the loader for each colour, and asks the panel's own element what becomes of it in the light and in the dark. Run by colors.rs after
// seek.js; LOADER stands for the function, SETTINGS for what the relay calls it with.
const steps = [0, 32, 64, 96, 128, 160, 192, 224, 255];
const hex = parts => "#" + parts.map(part => part.toString(16).padStart(2, "0")).join("");
const colors = steps.flatMap(r => steps.flatMap(g => steps.map(b => hex([r, g, b]))));
for (let level = 100; level < 140; level++) colors.push(hex([level, level, level]), hex([level, 0, 255]), hex([255, level, 0]), hex([0, level, 40]));
const panel = seek("dialog", "Chat"), host = chat(), probe = document.createElement("i");
panel.append(probe);
const value = text => (probe.style.backgroundColor = text, getComputedStyle(probe).backgroundColor);
const poor = [];
const wants = (least, what, color, one, other) => {
  const found = contrast(one, other);
  if (found < least) poor.push(`${what} on ${color}: ${found.toFixed(2)} of ${least}`);
};
const load = LOADER;
for (const [index, color] of colors.entries()) {
  load({ ...SETTINGS, key: "color-" + index, color });
  const loaded = document.documentElement.lastElementChild;
  loaded.remove();
  delete Bulle.sites["color-" + index];
  for (const name of ["--accent", "--on-accent"]) host.style.setProperty(name, loaded.style.getPropertyValue(name));
  wants(4.5, "text", color, value("var(--on-accent)"), value("var(--accent)"));
  for (const theme of ["light", "dark"]) {
    host.dataset.theme = theme;
    wants(3, theme + " ring", color, value("var(--ring)"), value("var(--paper)"));
  }
}
for (const theme of ["light", "dark"]) {
  host.dataset.theme = theme;
  for (const paper of ["paper", "tint"]) {
    for (const ink of ["ink", "soft", "bad"]) wants(4.5, theme + " " + ink, paper, value(`var(--${ink})`), value(`var(--${paper})`));
  }
  wants(3, theme + " edge", "paper", value("var(--edge)"), value("var(--paper)"));
}
return [colors.length, poor.length, poor.slice(0, 12)];
