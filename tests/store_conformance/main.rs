//! Every law of the store's contract, run against every store, and again through a double that refuses whatever is not of
//! one partition. A failure names the store and the law.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

mod failing;
mod harness;
mod laws;
mod model;
mod moving;
mod on_redis;
mod one_partition;
mod redis_alone;
mod redis_elsewhere;
#[path = "../redis_servers/mod.rs"]
mod redis_servers;
mod unproven;

use harness::Embedded;
use on_redis::OnRedis;
use one_partition::OnePartition;

/// Gives every law to a macro, after what else it is given.
macro_rules! every_law {
    ($stamp:ident! $($given:tt)*) => {
        $stamp! { $($given)*
            rows: version_starts_at_one, a_write_needs_the_version_it_expects, a_conflict_leaves_nothing,
                a_check_alone_writes_nothing, exactly_one_wins_a_version, rows_come_back_in_order,
                names_that_share_their_bits_stay_apart, new_rows_of_one_commit_share_a_bucket, what_goes_in_comes_out,
                what_is_out_of_bounds_is_refused;
            durability: what_is_acknowledged_is_there_after_a_crash, what_is_closed_is_there_too, positions_grow,
                a_position_not_reached_is_behind, each_commit_rings_its_partition, a_record_is_found_by_its_id,
                a_record_is_appended_once, the_newest_index_entry_wins;
            requests: another_digest_is_taken_and_told_nothing, the_same_digest_may_come_again,
                an_answered_request_gives_its_record, a_key_is_claimed_once, a_claim_comes_before_every_other_refusal,
                one_of_many_claims_wins, a_reservation_with_a_look_lasts;
            upkeep: an_accounts_rows_are_met_once_and_in_order, every_permit_is_met_once, a_page_of_long_rows_ends_early,
                what_is_resealed_keeps_its_place_and_version, only_the_same_bytes_are_resealed,
                who_writes_and_who_reseals_do_not_meet;
            windows: an_attempt_is_charged_once, a_charge_before_a_look_lasts, a_charge_before_a_commit_lasts_with_it,
                a_settled_charge_never_counts,
                what_is_settled_outside_counts_no_more, a_charge_before_nothing_counts_at_once, a_conflict_settles_nothing, the_newest_up_to_the_cap_are_kept,
                windows_stay_apart, no_more_than_the_limit_look;
            time: a_clock_behind_is_refused, due_entries_come_in_order, due_entries_acted_on_are_gone,
                a_lease_has_one_holder, fencing_numbers_never_go_back;
            journal: records_come_in_the_order_of_their_commits, an_account_stands_in_one_journal,
                a_page_goes_on_where_the_last_ended, a_page_of_long_bodies_ends_early, no_page_is_longer_than_any_may_be, a_refused_commit_is_in_no_journal,
                who_follows_misses_nothing, what_a_ring_told_of_is_there, every_account_is_met_once;
            forgetting: what_is_taken_out_is_the_beginning, what_is_not_a_record_stays,
                the_newest_of_what_is_gone_is_told, wrong_questions_take_nothing_out, the_life_of_a_store_is_told;
            model: every_history_agrees_with_the_model;
        }
    };
}

/// Each law is a test of its own, for one store.
macro_rules! conformance {
    ($store:ident, $home:expr) => {
        every_law! { each! $store, $home, }
    };
}

macro_rules! each {
    ($store:ident, $home:expr, $($group:ident: $($law:ident),*;)*) => {
        mod $store {
            use super::*;
            $(mod $group {
                use super::*;
                $(#[tokio::test]
                async fn $law() {
                    crate::laws::$group::$law(&$home).await;
                })*
            })*
        }
    };
}

/// All laws are one test: their servers take long to come together.
macro_rules! together {
    ($store:ident, $servers:expr, $home:expr, $($group:ident: $($law:ident),*;)*) => {
        #[tokio::test]
        async fn $store() {
            let servers = std::sync::Arc::new($servers.await);
            $($({
                println!("{}: {}", stringify!($group), stringify!($law));
                let home = $home(&servers);
                crate::laws::$group::$law(&home).await;
            })*)*
        }
    };
}

conformance!(embedded, Embedded::new());
conformance!(embedded_merging_often, Embedded::merging_often());
conformance!(redis_server, OnRedis::server());
conformance!(redis_server_in_one_partition, OnePartition::new(OnRedis::server()));
conformance!(embedded_in_one_partition, OnePartition::new(Embedded::new()));
every_law! { together! redis_cluster, redis_servers::Cluster::start(), OnRedis::cluster, }
