//! The shape of the crate, held against its own sources: who may name whom, how long things may be, what is documented.

mod check;
mod checker_tests;
mod deploy;
mod paths;
mod rules;
mod secrets;
mod threats;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::check::Source;
use crate::paths::is_test;

/// A source file: its path under the folder that was asked for, and its text.
struct Found {
    path: String,
    text: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
                found.push(Found { path: name, text: fs::read_to_string(&path)? });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Every crate that the sources could name, by the name they would use.
fn crates() -> io::Result<BTreeSet<String>> {
    let text = fs::read_to_string(root().join("Cargo.toml"))?;
    let manifest: toml::Table = toml::from_str(&text).map_err(io::Error::other)?;
    let tables = ["dependencies", "dev-dependencies"].into_iter().filter_map(|name| manifest.get(name)?.as_table());
    let names = tables.flat_map(|table| table.keys().map(|name| name.replace('-', "_")));
    Ok(names.chain(["std", "core", "alloc"].map(str::to_owned)).collect())
}

/// Paths under `src/`, without `.rs`, of the modules that are declared as `#[cfg(test)] mod name;`.
fn test_modules(sources: &[Found]) -> BTreeSet<String> {
    modules(sources, is_test)
}

/// The same of the modules that are declared under such attributes.
fn modules(sources: &[Found], is_meant: fn(&[syn::Attribute]) -> bool) -> BTreeSet<String> {
    let mut modules = BTreeSet::new();
    for source in sources {
        let folder = ["mod.rs", "lib.rs", "main.rs"].iter().find_map(|name| source.path.strip_suffix(name));
        let folder = folder.map_or_else(|| source.path.replace(".rs", "/"), str::to_owned);
        let Ok(file) = syn::parse_file(&source.text) else { continue };
        for item in file.items {
            if let syn::Item::Mod(item) = item
                && item.content.is_none()
                && is_meant(&item.attrs)
            {
                modules.insert(format!("{folder}{}", item.ident));
            }
        }
    }
    modules
}

fn stands_in(path: &str, module: &str) -> bool {
    path.strip_prefix(module).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
}

fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "{} violations:\n{}", violations.len(), violations.join("\n"));
}

#[test]
fn arrows_point_downward() {
    let sources = sources(&root().join("src")).unwrap();
    assert!(sources.len() > 20, "the sources were not found");
    let crates = crates().unwrap();
    let tests = test_modules(&sources);
    let mut violations = Vec::new();
    for Found { path, text } in &sources {
        let is_test = tests.iter().any(|module| stands_in(path, module));
        violations.extend(check::violations(&Source { path, text, is_test }, &crates));
    }
    assert_none(&violations);
}

/// A file that nothing declares is not built, and tells whoever reads it what is not so.
#[test]
fn no_file_is_left_out_of_the_build() {
    let sources = sources(&root().join("src")).unwrap();
    let declared = modules(&sources, |_| true);
    let is_declared = |path: &str| {
        let module = path.strip_suffix("/mod.rs").or_else(|| path.strip_suffix(".rs")).unwrap_or(path);
        ["lib", "main"].contains(&module) || declared.contains(module)
    };
    let left_out: Vec<_> = sources.iter().map(|source| source.path.clone()).filter(|path| !is_declared(path)).collect();
    assert_none(&left_out);
}

#[test]
fn tests_keep_the_shape_too() {
    let mut violations = Vec::new();
    for folder in ["tests", "benches", "examples", "peers"] {
        let folder = root().join(folder);
        if folder.is_dir() {
            for Found { path, text } in sources(&folder).unwrap() {
                violations.extend(check::shape_violations(&path, &text));
            }
        }
    }
    let build = fs::read_to_string(root().join("build.rs")).unwrap();
    violations.extend(check::shape_violations("build.rs", &build));
    assert_none(&violations);
}

#[test]
fn every_rule_names_crates_that_are_there() {
    let crates = crates().unwrap();
    for rule in rules::RULES {
        for name in rule.external {
            assert!(crates.contains(*name), "rule of `{}` names `{name}`, which is no dependency", rule.module);
        }
    }
}

/// The engines that `peers/` compares ours with are no dependencies of the program.
#[test]
fn other_engines_stay_outside() {
    let table =
        |path: &str| -> toml::Table { toml::from_str(&fs::read_to_string(root().join(path)).unwrap()).unwrap() };
    let (known, lock) = (crates().unwrap(), table("Cargo.lock"));
    let locked = lock["package"].as_array().unwrap().iter().map(|package| package["name"].as_str().unwrap());
    let locked: BTreeSet<&str> = locked.collect();
    let engines = table("peers/engines/Cargo.toml");
    let compared = engines["dev-dependencies"].as_table().unwrap().keys();
    let others: Vec<_> =
        compared.filter(|name| *name != "portcullis" && !known.contains(&name.replace('-', "_"))).collect();
    assert!(others.len() >= 2, "{others:?}");
    for name in others {
        assert!(!locked.contains(name.as_str()), "`{name}` is in the program's Cargo.lock");
    }
    assert!(!table("peers/Cargo.toml").contains_key("dependencies"));
}

/// A module may only name what stands above it in the table, so no two modules can name each other.
#[test]
fn the_table_itself_points_downward() {
    let mut above: Vec<&str> = Vec::new();
    for rule in rules::RULES {
        for name in rule.internal {
            assert!(above.contains(name), "`{}` names `{name}`, which stands below it", rule.module);
        }
        above.push(rule.module);
    }
}

/// INVARIANT (secrets-stay-in): a type that holds a secret, a number or what is personal does not print it.
#[test]
fn no_type_prints_a_secret() {
    let sources = sources(&root().join("src")).unwrap();
    let tests = test_modules(&sources);
    let mut told = Vec::new();
    let mut needed = BTreeSet::new();
    let mut declared = BTreeSet::new();
    for Found { path, text } in &sources {
        declared.extend(secrets::declared(text));
        if !tests.iter().any(|module| stands_in(path, module)) {
            for secrets::Telling { place, problem } in secrets::telling(&syn::parse_file(text).unwrap()) {
                match secrets::SHOWN.iter().find(|(shown, _)| *shown == place) {
                    Some((shown, _)) => {
                        needed.insert(*shown);
                    }
                    None => told.push(format!("{path}: {place}: {problem}")),
                }
            }
        }
    }
    assert_none(&told);
    let listed: Vec<&str> = secrets::SHOWN.iter().map(|(place, _)| *place).collect();
    let idle: Vec<_> = listed.iter().filter(|place| !needed.contains(*place)).collect();
    assert!(idle.is_empty(), "nothing is excused by {idle:?}");
    for name in secrets::SECRET {
        assert!(declared.contains(name), "there is no type `{name}` any more");
    }
}
