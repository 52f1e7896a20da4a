//! Rules that change while a call runs, over gRPC on the running daemon, on both databases.

use bando_proto::v1;
use bando_tests::daemon::{Applicant, CALL, TestDaemon, closes_at, opens_at, project};
use chrono::TimeDelta;
use tonic::Status;

use crate::rankings::compute;
use crate::stories::reason;

/// The rules of the sample call as their second version: a website may cost 15,000 EUR.
fn second_version() -> String {
    let file = bando_daemon::samples::CALL_2016.1;
    let rules = &file[file.find("[rules]").unwrap()..file.find("[[reminders]]").unwrap()];
    rules
        .replacen("version = 1", "version = 2", 1)
        .replacen("act = \"Call 2016\"", "act = \"DGR 170/2016\"", 1)
        .replacen("cap = \"10000.00\"", "cap = \"15000.00\"", 1)
}

async fn propose(daemon: &TestDaemon, file: &str) -> Result<v1::Proposal, Status> {
    let request = v1::ProposeRuleChangeRequest {
        name: CALL.to_owned(),
        etag: daemon.call().await.etag,
        file: file.to_owned(),
        file_name: "rules-2.toml".to_owned(),
        ..Default::default()
    };
    let proposed = daemon.manager.calls().propose_rule_change(request).await?;
    Ok(proposed.into_inner())
}

/// A draft with a website of 14,000.00 EUR beside its fair.
async fn draft_with_website(applicant: &Applicant) -> v1::Application {
    let mut project = project(&applicant.consortium);
    project.budget_lines.push(v1::BudgetLine {
        activity: "A1".to_owned(),
        category: "website".to_owned(),
        description: "sito".to_owned(),
        amount_cents: 1_400_000,
    });
    applicant.create(project).await.unwrap()
}

fn grants(affected: &[v1::AffectedApplication]) -> Vec<(String, i64, i64)> {
    let cents = |side: Option<&v1::JudgedByRules>| side.unwrap().grant_cents;
    let each = affected.iter().map(|known| {
        let (before, after) = (known.before.as_ref(), known.after.as_ref());
        (known.application.clone(), cents(before), cents(after))
    });
    each.collect()
}

async fn on_both(story: impl AsyncFn(TestDaemon)) {
    for daemon in [
        TestDaemon::start().await,
        TestDaemon::start_on_postgres().await,
    ] {
        daemon.publish().await;
        daemon.turn_clock_to(opens_at()).await;
        Box::pin(story(daemon)).await;
    }
}

#[tokio::test]
async fn new_rules_show_whom_they_affect_before_a_second_person_puts_them_in_force() {
    on_both(async |daemon| {
        let (other, affected) = (daemon.applicant(1).await, daemon.applicant(2).await);
        other.submit(&other.draft().await).await.unwrap();
        let draft = draft_with_website(&affected).await;

        let proposal = propose(&daemon, &second_version()).await.unwrap();

        let key = "rules.cost_categories[website].cap";
        let cap = proposal.differences.iter().find(|found| found.key == key);
        let cap = cap.unwrap();
        assert_eq!(
            (cap.before.as_str(), cap.after.as_str()),
            ("10,000.00 EUR", "15,000.00 EUR")
        );
        // 40 % of the fair, the website up to its cap, and 5 % of both on top.
        let expected = [(draft.name.clone(), 4_620_000, 4_788_000)];
        assert_eq!(grants(&proposal.affected), expected);
        assert_eq!(daemon.call().await.rules.unwrap().version, 1);
        // A second person sees whom it affects by then.
        affected.submit(&draft).await.unwrap();
        let third = daemon.applicant(3).await;
        draft_with_website(&third).await;
        let request = v1::GetProposalRequest {
            name: proposal.name.clone(),
        };
        let seen = daemon.approver.proposals().get_proposal(request).await;
        assert_eq!(seen.unwrap().into_inner().affected.len(), 2);

        daemon.approve(&proposal).await.unwrap();

        let call = daemon.call().await;
        assert_eq!(call.rules.unwrap().act, "DGR 170/2016");
        let request = v1::ListRuleSetsRequest {
            parent: CALL.to_owned(),
            ..Default::default()
        };
        let kept = daemon
            .officer
            .calls()
            .list_rule_sets(request)
            .await
            .unwrap();
        let kept = kept.into_inner().rule_sets;
        let versions: Vec<i32> = kept.iter().map(|rules| rules.version).collect();
        assert_eq!(versions, [1, 2]);
        assert_eq!(daemon.letters_of("rules_changed").await.len(), 3);
        let again = propose(&daemon, &second_version()).await.unwrap_err();
        assert_eq!(reason(&again), "RULES_VERSION");
    })
    .await;
}

#[tokio::test]
async fn a_check_keeps_its_version_and_is_made_again_where_new_rules_judge_otherwise() {
    on_both(async |daemon| {
        let (same, changed) = (daemon.applicant(1).await, daemon.applicant(2).await);
        let same_name = same.submit(&same.draft().await).await.unwrap();
        let draft = draft_with_website(&changed).await;
        let submitted = changed.submit(&draft).await.unwrap();
        daemon.turn_clock_to(closes_at() + TimeDelta::days(1)).await;
        let same = daemon.check(&same_name.application.unwrap()).await;
        let checked = daemon.check(&submitted.application.unwrap()).await;
        for application in [&same, &checked] {
            for evaluator in ["carlo", "diana", "elio"] {
                daemon.score(&application.name, evaluator, "8").await;
            }
        }
        let ranking_before = compute(&daemon).await.unwrap().proposal.unwrap();
        let file = second_version().replacen(
            "effective_on = \"2016-04-04\"",
            "effective_on = \"2016-05-30\"",
            1,
        );
        let fixed = file.replacen("decimals = 2", "decimals = 1", 1);
        let refusal = propose(&daemon, &fixed).await.unwrap_err();
        assert_eq!(reason(&refusal), "RULES_FIXED");
        let proposal = propose(&daemon, &file).await.unwrap();
        let expected = [(checked.name.clone(), 4_620_000, 4_788_000)];
        assert_eq!(grants(&proposal.affected), expected);

        daemon.approve(&proposal).await.unwrap();

        let outdated = daemon.approve(&ranking_before).await.unwrap_err();
        assert_eq!(reason(&outdated), "RANKING_OUTDATED");
        let kept = changed.get(&checked.name).await.unwrap();
        let check = kept.check.as_ref().unwrap();
        assert_eq!(check.rule_set_version, 1);
        let refusal = compute(&daemon).await.unwrap_err();
        assert_eq!(reason(&refusal), "CHECK_OUTDATED");
        let label = &proposal.affected[0].label;
        assert!(refusal.message().contains(label), "{refusal}");

        let request = v1::OpenCheckRequest {
            name: kept.name.clone(),
            etag: kept.etag.clone(),
            ..Default::default()
        };
        let mut desk = daemon.officer.eligibility();
        let renewed = desk.open_check(request).await.unwrap().into_inner();
        assert_eq!(renewed.check.as_ref().unwrap().rule_set_version, 2);
        let request = v1::ConcludeCheckRequest {
            name: renewed.name.clone(),
            etag: renewed.etag.clone(),
            ..Default::default()
        };
        let concluded = desk.conclude_check(request).await.unwrap().into_inner();
        assert_eq!(concluded.state(), v1::ApplicationState::Admissible);
        let ranking = compute(&daemon).await.unwrap().ranking.unwrap();
        assert_eq!(ranking.rule_set_version, 2);
        let mut full: Vec<i64> = ranking
            .entries
            .iter()
            .map(|entry| entry.full_cents)
            .collect();
        full.sort_unstable();
        assert_eq!(full, [4_200_000, 4_788_000]);
    })
    .await;
}

#[tokio::test]
async fn new_rules_wait_for_their_day_and_bring_no_new_budget() {
    let daemon = TestDaemon::open().await;
    let tomorrow = second_version().replacen(
        "effective_on = \"2016-04-04\"",
        "effective_on = \"2016-04-05\"",
        1,
    );
    let budget = format!("budget = \"1.00\"\n{}", second_version());

    let refusal = propose(&daemon, &budget).await.unwrap_err();
    let proposal = propose(&daemon, &tomorrow).await.unwrap();
    let early = daemon.approve(&proposal).await.unwrap_err();

    assert_eq!(reason(&refusal), "FILE_INVALID");
    assert!(refusal.message().contains("budget"), "{refusal}");
    assert_eq!(reason(&early), "RULES_NOT_YET_EFFECTIVE");
    daemon.turn_clock_to(opens_at() + TimeDelta::days(1)).await;
    daemon.approve(&proposal).await.unwrap();
    assert_eq!(daemon.call().await.rules.unwrap().version, 2);
}
