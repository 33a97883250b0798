//! `SECURITY.md`: every attack has a row, and what is named as its proof is a test that is there.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a check that cannot be made should fail where it is")]

use std::collections::BTreeSet;
use std::fs;

use syn::visit::Visit;

use crate::{root, sources};

/// Names of functions with `#[test]` or `#[tokio::test]`, and of those that `proptest!` makes.
#[derive(Default)]
struct Tests(BTreeSet<String>);

impl<'ast> Visit<'ast> for Tests {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let is_test = |attr: &syn::Attribute| attr.path().segments.last().is_some_and(|last| last.ident == "test");
        if item.attrs.iter().any(is_test) {
            self.0.insert(item.sig.ident.to_string());
        }
        syn::visit::visit_item_fn(self, item);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        // Tests inside macros (`proptest!`, laws of stores): the words after `fn`.
        let mut words = item.tokens.to_string();
        words.retain(|letter| letter != '\n');
        let named = words.split("fn ").skip(1).filter_map(|rest| rest.split([' ', '(']).next());
        self.0.extend(named.map(str::to_owned));
    }
}

fn tests() -> BTreeSet<String> {
    let mut found = Tests::default();
    for folder in ["src", "tests"] {
        for source in sources(&root().join(folder)).unwrap() {
            found.visit_file(&syn::parse_file(&source.text).unwrap());
        }
    }
    found.0
}

#[test]
fn every_attack_has_a_row_and_every_proof_is_a_test() {
    let text = fs::read_to_string(root().join("SECURITY.md")).unwrap();
    let tests = tests();
    let (mut met, mut proofs) = (BTreeSet::new(), Vec::new());
    for row in text.lines().filter(|line| line.starts_with("| E")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        let [id, attack, control, proof] = cells[..] else { panic!("{} cells in `{row}`", cells.len()) };
        assert!(met.insert(id.to_owned()) && !attack.is_empty() && !control.is_empty(), "`{row}`");
        let names: Vec<&str> = proof.split('`').skip(1).step_by(2).collect();
        proofs.extend(names.clone());
        assert!(
            !names.is_empty() || control.starts_with("not built"),
            "{id} is neither proven nor said not to be built"
        );
    }
    let expected: BTreeSet<String> = (1..=38).filter(|id| *id != 30).map(|id| format!("E{id:02}")).collect();
    assert_eq!(met, expected);
    // Names with this many parts are tests; the rest are words of the text.
    let named = text.split('`').skip(1).step_by(2);
    let named: Vec<&str> = named.filter(|name| name.matches('_').count() >= 3 && !name.contains(['/', '.'])).collect();
    assert!(named.len() > 50, "{named:?}");
    let missing: Vec<&str> = named.into_iter().chain(proofs).filter(|name| !tests.contains(*name)).collect();
    assert!(missing.is_empty(), "no such tests: {missing:?}");
}
