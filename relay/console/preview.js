// The install page's preview: puts the real script tag into this page, with what is being tried out as its `data-*` attributes.
const choice = new URLSearchParams(location.search);
const tag = document.createElement("script");
tag.src = "/bulle.js?site=" + encodeURIComponent(choice.get("site"));
for (const name of ["color", "side", "theme", "locale", "greeting"]) {
  if (choice.get(name)) tag.dataset[name] = choice.get(name);
}
document.head.append(tag);
addEventListener("DOMContentLoaded", () => document.body.classList.add(choice.get("theme")));
