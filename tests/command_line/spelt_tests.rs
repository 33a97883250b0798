//! A search that cannot find what is there would prove nothing.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};

use crate::spelt::{Search, copy_of, spellings};

const NUMBER: &str = "+491512345678901";
const NAME: &str = "Quillon Featherstone";

fn search() -> Search {
    Search::new([("number", NUMBER), ("name", NAME)])
}

/// Written out by hand, so that a mistake in the spelling is none in the expectation.
#[test]
fn what_is_planted_is_found_in_every_spelling() {
    let hand: &[(&str, &[u8])] = &[
        ("as it is", b"+491512345678901"),
        ("as it is", b"tel:491512345678901;"),
        ("as it is", b"{\"name\":\"Quillon Featherstone\"}"),
        ("in capitals", b"QUILLON FEATHERSTONE"),
        ("in small letters", b"quillon featherstone"),
        ("backwards", b"109876543215194"),
        ("in UTF-16, low byte first", b"4\x009\x001\x005\x001\x002\x003\x004\x005\x006\x007\x008\x009\x000\x001\x00"),
        ("in UTF-16, high byte first", b"\x004\x009\x001\x005\x001\x002\x003\x004\x005\x006\x007\x008\x009\x000\x001"),
        ("in hex", b"343931353132333435363738393031"),
        ("in hex with capitals", b"5175696C6C6F6E20466561746865727374"),
        ("in packed digits", &[0x49, 0x15, 0x12, 0x34, 0x56, 0x78, 0x90, 0x1f]),
        ("in packed digits", &[0x04, 0x91, 0x51, 0x23, 0x45, 0x67, 0x89, 0x01]),
        ("in packed digits, swapped", &[0x94, 0x51, 0x21, 0x43, 0x65, 0x87, 0x09, 0xf1]),
        ("as a number, high byte first", &[0x00, 0x01, 0xbf, 0x07, 0x22, 0xc4, 0x54, 0x35]),
        ("as a number, low byte first", &[0x35, 0x54, 0xc4, 0x22, 0x07, 0xbf, 0x01, 0x00]),
        ("as a number, as it lies in few bytes", &[0x01, 0xbf, 0x07, 0x22, 0xc4, 0x54, 0x35]),
        ("as a varint", &[0xb5, 0xa8, 0x91, 0x96, 0xf2, 0xe0, 0x6f]),
        ("as a signed varint", &[0xea, 0xd0, 0xa2, 0xac, 0xe4, 0xc1, 0xdf, 0x01]),
    ];
    for (how, bytes) in hand {
        let bytes = if *how == "in hex with capitals" { [*bytes, b"6F6E65"].concat() } else { bytes.to_vec() };
        for before in 0..5 {
            let around = [&vec![0xa5; before][..], &bytes, &[0x5a; 3]].concat();
            let found = search().found_in(&around);
            assert!(found.iter().any(|what| what.ends_with(how)), "{how} with {before} before: {found:?}");
        }
    }
}

#[test]
fn what_is_planted_in_base64_is_found_wherever_it_begins() {
    for before in 0..7 {
        for value in [NUMBER, NAME, "491512345678901"] {
            let text = format!("{}{value}\u{fb}\u{ff}>?", "x".repeat(before));
            for planted in [STANDARD.encode(&text), URL_SAFE.encode(&text)] {
                let found = search().found_in(format!("\"{planted}\"").as_bytes());
                assert!(found.iter().any(|what| what.contains("in base64")), "{value} after {before}: {planted}");
            }
        }
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    let mut state = 1_u64;
    let random: Vec<u8> = (0..1_000_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        })
        .collect();
    assert!(search().found_in(&random).is_empty());
    assert!(search().found_in(b"+49151234567890 Quillon Featherston 49151234567890f").is_empty());
    assert!(search().found_in(b"").is_empty());
}

#[test]
fn files_of_a_copied_folder_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), "nothing").unwrap();
    std::fs::write(folder.path().join("b-wal"), format!("xx{NUMBER}")).unwrap();
    let copy = copy_of(folder.path());
    let (found, bytes) = search().found_under(copy.path());
    assert_eq!(bytes, 7 + 2 + NUMBER.len());
    assert!(!found.is_empty() && found.iter().all(|what| what.contains("b-wal")), "{found:?}");
}

#[test]
fn a_short_value_is_looked_for_only_as_it_is() {
    let of_pin: Vec<_> = spellings("482951").into_iter().filter(|(_, bytes)| bytes.len() < 7).collect();
    assert_eq!(of_pin, [("as it is", b"482951".to_vec())]);
}
