//! Reasons that an operator's policy declares: on the wire with their code, class and meaning.

use portcullis::grpc::pb::v1 as pb;
use portcullis::policy::load;

use crate::world::{ACCOUNT_NUMBER, BRAND, NEW_SIM, World, ask, port_out, sim_change};

const OWN: &str = "extends = \"us-default\"
[[reason]]
code = \"X_STOCK_TAKING\"
meaning = \"No SIM is changed while stock is taken.\"
class = \"RIGHTS\"
carrier = \"6K\"
[[rule]]
id = \"mine-stock-taking\"
when = 'true'
at_least = \"DENY\"
reason = \"X_STOCK_TAKING\"
";

fn told(decision: &pb::Decision) -> Vec<(&str, pb::ReasonClass, &str, &str)> {
    let reasons = decision.reasons.iter();
    reasons.map(|told| (told.code.as_str(), told.class(), told.rule_id.as_str(), told.message.as_str())).collect()
}

#[tokio::test]
async fn an_operators_own_reason_is_told_to_each_as_it_is_theirs_to_know() {
    let world = World::populated().await;
    world.engine.take_policy(load("own.toml", OWN).unwrap(), false).await.unwrap();
    let at_counter = ask(&world, sim_change(NEW_SIM), pb::Channel::Store);
    let answer = world.decisions().decide(world.as_role("retail_agent", at_counter.clone())).await.unwrap();
    let decision = answer.into_inner().decision.unwrap();
    assert_eq!(decision.outcome(), pb::Outcome::Deny);
    let own =
        ("X_STOCK_TAKING", pb::ReasonClass::Rights, "mine-stock-taking", "No SIM is changed while stock is taken.");
    assert_eq!(told(&decision), [own]);
    // A carrier is told the code that it is mapped to, and nothing else.
    let port = pb::DecideRequest {
        claims: Some(pb::Claims { account_number: ACCOUNT_NUMBER.to_owned(), ..pb::Claims::default() }),
        dialect: "wicis".to_owned(),
        ..ask(&world, port_out(), pb::Channel::Port)
    };
    let answer = world.decisions().decide(world.as_role("porting_system", port)).await.unwrap();
    let decision = answer.into_inner().decision.unwrap();
    assert_eq!((decision.outcome(), told(&decision)), (pb::Outcome::Deny, Vec::new()));
    assert_eq!(decision.wire.unwrap().codes, ["6K"]);
    // A repeated request is answered from the record, whatever decides by then.
    world.engine.take_policy(load("next.toml", "extends = \"us-default\"\n").unwrap(), false).await.unwrap();
    let again = world.decisions().decide(world.as_role("retail_agent", at_counter)).await.unwrap();
    assert_eq!(told(&again.into_inner().decision.unwrap()), [own]);
    let after = ask(&world, sim_change(NEW_SIM), pb::Channel::Store);
    let after = world.decisions().decide(world.as_role("retail_agent", after)).await.unwrap();
    assert!(!told(&after.into_inner().decision.unwrap()).contains(&own));
}

/// What somebody may still say no to is not confirmed to another carrier.
#[tokio::test]
async fn a_port_that_waits_is_delayed() {
    const WAITS: &str = "extends = \"us-default\"
[[rule]]
id = \"mine-waits\"
on = [\"PORT_OUT\"]
when = 'true'
wait = \"1h\"
reason = \"SCORE_HIGH\"
";
    for (policy, expected) in [("extends = \"us-default\"\n", pb::WireAnswer::Confirm), (WAITS, pb::WireAnswer::Delay)]
    {
        let world = World::populated().await;
        world.engine.take_policy(load("own.toml", policy).unwrap(), false).await.unwrap();
        let mut port = pb::DecideRequest {
            claims: Some(pb::Claims { account_number: ACCOUNT_NUMBER.to_owned(), ..pb::Claims::default() }),
            dialect: "wicis".to_owned(),
            ..ask(&world, port_out(), pb::Channel::Port)
        };
        let brand = portcullis::domain::Brand::parse(BRAND).unwrap();
        let signed = portcullis::grpc::convert::ask::decide(port.clone(), &brand).unwrap().0.signing_input();
        let (device_key_id, signature) = ("phone".to_owned(), world.app.sign(signed.as_bytes()));
        let approval = pb::evidence::Evidence::AppApproval(pb::AppApproval { device_key_id, signature });
        port.evidence = vec![pb::Evidence { evidence: Some(approval) }];
        let answer = world.decisions().decide(world.as_role("porting_system", port)).await.unwrap();
        let decision = answer.into_inner().decision.unwrap();
        assert_eq!(decision.outcome(), pb::Outcome::Approve);
        assert_eq!(decision.wire.unwrap().answer(), expected);
    }
}
