//! Somebody in front of a browser: finds things by role and name, the way assistive technology does, through shadow roots; clicks, types,
//! and sees. Waiting happens inside the page, on what the page shows, and ends with a failure that quotes the page.

use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tests::browsers::{Browser, Engine, Looks, chromium};
use thirtyfour::prelude::*;

/// Longest time that anything on a page may take to appear; generous, because tests share their machine. A relay that comes back is
/// found by then too: the longest pause between two attempts is 30 s.
const PATIENCE: Duration = Duration::from_secs(40);

/// Longest time that a push message takes which arrives, a worker that has to start included.
const ONE_DELIVERY: Duration = Duration::from_secs(4);

/// Put before every script; see there.
const SEEK: &str = include_str!("seek.js");

/// Runs in every page before its own scripts; see there.
const WATCH: &str = include_str!("watch.js");

/// Pictures that people look at; nothing compares them.
const PICTURES: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/screenshots");

/// Nothing moves any more but what moves for ever.
pub const STILL: &str = "everything(document).every(el => el.getAnimations().every(move => move.playState !== 'running' \
    || move.effect.getComputedTiming().iterations === Infinity))";

/// Every rule for WCAG 2.2 A and AA, and what axe calls good practice.
const AXE: &str = "const done = arguments[arguments.length - 1]; axe.run(arguments[0], { runOnly: ['wcag2a', 'wcag2aa', \
    'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'] }).then(found => done(found.passes.length ? \
    found.violations.flatMap(rule => rule.nodes.map(node => rule.id + ': ' + node.html + ' ' + node.failureSummary)) \
    : ['axe found nothing to look at']), error => done([String(error)]))";

/// The text of axe-core; `make browsers` installs it.
fn axe() -> Result<&'static str> {
    static TEXT: OnceLock<String> = OnceLock::new();
    if let Some(text) = TEXT.get() {
        return Ok(text);
    }
    let path = tests::browsers::tools().context("no home")?.join("node_modules/axe-core/axe.min.js");
    let text = std::fs::read_to_string(&path).with_context(|| format!("{}: `make browsers` installs it", path.display()))?;
    Ok(TEXT.get_or_init(|| text))
}

/// Somebody in front of a browser, which ends when they are dropped.
pub struct Person {
    /// What draws their pages.
    pub engine: Engine,
    browser: WebDriver,
    /// The rest of the browser; ends with them.
    more: Browser,
    /// Put before every script where the engine runs nothing before a page's own scripts.
    late: &'static str,
}

impl Person {
    /// Somebody in front of this browser.
    pub async fn new(more: Browser) -> Result<Self> {
        let browser = more.web.clone();
        browser.set_script_timeout(PATIENCE * 2).await?;
        let late = if more.runs_first(WATCH).await? { "" } else { WATCH };
        Ok(Self { engine: more.engine, browser, more, late })
    }

    /// Opens a page.
    pub async fn opens(&self, url: &str) -> Result<()> {
        self.browser.goto(url).await.with_context(|| url.to_owned())?;
        self.wakes().await
    }

    /// Reloads the page.
    pub async fn reloads(&self) -> Result<()> {
        self.browser.refresh().await?;
        self.wakes().await
    }

    /// Goes back to the page before.
    pub async fn goes_back(&self) -> Result<()> {
        self.browser.back().await?;
        self.wakes().await
    }

    /// Clicks what has this role and name, once it is there.
    pub async fn clicks(&self, role: &str, name: &str) -> Result<()> {
        let element = self.finds(role, name).await?;
        element.click().await.with_context(|| format!("click {role} {name:?}"))
    }

    /// Double-clicks what has this role and name, once it is there.
    pub async fn double_clicks(&self, role: &str, name: &str) -> Result<()> {
        let element = self.finds(role, name).await?;
        Ok(self.browser.action_chain().double_click_element(&element).perform().await?)
    }

    /// Clicks what has this role and a name with this part, once it is there.
    pub async fn clicks_part(&self, role: &str, part: &str) -> Result<()> {
        let element = self.looks_for("seekPart", role, part).await?;
        element.click().await.with_context(|| format!("click {role} with {part:?}"))
    }

    /// Types into the textbox of this name.
    pub async fn types(&self, name: &str, text: &str) -> Result<()> {
        let element = self.finds("textbox", name).await?;
        element.send_keys(text).await.with_context(|| format!("type into {name:?}"))
    }

    /// Types into the textbox of this name and presses Enter.
    pub async fn says(&self, name: &str, text: &str) -> Result<()> {
        self.types(name, &format!("{text}{}", Key::Enter.value())).await
    }

    /// Chooses a file in the page's file picker, as if its dialog had been used.
    pub async fn picks(&self, file: &Path) -> Result<()> {
        let script = format!("{SEEK} return everything(document).find(el => el.type === 'file');");
        let picker = self.browser.execute(script, vec![]).await?.element().context("no file picker on the page")?;
        Ok(picker.send_keys(file.to_string_lossy()).await?)
    }

    /// Presses keys wherever the focus is.
    pub async fn presses(&self, keys: &str) -> Result<()> {
        Ok(self.browser.action_chain().send_keys(keys).perform().await?)
    }

    /// Presses one key wherever the focus is.
    pub async fn hits(&self, key: Key) -> Result<()> {
        self.presses(&key.value().to_string()).await
    }

    /// Presses a key while another one is held down.
    pub async fn chords(&self, held: Key, keys: &str) -> Result<()> {
        Ok(self.browser.action_chain().key_down(held.clone()).send_keys(keys).key_up(held).perform().await?)
    }

    /// Presses Tab until this has the focus.
    pub async fn tabs_to(&self, role: &str, name: &str) -> Result<()> {
        // More than any of the pages has; a trap for the focus would go on for ever.
        for _ in 0..60 {
            if self.evaluates(&at(role, name)).await? == json!(true) {
                return Ok(());
            }
            self.hits(Key::Tab).await?;
        }
        bail!("Tab never reaches {role} {name:?}; the page shows: {}", self.shows().await?)
    }

    /// Waits until this has the focus.
    pub async fn is_at(&self, role: &str, name: &str) -> Result<()> {
        let focused =
            "(focused() ? `${focused().tagName} ${focused().id} ${focused().className} ${nameOf(focused())}` : 'nothing')";
        match self.waits_until(&at(role, name)).await {
            Ok(_) => Ok(()),
            Err(error) => bail!("the focus is at {}: {error:#}", self.evaluates(focused).await?),
        }
    }

    /// Waits until something with this role and name is shown.
    pub async fn finds(&self, role: &str, name: &str) -> Result<WebElement> {
        self.looks_for("seek", role, name).await
    }

    /// Whether something with this role and name is shown now.
    pub async fn has(&self, role: &str, name: &str) -> Result<bool> {
        Ok(self.evaluates(&format!("!!seek({}, {})", json!(role), json!(name))).await? == json!(true))
    }

    /// Waits until the page shows this text.
    pub async fn sees(&self, text: &str) -> Result<()> {
        self.waits_until(&format!("text().includes({})", json!(text))).await.map(drop)
    }

    /// Waits until the page shows this text no more.
    pub async fn sees_no_more(&self, text: &str) -> Result<()> {
        self.waits_until(&format!("!text().includes({})", json!(text))).await.map(drop)
    }

    /// Waits until the conversation shows this text, which has to stand there once.
    pub async fn reads_once(&self, text: &str) -> Result<()> {
        self.waits_until(&format!("said().includes({})", json!(text))).await?;
        let said = self.evaluates("said()").await?;
        let times = said.as_str().unwrap_or_default().matches(text).count();
        ensure!(times == 1, "{text:?} stands {times} times in the conversation: {said}");
        Ok(())
    }

    /// Everything that the page shows, shadow roots included, white space folded.
    pub async fn shows(&self) -> Result<Value> {
        self.evaluates("text()").await
    }

    /// The value of a script's expression now. What `seek.js` defines is at hand.
    pub async fn evaluates(&self, expression: &str) -> Result<Value> {
        let script = format!("{} {SEEK} return ({expression});", self.late);
        Ok(self.browser.execute(script, vec![]).await.with_context(|| expression.to_owned())?.json().clone())
    }

    /// Waits until a script's expression is truthy. What `seek.js` defines is at hand.
    pub async fn waits_until(&self, expression: &str) -> Result<Value> {
        let found = self.waits_for(PATIENCE, expression).await?;
        if found.is_null() {
            bail!("never true: {expression}; the page shows: {}", self.shows().await?);
        }
        Ok(found)
    }

    /// What a script's expression is as soon as it is truthy, or nothing when that takes longer than this.
    async fn waits_for(&self, patience: Duration, expression: &str) -> Result<Value> {
        let script = format!("{} {SEEK} until(() => ({expression}), arguments[1], arguments[0]);", self.late);
        let patience = json!(patience.as_millis() as u64);
        Ok(self.browser.execute_async(script, vec![patience]).await.with_context(|| expression.to_owned())?.json().clone())
    }

    /// Opens a second tab and goes there; the first one stays.
    pub async fn opens_tab(&self, url: &str) -> Result<WindowHandle> {
        let tab = self.browser.new_tab().await?;
        self.turns_to(&tab).await?;
        if self.engine == Engine::Chromium {
            // There, it is a matter of one tab.
            self.more.runs_first(WATCH).await?;
        }
        self.opens(url).await?;
        Ok(tab)
    }

    /// The tab in front.
    pub async fn tab(&self) -> Result<WindowHandle> {
        Ok(self.browser.window().await?)
    }

    /// Goes to another tab.
    pub async fn turns_to(&self, tab: &WindowHandle) -> Result<()> {
        Ok(self.browser.switch_to_window(tab.clone()).await?)
    }

    /// Closes the tab in front and turns to another one.
    pub async fn closes_tab_for(&self, other: &WindowHandle) -> Result<()> {
        self.browser.close_window().await?;
        self.turns_to(other).await
    }

    /// What the page's policy has refused, and errors and warnings on its console since the last call. WebKit tells no more of the
    /// console than a script on the page can hear, once the page has loaded.
    pub async fn complaints(&self) -> Result<Vec<String>> {
        let mut complaints: Vec<String> = serde_json::from_value(self.evaluates("seen.violations").await?)?;
        let log = match self.engine {
            Engine::WebKit => serde_json::from_value(self.evaluates("seen.log.splice(0)").await?)?,
            _ => self.more.log().await?,
        };
        // The console asks who is signed in, and browsers note the honest answer as an error.
        complaints.extend(log.into_iter().filter(|line| !(line.contains("/api/session") && line.contains("401"))));
        Ok(complaints)
    }

    /// Fails when there are [`complaints`](Self::complaints).
    pub async fn is_content(&self) -> Result<()> {
        let complaints = self.complaints().await?;
        ensure!(complaints.is_empty(), "the page complains: {complaints:#?}");
        Ok(())
    }

    /// Uses a phone of this size in CSS pixels from now on.
    pub async fn holds_phone(&self, width: u32, height: u32) -> Result<()> {
        self.more.holds(Some((width, height))).await
    }

    /// Sits at a desktop again.
    pub async fn puts_phone_away(&self) -> Result<()> {
        self.more.holds(None).await
    }

    /// Holds a phone whose screen is covered at its edges (a notch, a bar to swipe on), in CSS pixels. Chromium only.
    pub async fn holds_phone_with_edges(&self, [top, right, bottom, left]: [u32; 4]) -> Result<()> {
        let insets = json!({ "insets": { "top": top, "right": right, "bottom": bottom, "left": left } });
        chromium::command(&self.browser, "Emulation.setSafeAreaInsetsOverride", insets).await.map(drop)
    }

    /// Prefers `dark` or `light` pages from now on. Not with WebKit: it takes them
    /// when it starts, see [`Stage::person_who_likes`](crate::stage::Stage::person_who_likes).
    pub async fn prefers(&self, scheme: &str) -> Result<()> {
        self.likes(Looks { dark: scheme == "dark", ..Looks::default() }).await
    }

    /// Prefers these looks from now on. Not with WebKit, as above.
    pub async fn likes(&self, looks: Looks) -> Result<()> {
        self.more.looks(looks).await
    }

    /// Presses Tab with Shift.
    pub async fn tabs_back(&self) -> Result<()> {
        let keys = self.browser.action_chain().key_down(Key::Shift).send_keys(Key::Tab.value().to_string()).key_up(Key::Shift);
        Ok(keys.perform().await?)
    }

    /// Runs a script as it stands, without `seek.js`.
    pub async fn runs(&self, script: &str) -> Result<Value> {
        Ok(self.browser.execute(script, vec![]).await?.json().clone())
    }

    /// The same, with `seek.js`.
    pub async fn runs_seeking(&self, script: &str) -> Result<Value> {
        self.runs(&format!("{} {SEEK} {script}", self.late)).await
    }

    /// What axe-core finds wrong with the chat on this page: what is around it is its owner's.
    pub async fn asks_axe(&self) -> Result<Vec<String>> {
        self.asks_axe_of(json!({ "include": [["bulle-chat"]] })).await
    }

    /// What axe-core finds wrong with this page of the console.
    pub async fn asks_axe_everywhere(&self) -> Result<Vec<String>> {
        self.asks_axe_of(json!({ "include": [["html"]] })).await
    }

    /// It may take its time, so the script ends by itself.
    async fn asks_axe_of(&self, part: Value) -> Result<Vec<String>> {
        self.waits_until(STILL).await?;
        let there = self.evaluates("!!window.axe").await? == json!(true);
        let script = format!("{}\n{AXE}", if there { "" } else { axe()? });
        let found = self.browser.execute_async(script, vec![part]).await.context("axe-core")?;
        Ok(serde_json::from_value(found.json().clone())?)
    }

    /// Puts a picture of the page into the build folder, for people to look at.
    pub async fn pictures(&self, name: &str) -> Result<()> {
        std::fs::create_dir_all(PICTURES)?;
        self.waits_until(STILL).await?;
        Ok(self.browser.screenshot(&Path::new(PICTURES).join(format!("{name}.png"))).await?)
    }

    /// Lets pages of this origin notify. Chromium only, as all of these.
    pub async fn permits_notifications(&self, origin: &str) -> Result<()> {
        let wish = json!({ "permissions": ["notifications"], "origin": origin });
        chromium::command(&self.browser, "Browser.grantPermissions", wish).await.map(drop)
    }

    /// Hands a push message to the service worker of this origin, as the browser does once it has decrypted one, until the page finds `shown`
    /// true. The command does not say whether the message arrived, and a worker that is just being stopped or replaced misses it.
    pub async fn delivers_push(&self, origin: &str, text: &str, shown: &str) -> Result<()> {
        chromium::command(&self.browser, "ServiceWorker.enable", json!({})).await?;
        // Registrations are numbered from 0 in a fresh profile, and there is one worker.
        let wish = json!({ "origin": origin, "registrationId": "0", "data": text });
        let end = Instant::now() + PATIENCE;
        loop {
            chromium::command(&self.browser, "ServiceWorker.deliverPushMessage", wish.clone()).await?;
            if !self.waits_for(ONE_DELIVERY, shown).await?.is_null() {
                return Ok(());
            }
            ensure!(Instant::now() < end, "never shown: {shown}; the page shows: {}", self.shows().await?);
        }
    }

    /// What keeps the browser from offering to install this page as an app.
    pub async fn install_problems(&self) -> Result<Vec<Value>> {
        let answer = chromium::command(&self.browser, "Page.getInstallabilityErrors", json!({})).await?;
        Ok(answer["installabilityErrors"].as_array().cloned().unwrap_or_default())
    }

    /// Puts a small picture of the page's lower right corner there, as pages of the documentation show it (WebP). Chromium only.
    pub async fn sketches(&self, name: &str, width: u32, height: u32) -> Result<()> {
        std::fs::create_dir_all(PICTURES)?;
        self.waits_until(STILL).await?;
        let size = self.evaluates("[innerWidth, innerHeight]").await?;
        let start = |place: usize, length: u32| (size[place].as_f64().unwrap_or_default() - f64::from(length)).max(0.0);
        let clip = json!({ "x": start(0, width), "y": start(1, height), "width": width, "height": height, "scale": 1 });
        let wish = json!({ "format": "webp", "quality": 80, "clip": clip });
        let answer = chromium::command(&self.browser, "Page.captureScreenshot", wish).await?;
        let picture = BASE64_STANDARD.decode(answer["data"].as_str().context("no picture")?)?;
        Ok(std::fs::write(Path::new(PICTURES).join(format!("{name}.webp")), picture)?)
    }

    /// Watches the page in front where nothing did from its beginning.
    async fn wakes(&self) -> Result<()> {
        if !self.late.is_empty() {
            self.browser.execute(self.late, vec![]).await.context("the watch")?;
        }
        Ok(())
    }

    async fn looks_for(&self, seek: &str, role: &str, name: &str) -> Result<WebElement> {
        let script = format!("{SEEK} until(() => {seek}(arguments[0], arguments[1]), arguments[3], arguments[2]);");
        let arguments = vec![json!(role), json!(name), json!(PATIENCE.as_millis() as u64)];
        let found = self.browser.execute_async(script, arguments).await.with_context(|| format!("look for {role} {name:?}"))?;
        if found.json().is_null() {
            bail!("no {role} {name:?} on the page, which shows: {}", self.shows().await?);
        }
        Ok(found.element()?)
    }
}

fn at(role: &str, name: &str) -> String {
    format!("!!focused() && focused() === seek({}, {})", json!(role), json!(name))
}
