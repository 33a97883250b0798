//! The policies that come with the program.

use super::error::PolicyFileError;
use super::load::load;
use crate::policy::document::Policy;

/// The policies that come with the program: name, file, text.
pub const BUILT_IN: [(&str, &str, &str); 3] = [
    ("us-default", "policies/us-default.toml", include_str!("../../../policies/us-default.toml")),
    ("in-trai", "policies/in-trai.toml", include_str!("../../../policies/in-trai.toml")),
    ("au-acma", "policies/au-acma.toml", include_str!("../../../policies/au-acma.toml")),
];

/// The rules that every policy has: file, text.
pub(super) const ALWAYS: (&str, &str) = ("policies/always.toml", include_str!("../../../policies/always.toml"));

/// The file and text of a built-in policy.
pub(super) fn text_of(name: &str) -> Option<(&'static str, &'static str)> {
    BUILT_IN.iter().find(|(known, _, _)| *known == name).map(|(_, file, text)| (*file, *text))
}

/// A policy that comes with the program, by its name.
pub fn built_in(name: &str) -> Option<Result<Policy, PolicyFileError>> {
    text_of(name).map(|(file, text)| load(file, text))
}
