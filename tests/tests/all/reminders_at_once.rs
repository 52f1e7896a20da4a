//! Two daemons on one PostgreSQL fold reminders to one address at the same moment: one letter.

use bando_store::Settings;
use bando_tests::daemon::{TestDaemon, closes_at, opens_at, serve, until};
use bando_tests::raw::Raw;
use chrono::TimeDelta;
use tempfile::TempDir;

use crate::reminders::{reminders, text_of, topic, with_reminders, without_accreditation};

/// Who waits for the table of letters in order to write the first one of the day into it.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
                       AND query LIKE 'INSERT INTO \"letters\"%'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_daemons_that_fold_at_the_same_moment_write_one_letter() {
    let all = [
        topic("draft_not_submitted", "\"T-7d\"", ""),
        topic("accreditation", "\"T-7d\"", ""),
    ];
    let daemon = with_reminders(TestDaemon::start_on_postgres().await, &all.concat()).await;
    daemon.turn_clock_to(opens_at()).await;
    without_accreditation(&daemon, 1).await.draft().await;
    // Tuesday 24 May, nine in Rome.
    let due = closes_at() - TimeDelta::hours(7 * 24 + 7);
    daemon.turn_clock_to(due - TimeDelta::hours(1)).await;
    let folder = TempDir::new().unwrap();
    let mut config = daemon.config.clone();
    config.data_dir = folder.path().to_owned();
    let second = serve(&config).await.unwrap();
    let Settings::Postgres { url, .. } = &config.database else {
        panic!("{:?}", config.database)
    };
    let (raw, beside) = (
        Raw::postgres(url).await.unwrap(),
        Raw::postgres(url).await.unwrap(),
    );
    let lock = tokio::spawn({
        let raw = raw.clone();
        async move {
            let hold = "BEGIN; LOCK TABLE letters IN SHARE MODE; \
                        DO $$ DECLARE met bigint := 0; BEGIN FOR i IN 1..400 LOOP \
                        PERFORM pg_sleep(0.01); PERFORM pg_stat_clear_snapshot(); \
                        met := (WAITING); EXIT WHEN met >= 2; END LOOP; \
                        IF met < 2 THEN RAISE EXCEPTION 'only % came', met; END IF; \
                        END $$; COMMIT"
                .replace("WAITING", WAITING);
            raw.execute_unprepared(&hold).await
        }
    });
    let held = "SELECT count(*) FROM pg_locks WHERE mode = 'ShareLock' AND granted \
                AND relation = 'letters'::regclass";
    until(async || beside.number(held).await.unwrap() == 1).await;

    for running in [&daemon.running, &second] {
        running.cx.clock.simulated().unwrap().turn_to(due);
    }

    // It lets go once both have come to the letter.
    lock.await.unwrap().unwrap();
    let queued = "SELECT count(*) FROM reminders";
    until(async || beside.number(queued).await.unwrap() == 2).await;
    daemon.turn_clock_to(due + TimeDelta::minutes(2)).await;
    second.stop().await.unwrap();
    let letters = reminders(&daemon).await;
    let [letter] = letters.as_slice() else {
        panic!("{letters:?}")
    };
    let text = text_of(letter);
    assert!(text.contains("non ancora presentata"), "{text}");
    assert!(text.contains("Accreditamento regionale"), "{text}");
}
