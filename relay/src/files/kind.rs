//! What an upload is, by its first bytes: what its sender says of it counts for nothing. Decides what is shown in place and what is only
//! ever offered for saving. Pure.

/// Pictures that every browser shows and none of which runs anything. No SVG: it is a document with scripts.
const PICTURES: [&str; 5] = ["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"];
/// Sounds that browsers play.
const SOUNDS: [&str; 7] = ["audio/mpeg", "audio/mp4", "audio/ogg", "audio/webm", "audio/flac", "audio/wav", "audio/aac"];
/// What a file is whose first bytes say nothing, or what nobody should make anything of.
pub const UNKNOWN: &str = "application/octet-stream";

/// What the first bytes of a file show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its media type.
    pub media_type: &'static str,
    /// Width and height in pixels, of pictures.
    pub size: Option<(u32, u32)>,
}

/// Whether a browser may show this in place.
pub fn is_safe(media_type: &str) -> bool {
    PICTURES.contains(&media_type) || SOUNDS.contains(&media_type)
}

/// Reads the first bytes of a file.
pub fn of(head: &[u8]) -> Kind {
    let media_type = infer::get(head).map_or(UNKNOWN, |found| named(found.mime_type(), head));
    let size = picture_size(head).filter(|_| PICTURES.contains(&media_type));
    if PICTURES.contains(&media_type) && size.is_none() {
        // Begins like a picture and is none.
        return Kind { media_type: UNKNOWN, size };
    }
    Kind { media_type, size }
}

/// The type under which it is kept. Two containers hold sounds as well as films, and the library calls both films.
fn named(found: &'static str, head: &[u8]) -> &'static str {
    let has = |mark: &[u8]| head.windows(mark.len()).any(|bytes| bytes == mark);
    match found {
        // Names of codecs (Matroska): those of films begin with `V_`.
        "video/webm" if !has(b"V_VP") && !has(b"V_AV1") && (has(b"A_OPUS") || has(b"A_VORBIS")) => "audio/webm",
        // Handlers of tracks (ISO 14496-12 §8.4.3).
        "video/mp4" if !has(b"vide") && has(b"soun") => "audio/mp4",
        "audio/m4a" => "audio/mp4",
        "audio/opus" => "audio/ogg",
        "audio/x-flac" => "audio/flac",
        "audio/x-wav" => "audio/wav",
        safe if is_safe(safe) => safe,
        // For people who choose by it what to open; nothing of this is ever shown in place.
        other if other.starts_with("application/") || other.starts_with("video/") => other,
        // Text, markup and pictures that not every browser knows.
        _ => UNKNOWN,
    }
}

fn picture_size(head: &[u8]) -> Option<(u32, u32)> {
    let size = imagesize::blob_size(head).ok()?;
    let (width, height) = (u32::try_from(size.width).ok()?, u32::try_from(size.height).ok()?);
    (width > 0 && height > 0).then_some((width, height))
}

/// Whether a list of media types, `image/*` and `*/*` among them, has this one.
pub fn allows(types: &[String], media_type: &str) -> bool {
    types.iter().any(|allowed| match allowed.strip_suffix('*') {
        Some("*/") => true,
        Some(group) => media_type.starts_with(group),
        None => allowed == media_type,
    })
}

/// Whether a text can stand in such a list: `type/subtype`, either of which may be `*` where that means something.
pub fn is_list_entry(entry: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-+.".contains(&byte))
    };
    entry == "*/*" || entry.split_once('/').is_some_and(|(group, name)| plain(group) && (name == "*" || plain(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One pixel.
    const GIF: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff!\xf9\x04\x01\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x01D\0;";

    fn png(width: u32, height: u32) -> Vec<u8> {
        [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".as_slice(), &width.to_be_bytes(), &height.to_be_bytes(), b"\x08\x06\0\0\0"].concat()
    }

    fn webm(codecs: &[u8]) -> Vec<u8> {
        // The library wants to see some of it.
        let start = b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01B\xf7\x81\x01B\xf2\x81\x04B\xf3\x81\x08B\x82\x84webm";
        [start.as_slice(), codecs, &[0; 256]].concat()
    }

    fn mp4(handler: &[u8]) -> Vec<u8> {
        [b"\0\0\0\x18ftypiso5\0\0\x02\0iso6mp41....hdlr........".as_slice(), handler].concat()
    }

    #[test]
    fn bytes_say_what_it_is() {
        assert_eq!(of(GIF), Kind { media_type: "image/gif", size: Some((1, 1)) });
        assert_eq!(of(&png(800, 600)), Kind { media_type: "image/png", size: Some((800, 600)) });
        for (bytes, media_type) in [
            (b"OggS\0\x02".to_vec(), "audio/ogg"),
            (b"RIFF\x24\0\0\0WAVEfmt ".to_vec(), "audio/wav"),
            (b"fLaC\0\0\0\x22".to_vec(), "audio/flac"),
            (b"ID3\x04\0\0\0\0".to_vec(), "audio/mpeg"),
            (webm(b"\x86\x86A_OPUS"), "audio/webm"),
            (webm(b"\x86\x85V_VP8 \x86\x86A_OPUS"), "video/webm"),
            (mp4(b"soun"), "audio/mp4"),
            (mp4(b"soun ... vide"), "video/mp4"),
            (b"%PDF-1.7".to_vec(), "application/pdf"),
            (b"PK\x03\x04 ... ".to_vec(), "application/zip"),
        ] {
            assert_eq!(of(&bytes), Kind { media_type, size: None }, "{}", String::from_utf8_lossy(&bytes));
        }
    }

    #[test]
    fn what_could_run_or_lies_is_nothing_in_particular() {
        for bytes in [
            b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>".as_slice(),
            b"<?xml version=\"1.0\"?><svg/>",
            b"<!doctype html><script>alert(1)</script>",
            b"<html>",
            b"#!/bin/sh\n",
            b"GIF89a=1;alert(1)//",
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8\xff\xe0no picture at all",
            b"hello",
            b"",
            b"BM of Ford",
        ] {
            let kind = of(bytes);
            let shown = is_safe(kind.media_type);
            // A GIF needs no more than its size to be one; it is served as a picture and nothing else.
            assert!(!shown || bytes.starts_with(b"GIF89a"), "{kind:?}: {}", String::from_utf8_lossy(bytes));
        }
        assert!(!is_safe("image/svg+xml") && !is_safe("text/html") && !is_safe(UNKNOWN));
    }

    proptest::proptest! {
        /// The readers of headers are other people's code, and what they read is anybody's.
        #[test]
        fn no_bytes_are_too_odd_to_be_told(start in 0_usize..14, rest in proptest::collection::vec(proptest::num::u8::ANY, 0..600)) {
            let starts: [&[u8]; 14] = [
                b"", b"GIF89a", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xe1\xff\xffExif\0\0", b"BM",
                b"RIFF\0\0\0\0WEBPVP8 ", b"RIFF\0\0\0\0WEBPVP8X", b"RIFF\0\0\0\0WEBPVP8L", b"\0\0\0\x18ftypavif",
                b"\0\0\0\x10ftypavif\0\0\0\0\0\0\0\x20meta\0\0\0\0\0\0\0\x14iprp\0\0\0\x0cipco\0\0\0\x14ispe", b"\x1a\x45\xdf\xa3\x9fB\x82\x84webm",
                b"PK\x03\x04", b"OggS",
            ];
            let kind = of(&[starts[start], rest.as_slice()].concat());
            proptest::prop_assert!(kind.size.is_none() || PICTURES.contains(&kind.media_type));
        }
    }

    #[test]
    fn lists_name_types_and_groups() {
        let list = ["image/*".to_owned(), "application/pdf".to_owned()];
        assert!(allows(&list, "image/png") && allows(&list, "application/pdf") && allows(&["*/*".to_owned()], UNKNOWN));
        assert!(!allows(&list, "application/pdfx") && !allows(&list, "audio/ogg") && !allows(&[], "image/png"));
        for bad in ["", "image", "image/", "*/png", "image/p*", "Image/png", "a/b/c", "image/png; x", "*"] {
            assert!(!is_list_entry(bad), "{bad}");
        }
        assert!(is_list_entry("*/*") && is_list_entry("image/*") && is_list_entry("application/vnd.ms-excel"));
    }
}
