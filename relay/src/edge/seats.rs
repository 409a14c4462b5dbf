//! Who may stay: connections are counted, all together and by address, and give their seat back when they end.
//! The endpoints take seats for WebSockets, the listener for HTTP connections.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dashmap::DashMap;

use super::limits::{Limit, subscriber};

/// Seats for one kind of connection.
#[derive(Debug)]
pub struct Seats {
    taken: AtomicUsize,
    most: usize,
    by_address: DashMap<IpAddr, usize>,
    most_each: usize,
}

/// One connection's seat, given back when dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Arc<Seats>,
    address: Option<IpAddr>,
}

impl Seats {
    /// `most` for all, `most_each` for one address.
    pub fn new(most: usize, most_each: usize) -> Arc<Self> {
        Arc::new(Self { taken: AtomicUsize::new(0), most, by_address: DashMap::new(), most_each })
    }

    /// Takes a seat that counts for no address yet.
    ///
    /// # Errors
    /// All are taken.
    pub fn take(self: &Arc<Self>) -> Result<Seat, Limit> {
        // The seat is counted first and given back by its drop, so two cannot both get the last one.
        let seat = Seat { seats: self.clone(), address: None };
        if self.taken.fetch_add(1, Ordering::Relaxed) < self.most { Ok(seat) } else { Err(Limit::Connections) }
    }
}

impl Seat {
    /// Lets the seat count for an address.
    ///
    /// # Errors
    /// That address has as many as it may have; the seat goes on counting for none.
    pub fn count_for(&mut self, address: IpAddr) -> Result<(), Limit> {
        let address = subscriber(address);
        let mut taken = self.seats.by_address.entry(address).or_insert(0);
        if *taken >= self.seats.most_each {
            return Err(Limit::AddressConnections);
        }
        *taken += 1;
        drop(taken);
        self.address = Some(address);
        Ok(())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seats.taken.fetch_sub(1, Ordering::Relaxed);
        if let Some(address) = self.address {
            self.seats.by_address.entry(address).and_modify(|taken| *taken = taken.saturating_sub(1));
            self.seats.by_address.remove_if(&address, |_, taken| *taken == 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seats: &Arc<Seats>, address: &str) -> Result<Seat, Limit> {
        let mut seat = seats.take()?;
        seat.count_for(address.parse().unwrap())?;
        Ok(seat)
    }

    #[test]
    fn an_address_has_so_many_seats_and_gets_them_back() {
        let seats = Seats::new(10, 2);
        let first = at(&seats, "203.0.113.9").unwrap();
        let _second = at(&seats, "203.0.113.9").unwrap();
        assert_eq!(at(&seats, "203.0.113.9").unwrap_err(), Limit::AddressConnections);
        let _other = at(&seats, "203.0.113.10").unwrap();
        drop(first);
        let _third = at(&seats, "::ffff:203.0.113.9").unwrap();
        assert!(at(&seats, "203.0.113.9").is_err());
    }

    #[test]
    fn ipv6_counts_by_network() {
        let seats = Seats::new(10, 1);
        let _one = at(&seats, "2001:db8::1").unwrap();
        assert_eq!(at(&seats, "2001:db8::2").unwrap_err(), Limit::AddressConnections);
        at(&seats, "2001:db8:0:1::1").unwrap();
    }

    #[test]
    fn all_together_have_a_bound_and_nothing_is_kept_of_who_left() {
        let seats = Seats::new(3, 3);
        let taken: Vec<Seat> = (1..=3).map(|last| at(&seats, &format!("198.51.100.{last}")).unwrap()).collect();
        assert_eq!(seats.take().unwrap_err(), Limit::Connections);
        assert_eq!(seats.take().unwrap_err(), Limit::Connections, "who was turned away holds nothing");
        drop(taken);
        assert_eq!((seats.taken.load(Ordering::Relaxed), seats.by_address.len()), (0, 0));
        assert!(seats.take().is_ok());
    }

    #[test]
    fn a_seat_costs_a_connection_little() {
        assert!(size_of::<Seat>() <= 32, "{}", size_of::<Seat>());
    }
}
