//! A real Chromium, driven through chromedriver, and a person in front of it: what they find by role and name (the way assistive
//! technology does, through shadow roots), what they click, type and see. Waiting happens inside the page, on what the page shows.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::common::capabilities::chromium::ChromiumLikeCapabilities;
use thirtyfour::prelude::*;

/// Longest time that anything on a page may take to appear; generous, because tests share two cores with everything else.
const PATIENCE: Duration = Duration::from_secs(30);

/// Started with every browser: a private profile, nothing fetched in the background, and it runs as root in a container.
const FLAGS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
];

/// Finds elements as a person would name them. `seek(role, name)` looks through all shadow roots.
const SEEK: &str = r#"
const everything = root => [...root.querySelectorAll('*')].flatMap(el => el.shadowRoot ? [el, ...everything(el.shadowRoot)] : [el]);
const shown = el => el.checkVisibility({visibilityProperty: true, opacityProperty: false}) && el.getClientRects().length > 0;
const implicit = {BUTTON: 'button', TEXTAREA: 'textbox', A: 'link', UL: 'list', OL: 'list', LI: 'listitem', DIALOG: 'dialog', H1: 'heading', H2: 'heading'};
const roleOf = el => el.getAttribute('role') || implicit[el.tagName]
  || (el.tagName === 'INPUT' ? ({radio: 'radio', checkbox: 'checkbox'}[el.type] || 'textbox') : '');
const nameOf = el => {
  const by = el.getAttribute('aria-labelledby');
  const labelled = by && by.split(' ').map(id => el.getRootNode().getElementById(id)?.textContent || '').join(' ');
  return (el.getAttribute('aria-label') || labelled || (el.labels && el.labels[0]?.textContent) || el.textContent || el.getAttribute('title') || el.getAttribute('placeholder') || '').trim().replace(/\s+/g, ' ');
};
const matches = (el, role, name) => roleOf(el) === role && (nameOf(el) === name || nameOf(el).startsWith(name + ' ')) && shown(el) && !el.disabled;
const seek = (role, name) => everything(document).find(el => matches(el, role, name));
const words = el => [...el.childNodes].map(node => node.nodeType === 3 ? node.data : node.nodeType === 1 && shown(node) ? words(node) : '').join(' ')
  + (el.shadowRoot ? words(el.shadowRoot) : '');
const text = () => words(document.body).replace(/\s+/g, ' ');
const until = (look, done, patience) => {
  const end = Date.now() + patience;
  const again = () => { const found = look(); found || Date.now() > end ? done(found) : setTimeout(again, 50); };
  again();
};
"#;

/// The chromedriver process; ends when dropped.
pub struct Driver {
    process: Child,
    address: String,
}

impl Driver {
    /// Starts chromedriver on a port of its choice.
    pub fn start() -> Result<Self> {
        let mut process = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("chromedriver is not installed: `make test` installs it")?;
        let output = process.stdout.take().context("standard output is piped")?;
        for line in BufReader::new(output).lines() {
            let line = line?;
            if let Some((_, port)) = line.split_once("successfully on port ") {
                let address = format!("http://127.0.0.1:{}", port.trim_end_matches('.'));
                return Ok(Self { process, address });
            }
        }
        bail!("chromedriver ended without saying where it listens")
    }

    /// A person with a browser of their own: own profile, so own storage and cookies.
    pub async fn person(&self) -> Result<Person> {
        let profile = tempfile::tempdir()?;
        let mut wishes = DesiredCapabilities::chrome();
        for flag in FLAGS {
            wishes.add_arg(flag)?;
        }
        wishes.add_arg(&format!("--user-data-dir={}", profile.path().display()))?;
        wishes.add_arg("--window-size=1280,900")?;
        wishes.add_arg("--lang=en-US")?;
        wishes.insert("goog:loggingPrefs".into(), json!({"browser": "ALL"}));
        let browser = WebDriver::new(&self.address, wishes).await?;
        browser.set_script_timeout(PATIENCE + Duration::from_secs(10)).await?;
        Ok(Person { browser, _profile: profile })
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Somebody in front of a browser.
pub struct Person {
    browser: WebDriver,
    _profile: TempDir,
}

impl Person {
    /// Opens a page.
    pub async fn opens(&self, url: &str) -> Result<()> {
        self.browser.goto(url).await.with_context(|| url.to_owned())
    }

    /// Reloads the page.
    pub async fn reloads(&self) -> Result<()> {
        Ok(self.browser.refresh().await?)
    }

    /// Clicks what has this role and name, once it is there.
    pub async fn clicks(&self, role: &str, name: &str) -> Result<()> {
        let element = self.finds(role, name).await?;
        element.click().await.with_context(|| format!("click {role} {name:?}"))
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

    /// Presses a key wherever the focus is.
    pub async fn presses(&self, keys: &str) -> Result<()> {
        Ok(self.browser.action_chain().send_keys(keys).perform().await?)
    }

    /// Waits until something with this role and name is shown.
    pub async fn finds(&self, role: &str, name: &str) -> Result<WebElement> {
        let script = format!("{SEEK} until(() => seek(arguments[0], arguments[1]), arguments[3], arguments[2]);");
        let found = self.browser.execute_async(script, vec![json!(role), json!(name), json!(PATIENCE.as_millis() as u64)]).await?;
        match found.element() {
            Ok(element) => Ok(element),
            Err(_) => bail!("no {role} {name:?} on the page, which shows: {}", self.shows().await?),
        }
    }

    /// Whether something with this role and name is shown now.
    pub async fn has(&self, role: &str, name: &str) -> Result<bool> {
        let script = format!("{SEEK} return !!seek(arguments[0], arguments[1]);");
        Ok(self.browser.execute(script, vec![json!(role), json!(name)]).await?.convert()?)
    }

    /// Waits until the page shows this text.
    pub async fn sees(&self, text: &str) -> Result<()> {
        self.waits_for(text, true).await
    }

    /// Waits until the page shows this text no more.
    pub async fn sees_no_more(&self, text: &str) -> Result<()> {
        self.waits_for(text, false).await
    }

    /// How often the page shows this text now.
    pub async fn counts(&self, text: &str) -> Result<usize> {
        Ok(self.shows().await?.matches(text).count())
    }

    /// Everything that the page shows, shadow roots included, white space folded.
    pub async fn shows(&self) -> Result<String> {
        Ok(self.browser.execute(format!("{SEEK} return text();"), vec![]).await?.convert()?)
    }

    /// Waits until a script's value is truthy. `seek`, `text` and `everything` are at hand.
    pub async fn waits_until(&self, expression: &str) -> Result<Value> {
        let script = format!("{SEEK} until(() => ({expression}), arguments[1], arguments[0]);");
        let value: Value = self.browser.execute_async(script, vec![json!(PATIENCE.as_millis() as u64)]).await?.convert()?;
        if value.is_null() || value == json!(false) {
            bail!("never true: {expression}; the page shows: {}", self.shows().await?);
        }
        Ok(value)
    }

    /// Opens a second tab and goes there; the first one stays.
    pub async fn opens_tab(&self, url: &str) -> Result<WindowHandle> {
        let tab = self.browser.new_tab().await?;
        self.browser.switch_to_window(tab.clone()).await?;
        self.opens(url).await?;
        Ok(tab)
    }

    /// The tab in front.
    pub async fn tab(&self) -> Result<WindowHandle> {
        Ok(self.browser.window().await?)
    }

    /// Goes to another tab.
    pub async fn turns_to(&self, tab: WindowHandle) -> Result<()> {
        Ok(self.browser.switch_to_window(tab).await?)
    }

    /// Errors and warnings on the page's console since the last call.
    pub async fn complaints(&self) -> Result<Vec<String>> {
        let log = self.browser.browser_log().await?;
        let severe = log.into_iter().filter(|line| line.level == "SEVERE" || line.level == "WARNING");
        Ok(severe.map(|line| line.message).collect())
    }

    /// Puts a picture of the page into the build folder, for people to look at.
    pub async fn pictures(&self, name: &str) -> Result<()> {
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
        std::fs::create_dir_all(&folder)?;
        Ok(self.browser.screenshot(&folder.join(format!("{name}.png"))).await?)
    }

    /// Sets the size of the window in CSS pixels.
    pub async fn resizes(&self, width: u32, height: u32) -> Result<()> {
        Ok(self.browser.set_window_rect(0, 0, width, height).await?)
    }

    /// Closes the browser.
    pub async fn leaves(self) -> Result<()> {
        Ok(self.browser.quit().await?)
    }

    async fn waits_for(&self, text: &str, there: bool) -> Result<()> {
        let script = format!("{SEEK} until(() => text().includes(arguments[0]) === arguments[1], arguments[3], arguments[2]);");
        let arguments = vec![json!(text), json!(there), json!(PATIENCE.as_millis() as u64)];
        let happened: bool = self.browser.execute_async(script, arguments).await?.convert()?;
        if !happened {
            let wish = if there { "never shown" } else { "still shown" };
            bail!("{wish}: {text:?}; the page shows: {}", self.shows().await?);
        }
        Ok(())
    }
}
