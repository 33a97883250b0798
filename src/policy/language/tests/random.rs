//! Random expressions of every shape that the language has.

use crate::policy::facts::{FACTS, Kind};

/// Choices made from random bytes, which shrink well.
pub(super) struct Dice<'a>(pub(super) std::slice::Iter<'a, u8>);

impl Dice<'_> {
    pub(super) fn below(&mut self, sides: usize) -> usize {
        self.0.next().map_or(0, |byte| usize::from(*byte) % sides)
    }

    fn path(&mut self, is: impl Fn(Kind) -> bool) -> (&'static str, Kind) {
        let fitting: Vec<_> =
            FACTS.iter().filter(|fact| is(fact.kind)).filter_map(|fact| Some((fact.path?, fact.kind))).collect();
        fitting[self.below(fitting.len())]
    }
}

/// A yes or no, so many levels deep at most.
pub(super) fn test(dice: &mut Dice<'_>, depth: usize) -> String {
    match if depth == 0 { dice.below(5) } else { dice.below(10) } {
        0 => dice.path(|kind| kind == Kind::Flag).0.to_owned(),
        1 => ["true", "false"][dice.below(2)].to_owned(),
        2 => format!("has({})", dice.path(|_| true).0),
        3 => named(dice),
        4 | 5 => compared(dice, depth.min(2)),
        6 => format!("!({})", test(dice, depth - 1)),
        7 => format!("({}) && ({})", test(dice, depth - 1), test(dice, depth - 1)),
        8 => format!("({}) || ({})", test(dice, depth - 1), test(dice, depth - 1)),
        _ => {
            let sign = ["==", "!="][dice.below(2)];
            format!("({}) {sign} ({})", test(dice, depth - 1), test(dice, depth - 1))
        }
    }
}

fn named(dice: &mut Dice<'_>) -> String {
    let (path, kind) = dice.path(|kind| matches!(kind, Kind::Symbol(_)));
    let Kind::Symbol(names) = kind else { unreachable!() };
    let one = |dice: &mut Dice<'_>| format!("\"{}\"", names[dice.below(names.len())].0);
    match dice.below(3) {
        0 => format!("{path} == {}", one(dice)),
        1 => format!("{path} != {}", one(dice)),
        _ => {
            let list: Vec<String> = (0..=dice.below(3)).map(|_| one(dice)).collect();
            format!("{path} in [{}]", list.join(", "))
        }
    }
}

fn compared(dice: &mut Dice<'_>, depth: usize) -> String {
    let kinds: [fn(Kind) -> bool; 3] =
        [|kind| kind == Kind::Count, |kind| kind == Kind::Miles, |kind| matches!(kind, Kind::Age | Kind::Until)];
    let kind = dice.below(3);
    let sign = ["==", "!=", "<", "<=", ">", ">="][dice.below(6)];
    let one = quantity(dice, kinds[kind], kind == 2, depth);
    format!("{one} {sign} {}", quantity(dice, kinds[kind], kind == 2, depth))
}

fn quantity(dice: &mut Dice<'_>, is: fn(Kind) -> bool, duration: bool, depth: usize) -> String {
    let number = |dice: &mut Dice<'_>| match (duration, dice.below(200)) {
        (false, number) => number.to_string(),
        (true, hours) if hours % 2 == 0 => format!("duration(\"{hours}h\")"),
        (true, minutes) => format!("duration(\"{minutes}m\")"),
    };
    match if depth == 0 { dice.below(2) } else { dice.below(5) } {
        0 => dice.path(is).0.to_owned(),
        1 => number(dice),
        2 => format!("({} + {})", quantity(dice, is, duration, depth - 1), quantity(dice, is, duration, depth - 1)),
        3 => format!("({} - {})", quantity(dice, is, duration, depth - 1), quantity(dice, is, duration, depth - 1)),
        _ if duration => dice.path(is).0.to_owned(),
        _ => format!("({} * {})", quantity(dice, is, false, depth - 1), dice.below(5)),
    }
}
