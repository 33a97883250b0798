//! The checker finds what it is there to find.

use std::collections::BTreeSet;

use crate::check::{Source, shape_violations, violations};

fn found_in(path: &str, code: &str, is_test: bool) -> Vec<String> {
    let crates: BTreeSet<String> =
        ["std", "tonic", "prost", "chrono", "tokio", "proptest", "rusqlite", "clap"].map(str::to_owned).into();
    let text = format!("//! Doc.\n{code}\n");
    violations(&Source { path, text: &text, is_test }, &crates)
}

fn found(path: &str, code: &str) -> Vec<String> {
    found_in(path, code, false)
}

fn caught(path: &str, code: &str) {
    assert!(!found(path, code).is_empty(), "not caught in {path}: {code}");
}

fn passes(path: &str, code: &str) {
    let found = found(path, code);
    assert!(found.is_empty(), "{path}: {code}\n{found:?}");
}

#[test]
fn upward_names_are_caught_however_written() {
    for code in [
        "use crate::service::Decide;",
        "use crate::service;",
        "use crate::service as lower;",
        "use crate::{domain::Spid, service::{self, Decide}};",
        "use crate::{domain, service::*};",
        "use super::super::service::Decide;",
        "pub use crate::service::Decide;",
        "pub(crate) use crate::service::Decide as Other;",
        "fn f() { crate::service::decide(); }",
        "fn f() -> crate::service::Decide { g() }",
        "fn f(x: &dyn crate::service::Decide) {}",
        "type A = Vec<Option<crate::service::Decide>>;",
        "impl crate::service::Decide for u8 {}",
        "fn f() { use crate::service::Decide; }",
        "fn f() { vec![crate::service::decide()]; }",
        "fn f() { println!(\"{}\", (1, [crate::service::decide()])); }",
        "macro_rules! m { () => { $crate::service::decide() } }",
        "macro_rules! m { () => { use crate::{domain, service::Decide}; } }",
        "#[derive(crate::service::Derive)] struct S;",
        "#[serde(with = \"crate::service::form\")] struct S;",
        "mod inner { use super::super::super::service::Decide; }",
        "mod inner { pub fn f() { super::super::super::service::decide() } }",
        "#[cfg(test)] mod tests { use crate::service::Decide; }",
        "use crate::*;",
        "use crate as root;",
    ] {
        caught("store/layout.rs", code);
    }
}

#[test]
fn foreign_crates_are_caught_however_written() {
    for code in [
        "use tonic::Status;",
        "use ::tonic::Status;",
        "use tonic as t;",
        "use {chrono::Utc, tonic::{Status, Code}};",
        "extern crate tonic;",
        "fn f() -> Result<(), tonic::Status> { Ok(()) }",
        "fn f() { let x = ::tonic::Status::ok(); }",
        "fn f() { assert_eq!(a, tonic::Code::Ok); }",
        "fn f() { m!(::tonic); }",
        "fn f() { tonic::include_proto!(\"portcullis.v1\"); }",
        "#[tonic::async_trait] impl A for B {}",
        "#[derive(Clone, tonic::Message)] struct S;",
        "impl From<X> for tonic::Status { fn from(x: X) -> Self { x.0 } }",
        "fn f() { match x { tonic::Code::Ok => {} } }",
    ] {
        caught("service/decide.rs", code);
        passes("grpc/decision.rs", code);
    }
}

#[test]
fn downward_names_pass() {
    for code in [
        "use crate::domain::Spid;",
        "use super::contract::Store;",
        "use super::super::store::contract::Store;",
        "use self::inner::Thing;",
        "fn f() { crate::store::embedded::open(); }",
        "fn f(tonic: u8, prost: u8) -> u8 { tonic + prost }",
        "fn f() { x.tonic::<u8>(); tonic(); Y::tonic(); }",
        "fn f() { format!(\"crate service tonic {tonic}\"); }",
        "mod inner { use super::super::contract::Store; }",
    ] {
        passes("store/layout.rs", code);
    }
}

#[test]
fn a_folder_of_its_own_has_rules_of_its_own() {
    passes("store/embedded/writer.rs", "use rusqlite::Connection;");
    passes("store/embedded/mod.rs", "use rusqlite::Connection;");
    caught("store/layout.rs", "use rusqlite::Connection;");
    caught("store/embedded_like.rs", "use rusqlite::Connection;");
    passes("store/codec/head.rs", "use prost::Message;");
    caught("store/contract.rs", "use prost::Message;");
    caught("cli/bench/load.rs", "use tonic::Status;");
    caught("nowhere/file.rs", "");
    caught("main.rs", "fn main() { portcullis::service::decide(); }");
    passes("main.rs", "fn main() { portcullis::cli::run(); }");
}

#[test]
fn tests_may_name_test_crates_and_nothing_else_may() {
    let code = "use proptest::prelude::*;";
    caught("domain/lock.rs", code);
    passes("domain/lock.rs", &format!("#[cfg(test)] mod tests {{ {code} }}"));
    passes("domain/lock.rs", "#[cfg(test)] use proptest::prelude::*;");
    caught("domain/lock.rs", &format!("#[cfg(not(test))] mod tests {{ {code} }}"));
    assert!(found_in("domain/lock/tests.rs", code, true).is_empty());
}

#[test]
fn what_decides_has_no_way_out() {
    for code in [
        "use std::time::Instant;",
        "use std::{fmt, fs::File};",
        "fn f() { std::env::var(\"X\"); }",
        "async fn f() {}",
        "fn f() { async { 1 }; }",
        "struct S; impl S { async fn f() {} }",
    ] {
        caught("policy/evaluate.rs", code);
        caught("domain/lock.rs", code);
    }
    passes("domain/requester.rs", "use std::net::IpAddr;");
    caught("service/decide.rs", "fn f() { std::env::args(); }");
    passes("config/load.rs", "fn f() { std::env::vars_os(); }");
}

#[test]
fn an_index_holds_nothing_but_names() {
    for code in ["fn f() {}", "struct S;", "mod inner { fn f() {} }", "const X: u8 = 1;", "impl A for B {}"] {
        caught("store/mod.rs", code);
        caught("lib.rs", code);
        passes("store/layout.rs", code);
    }
    passes("store/mod.rs", "mod layout; pub use layout::Key; #[cfg(test)] mod tests;");
}

#[test]
fn length_and_docs_are_counted() {
    let function = |lines: usize| format!("fn f() {{\n{}}}", "    g();\n".repeat(lines - 2));
    passes("domain/lock.rs", &function(70));
    caught("domain/lock.rs", &function(71));
    caught("domain/lock.rs", &format!("struct S; impl S {{ {} }}", function(71)));
    caught("domain/lock.rs", &format!("trait T {{ {} }}", function(71)));
    passes("domain/lock.rs", &format!("#[test]\n{}", function(71)));
    passes("domain/lock.rs", &format!("#[cfg(test)] mod tests {{ {} }}", function(71)));
    passes("domain/lock.rs", &"// .\n".repeat(498));
    caught("domain/lock.rs", &"// .\n".repeat(499));
    assert_eq!(shape_violations("a.rs", "fn f() {}\n"), ["a.rs:1: no module doc"]);
    assert_eq!(shape_violations("a.rs", "//! Doc.\nfn f() {}\n"), [""; 0]);
}

#[test]
fn an_invariant_must_exist() {
    passes("domain/lock.rs", "// INVARIANT (locked-never-approved): a lock denies.");
    passes("domain/lock.rs", "const X: u8 = 1; // INVARIANT (locked-never-approved, fail-closed)");
    caught("domain/lock.rs", "// INVARIANT (fail-closed, locked-always-approved): a lock denies.");
    caught("domain/lock.rs", "// INVARIANT (locked-always-approved): a lock denies.");
}

#[test]
fn a_violation_names_its_line() {
    let found = found("policy/facts.rs", "\n\nuse crate::{\n    domain::Spid,\n    store::Store,\n};");
    assert_eq!(found, ["policy/facts.rs:6: `policy` may not name `crate::store::Store`"]);
}
