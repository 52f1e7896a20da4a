use super::*;

fn pending() -> Proposal {
    let act = Act::Ranking {
        ranking: RankingId(uuid::Uuid::from_u128(1)),
    };
    let id = ProposalId(uuid::Uuid::from_u128(2));
    let event = request(
        id,
        "er/2016".parse().unwrap(),
        act,
        "a".into(),
        "anna",
        DateTime::UNIX_EPOCH,
    );
    apply(None, &event).unwrap()
}

#[test]
fn nobody_approves_their_own_proposal() {
    let refusal = approve(&pending(), "anna", None, "a", DateTime::UNIX_EPOCH).unwrap_err();

    assert_eq!(refusal.reason(), "SECOND_PERSON_REQUIRED");
}

#[test]
fn a_changed_payload_is_not_what_was_proposed() {
    let refusal = approve(&pending(), "bruno", None, "b", DateTime::UNIX_EPOCH).unwrap_err();

    assert_eq!(refusal.reason(), "PROPOSAL_CHANGED");
}

#[test]
fn a_proposal_expires_after_its_last_instant() {
    let proposal = pending();
    assert!(approve(&proposal, "bruno", None, "a", proposal.expires_at).is_ok());

    let late = proposal.expires_at + TimeDelta::microseconds(1);

    assert_eq!(
        approve(&proposal, "bruno", None, "a", late)
            .unwrap_err()
            .reason(),
        "PROPOSAL_EXPIRED"
    );
}

#[test]
fn what_nobody_decided_in_time_gives_its_place_away() {
    let proposal = pending();
    assert_eq!(expire(&proposal, proposal.expires_at), None);
    let late = proposal.expires_at + TimeDelta::microseconds(1);

    let event = expire(&proposal, late).unwrap();
    let expired = apply(Some(proposal), &event).unwrap();

    assert_eq!(expired.state, State::Expired);
    assert_eq!(expire(&expired, late), None);
    let refusal = approve(&expired, "bruno", None, "a", late).unwrap_err();
    assert_eq!(refusal.reason(), "PROPOSAL_STATE");
}

#[test]
fn what_would_be_done_to_a_call_is_another_thing_once_the_call_changed() {
    let mut call = crate::call::tests::call();
    let extension = Act::Extension {
        closes_at: DateTime::UNIX_EPOCH + TimeDelta::days(40),
        closes_text: "1970-02-10 01:00".to_owned(),
        act: "DD 1".to_owned(),
        reason: None,
    };
    let cancellation = Act::Cancellation {
        cancellation: Cancellation {
            act: "DD 1".to_owned(),
            reason: "no funds".to_owned(),
        },
    };
    let rules = Act::RuleChange {
        rules: Box::new(call.terms.rules.clone()),
        differences: Vec::new(),
        affected: Vec::new(),
    };
    let acts = [Act::Publication, extension, cancellation, rules];
    let payloads = |call: &Call| acts.clone().map(|act| act.call_payload(call).unwrap());
    let before = payloads(&call);
    assert_eq!(before, payloads(&call));

    call.terms.window.closes_at += TimeDelta::days(1);
    call.ranking = Some(RankingId(uuid::Uuid::from_u128(1)));
    call.terms.rules.version += 1;
    let after = payloads(&call);

    assert!(before.iter().zip(&after).all(|(old, new)| old != new));
}

#[test]
fn the_number_of_an_act_is_stated_once() {
    let extension = |act: &str| Proposal {
        act: Act::Extension {
            closes_at: DateTime::UNIX_EPOCH,
            closes_text: String::new(),
            act: act.to_owned(),
            reason: None,
        },
        ..pending()
    };
    let approved = |proposal: &Proposal, stated| {
        let event = approve(proposal, "bruno", stated, "a", DateTime::UNIX_EPOCH)?;
        Ok::<_, Refusal>(apply(Some(proposal.clone()), &event).unwrap())
    };
    let (stated, left) = (extension("DD 1"), extension(ACT_TO_BE_STATED));

    assert_eq!(approved(&stated, None).unwrap().stated_act, None);
    assert_eq!(
        approved(&left, Some("DD 2")).unwrap().stated_act.as_deref(),
        Some("DD 2")
    );
    assert_eq!(approved(&left, None).unwrap_err().reason(), "ACT_MISSING");
    let other = approved(&stated, Some("DD 2")).unwrap_err();
    assert_eq!(other.reason(), "ACT_STATED");
}

#[test]
fn a_decided_proposal_is_not_decided_again() {
    let proposal = pending();
    let event = approve(&proposal, "bruno", None, "a", DateTime::UNIX_EPOCH).unwrap();
    let approved = apply(Some(proposal), &event).unwrap();

    let refusal = reject(&approved, "carla", "no", DateTime::UNIX_EPOCH).unwrap_err();

    assert_eq!(refusal.reason(), "PROPOSAL_STATE");
}
