//! A replay as a picture: both sides of all decisions, where it would be stricter, by which rules, and what that stops.

use super::count::Extra;
use super::known::{Outcomes, percent};
use super::svg::{APPROVE, Anchor, CHALLENGE, Colour, DENY, FAINT, INK, Picture, RAIL, WIDTH, share};
use super::told::{Told, by_weight, left_out};

const LEFT: u32 = 32;
const RIGHT: u32 = WIDTH - 32;
/// Where bars begin, and how long they are.
const BARS: u32 = 300;
const BAR: u32 = RIGHT - BARS - 92;

/// Rules and places shown at most; the rest is named as so many more.
const ROWS_MAX: usize = 14;

/// Letters of the name of a bar; more are left out.
const NAME_LETTERS: usize = 40;

/// Letters of a line of small text.
const LINE_LETTERS: usize = 128;

/// Draws it.
pub(super) fn picture(told: &Told) -> String {
    let mut picture = Picture::new();
    head(&mut picture, told);
    sides(&mut picture, told);
    let places = told.counts.places.iter().filter(|(_, place)| place.extra != Extra::default());
    let places: Vec<(String, Extra)> =
        places.map(|((action, channel), place)| (format!("{action} {channel}"), place.extra)).collect();
    bars(&mut picture, "Where it would be stricter", &places);
    let rules: Vec<(String, Extra)> =
        by_weight(&told.counts).into_iter().map(|(rule, extra)| (rule.to_owned(), extra)).collect();
    bars(&mut picture, "By which rules (a decision may have several)", &rules);
    heading(&mut picture, "What they were");
    for sentence in told.known() {
        paragraph(&mut picture, &sentence);
    }
    paragraph(&mut picture, &format!("Not replayed: {}.", left_out(&told.counts)));
    let knobs = told.knobs.text();
    if !knobs.is_empty() {
        paragraph(&mut picture, &format!("Knobs that differ and were not asked again: {knobs}."));
    }
    picture.y += 20;
    picture.finish(&format!("Decisions replayed under {}", told.policy))
}

fn head(picture: &mut Picture, told: &Told) {
    let counts = &told.counts;
    let (flipped, replayed) = (counts.flipped(), counts.replayed());
    let title = format!("{flipped} of {replayed} decisions would come out otherwise ({})", percent(flipped, replayed));
    picture.text((LEFT, 46), (21, INK), Anchor::Start, &title);
    let under = format!("under {}, revision {}", told.policy, told.short_revision());
    picture.text((LEFT, 70), (13, FAINT), Anchor::Start, &under);
    picture.text((LEFT, 90), (13, FAINT), Anchor::Start, &format!("decided {}", told.when()));
    picture.y = 106;
}

fn heading(picture: &mut Picture, text: &str) {
    picture.y += 34;
    picture.text((LEFT, picture.y), (15, INK), Anchor::Start, text);
    picture.y += 12;
}

/// Both sides as bars of three parts, and their legend.
fn sides(picture: &mut Picture, told: &Told) {
    heading(picture, "All decisions");
    let whole = told.counts.replayed();
    let sides = [("as decided", told.counts.sides.recorded), ("as replayed", told.counts.sides.replayed)];
    for (name, Outcomes { approve, challenge, deny }) in sides {
        picture.text((BARS - 12, picture.y + 17), (13, INK), Anchor::End, name);
        let mut x = BARS;
        for (count, colour) in [(approve, APPROVE), (challenge, CHALLENGE), (deny, DENY)] {
            let width = share(count, whole, RIGHT - BARS - 4);
            picture.rectangle((x, picture.y), (width, 24), colour);
            x += width;
        }
        picture.y += 30;
    }
    let mut x = BARS;
    for (name, colour, of) in [
        ("approved", APPROVE, (|outcomes| outcomes.approve) as fn(Outcomes) -> u64),
        ("challenged", CHALLENGE, |outcomes| outcomes.challenge),
        ("denied", DENY, |outcomes| outcomes.deny),
    ] {
        let [(_, recorded), (_, replayed)] = sides;
        picture.rectangle((x, picture.y + 2), (12, 12), colour);
        let text = format!("{name} {} > {}", of(recorded), of(replayed));
        picture.text((x + 18, picture.y + 13), (12, INK), Anchor::Start, &text);
        x += 196;
    }
    picture.y += 18;
}

/// A bar a row: extra denials, then extra challenges.
fn bars(picture: &mut Picture, title: &str, rows: &[(String, Extra)]) {
    heading(picture, title);
    let sum = |extra: &Extra| extra.challenges.saturating_add(extra.denials);
    let most = rows.iter().map(|(_, extra)| sum(extra)).max().unwrap_or(0);
    for (name, extra) in rows.iter().take(ROWS_MAX) {
        bar(picture, name, [(extra.denials, DENY), (extra.challenges, CHALLENGE)], most);
    }
    let left = rows.len().saturating_sub(ROWS_MAX);
    if rows.is_empty() {
        paragraph(picture, "Nowhere.");
    } else if left > 0 {
        paragraph(picture, &format!("and {left} more"));
    }
}

fn bar(picture: &mut Picture, name: &str, parts: [(u64, Colour); 2], most: u64) {
    let y = picture.y;
    picture.text((BARS - 12, y + 13), (12, INK), Anchor::End, &shortened(name));
    picture.rectangle((BARS, y), (BAR, 18), RAIL);
    let (mut x, mut all) = (BARS, 0_u64);
    for (count, colour) in parts {
        let width = share(count, most, BAR);
        picture.rectangle((x, y), (width, 18), colour);
        x += width;
        all = all.saturating_add(count);
    }
    picture.text((RIGHT, y + 13), (12, INK), Anchor::End, &all.to_string());
    picture.y += 23;
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME_LETTERS {
        return name.to_owned();
    }
    name.chars().take(NAME_LETTERS.saturating_sub(3)).chain("...".chars()).collect()
}

/// Small text, broken where a line is full.
fn paragraph(picture: &mut Picture, text: &str) {
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.chars().count() + word.chars().count() >= LINE_LETTERS {
            put(picture, &line);
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    put(picture, &line);
}

fn put(picture: &mut Picture, line: &str) {
    picture.y += 19;
    picture.text((LEFT, picture.y), (12, FAINT), Anchor::Start, line);
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{NAME_LETTERS, picture, shortened};
    use crate::cli::output::Answer as _;
    use crate::cli::policy::replay::count::{Counted, Extra, Place};
    use crate::cli::policy::replay::knobs::OtherKnobs;
    use crate::cli::policy::replay::known::{Known, Outcomes, Sides};
    use crate::cli::policy::replay::svg::tests::well_formed;
    use crate::cli::policy::replay::told::Told;
    use crate::cli::policy::source::Span;
    use crate::domain::OutcomeKind::{Approve, Challenge, Deny};
    use crate::domain::{PolicyRevision, rule_id};

    fn told(counts: Counted) -> Told {
        let span = Span { from: Some("2026-03-01T00:00:00Z".parse().unwrap()), to: None };
        let knobs = OtherKnobs { names: BTreeSet::from(["pin.fresh_after".to_owned()]), unknown: Vec::new() };
        Told { counts, knobs, policy: "<mine> & \"theirs\".toml".to_owned(), revision: PolicyRevision([7; 32]), span }
    }

    fn some() -> Counted {
        let outcomes = |approve, challenge, deny| Outcomes { approve, challenge, deny };
        let extra = |challenges, denials| Extra { challenges, denials };
        let place = |decisions, flips, extra| Place { decisions, flips, extra, milder: 1 };
        let sides = Sides { recorded: outcomes(900, 80, 20), replayed: outcomes(700, 220, 80) };
        Counted {
            decisions: 1_003,
            sides,
            flips: BTreeMap::from([((Approve, Challenge), 150), ((Approve, Deny), 52), ((Challenge, Approve), 2)]),
            places: BTreeMap::from([
                (("SIM_CHANGE", "STORE"), place(600, 190, extra(150, 40))),
                (("PORT_OUT", "PORT"), place(400, 14, extra(0, 12))),
            ]),
            rules: (0..20).map(|n| (rule_id(&format!("rule-{n}")), extra(n * 7, n))).collect(),
            left_out: BTreeMap::from([("the record holds no facts", 3)]),
            known: Known { genuine: sides, said_genuine: 4, fraud: sides, fraud_approved: outcomes(1, 2, 3) },
            ..Counted::default()
        }
    }

    #[test]
    fn pictures_are_well_formed_and_need_nothing_else() {
        for counts in [some(), Counted::default()] {
            let drawn = picture(&told(counts));
            let elements = well_formed(&drawn).unwrap_or_else(|wrong| panic!("{wrong}\n{drawn}"));
            assert!(elements > 15, "{elements}");
            let names = drawn.replace("http://www.w3.org/2000/svg", "");
            for outside in ["http", "href", "url(", "<script", "<image", "@import"] {
                assert!(!names.contains(outside), "{outside}");
            }
            assert!(drawn.contains("prefers-color-scheme: dark"));
        }
    }

    #[test]
    fn names_fit_beside_their_bars() {
        assert_eq!(shortened("P1-lock-on"), "P1-lock-on");
        let long = shortened(&"a-rule".repeat(11));
        assert!(long.len() == NAME_LETTERS && long.ends_with("..."), "{long}");
    }

    #[test]
    fn all_that_is_counted_is_told() {
        let told = told(some());
        let text = told.text();
        for part in [
            "204 (20.40 %)",
            "3 (3: the record holds no facts)",
            "APPROVE    900   698            150        52",
            "all        1000  700            220        80",
            "False refusals 2.00 % as decided, 8.00 % as replayed",
            "of these 3 would be denied, 2 challenged, 1 approved again",
            "rule-19  133               19",
        ] {
            assert!(text.contains(part), "no `{part}` in\n{text}");
        }
        let json = told.json();
        assert_eq!(json["flips"]["count"], 204);
        assert_eq!(json["not_replayed"]["count"], 3);
        assert_eq!(json["known"]["genuine"]["false_refusals_basis_points"]["replayed"], 800);
        assert_eq!(json["places"][0]["action"], "PORT_OUT");
    }
}
