//! What comes after it: the pages that no chat waits for.

fn main() {
    console::office();
}
