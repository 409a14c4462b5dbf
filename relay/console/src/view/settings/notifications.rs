//! Notifications on this browser: by what means, what for, and when not. Everything holds at once, here and in the other tabs.

use leptos::prelude::*;
use leptos::task::spawn_local;

use crate::bell::{self, Permission, Standing};
use crate::locale::{Locale, language, texts};
use crate::notices::{Noticing, Preferences};
use crate::push::{Subscriber, Trouble};
use crate::text::Texts;
use crate::time;
use crate::view::parts::Refusal;

/// What the page acts with.
#[derive(Clone, Copy)]
struct Page {
    me: Subscriber,
    standing: RwSignal<Option<Standing>>,
    problem: RwSignal<Option<&'static str>>,
    texts: &'static Texts,
}

impl Page {
    /// Changes what is wanted; the relay learns it where it has to do with it.
    fn change(self, change: impl FnOnce(&mut Preferences)) {
        self.me.noticing.change(change);
        if self.me.noticing.0.with_untracked(|mine| mine.push) {
            self.subscribe();
        }
    }

    fn subscribe(self) {
        spawn_local(async move {
            let told = self.me.subscribe().await;
            if told.is_err() {
                self.me.noticing.change(|mine| mine.push = false);
            }
            self.problem.try_set(told.err().map(|trouble| words(trouble, self.texts)));
        });
    }

    fn unsubscribe(self) {
        self.me.noticing.change(|mine| mine.push = false);
        spawn_local(async move {
            let told = self.me.unsubscribe().await;
            self.problem.try_set(told.err().map(|trouble| words(trouble, self.texts)));
        });
    }

    /// Has the browser ask for its permission, and goes on when it is given.
    fn ask(self, then: impl FnOnce() + 'static) {
        spawn_local(async move {
            let standing = bell::ask().await;
            self.standing.try_set(Some(standing));
            if standing.permission == Permission::Granted {
                then();
            }
        });
    }
}

fn words(trouble: Trouble, texts: &Texts) -> &'static str {
    match trouble {
        Trouble::Browser => texts.noticing.push_failed,
        Trouble::Relay(error) => error.words(texts),
    }
}

/// One of the preferences, as a box to tick.
fn tick(page: Page, label: &'static str, read: fn(&Preferences) -> bool, write: fn(&mut Preferences, bool)) -> impl IntoView {
    let checked = move || page.me.noticing.0.with(read);
    let change = move |event| {
        let on = event_target_checked(&event);
        page.change(|mine| write(mine, on));
    };
    view! { <label class="check"><input type="checkbox" prop:checked=checked on:change=change/>{label}</label> }
}

/// The page.
#[component]
pub fn Notifications() -> impl IntoView {
    let texts = texts();
    let noticing = expect_context::<Noticing>();
    let locale = expect_context::<Locale>();
    let page = Page { me: Subscriber { noticing, locale }, standing: RwSignal::new(None), problem: RwSignal::new(None), texts };
    spawn_local(async move {
        let standing = bell::standing().await;
        page.standing.try_set(Some(standing));
    });
    view! {
        <p class="lead">{texts.noticing.lead}</p>
        <Means page/>
        <section class="panel ticks" aria-labelledby="what">
            <h2 id="what">{texts.noticing.what}</h2>
            {tick(page, texts.noticing.assigned, |mine| mine.wishes.assigned, |mine, on| mine.wishes.assigned = on)}
            {tick(page, texts.noticing.messages, |mine| mine.wishes.messages, |mine, on| mine.wishes.messages = on)}
            {tick(page, texts.noticing.offers, |mine| mine.wishes.offers, |mine, on| mine.wishes.offers = on)}
            {tick(page, texts.noticing.queue, |mine| mine.wishes.queue, |mine, on| mine.wishes.queue = on)}
        </section>
        <Hours page/>
        <WhileClosed page/>
    }
}

#[component]
fn Means(page: Page) -> impl IntoView {
    let texts = texts();
    let silent = RwSignal::new(false);
    let play = move |_| {
        spawn_local(async move {
            let played = bell::ring().await;
            silent.try_set(!played);
        });
    };
    let desktop = move || {
        match page.standing.get().map(|standing| standing.permission) {
        None => ().into_any(),
        Some(Permission::Granted) => {
            tick(page, texts.noticing.desktop, |mine| mine.desktop, |mine, on| mine.desktop = on).into_any()
        }
        Some(Permission::Unasked) => view! {
            <div class="reply-acts">
                <span>{texts.noticing.ask_lead}</span>
                <button type="button" class="plain" on:click=move |_| page.ask(move || page.change(|mine| mine.desktop = true))>{texts.noticing.ask}</button>
            </div>
        }
        .into_any(),
        Some(Permission::Denied) => view! { <p class="hint">{texts.noticing.denied}</p> }.into_any(),
        Some(Permission::Missing) => view! { <p class="hint">{texts.noticing.missing}</p> }.into_any(),
    }
    };
    let problem = Signal::derive(move || silent.get().then_some(texts.noticing.silent));
    view! {
        <section class="panel ticks" aria-labelledby="how">
            <h2 id="how">{texts.noticing.how}</h2>
            <div class="reply-acts">
                {tick(page, texts.noticing.sound, |mine| mine.sound, |mine, on| mine.sound = on)}
                <button type="button" class="quiet" on:click=play>{texts.noticing.play}</button>
            </div>
            <Refusal words=problem/>
            {desktop}
            {tick(page, texts.noticing.count, |mine| mine.title, |mine, on| mine.title = on)}
            {tick(page, texts.noticing.badge, |mine| mine.badge, |mine, on| mine.badge = on)}
        </section>
    }
}

#[component]
fn Hours(page: Page) -> impl IntoView {
    let texts = texts();
    let noticing = page.me.noticing;
    let off = move || !noticing.0.with(|mine| mine.is_quiet);
    let field = move |label: &'static str, read: fn(&Preferences) -> u16, write: fn(&mut Preferences, u16)| {
        let value = move || time::minutes_shown(noticing.0.with(read));
        let change = move |event| {
            // A field that was emptied changes nothing.
            if let Some(minutes) = time::minutes(&event_target_value(&event)) {
                page.change(|mine| write(mine, minutes));
            }
        };
        view! { <label>{label}<input type="time" required disabled=off prop:value=value on:change=change/></label> }
    };
    let days = (1..=7).map(|day: u8| {
        let checked = move || noticing.0.with(|mine| mine.quiet.days.contains(&day));
        let change = move |event| {
            let on = event_target_checked(&event);
            page.change(|mine| {
                mine.quiet.days.retain(|known| *known != day);
                if on {
                    mine.quiet.days.push(day);
                    mine.quiet.days.sort_unstable();
                }
            });
        };
        let name = time::weekday(day, language());
        view! { <label class="check"><input type="checkbox" disabled=off prop:checked=checked on:change=change/>{name}</label> }
    });
    view! {
        <section class="panel ticks" aria-labelledby="hours">
            <h2 id="hours">{texts.noticing.hours}</h2>
            <p class="hint">{texts.noticing.hours_lead}</p>
            {tick(page, texts.noticing.hours_on, |mine| mine.is_quiet, |mine, on| mine.is_quiet = on)}
            <div class="fields-row">
                {field(texts.noticing.from, |mine| mine.quiet.from, |mine, at| mine.quiet.from = at)}
                {field(texts.noticing.until, |mine| mine.quiet.until, |mine, at| mine.quiet.until = at)}
            </div>
            <fieldset class="weekdays">
                <legend>{texts.noticing.begin}</legend>
                {days.collect_view()}
            </fieldset>
        </section>
    }
}

#[component]
fn WhileClosed(page: Page) -> impl IntoView {
    let texts = texts();
    let noticing = page.me.noticing;
    let switch = move |event| {
        if !event_target_checked(&event) {
            return page.unsubscribe();
        }
        let turn_on = move || {
            noticing.change(|mine| mine.push = true);
            page.subscribe();
        };
        match page.standing.get_untracked().map(|standing| standing.permission) {
            Some(Permission::Granted) => turn_on(),
            // Until it is given, the box is not ticked.
            _ => {
                noticing.0.update(|_| {});
                page.ask(turn_on);
            }
        }
    };
    let part = move || match page.standing.get() {
        None => ().into_any(),
        Some(Standing { push: false, .. }) => view! { <p class="hint">{texts.noticing.no_push}</p> }.into_any(),
        Some(Standing { permission: Permission::Denied, .. }) => view! { <p class="hint">{texts.noticing.denied}</p> }.into_any(),
        Some(_) => {
            let on = move || noticing.0.with(|mine| mine.push);
            view! {
                <label class="check"><input type="checkbox" prop:checked=on on:change=switch/>{texts.noticing.closed_on}</label>
                {tick(page, texts.noticing.closed_text, |mine| mine.shows_text, |mine, on| mine.shows_text = on)}
            }
            .into_any()
        }
    };
    view! {
        <section class="panel ticks" aria-labelledby="closed">
            <h2 id="closed">{texts.noticing.closed}</h2>
            <p class="hint">{texts.noticing.closed_lead}</p>
            {part}
            <Refusal words=page.problem/>
        </section>
    }
}
