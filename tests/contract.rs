//! What the generated messages can and cannot do.

use std::fmt::Debug;
use std::marker::PhantomData;

use portcullis::grpc::pb::v1;

/// `Prints::<T>::ITSELF` is true when `T` has `Debug`: the inherent constant hides the trait's where it exists.
struct Prints<T>(PhantomData<T>);

trait PrintsNothing {
    const ITSELF: bool = false;
}

impl<T> PrintsNothing for Prints<T> {}

impl<T: Debug> Prints<T> {
    const ITSELF: bool = true;
}

/// INVARIANT (secrets-stay-in): what holds a field marked `debug_redact`, at any depth, cannot be printed by a log
/// line, a panic or a failed assertion.
#[test]
fn messages_with_secrets_cannot_print_themselves() {
    let printing = [
        ("SetPinRequest", Prints::<v1::SetPinRequest>::ITSELF),
        ("IssueTransferPinResponse", Prints::<v1::IssueTransferPinResponse>::ITSELF),
        ("RedeemPermitRequest", Prints::<v1::RedeemPermitRequest>::ITSELF),
        ("UpsertAccountRequest", Prints::<v1::UpsertAccountRequest>::ITSELF),
        // These hold none themselves, but messages that do.
        ("DecideRequest", Prints::<v1::DecideRequest>::ITSELF),
        ("CompleteDecisionResponse", Prints::<v1::CompleteDecisionResponse>::ITSELF),
        ("SubmitEvidenceRequest", Prints::<v1::SubmitEvidenceRequest>::ITSELF),
        ("PendingChallenge", Prints::<v1::PendingChallenge>::ITSELF),
        ("DecideResponse", Prints::<v1::DecideResponse>::ITSELF),
        ("BatchDecideRequest", Prints::<v1::BatchDecideRequest>::ITSELF),
        ("ImportAccountsRequest", Prints::<v1::ImportAccountsRequest>::ITSELF),
    ];
    for (message, prints) in printing {
        assert!(!prints, "`{message}` has `Debug`");
    }
}

#[test]
fn messages_without_secrets_can() {
    let reason = Prints::<v1::Reason>::ITSELF;
    let outcome = Prints::<v1::Outcome>::ITSELF;
    assert!(reason && outcome);
}
