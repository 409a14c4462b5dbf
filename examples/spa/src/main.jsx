import { createRoot } from "react-dom/client";
import { App } from "./App.jsx";
import { loadChat } from "./chat.js";

loadChat();
createRoot(document.getElementById("root")).render(<App />);
