//! A full virtual year of five hundred applications on both databases, with the daemon's own loops on
//! and three days of downtime in it: every invariant holds, and the reminders that were missed follow
//! their own lateness. `BANDO_YEAR_APPLICATIONS` makes a longer or a shorter year of it.

use std::path::Path;

use bando_daemon::rehearsal::record::Record;
use bando_daemon::rehearsal::{Downtime, Files, Pace, Rehearsed, Wanted, files, rehearse};
use bando_domain::reminder::Topic;
use bando_store::Settings;
use bando_tests::seed::from_environment;
use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Over the reminders of fourteen days before the close: 17 May 2016, 09:00 in Bologna.
fn downtime() -> Downtime {
    Downtime {
        from: instant("2016-05-16T12:00:00Z"),
        lasting: TimeDelta::days(3),
    }
}

/// The call of 2016, in which one topic is sent late and another is left out when it was missed.
fn call() -> Files {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/calls/2016.toml");
    let shipped = files::read(&path, None).unwrap();
    let (name, text) = shipped.call;
    let topic = "topic = \"no_draft\"\n";
    assert!(text.contains(topic));
    let text = text.replace(topic, &format!("{topic}lateness = \"skip\"\n"));
    files::parse(shipped.programme, (name, text)).unwrap()
}

fn applications() -> u32 {
    let asked = from_environment("BANDO_YEAR_APPLICATIONS");
    asked.map_or(500, |count| count.try_into().unwrap())
}

async fn a_year_on(database: impl FnOnce(&Path) -> Settings) -> Rehearsed {
    let folder = TempDir::new().unwrap();
    let data_dir = folder.path().join("data");
    let wanted = Wanted {
        files: call(),
        applications: applications(),
        seed: 1,
        letters_dir: folder.path().join("letters"),
        database: database(&data_dir),
        data_dir,
        pace: Pace::ByItself,
        downtimes: vec![downtime()],
        progress: |_| {},
    };
    Box::pin(rehearse(wanted)).await.unwrap()
}

/// Lines of a topic that left, of the instant that the downtime covers.
fn lines_of_downtime(record: &Record, topic: Topic) -> Vec<(bool, DateTime<Utc>)> {
    let letters = record.letters.iter().filter(|letter| letter.has_left());
    let lines = letters.flat_map(|letter| letter.lines.iter().map(move |line| (letter, line)));
    lines
        .filter(|(_, line)| line.topic == topic && downtime().covers(line.nominal_at))
        .filter_map(|(letter, line)| Some((line.is_late, letter.sent_at?)))
        .collect()
}

fn expect_a_sound_year(year: &Rehearsed) {
    let (report, record) = (&year.report, &year.record);
    assert_eq!(report.findings(), 0, "{}", report.text());
    assert_eq!(
        record.consortia.len(),
        usize::try_from(applications()).unwrap()
    );
    let back_at = downtime().until();
    let sent_late = lines_of_downtime(record, Topic::DraftNotSubmitted);
    assert!(!sent_late.is_empty());
    let a_minute_later = back_at + TimeDelta::seconds(60);
    for (is_late, sent_at) in sent_late {
        assert!(is_late);
        assert!(sent_at >= back_at && sent_at <= a_minute_later, "{sent_at}");
    }
    assert_eq!(lines_of_downtime(record, Topic::NoDraft), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_virtual_year_of_five_hundred_applications_holds_on_sqlite() {
    let year = a_year_on(|data_dir| Settings::Sqlite {
        file: data_dir.join("bando.sqlite"),
    })
    .await;

    expect_a_sound_year(&year);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_virtual_year_of_five_hundred_applications_holds_on_postgres() {
    let url = bando_tests::postgres::fresh_database().await.unwrap();
    let year = a_year_on(|_| Settings::Postgres {
        url,
        connections: 8,
    })
    .await;

    expect_a_sound_year(&year);
}
