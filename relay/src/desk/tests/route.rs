//! Routing rules: patterns of pages, languages, and which rule counts.

use proptest::prelude::*;
use shared::ids::TeamId;
use shared::model::RoutingRule;

use super::id;
use crate::desk::route::{page_matches, route};

fn rule(page: Option<&str>, language: Option<&str>, team: u128) -> RoutingRule {
    RoutingRule { page: page.map(Into::into), language: language.map(Into::into), team: Some(TeamId(id(team))), priority: 0 }
}

#[test]
fn patterns_are_those_of_greetings() {
    for (pattern, page, matches) in [
        ("/pricing*", "https://a.example/pricing", true),
        ("/pricing*", "https://a.example/pricing?x=1#y", true),
        ("/pricing", "https://a.example/pricing?x=1", false),
        ("/pricing*", "https://a.example/en/pricing", false),
        ("*/pricing", "https://a.example/en/pricing", true),
        ("https://*.example/*", "https://a.example/en", true),
        ("https://*.example/*", "http://a.example/en", false),
        ("*", "", true),
        ("/", "https://a.example", true),
        ("/*a*b", "https://a.example/ab", true),
        ("/*ab*b", "https://a.example/ab", false),
        ("/a*a", "https://a.example/a", false),
        ("", "", true),
        ("", "x", false),
    ] {
        assert_eq!(page_matches(pattern, page), matches, "{pattern} {page}");
    }
}

#[test]
fn the_first_rule_that_fits_counts() {
    let rules = [
        rule(Some("/fr*"), Some("fr"), 1),
        rule(None, Some("fr"), 2),
        RoutingRule { priority: 2, ..rule(Some("*vip*"), None, 3) },
    ];
    let found = |page: &str, language| {
        let (team, priority) = route(&rules, page, language);
        (team.map(|team| team.0.as_u128()), priority)
    };
    assert_eq!(found("https://a.example/fr/x", Some("fr")), (Some(1), 0));
    assert_eq!(found("https://a.example/fr/vip", Some("de")), (Some(3), 2));
    assert_eq!(found("https://a.example/", Some("fr")), (Some(2), 0));
    assert_eq!(found("https://a.example/", None), (None, 0));
}

/// The same by backtracking, letter by letter.
fn plainly(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => (0..=text.len()).any(|skip| plainly(rest, &text[skip..])),
        Some((letter, rest)) => text.first() == Some(letter) && plainly(rest, &text[1..]),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn stars_stand_for_anything(pattern in "[ab*]{0,8}", text in "[ab]{0,8}") {
        prop_assert_eq!(page_matches(&pattern, &text), plainly(pattern.as_bytes(), text.as_bytes()));
    }
}
