//! All variations, through the public API: some services side by side, each with a clock of its own.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use tokio::task::JoinSet;

use super::super::report::with_more;
use super::super::stage::{Keys, Stage};
use super::families::{Families, Family};
use super::report::Report;
use super::turn::{Names, Turn, Way, turn, ways};
use super::vary::{Variation, vary};
use crate::cli::bench::Scratch;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::stores::StoreKind;
use crate::crypto::Cost;

/// Services side by side: while one waits for its disk, others work.
const SERVICES: usize = 4;

/// What is played.
pub(in crate::cli) struct Attacks<'a> {
    /// The scenarios' folder.
    pub(in crate::cli) folder: &'a Path,
    /// What may vary; none is the built-in file.
    pub(in crate::cli) families: Option<&'a Path>,
    /// Another number of variations, and another seed.
    pub(in crate::cli) variations: Option<u32>,
    pub(in crate::cli) seed: Option<u64>,
    /// The policy's file; none is the default one.
    pub(in crate::cli) policy: Option<PathBuf>,
    /// Where folders for the services are made.
    pub(in crate::cli) scratch: &'a Path,
}

/// What all services share.
struct Shared {
    families: Families,
    variations: Vec<Variation>,
    keys: Keys,
}

/// Plays them: exit code 3 where one is approved, or its owner is not.
pub(in crate::cli) async fn attacks(args: Attacks<'_>, output: Output) -> Result<Exit, Failure> {
    let families = Families::read(args.folder, args.families)?;
    let (count, seed) = (args.variations.unwrap_or(families.variations), args.seed.unwrap_or(families.seed));
    let variations = vary(&families, count, seed)?;
    let began = Instant::now();
    let scratch = Scratch::make(args.scratch)?;
    let keys = Keys::make(&scratch, Cost::LowForTestPurposesOnly, StoreKind::Embedded)?;
    let shared = Arc::new(Shared { families, variations, keys });
    let mut playing = JoinSet::new();
    for (policy, places) in shared.by_policy(args.policy.as_ref(), &scratch)? {
        let shared = Arc::clone(&shared);
        playing.spawn(async move { shared.play(policy, places).await });
    }
    let mut report = Report::new(&shared.families, seed, count);
    while let Some(played) = playing.join_next().await {
        let played = played.map_err(|error| Failure::failed(format!("a service broke: {error}")))??;
        for Played { family, way, turn } in played {
            report.note(family, way, turn);
        }
    }
    report.took = began.elapsed();
    output.show(&report)?;
    Ok(if report.has_problems() { Exit::Denied } else { Exit::Done })
}

/// A service: the file of its policy, and its variations.
type OfService = (Option<PathBuf>, Vec<usize>);

/// A turn that was played.
struct Played {
    family: usize,
    way: Way,
    turn: Turn,
}

impl Shared {
    fn family(&self, place: usize) -> Result<&Family, Failure> {
        self.families.all.get(place).ok_or_else(|| Failure::failed("a family is not there"))
    }

    /// The variations of each service: of the policy that is asked about, and of those that scenarios add something to.
    fn by_policy(&self, policy: Option<&PathBuf>, scratch: &Scratch) -> Result<Vec<OfService>, Failure> {
        let mut by_policy: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (place, variation) in self.variations.iter().enumerate() {
            let more = self.family(variation.family)?.scenario.policy.as_str();
            by_policy.entry(more).or_default().push(place);
        }
        let mut services = Vec::new();
        for (number, (more, places)) in by_policy.into_iter().enumerate() {
            let (file, services_of) = match more {
                "" => (policy.cloned(), SERVICES),
                more => (Some(with_more(scratch, &number.to_string(), more)?), 1),
            };
            for nth in 0..services_of {
                services.push((file.clone(), places.iter().copied().skip(nth).step_by(services_of).collect()));
            }
        }
        Ok(services)
    }

    /// Plays some variations on a service of their own.
    async fn play(&self, policy: Option<PathBuf>, places: Vec<usize>) -> Result<Vec<Played>, Failure> {
        // Each turn has a store of its own, and a variation at most three turns.
        let stores = u32::try_from(places.len()).unwrap_or(u32::MAX).saturating_mul(3);
        let stage = Stage::for_many(&self.keys, policy, stores).await?;
        let mut played = Vec::new();
        let mut names = Names { turn: 0, household: 1 };
        for variation in places.into_iter().filter_map(|place| self.variations.get(place)) {
            let family = self.family(variation.family)?;
            for way in ways(family) {
                let turn = turn(&stage, family, variation, (way, names)).await?;
                played.push(Played { family: variation.family, way, turn });
                names.turn = names.turn.saturating_add(1);
                names.household = names.household.saturating_add(family.scenario.households);
            }
        }
        stage.clear().await?;
        Ok(played)
    }
}
