// The form before the chat: fields as the site has set them, consent, and messages that assistive technology ties to their fields. What
// was answered goes with the visitor's first message. `leave.js` builds its form here, too.
import { dress, fresh, make } from "./dom.js";

const CSS = `
.before:empty{display:none}
.before{display:flex;min-height:0;max-height:80%}
.before form{display:grid;gap:12px;padding:16px;overscroll-behavior:contain;border-block-start:1px solid var(--line);flex:1;overflow-y:auto;scrollbar-width:thin}
.before form>p:first-child{margin:0}
.before textarea{min-height:80px;max-height:30vh;field-sizing:fixed}
.before .consent{display:flex;gap:8px;align-items:flex-start;font-size:13.5px}
.before [type=checkbox]{flex:none;width:24px;height:24px;margin:0;padding:0;accent-color:var(--accent)}
.before label.field{display:grid;gap:4px;font-size:14px;font-weight:600}
.before label.field small{padding:0;font-weight:400}
.before :is(input,textarea,select){font-weight:400}
.before select{box-sizing:border-box;width:100%;padding:8px 12px;border:1px solid var(--line);border-radius:20px;background:var(--paper);color:inherit;font:inherit;font-size:16px;font-weight:400}
.before [aria-invalid=true]{border-color:var(--bad)}
.before .wrong{margin:-6px 0 0;color:var(--bad);font-size:13px}
.before .wrong:empty{display:none}
`;
const KINDS = { name: ["text", "name"], email: ["email", "email"], phone: ["tel", "tel"], text: ["text", "off"] };
// Whatever has something on both sides of an @ may be an address; the relay knows better.
const isEmail = text => /^\S+@\S+$/.test(text);

export default (place, told) => {
  const { fields, consent } = JSON.parse(told.json);
  build(place, told, { fields, consent, begin: told.texts.begin }, values => {
    const answers = fields.map(({ label }, index) => ({ label, value: values[index] })).filter(({ value }) => value);
    told.ask(["answer", JSON.stringify(answers)]);
  });
};

// Builds a form; `done` gets the values once all of them are good.
export const build = (place, { texts, focus }, { intro, fields, consent, begin }, done) => {
  dress(place, "form", CSS);
  const rows = fields.map(field => row(field, texts));
  const checks = rows.map(({ check }) => check);
  const agreed = consent && make("input", { type: "checkbox", "aria-required": "true" });
  const consentWrong = make("p", { class: "wrong", id: fresh() });
  if (agreed) {
    const check = () => mark(agreed, consentWrong, agreed.checked ? "" : texts.agree);
    agreed.addEventListener("input", () => consentWrong.textContent && check());
    checks.push(check);
  }
  const form = make("form", { noValidate: true },
    intro && make("p", {}, intro),
    ...rows.flatMap(({ label, wrong }) => [label, wrong]),
    ...(agreed ? [make("label", { class: "consent" }, agreed, make("span", {}, consent)), consentWrong] : []),
    make("button", { class: "main" }, begin),
  );
  form.addEventListener("submit", event => {
    event.preventDefault();
    // All are checked, so that all say what is wrong; the first one gets the focus.
    const wrong = checks.map(check => check()).find(Boolean);
    wrong ? wrong.focus() : done(rows.map(({ input }) => input.value.trim()));
  });
  place.replaceChildren(form);
  // Whoever has just opened the chat wants to write; nobody else is interrupted.
  if (focus) form.querySelector("input,select,textarea").focus();
  return form;
};

// Ties a message to a field, or takes it away. The field, if something is wrong with it.
const mark = (input, wrong, message) => {
  wrong.textContent = message;
  input.setAttribute("aria-invalid", String(!!message));
  message ? input.setAttribute("aria-describedby", wrong.id) : input.removeAttribute("aria-describedby");
  return message ? input : undefined;
};

const row = (field, texts) => {
  const [type, autocomplete] = KINDS[field.kind] || KINDS.text;
  const input = field.kind === "choice"
    ? make("select", {}, make("option", { value: "" }, texts.choose), ...field.options.map(option => make("option", {}, option)))
    : field.kind === "letter" ? make("textarea", { rows: 3, maxLength: 8000, value: field.value, dir: "auto" })
    : make("input", { type, autocomplete, maxLength: 256 });
  input.setAttribute("aria-label", field.label);
  if (field.required) input.setAttribute("aria-required", "true");
  const wrong = make("p", { class: "wrong", id: fresh() });
  const check = () => {
    const value = input.value.trim();
    return mark(input, wrong, field.required && !value ? texts.required : value && field.kind === "email" && !isEmail(value) ? texts.bad_email : "");
  };
  // Once something was wrong, the field says so until it is right, and no longer.
  input.addEventListener("input", () => wrong.textContent && check());
  const title = make("span", {}, field.label, field.required ? null : make("small", {}, " (" + texts.optional + ")"));
  return { field, input, wrong, check, label: make("label", { class: "field" }, title, input) };
};
