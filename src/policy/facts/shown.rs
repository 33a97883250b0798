//! A fact's value for people, with its unit.

use super::fact::{Fact, Kind};
use super::values::NEVER;

impl Fact {
    /// A value as people read it; none is a fact that is not known.
    pub fn shown(&self, value: Option<i64>) -> String {
        let Some(value) = value else { return "unknown".to_owned() };
        match self.kind {
            Kind::Flag => if value == 0 { "no" } else { "yes" }.to_owned(),
            Kind::Count => value.to_string(),
            Kind::Miles => format!("{value} miles"),
            Kind::Age if value == NEVER => "never".to_owned(),
            Kind::Age => away(value, "ago", "ahead"),
            Kind::Until => away(value, "ahead", "ago"),
            Kind::Symbol(names) => {
                let name = names.iter().find(|(_, number)| *number == value);
                name.map_or_else(|| value.to_string(), |(name, _)| (*name).to_owned())
            }
        }
    }

    /// What a recorded value is counted in.
    pub const fn unit(&self) -> &'static str {
        match self.kind {
            Kind::Flag => "FLAG",
            Kind::Count => "COUNT",
            Kind::Miles => "MILES",
            Kind::Age | Kind::Until => "MICROSECONDS",
            Kind::Symbol(_) => "NAME",
        }
    }
}

fn away(micros: i64, forward: &str, backward: &str) -> String {
    match micros {
        0 => "now".to_owned(),
        1.. => format!("{} {forward}", span(micros.unsigned_abs())),
        _ => format!("{} {backward}", span(micros.unsigned_abs())),
    }
}

/// Its two largest units; the second is left out where there is none of it.
fn span(micros: u64) -> String {
    const UNITS: [(&str, u64); 6] =
        [("d", 86_400_000_000), ("h", 3_600_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1_000), ("us", 1)];
    let (mut rest, mut told) = (micros, Vec::new());
    for (name, unit) in UNITS {
        let (many, left) = (rest / unit, rest % unit);
        if many > 0 || !told.is_empty() {
            told.push(if many > 0 { format!("{many}{name}") } else { String::new() });
        }
        if told.len() == 2 {
            break;
        }
        rest = left;
    }
    told.retain(|part| !part.is_empty());
    told.join(" ")
}

#[cfg(test)]
mod tests {
    use crate::policy::{Fact, NEVER};

    #[test]
    fn values_have_their_units() {
        const DAY: i64 = 86_400_000_000;
        let values: [(&str, Option<i64>, &str); 13] = [
            ("line.sim_changed_ago", Some(DAY + 3_600_000_000), "1d 1h ago"),
            ("line.sim_changed_ago", Some(DAY + 60_000_000), "1d ago"),
            ("line.sim_changed_ago", Some(NEVER), "never"),
            ("line.sim_changed_ago", Some(0), "now"),
            ("line.sim_changed_ago", Some(-1_500), "1ms 500us ahead"),
            ("request.planned_in", Some(90_000_000), "1m 30s ahead"),
            ("signal.distance_from_home_miles", Some(900), "900 miles"),
            ("signal.distance_from_home_miles", None, "unknown"),
            ("signal.device_sale", Some(1), "yes"),
            ("line.flagged", Some(0), "no"),
            ("pin.failures", Some(4), "4"),
            ("pin.check", Some(1), "MATCHED"),
            ("pin.check", Some(99), "99"),
        ];
        for (path, value, told) in values {
            assert_eq!(Fact::at(path).unwrap().shown(value), told, "{path}");
        }
    }
}
