//! What an auditor sees of the day: reasons that carriers are not told, and what the records hold.

use super::asker::Asker;
use super::player::Player;
use crate::cli::failure::Failure;
use crate::grpc::pb::v1 as pb;

/// The longest page of a history.
const PAGE_SIZE: i32 = 100;

impl Player {
    /// The reasons on record for a decision; none if there is nothing to read.
    pub(super) async fn recorded_reasons(&mut self, decision_id: &str) -> Result<Vec<String>, Failure> {
        let request = pb::GetDecisionRequest { decision_id: decision_id.to_owned(), consistency_token: String::new() };
        let answer = self.under(&auditor())?.decisions().get_decision(request).await?.into_inner();
        let reasons = answer.decision.map(|decision| decision.reasons).unwrap_or_default();
        Ok(reasons.into_iter().map(|reason| reason.code).collect())
    }

    /// How many decisions an account's history holds.
    pub(super) async fn recorded_decisions(&mut self, account_id: &str) -> Result<usize, Failure> {
        let mut protection = self.under(&auditor())?.protection();
        let (mut decisions, mut page_token) = (0_usize, String::new());
        loop {
            let scope = Some(pb::list_activity_request::Scope::AccountId(account_id.to_owned()));
            let request = pb::ListActivityRequest { scope, page_size: PAGE_SIZE, page_token };
            let page = protection.list_activity(request).await?.into_inner();
            let decided = page.activities.iter().filter(|one| one.outcome() != pb::Outcome::Unspecified);
            decisions = decisions.saturating_add(decided.count());
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(decisions);
            }
        }
    }
}

fn auditor() -> Asker {
    Asker::system("auditor", "auditor-1")
}
