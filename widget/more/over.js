// After the end of a conversation: the way to a new one.
import { button, dress } from "./dom.js";

const CSS = `
.over:empty{display:none}
.over{display:grid;gap:12px;justify-items:center;padding:12px;border-block-start:1px solid var(--line)}
.over~form{border-block-start:0}
`;

export default (place, { texts, ask }) => {
  dress(place, "over", CSS);
  place.append(button("plain", texts.anew, () => ask(["anew"])));
};
