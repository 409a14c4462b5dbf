// The embed API of Bulle, as TypeScript has it. Served by every relay as /bulle.d.ts; README.md in widget/ says more.
export {};

/** Looks and texts; each is a `data-*` attribute of the script tag, too (`offsetX`: `data-offset-x`). */
export interface BulleOptions {
  /** Accent colour, `#rrggbb`. */
  color?: string;
  /** The edge of the window that the launcher is at. */
  side?: "left" | "right";
  /** Language of the texts (BCP 47). Default: the visitor's. */
  locale?: string;
  /** Default: as the visitor's system has it. */
  theme?: "auto" | "light" | "dark";
  /** First line of every conversation. Default: the site's words, or else the panel's own. */
  greeting?: string;
  /** Distance from that edge in CSS pixels, 0 to 500. Default: 20. */
  offsetX?: number;
  /** Distance from the lower edge in CSS pixels, 0 to 500. Default: 20. */
  offsetY?: number;
  /** Layer of launcher and panel, 1 to 2147483647. Without it they are above everything (the browser's top layer). */
  zIndex?: number;
  /** `none`: no button; the page opens the chat itself. */
  launcher?: "none";
}

/** What a `bulle:*` event carries as its `detail`. */
export interface BulleEvents {
  /** The launcher stands on the page. */
  ready: null;
  /** The panel was opened. */
  open: boolean;
  /** The panel was closed; `true` where the focus was in it and has gone to the launcher. */
  close: boolean;
  /** How many messages the visitor has not read, 0 or more. */
  unread: number;
  /** A message arrived, or one of the visitor's was taken by the relay. Not told: what was there before the page. */
  message: { id: string; /** ms since the epoch */ at: number; by: "visitor" | "agent"; name: string | null; text: string };
  /** The visitor waits for an agent, or their place has changed. Place: 1 is next. Wait in ms. `null`: not known. */
  queued: { position: number | null; wait_ms: number | null };
  /** An agent has taken the conversation. */
  assigned: { agent: string };
  /** The conversation was ended. */
  ended: Record<string, never>;
  /** The visitor has rated the conversation, 1 to 5. */
  rated: { score: number; comment?: string };
  /** `load`: the panel's code did not arrive; `frame`: the relay's frame did not; `origin`: this page is not on the site's list;
   * `refused`: anything else that only a reload can change, `close` is the code (4400 to 4499). */
  error: { code: "load" | "frame" | "origin" | "refused"; close?: number };
}

/** What the page says of the visitor, for the agents to see: untrusted, unless your server signs it. `null` takes something away. */
export type BulleAttributes = Record<string, string | number | boolean | null>;

type On = <Name extends keyof BulleEvents>(
  command: "on" | "off",
  event: Name,
  listener: (event: CustomEvent<BulleEvents[Name]>) => void,
) => void;

export interface Bulle extends On {
  /** Begin again after `shutdown`, with other options if given. */
  (command: "boot", options?: BulleOptions & { attributes?: BulleAttributes }): void;
  /** Take everything off the page and out of storage: for a logout. */
  (command: "shutdown"): void;
  (command: "open" | "close" | "toggle"): void;
  /** Show or hide launcher and panel. */
  (command: "show" | "hide"): void;
  /** Change the looks, or say something of the visitor; without options: the page's address or title may have changed. */
  (command: "update", options?: BulleOptions & { attributes?: BulleAttributes }): void;
  /** Say who the visitor is, by a token that your server has signed; or only something of them. */
  (command: "identify", identity: { token?: string; attributes?: BulleAttributes }): void;
  /** Say something for the visitor; opens the panel unless told not to. */
  (command: "send", text: string, options?: { open?: boolean }): void;
  /** With `data-consent="required"`: `true` starts, `false` forgets everything. */
  (command: "consent", given: boolean): void;
  /** Calls that came before the script. */
  q?: unknown[];
}

declare global {
  interface Window {
    Bulle: Bulle;
  }
  const Bulle: Bulle;
  interface DocumentEventMap {
    "bulle:ready": CustomEvent<BulleEvents["ready"]>;
    "bulle:open": CustomEvent<BulleEvents["open"]>;
    "bulle:close": CustomEvent<BulleEvents["close"]>;
    "bulle:unread": CustomEvent<BulleEvents["unread"]>;
    "bulle:message": CustomEvent<BulleEvents["message"]>;
    "bulle:queued": CustomEvent<BulleEvents["queued"]>;
    "bulle:assigned": CustomEvent<BulleEvents["assigned"]>;
    "bulle:ended": CustomEvent<BulleEvents["ended"]>;
    "bulle:rated": CustomEvent<BulleEvents["rated"]>;
    "bulle:error": CustomEvent<BulleEvents["error"]>;
  }
}
