//! What every console loads first.

fn main() {
    console::console();
}
