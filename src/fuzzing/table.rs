//! The targets by name.

use super::{files, identity, kept, requests, signed};

/// One parser, or a family of them that the first byte chooses from.
pub struct Target {
    /// Its name: that of its file in `fuzz/targets/` and of its folder in `fuzz/seeds/`.
    pub name: &'static str,
    /// Gives it one input.
    pub run: fn(&[u8]),
}

/// All targets.
pub const TARGETS: &[Target] = &[
    Target { name: "access_token", run: identity::access_token },
    Target { name: "app_key", run: kept::app_key },
    Target { name: "certificate", run: identity::certificate },
    Target { name: "checkpoint", run: signed::checkpoint },
    Target { name: "event_line", run: requests::event_line },
    Target { name: "import_row", run: requests::import_row },
    Target { name: "key_set", run: identity::key_set },
    Target { name: "keyring", run: files::keyring },
    Target { name: "manifest", run: signed::manifest },
    Target { name: "message_key", run: files::message_key },
    Target { name: "name", run: requests::name },
    Target { name: "page_token", run: requests::page_token },
    Target { name: "permit", run: kept::permit },
    Target { name: "policy", run: files::policy },
    Target { name: "public_key", run: signed::public_key },
    Target { name: "record_line", run: files::record_line },
    Target { name: "request", run: requests::request },
    Target { name: "rule", run: files::rule },
    Target { name: "sealed", run: kept::sealed },
    Target { name: "segment", run: signed::segment },
    Target { name: "settings", run: files::settings },
    Target { name: "store_register", run: files::store_register },
    Target { name: "signed_permit", run: signed::signed_permit },
    Target { name: "stored", run: kept::stored },
    Target { name: "verifier", run: kept::verifier },
];

/// Gives an input to the target of that name.
///
/// # Panics
///
/// When a parser breaks a promise, and when there is no such target.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    assert!(target.is_some(), "there is no target `{name}`");
    if let Some(target) = target {
        (target.run)(data);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::{TARGETS, run};

    fn folder(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
    }

    fn entries(folder: &Path) -> BTreeSet<String> {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    fn names() -> BTreeSet<String> {
        TARGETS.iter().map(|target| target.name.to_owned()).collect()
    }

    /// The fuzzer's package is no part of this build, so what it holds is so little that it can be compared.
    #[test]
    fn each_target_has_its_program_and_its_seeds() {
        let programs: BTreeSet<String> = names().iter().map(|name| format!("{name}.rs")).collect();
        assert_eq!(entries(&folder("targets")), programs);
        assert_eq!(entries(&folder("seeds")), names());
        let manifest: toml::Table = toml::from_str(&fs::read_to_string(folder("Cargo.toml")).unwrap()).unwrap();
        let built = manifest["bin"].as_array().unwrap().iter().map(|bin| {
            assert_eq!(bin["path"].as_str().unwrap(), format!("targets/{}.rs", bin["name"].as_str().unwrap()));
            bin["name"].as_str().unwrap().to_owned()
        });
        assert_eq!(built.collect::<BTreeSet<_>>(), names());
        for name in names() {
            let expected = format!(
                "#![no_main]\n\nlibfuzzer_sys::fuzz_target!(|data: &[u8]| portcullis::fuzzing::run(\"{name}\", data));\n"
            );
            let program = fs::read_to_string(folder("targets").join(format!("{name}.rs"))).unwrap();
            assert_eq!(program, expected, "{name}");
        }
    }

    /// Seeds are good input and what once fell: each is run as it stands, cut short, and with a bit turned.
    #[test]
    fn seeds_are_run() {
        for name in names() {
            let seeds = folder("seeds").join(&name);
            let found = entries(&seeds);
            assert!(!found.is_empty(), "{name} has no seeds");
            for seed in found {
                let bytes = fs::read(seeds.join(&seed)).unwrap();
                run(&name, &bytes);
                for place in (0..bytes.len()).step_by(1 + bytes.len() / 16) {
                    run(&name, &bytes[..place]);
                    let mut turned = bytes.clone();
                    turned[place] ^= 1;
                    run(&name, &turned);
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "there is no target `nothing`")]
    fn a_target_that_is_not_there_is_no_success() {
        run("nothing", b"");
    }
}
