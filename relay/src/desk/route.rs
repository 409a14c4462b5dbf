//! For whom a new conversation is, by the rules of its site. Pure.

use shared::ids::TeamId;
use shared::model::RoutingRule;

/// The team and urgency that the first fitting rule gives. `page`: the address that the visitor was on.
pub fn route(rules: &[RoutingRule], page: &str, language: Option<&str>) -> (Option<TeamId>, i32) {
    let fits = |rule: &&RoutingRule| {
        rule.page.as_deref().is_none_or(|pattern| page_matches(pattern, page))
            && rule.language.as_deref().is_none_or(|wanted| Some(wanted) == language)
    };
    rules.iter().find(fits).map_or((None, 0), |rule| (rule.team, rule.priority))
}

/// Whether an address matches a pattern in which `*` is anything, as greetings have it (`widget/more/greet.js`): one that begins with
/// `/` is about the path and what follows it.
pub fn page_matches(pattern: &str, page: &str) -> bool {
    let address = if pattern.starts_with('/') { after_origin(page) } else { page };
    let mut parts = pattern.split('*');
    // `split` gives one part at least.
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = address.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        // The earliest place leaves the most for what follows.
        let Some(found) = rest.find(part) else { return false };
        rest = rest.get(found + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

/// Path, query and fragment of an address.
fn after_origin(page: &str) -> &str {
    let host = page.find("://").map_or(0, |at| at + 3);
    let rest = page.get(host..).unwrap_or_default();
    rest.find('/').map_or("/", |path| rest.get(path..).unwrap_or_default())
}
