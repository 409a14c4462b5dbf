//! What queueing theory knows about a pool of slots: the yardstick by which the tests judge the simulation. Rates are per any one
//! unit of time, and times come out in the same.

/// Mean waiting time of M/M/c, by Erlang's second formula (Erlang 1917).
pub fn erlang_c(arrivals: f64, ends: f64, slots: u32) -> f64 {
    let load = arrivals / ends;
    // The first formula, by its recursion over the number of slots.
    let blocked = (1..=slots).fold(1.0, |blocked, slot| load * blocked / (f64::from(slot) + load * blocked));
    let waits = blocked / (1.0 - load / f64::from(slots) * (1.0 - blocked));
    waits / (f64::from(slots) * ends - arrivals)
}

/// Share of those who give up in M/M/c+M (Palm's Erlang-A), from the stationary distribution of the birth-and-death chain.
pub fn erlang_a(arrivals: f64, ends: f64, gives_up: f64, slots: u32) -> f64 {
    /// Beyond that many in the system nothing of weight is left, with the loads of the tests.
    const MOST: u32 = 2_000;
    let (mut weight, mut whole, mut waiting) = (1.0, 1.0, 0.0);
    for there in 1..=MOST {
        let queued = f64::from(there.saturating_sub(slots));
        weight *= arrivals / (f64::from(there.min(slots)) * ends + queued * gives_up);
        whole += weight;
        waiting += queued * weight;
    }
    gives_up * waiting / whole / arrivals
}
