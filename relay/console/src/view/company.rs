//! Who else has the thread open, and who of them is writing in it: shown in its head while it is true.

use leptos::prelude::*;
use shared::ids::AgentId;

use crate::locale::texts;
use crate::row::Row;
use crate::socket::Live;
use crate::text::fill;

/// The colleagues at this thread.
#[component]
pub fn CompanyLine(row: Row) -> impl IntoView {
    let texts = texts();
    let desk = expect_context::<Live>().desk;
    let company = RwSignal::from(row.company);
    let names = move |who: &[AgentId]| -> Vec<String> {
        let me = desk.me.get();
        desk.agents.with(|agents| {
            let others = agents.iter().filter(|agent| who.contains(&agent.id) && Some(agent.id) != me);
            others.map(|agent| agent.name.clone()).collect()
        })
    };
    let here = Memo::new(move |_| company.with(|company| names(&company.agents)));
    let write = Memo::new(move |_| company.with(|company| names(&company.typing)));
    let words = move || {
        let here = here.get();
        let present = (!here.is_empty()).then(|| fill(texts.together.also_here, &[("names", &here.join(", "))]));
        let write = write.get();
        let template = if write.len() > 1 { texts.together.also_write } else { texts.together.also_writes };
        let writing = (!write.is_empty()).then(|| fill(template, &[("names", &write.join(", "))]));
        [present, writing].into_iter().flatten().collect::<Vec<_>>().join(" · ")
    };
    view! { <span class="company" role="status">{words}</span> }
}
