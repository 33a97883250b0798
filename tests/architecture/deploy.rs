//! What stands beside the program: manifests, dashboard and alerts name what is there.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a check that cannot be made should fail where it is")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use portcullis::config::Limits;
use portcullis::telemetry::Metrics;

use crate::root;

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every name in a text that begins as counters do.
fn metrics_in(text: &str) -> BTreeSet<&str> {
    let is_part = |letter: char| letter.is_ascii_lowercase() || letter == '_' || letter.is_ascii_digit();
    let words = text.split(|letter: char| !is_part(letter));
    words.filter(|word| word.starts_with("portcullis_")).collect()
}

#[test]
fn the_dashboard_and_the_alerts_name_counters_that_are_there() {
    let metrics = Metrics::new();
    let names: BTreeSet<&str> = metrics.described().iter().map(|described| described.name.as_str()).collect();
    let of_histogram = |name: &str| {
        let stem = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end));
        let is_one = |stem| metrics.described().iter().any(|told| told.name == stem && told.kind == "histogram");
        stem.is_some_and(is_one)
    };
    let mut shown = BTreeSet::new();
    for path in ["deploy/grafana/dashboard.json", "deploy/prometheus/alerts.yml"] {
        let text = text(path);
        let used = metrics_in(&text);
        assert!(used.len() >= 8, "{path} names {used:?}");
        for name in &used {
            assert!(names.contains(name) || of_histogram(name), "{path} names `{name}`, which nobody counts");
        }
        shown.extend(used.into_iter().map(str::to_owned));
    }
    for name in names {
        assert!(shown.iter().any(|used| used.starts_with(name)), "`{name}` is neither shown nor watched");
    }
    let dashboard: serde_json::Value = serde_json::from_str(&text("deploy/grafana/dashboard.json")).unwrap();
    assert!(!dashboard["panels"].as_array().unwrap().is_empty());
}

/// Against the schemas of a release of Kubernetes, strictly: a field that is not there is an error.
#[test]
fn the_manifests_are_what_a_cluster_takes() {
    let python = root().join("target/python/bin");
    let check = python.join("kubernetes-validate");
    assert!(check.exists(), "`make setup` makes {}", check.display());
    let checked =
        Command::new(check).args(["--strict", "deploy/kubernetes/portcullis.yaml"]).current_dir(root()).output();
    let checked = checked.unwrap();
    let told = String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat()).into_owned();
    assert!(checked.status.success(), "{told}");
    for kind in ["statefulset", "service", "poddisruptionbudget", "networkpolicy", "configmap", "namespace"] {
        assert!(told.contains(&format!("{kind}/portcullis")), "no {kind} in {told}");
    }
}

/// The settings in the manifests are settings, and one process owns the store.
#[test]
fn the_manifests_hold_one_replica_and_settings_that_are_known() {
    let manifests = text("deploy/kubernetes/portcullis.yaml");
    assert_eq!(manifests.matches("replicas: 1\n").count(), 1);
    assert_eq!(manifests.matches("replicas:").count(), 1);
    let settings = manifests.split_once("portcullis.toml: |\n").unwrap().1.split("---").next().unwrap();
    let settings: Vec<&str> = settings.lines().map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
    let file: PathBuf = root().join("target/kubernetes-settings.toml");
    fs::write(&file, settings.join("\n")).unwrap();
    portcullis::config::Config::load(Some(&file), &portcullis::config::Overrides::default()).unwrap();
}

/// As many descriptors as connections and the store need, in each place that sets them.
#[test]
fn descriptors_suffice_for_the_connections_that_are_allowed() {
    let needed = Limits::default().max_connections.get() + 128;
    assert!(text("deploy/systemd/portcullis.service").contains(&format!("LimitNOFILE={needed}\n")));
    assert!(text("deploy/container/Containerfile").contains(&format!("--ulimit nofile={needed}:{needed}")));
}

/// No key, no store and no history gets into an image.
#[test]
fn the_container_copies_sources_and_nothing_else() {
    let file = text("deploy/container/Containerfile");
    let copied: Vec<&str> = file.lines().filter_map(|line| line.strip_prefix("COPY ")).collect();
    let allowed: BTreeSet<String> = text("deploy/container/Containerfile.dockerignore")
        .lines()
        .filter_map(|line| line.strip_prefix('!'))
        .map(str::to_owned)
        .collect();
    for line in copied.iter().filter(|line| !line.starts_with("--from=build")) {
        let mut names: Vec<&str> = line.split_whitespace().collect();
        names.pop();
        for name in names {
            assert!(allowed.contains(name) && root().join(name).exists(), "`{name}` is copied");
        }
    }
    assert!(file.contains("\nUSER 10001:10001\n"), "it runs as root");
    let ignored = text("deploy/container/Containerfile.dockerignore");
    assert!(ignored.lines().any(|line| line == "*"), "everything else must be left out");
}
