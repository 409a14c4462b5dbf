// The form while nobody is there to answer: a message, and where the answer shall go. What stood in the composer goes along.
import { build } from "./form.js";

export default (place, told) => {
  const { texts, field, ask } = told;
  const fields = [
    { label: texts.message, kind: "letter", required: true, value: field.value },
    { label: texts.your_name, kind: "name" },
    { label: texts.your_email, kind: "email", required: true },
  ];
  const { consent } = JSON.parse(told.json || "{}");
  const keep = text => {
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const form = build(place, told, { intro: texts.offline, fields, consent, begin: texts.leave }, ([text, name, email]) => {
    keep("");
    ask(["say", text, email, name || undefined]);
  });
  // What is written and not sent outlives a reload, and somebody coming back.
  form.querySelector("textarea").addEventListener("input", event => keep(event.target.value));
};
