//! The schema is whole: numbers, names and what ends a fact.

use std::collections::BTreeSet;

use super::{DERIVED_FROM, FACTS, FACTS_MAX, Fact, Kind, fact_name};
use crate::policy::facts::Over;

#[test]
fn numbers_names_and_paths_are_each_ones_own() {
    assert!(FACTS.iter().map(|fact| fact.number).is_sorted_by(|one, next| one < next));
    assert!(FACTS.iter().all(|fact| usize::from(fact.number) < FACTS_MAX));
    let names: BTreeSet<&str> = FACTS.iter().map(|fact| fact.label).collect();
    assert_eq!(names.len(), FACTS.len());
    let paths: Vec<&str> = FACTS.iter().filter_map(|fact| fact.path).collect();
    assert_eq!(paths.iter().collect::<BTreeSet<_>>().len(), paths.len());
    for path in paths {
        assert_eq!(Fact::at(path).and_then(|fact| fact.path), Some(path));
        let (group, name) = path.split_once('.').unwrap();
        let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c == '_') && !text.is_empty();
        assert!(is_plain(group) && is_plain(name), "{path}");
    }
}

#[test]
fn recorded_facts_are_named_and_derived_ones_are_not() {
    assert_eq!(fact_name(12), Some("sim_changed"));
    assert_eq!(fact_name(u16::from(DERIVED_FROM)), None);
    assert_eq!(fact_name(300), None);
}

#[test]
fn what_ends_a_fact_is_an_instant_on_record() {
    for fact in FACTS {
        let Over::As(changes) = fact.over else { continue };
        for change in changes {
            let at = Fact::numbered(change.at).unwrap();
            assert!(at.path.is_none() && at.kind == Kind::Until, "{}", fact.label);
        }
    }
}
