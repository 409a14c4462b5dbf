//! The simulation against what is known without it: queueing theory, and what must hold in any desk. Seeds are fixed, so nothing here
//! is a matter of luck twice.

use rand_distr::Exp;

use super::desk::{Rule, simulate};
use super::result::{Fate, Run, interval, jain};
use super::theory::{erlang_a, erlang_c};
use super::traffic::{MINUTE, Traffic};
use super::{Setting, run};

const RULES: [Rule; 4] = [Rule::Bulle, Rule::Pool, Rule::Ticks(MINUTE / 12), Rule::Ticks(5 * MINUTE)];

/// Half a day's traffic of a small team, as busy and restless as the default one.
fn setting() -> Setting {
    Setting {
        agents: 3,
        slots: 3,
        days: 2,
        runs: 3,
        seed: 1,
        per_hour: 30.0,
        peak: 1.5,
        chat_minutes: 11.9,
        chat_spread: 1.0,
        patience_minutes: 3.0,
        here_minutes: 80.0,
        away_minutes: 10.0,
    }
}

/// The textbook's: the same rate all day, nobody ever away.
fn textbook() -> Setting {
    Setting { days: 20, per_hour: 40.0, peak: 1.0, chat_minutes: 12.0, away_minutes: 0.0, ..setting() }
}

/// Runs of the textbook's setting with exponential chats.
fn markovian(setting: &Setting, rule: Rule, runs: u64) -> Vec<Run> {
    let chats = Exp::new(1.0 / setting.chat_minutes).unwrap();
    (0..runs).map(|seed| simulate(setting, &Traffic::with(setting, seed, &chats).unwrap(), rule)).collect()
}

#[test]
fn the_formulas_give_the_textbooks_figures() {
    // M/M/1 at 80 %: ρ / (μ - λ). M/M/2 at a load of 1: a third waits.
    assert!((erlang_c(0.8, 1.0, 1) - 4.0).abs() < 1e-12);
    assert!((erlang_c(1.0, 1.0, 2) - 1.0 / 3.0).abs() < 1e-12);
    // Who is as patient as a chat is long leaves as from a pool without end: Poisson, so P(gives up) = E[(N - c)+] / load.
    let poisson_above_one = (-1.0_f64).exp();
    assert!((erlang_a(1.0, 1.0, 1.0, 1) - poisson_above_one).abs() < 1e-12);
}

#[test]
fn waiting_is_what_erlang_c_says() {
    let setting = Setting { patience_minutes: 100_000.0, ..textbook() };
    let expected = erlang_c(setting.per_hour / 60.0, 1.0 / setting.chat_minutes, 9) * 60.0;
    for rule in [Rule::Bulle, Rule::Pool] {
        let means: Vec<f64> = markovian(&setting, rule, 10).iter().map(|run| run.figures().mean).collect();
        let found = interval(&means).unwrap();
        assert!((found.mean - expected).abs() <= found.plus_minus, "{rule:?}: {found:?}, Erlang C says {expected} s");
        assert!(found.plus_minus < expected / 5.0, "too wide to mean anything: {found:?}");
    }
}

#[test]
fn as_many_give_up_as_erlang_a_says() {
    let setting = Setting { per_hour: 50.0, ..textbook() };
    let expected = erlang_a(setting.per_hour / 60.0, 1.0 / setting.chat_minutes, 1.0 / setting.patience_minutes, 9);
    let shares: Vec<f64> = markovian(&setting, Rule::Bulle, 10).iter().map(|run| run.figures().gave_up).collect();
    let found = interval(&shares).unwrap();
    assert!((found.mean - expected).abs() <= found.plus_minus, "{found:?}, Erlang A says {expected}");
    assert!(found.plus_minus < expected / 10.0, "too wide to mean anything: {found:?}");
}

#[test]
fn nobody_is_overtaken_and_nobody_lost() {
    let setting = setting();
    for seed in 0..5 {
        let traffic = Traffic::draw(&setting, seed).unwrap();
        for rule in RULES {
            let run = simulate(&setting, &traffic, rule);
            assert_eq!(run.overtaken, 0, "{rule:?}");
            assert_eq!(run.fates.len(), traffic.visitors.len());
            let mut last_start = 0;
            let mut waiting = 0;
            for (fate, visitor) in run.fates.iter().zip(&traffic.visitors) {
                match fate {
                    Fate::Served(wait, _) => {
                        assert!((0..=visitor.patience).contains(wait));
                        assert!(visitor.at + wait >= last_start, "first come, first served");
                        last_start = visitor.at + wait;
                    }
                    Fate::GaveUp(wait) => assert_eq!(*wait, visitor.patience),
                    Fate::Waits => {
                        waiting += 1;
                        assert!(visitor.at + visitor.patience >= traffic.end, "forgotten");
                    }
                }
            }
            let served = run.fates.iter().filter(|fate| matches!(fate, Fate::Served(..))).count();
            let gave_up = run.fates.iter().filter(|fate| matches!(fate, Fate::GaveUp(_))).count();
            assert_eq!(served + gave_up + waiting, traffic.visitors.len());
            assert!(run.busy > 0 && run.busy <= run.whole);
        }
    }
}

#[test]
fn with_nobody_away_the_rule_is_as_good_as_one_pool() {
    let setting = Setting { away_minutes: 0.0, ..setting() };
    let traffic = Traffic::draw(&setting, 1).unwrap();
    let (ours, pool) = (simulate(&setting, &traffic, Rule::Bulle), simulate(&setting, &traffic, Rule::Pool));
    let wait = |fate: &Fate| match fate {
        Fate::Served(wait, _) => Some(*wait),
        Fate::GaveUp(_) | Fate::Waits => None,
    };
    assert!(ours.fates.iter().map(wait).eq(pool.fates.iter().map(wait)), "to the millisecond, for every visitor");
    assert_eq!(ours.busy, pool.busy);
}

#[test]
fn a_timer_alone_costs_half_its_period() {
    let setting = Setting { agents: 100, away_minutes: 0.0, ..setting() };
    let traffic = Traffic::draw(&setting, 1).unwrap();
    let mean = |rule| simulate(&setting, &traffic, rule).figures().mean;
    assert_eq!(mean(Rule::Bulle), 0.0, "there is always a slot");
    assert!((mean(Rule::Ticks(MINUTE / 12)) - 2.5).abs() < 0.2);
}

#[test]
fn the_same_seed_gives_the_same_days_and_another_one_others() {
    let setting = setting();
    let simulated = |seed| simulate(&setting, &Traffic::draw(&setting, seed).unwrap(), Rule::Bulle);
    assert_eq!(simulated(7), simulated(7));
    assert_ne!(simulated(7), simulated(8));
}

#[test]
fn a_pool_is_never_worse_and_a_slower_timer_never_better() {
    let rows = run(&setting()).unwrap();
    let means: Vec<f64> = rows.iter().map(|row| row.figures.mean.mean).collect();
    assert!(means.is_sorted(), "{means:?}");
}

#[test]
fn fairness_is_one_for_equals_and_a_share_for_one_who_does_it_all() {
    assert_eq!(jain([2.0, 2.0, 2.0].into_iter()), 1.0);
    assert_eq!(jain([3.0, 0.0, 0.0].into_iter()), 1.0 / 3.0);
    assert_eq!(jain([0.0, 0.0].into_iter()), 1.0);
}

#[test]
fn an_interval_is_students() {
    let found = interval(&[1.0, 2.0, 3.0]).unwrap();
    // t(0.975, 2) = 4.303.
    assert!((found.mean - 2.0).abs() < 1e-12 && (found.plus_minus - 4.303 / 3.0_f64.sqrt()).abs() < 1e-3);
}
