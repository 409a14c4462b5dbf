//! Which rows of a long list are in view, and how much room the others take. Pure; `view/windowed.rs` measures and draws.

use std::ops::Range;

/// Lists up to this length are drawn whole: nothing is gained by less.
pub const WHOLE: usize = 100;
/// Rows drawn beyond each edge of the view, so that keys and quick scrolling find them there.
const BEYOND: usize = 12;
/// What a row is taken to be high, in pixels, before any has been measured.
const GUESS: u32 = 56;

/// The heights of a list's rows in pixels, as far as they have been drawn.
#[derive(Clone, Debug, Default)]
pub struct Heights {
    known: Vec<Option<u32>>,
    sum: u64,
    count: u64,
}

/// What is drawn, and the room before and after it in pixels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// The rows.
    pub rows: Range<usize>,
    /// Room of the rows before.
    pub before: u32,
    /// Room of the rows after.
    pub after: u32,
}

impl Heights {
    /// Notes how high a row is.
    pub fn measured(&mut self, row: usize, height: u32) {
        if height == 0 {
            return;
        }
        if self.known.len() <= row {
            self.known.resize(row + 1, None);
        }
        if let Some(before) = self.known[row].replace(height) {
            self.sum -= u64::from(before);
            self.count -= 1;
        }
        self.sum += u64::from(height);
        self.count += 1;
    }

    /// The height of a row that has not been drawn: what the others have on average.
    fn usual(&self) -> u32 {
        self.sum.checked_div(self.count).and_then(|usual| u32::try_from(usual).ok()).unwrap_or(GUESS).max(1)
    }

    fn of(&self, row: usize) -> u32 {
        self.known.get(row).copied().flatten().unwrap_or_else(|| self.usual())
    }

    fn room(&self, rows: Range<usize>) -> u32 {
        rows.map(|row| self.of(row)).sum()
    }

    /// What of a list to draw when `from` to `to`, in pixels from its beginning, are in view.
    pub fn view(&self, length: usize, from: i32, to: i32) -> View {
        if length <= WHOLE {
            return View { rows: 0..length, before: 0, after: 0 };
        }
        let (mut first, mut end, mut at) = (length, length, 0_i64);
        for row in 0..length {
            let below = at + i64::from(self.of(row));
            if first == length && below > i64::from(from) {
                first = row;
            }
            if at >= i64::from(to) {
                end = row;
                break;
            }
            at = below;
        }
        let rows = first.saturating_sub(BEYOND)..(end.max(first) + BEYOND).min(length);
        View { before: self.room(0..rows.start), after: self.room(rows.end..length), rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_lists_are_whole() {
        let view = Heights::default().view(WHOLE, 2_000, 2_500);
        assert_eq!(view, View { rows: 0..WHOLE, before: 0, after: 0 });
    }

    #[test]
    fn of_long_ones_only_what_is_in_view_is_drawn() {
        let mut heights = Heights::default();
        heights.measured(0, 50);
        let view = heights.view(5_000, 0, 500);
        assert_eq!(view, View { rows: 0..22, before: 0, after: 4_978 * 50 });
        let view = heights.view(5_000, 100_010, 100_500);
        assert_eq!(view, View { rows: 1_988..2_022, before: 1_988 * 50, after: 2_978 * 50 });
        // Past either end, as when other lists are in view.
        assert_eq!(heights.view(5_000, -900, -400).rows, 0..12);
        let end = heights.view(5_000, 5_000 * 50 + 10, 5_000 * 50 + 500);
        assert_eq!((end.rows, end.after), (4_988..5_000, 0));
    }

    #[test]
    fn the_room_of_all_rows_stays_the_same_wherever_one_looks() {
        let mut heights = Heights::default();
        for row in 0..40 {
            heights.measured(row, 40 + (row as u32 % 3) * 20);
        }
        let whole = heights.room(0..5_000);
        for from in [0, 777, 50_000, 1_000_000] {
            let view = heights.view(5_000, from, from + 600);
            assert_eq!(view.before + heights.room(view.rows) + view.after, whole);
        }
        heights.measured(3, 100);
        heights.measured(3, 0);
        assert_eq!(heights.of(3), 100, "what is not on the page has no height");
    }
}
