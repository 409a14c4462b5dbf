//! A QR code as one path of an SVG: no picture to fetch, no style attribute, no markup from a string.

use leptos::prelude::*;
use qrcodegen::{QrCode, QrCodeEcc};

/// Modules of light around the code (ISO/IEC 18004 §5.3.8).
const QUIET: i32 = 4;

/// The text as a QR code; nothing where it does not fit into one.
#[component]
pub fn Qr(
    /// What to encode.
    text: String,
    /// What it is called.
    label: &'static str,
) -> impl IntoView {
    let code = QrCode::encode_text(&text, QrCodeEcc::Medium).ok();
    code.map(|code| {
        let side = code.size() + 2 * QUIET;
        let path = path(code.size(), |x, y| code.get_module(x, y));
        view! {
            <svg class="qr" role="img" aria-label=label viewBox=format!("0 0 {side} {side}") shape-rendering="crispEdges">
                <path d=path/>
            </svg>
        }
    })
}

/// One square for each dark module.
fn path(size: i32, is_dark: impl Fn(i32, i32) -> bool) -> String {
    let places = (0..size).flat_map(|y| (0..size).map(move |x| (x, y)));
    places.filter(|&(x, y)| is_dark(x, y)).map(|(x, y)| format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dark_module_is_one_square() {
        assert_eq!(path(2, |x, y| x == y), "M4 4h1v1h-1zM5 5h1v1h-1z");
    }
}
