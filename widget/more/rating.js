// Asks how the chat was: five stars as radio buttons (arrow keys choose, as in every radio group), and a comment once one is chosen.
import { button, dress, fresh, make } from "./dom.js";
import over from "./over.js";

const CSS = `
.over form{display:grid;gap:8px;justify-items:center;text-align:center}
.over fieldset{display:flex;margin:0;padding:0;border:0}
.over legend{padding:0 0 4px;font-weight:600}
.over label{position:relative;width:44px;height:44px;cursor:pointer}
.over input{position:absolute;inset:0;width:100%;height:100%;margin:0;opacity:0;cursor:pointer}
.over i{position:absolute;inset:2px;border-radius:50%}
.over i::before{content:"";position:absolute;inset:8px;background:var(--line);clip-path:path("M12 1l3.4 7 7.6 1-5.6 5.3 1.4 7.6L12 18.2 5.2 22l1.4-7.7L1 9l7.6-1Z");transition:background .12s}
.over form:not(.chosen) label:has(~label:hover) i::before,.over form:not(.chosen) label:hover i::before,.over .lit i::before{background:#f2a600}
.over :focus-visible+i{outline:2px solid var(--ring)}
.over output{min-height:20px;color:var(--soft);font-size:13.5px}
.over textarea{text-align:start}
.over .acts{display:flex;gap:8px}
.over form:not(.chosen) :is(textarea,.main){display:none}
@media(forced-colors:active){.over i::before{forced-color-adjust:none;background:GrayText}.over .lit i::before{background:Highlight}}
`;

export default (place, told) => {
  const { texts, ask } = told;
  dress(place, "rating", CSS);
  const group = fresh();
  const words = texts.scores.split(",");
  const word = make("output", {});
  const labels = words.map((name, index) => {
    const star = make("input", { type: "radio", name: group, value: index + 1, required: true, "aria-label": index + 1 + ": " + name });
    // By classes: WebKit does not look at `:has(:checked)` again once something was chosen (seen).
    star.addEventListener("change", () => {
      word.textContent = name;
      form.classList.add("chosen");
      labels.forEach((label, place) => label.classList.toggle("lit", place <= index));
    });
    return make("label", { title: name }, star, make("i", {}));
  });
  const comment = make("textarea", { rows: 2, maxLength: 8000, placeholder: texts.comment, dir: "auto", "aria-label": texts.comment });
  const title = make("strong", { id: fresh() }, texts.rate);
  const form = make("form", {}, title,
    make("fieldset", { role: "radiogroup", "aria-labelledby": title.id }, ...labels), word, comment,
    make("div", { class: "acts" }, button("plain", texts.no_rating, () => ask(["spare"])), make("button", { class: "main" }, texts.submit)),
  );
  form.addEventListener("submit", event => {
    event.preventDefault();
    const score = form.querySelector(":checked")?.value;
    if (score) ask(["rate", score, comment.value.trim() || undefined]);
  });
  place.append(form);
  over(place, told);
};
