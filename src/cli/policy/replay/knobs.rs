//! What a replay does not ask again: knobs that make facts of the world before rules read them.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::policy::diff::parts_of;
use crate::cli::policy::file::decided_by;
use crate::policy::Policy;

/// What is asked again in full: the rules, with the knobs that they name; the score's thresholds; the signals that are required.
const ASKED: [&str; 3] = ["rule ", "thresholds.", "signals.required"];

/// How the policies that decided turn other knobs than the one that decides again.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct OtherKnobs {
    /// The knobs, by their names in files.
    pub(super) names: BTreeSet<String>,
    /// The policies that decided and are no built-in ones: how they turn theirs is not known here.
    pub(super) unknown: Vec<String>,
}

impl OtherKnobs {
    /// Of the policies that decided, by their revisions.
    pub(super) fn of(policy: &Policy, deciders: &BTreeMap<String, u64>) -> Self {
        let (mut other, here) = (Self::default(), parts_of(policy));
        let own = policy.revision.to_string();
        for revision in deciders.keys().filter(|revision| **revision != own) {
            let Some(before) = decided_by(revision).map(|decider| parts_of(&decider)) else {
                other.unknown.push(revision.clone());
                continue;
            };
            let differs = |name: &&String| before.get(*name) != here.get(*name);
            let is_asked = |name: &&String| ASKED.iter().any(|asked| name.starts_with(asked));
            let names = before.keys().chain(here.keys()).filter(|name| differs(name) && !is_asked(name));
            other.names.extend(names.cloned());
        }
        other
    }

    /// For people; empty where there is nothing to say.
    pub(super) fn text(&self) -> String {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        let unknown = match self.unknown.len() {
            0 => None,
            count => Some(format!("those of {count} policies that decided and are no built-in ones are not known")),
        };
        names.into_iter().map(str::to_owned).chain(unknown).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::OtherKnobs;
    use crate::cli::policy::file::named;
    use crate::policy::load;

    #[test]
    fn knobs_that_rules_do_not_ask_are_named() {
        let built_in = named(Path::new("us-default")).unwrap();
        let mine = "extends = \"us-default\"\n[thresholds]\nchallenge = 30\n[pin]\nfresh_after = \"48h\"\n[[rule]]\nid = \
                    \"mine\"\non = [\"SIM_CHANGE\"]\nwhen = 'true'\npoints = 1\nreason = \"SCORE_HIGH\"\n";
        let mine = load("mine.toml", mine).unwrap();
        let deciders = |revision: String| BTreeMap::from([(revision, 3)]);
        let other = OtherKnobs::of(&mine, &deciders(built_in.revision.to_string()));
        assert_eq!(other.text(), "pin.fresh_after");
        assert_eq!(OtherKnobs::of(&built_in, &deciders(built_in.revision.to_string())), OtherKnobs::default());
        let strange = OtherKnobs::of(&built_in, &deciders("70".repeat(32)));
        assert_eq!((strange.names.len(), strange.unknown.len()), (0, 1));
        assert!(strange.text().contains("not known"));
    }
}
