//! On small screens: the panel fills what the keyboard leaves, nothing has to be scrolled sideways down to 320 px or at 200 %, fields are too
//! big to be zoomed into, and everything that can be pressed is big enough for a finger.

use anyhow::{Result, ensure};
use serde_json::json;
use tests::browsers::Engine;

use crate::engines::in_each_engine;
use crate::person::{Person, STILL};
use crate::stage::Stage;

/// Sizes in CSS pixels: the narrowest phone (WCAG 1.4.10), a usual one upright and on its side, a laptop zoomed to 200 %.
const SCREENS: [(u32, u32); 4] = [(320, 480), (390, 844), (844, 390), (640, 450)];

/// What does not fit: anything wider than its screen, scrolled sideways inside, not to be reached by scrolling, or too small to be hit
/// (WCAG 2.5.8).
const MISFITS: &str = "[document.documentElement.scrollWidth > innerWidth && 'the page', \
    ...everything(chat().shadowRoot).filter(shown).flatMap(el => { \
        el.scrollIntoView({ block: 'nearest' }); \
        const box = el.getBoundingClientRect(), name = el.tagName + '.' + el.className; \
        const presses = el.matches('button, textarea, input, a, [tabindex]'); \
        return [presses && (box.left < -1 || box.right > innerWidth + 1 || box.top < -1 || box.bottom > innerHeight + 1) && name + ' is outside ' + JSON.stringify(box), \
            presses && (box.width < 24 || box.height < 24) && name + ' is small ' + JSON.stringify(box), \
            el.matches('textarea, input') && parseFloat(getComputedStyle(el).fontSize) < 16 && name + ' is zoomed into', \
            el.scrollWidth > el.clientWidth + 1 && ['auto', 'scroll'].includes(getComputedStyle(el).overflowX) && name + ' scrolls sideways']; \
    })].filter(misfit => misfit)";

async fn fits(visitor: &Person, state: &str) -> Result<()> {
    for (width, height) in SCREENS {
        visitor.holds_phone(width, height).await?;
        visitor.waits_until(&format!("innerWidth === {width}")).await?;
        visitor.waits_until(STILL).await?;
        let misfits = visitor.evaluates(MISFITS).await?;
        ensure!(misfits == json!([]), "{state} on {width} x {height}: {misfits:#}");
    }
    Ok(())
}

in_each_engine!(everything_fits_on_small_screens);
async fn everything_fits_on_small_screens(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let visitor = stage.visitor().await?;
    visitor.finds("button", "Open chat").await?;
    fits(&visitor, "closed").await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.sees("Nobody is here right now.").await?;
    fits(&visitor, "offline form").await?;
    let agent = stage.native_agent("Mia of the Very Long Name that Nobody has Shortened").await?;
    visitor.sees("We are here for you").await?;
    visitor.says("Message", &"Donaudampfschifffahrtsgesellschaftskapitän".repeat(4)).await?;
    visitor.sees("joined the chat").await?;
    let chat = agent.until_console("a chat", |console| console.active().first().copied()).await;
    agent.says(chat, &format!("https://shop.example/{}", "long".repeat(60))).await;
    visitor.reads_once("https://shop.example/").await?;
    fits(&visitor, "chat").await?;
    visitor.clicks("button", "End chat").await?;
    visitor.sees("End this chat?").await?;
    fits(&visitor, "question").await
}

/// What stands nearest to each edge of the open panel: top, right, bottom, left, in CSS pixels from that edge.
const MARGINS: &str = "(boxes => [Math.min(...boxes.map(box => box.top)), innerWidth - Math.max(...boxes.map(box => box.right)), \
    innerHeight - Math.max(...boxes.map(box => box.bottom)), Math.min(...boxes.map(box => box.left))]) \
    ([...everything(chat().shadowRoot)].filter(el => shown(el) && el.closest('.panel') && !el.matches('.panel')).map(el => el.getBoundingClientRect()))";

in_each_engine!(a_notch_hides_nothing, Firefox lacks "edges that a test can cover", WebKit lacks "edges that a test can cover");
async fn a_notch_hides_nothing(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let _agent = stage.native_agent("Mia").await?;
    let visitor = stage.visitor().await?;
    visitor.holds_phone(390, 844).await?;
    visitor.clicks("button", "Open chat").await?;
    visitor.sees("We are here for you").await?;
    visitor.waits_until(STILL).await?;
    ensure!(visitor.evaluates(MARGINS).await? == json!([0, 0, 0, 0]), "without covered edges the panel fills the screen");
    visitor.holds_phone_with_edges([47, 12, 34, 9]).await?;
    visitor.waits_until(&format!("{MARGINS}.join() === '47,12,34,9'")).await?;
    visitor.is_content().await
}

/// Puts a keyboard of this height over the lower end of the screen, as phones do it: only the visual viewport becomes smaller. None of the
/// engines has a keyboard here, so the page is told of one as it would be, by the viewport's figures and its event.
const KEYBOARD: &str = "(height => { const view = window.visualViewport, whole = innerHeight; \
    Object.defineProperty(view, 'height', { configurable: true, get: () => whole - height }); \
    view.dispatchEvent(new Event('resize')); })";

in_each_engine!(the_keyboard_never_covers_the_composer);
async fn the_keyboard_never_covers_the_composer(engine: Engine) -> Result<()> {
    let stage = Stage::set(engine).await?;
    let agent = stage.native_agent("Mia").await?;
    let visitor = stage.visitor().await?;
    visitor.holds_phone(390, 844).await?;
    visitor.clicks("button", "Open chat").await?;
    for text in ["One", "Two", "Three", "Four", "Five", "Six"] {
        visitor.says("Message", text).await?;
        visitor.reads_once(text).await?;
    }
    let whole = visitor.evaluates("innerHeight").await?.as_f64().unwrap_or_default();
    let bottom = "seek('button', 'Send').getBoundingClientRect().bottom";
    ensure!(visitor.evaluates(bottom).await?.as_f64() > Some(whole - 80.0), "at the lower end without a keyboard");
    visitor.evaluates(&format!("{KEYBOARD}(300)")).await?;
    visitor.waits_until(&format!("{bottom} <= innerHeight - 300")).await?;
    // The last message is still in sight above the composer.
    visitor.waits_until("(box => box.bottom <= innerHeight - 300 && box.top >= 0)([...everything(chat().shadowRoot)].filter(el => el.matches('.own')).pop().getBoundingClientRect())").await?;
    visitor.evaluates(&format!("{KEYBOARD}(0)")).await?;
    visitor.waits_until(&format!("{bottom} > innerHeight - 80")).await?;
    drop(agent);
    visitor.is_content().await
}
