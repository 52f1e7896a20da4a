//! `[[reminders]]`: each topic once, with its offsets and how they go out.

use chrono::NaiveTime;

use super::reader::{Read, Section, Value, all};
use super::values;
use crate::call::Window;
use crate::reminder::{
    Anchor, Channel, Lateness, OFFSET_FORM, Offset, QuietHours, Reminder, Shift, Topic,
    default_time,
};

/// Most `[[reminders]]` tables.
const TOPICS_LIMIT: usize = 20;
/// Most reminders of one topic.
pub(super) const OFFSETS_LIMIT: usize = 50;

/// What `[procedure]` takes: only what is before an end.
const BEFORE_FORM: &str = "must be a time before the end: T- and whole days, hours or minutes \
                           above zero, up to 366 days, such as \"T-30d\", \"T-4h\" or \"T-90m\"";
const TIME_FORM: &str = "must be a time of the day in quotes, such as \"09:00\"";
const QUIET_FORM: &str = "must be two different times of the day in quotes, such as \
                          [\"20:00\", \"08:00\"]";
const LENGTH_FORM: &str = "must be a length of whole days, hours or minutes above zero, up to 366 \
                           days, such as \"3d\", \"12h\" or \"90m\"";

const SHIFTS: [(&str, Shift); 2] = [
    ("previous_working_day", Shift::PreviousWorkingDay),
    ("none", Shift::None),
];

/// `window` is that of the call, where it could be read.
pub(super) fn read(value: &Value<'_>, window: Option<&Window>) -> Read<Vec<Reminder>> {
    let mut before = Vec::new();
    let mut reads = Vec::new();
    for section in value.sections(0..=TOPICS_LIMIT)? {
        let topic = section.required("topic", topic);
        if let Ok(topic) = topic {
            if before.contains(&topic) {
                section.refuse("topic", "must differ from the topics before it");
            }
            before.push(topic);
        }
        reads.push(reminder(&section, topic, window));
    }
    all(reads)
}

fn topic(value: &Value<'_>) -> Read<Topic> {
    values::choice(&Topic::ALL.map(|topic| (topic.as_str(), topic)))(value)
}

fn reminder(section: &Section<'_>, topic: Read<Topic>, window: Option<&Window>) -> Read<Reminder> {
    let at = section.optional("at", time_of_day);
    let shift = section.optional("shift", values::choice(&SHIFTS));
    let quiet_hours = section.optional("quiet_hours", quiet_hours);
    let channel = section.optional("channel", values::choice(&[("mail", Channel::Mail)]));
    let lateness = lateness(section);
    if let (Ok(at), Ok(Some(quiet))) = (&at, &quiet_hours)
        && quiet.hold(at.unwrap_or_else(default_time))
    {
        section.refuse(
            "at",
            "must be outside of the quiet hours; it is 09:00 when absent",
        );
    }
    // The offsets are held against what could be read.
    let declared = topic.ok().map(|topic| Reminder {
        at: at.ok().flatten().unwrap_or_else(default_time),
        shift: shift.ok().flatten().unwrap_or(Shift::PreviousWorkingDay),
        ..Reminder::new(topic, Vec::new())
    });
    let offsets = section.required("offsets", |value| {
        offsets(value, |offset| refused(declared.as_ref()?, offset, window))
    });
    Ok(Reminder {
        topic: topic?,
        offsets: offsets?,
        at: at?.unwrap_or_else(default_time),
        shift: shift?.unwrap_or(Shift::PreviousWorkingDay),
        quiet_hours: quiet_hours?,
        channel: channel?.unwrap_or(Channel::Mail),
        lateness: lateness?,
    })
}

/// Why an offset is none for this reminder.
fn refused(reminder: &Reminder, offset: Offset, window: Option<&Window>) -> Option<String> {
    if let Some(rule) = reminder.topic.refuses(offset) {
        return Some(rule.to_owned());
    }
    let window = window?;
    let (anchor_at, text) = match reminder.topic.anchor() {
        Anchor::Opening => (window.opens_at, &window.opens_text),
        Anchor::Close => (window.closes_at, &window.closes_text),
        Anchor::Case => return None,
    };
    let at = reminder.instant(offset, anchor_at, window.reckoning());
    let is_before = !matches!(offset, Offset::DaysAfter(_));
    (is_before && at > anchor_at).then(|| {
        let at = at.with_timezone(&window.zone.tz());
        let at = at.format("%Y-%m-%d %H:%M");
        format!("must not be after its deadline: it would go out at {at}, and that is {text}")
    })
}

/// `send`, late and saying so, perhaps only within a while; or `skip`.
fn lateness(section: &Section<'_>) -> Read<Lateness> {
    let choices = [("send", true), ("skip", false)];
    let is_sent = section.optional("lateness", values::choice(&choices));
    let within = section.optional("lateness_within", length);
    let is_sent = is_sent?.unwrap_or(true);
    if !is_sent && within.is_ok_and(|within| within.is_some()) {
        return Err(section.refuse(
            "lateness_within",
            "must be absent: what was missed is skipped, however late",
        ));
    }
    Ok(if is_sent {
        Lateness::Send {
            within_minutes: within?,
        }
    } else {
        Lateness::Skip
    })
}

fn time_of_day(value: &Value<'_>) -> Read<NaiveTime> {
    read_time(values::text(value)?).ok_or_else(|| value.refuse(TIME_FORM))
}

fn read_time(text: &str) -> Option<NaiveTime> {
    let time = NaiveTime::parse_from_str(text, "%H:%M").ok()?;
    (time.format("%H:%M").to_string() == text).then_some(time)
}

fn quiet_hours(value: &Value<'_>) -> Read<QuietHours> {
    let elements = value.elements(2..=2)?;
    let times: Read<Vec<NaiveTime>> = all(elements.iter().map(time_of_day).collect());
    match times?.as_slice() {
        [from, to] if from != to => Ok(QuietHours {
            from: *from,
            to: *to,
        }),
        _ => Err(value.refuse(QUIET_FORM)),
    }
}

/// Minutes of `3d`, `12h`, `90m`.
fn length(value: &Value<'_>) -> Read<u32> {
    let minutes = format!("T-{}", values::text(value)?).parse::<Offset>();
    let minutes = minutes.ok().and_then(Offset::minutes_before);
    minutes.ok_or_else(|| value.refuse(LENGTH_FORM))
}

/// Each different; at least one.
fn offsets(value: &Value<'_>, refused: impl Fn(Offset) -> Option<String>) -> Read<Vec<Offset>> {
    let elements = value.elements(1..=OFFSETS_LIMIT)?;
    let offset = |value: &Value<'_>| {
        let read: Option<Offset> = values::text(value)?.parse().ok();
        let offset = read.ok_or_else(|| value.refuse(OFFSET_FORM))?;
        refused(offset).map_or(Ok(offset), |rule| Err(value.refuse(rule)))
    };
    let reads: Vec<Read<Offset>> = elements.iter().map(offset).collect();
    refuse_twice(&elements, &reads, |one, other| {
        one == other
            || one
                .minutes_before()
                .is_some_and(|minutes| other.minutes_before() == Some(minutes))
    });
    all(reads)
}

/// Minutes before an end, each different.
pub(super) fn minutes_of(elements: &[Value<'_>]) -> Read<Vec<u32>> {
    let minutes = |value: &Value<'_>| {
        let read: Option<Offset> = values::text(value)?.parse().ok();
        let minutes = read.and_then(Offset::minutes_before);
        minutes.ok_or_else(|| value.refuse(BEFORE_FORM))
    };
    let reads: Vec<Read<u32>> = elements.iter().map(minutes).collect();
    refuse_twice(elements, &reads, |one, other| one == other);
    all(reads)
}

fn refuse_twice<T: Copy>(
    elements: &[Value<'_>],
    reads: &[Read<T>],
    is_same: impl Fn(T, T) -> bool,
) {
    for (at, (element, read)) in elements.iter().zip(reads).enumerate() {
        let Ok(read) = read else { continue };
        let earlier = elements.iter().zip(reads).take(at);
        let mut same = earlier.filter(|(_, known)| known.is_ok_and(|known| is_same(known, *read)));
        if let Some((first, _)) = same.next() {
            let path = first.path();
            element.refuse(format!("must differ from {path}, the same time"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call_file::tests::{CALL, accept, check, check_one, edited, parse, parsed};

    const OFFSETS: &str =
        "offsets = [\"T-30d\", \"T-14d\", \"T-7d\", \"T-3d\", \"T-1d\", \"T-4h\"]";
    const TOPIC: &str = "topic = \"draft_not_submitted\"";

    /// The reminders of a call with these alone.
    fn declared(text: &str) -> Result<Vec<Reminder>, Vec<crate::call_file::Mistake>> {
        let (before, after) = CALL.split_once("[[reminders]]").unwrap();
        let (_, after) = after.split_once("[document_limits]").unwrap();
        parse(&format!("{before}{text}\n[document_limits]{after}")).map(|call| call.terms.reminders)
    }

    #[test]
    fn offsets_are_days_hours_or_minutes_before_or_days_after() {
        for (text, expected) in [
            ("T-30d", Some(Offset::DaysBefore(30))),
            ("T-4h", Some(Offset::MinutesBefore(240))),
            ("T-90m", Some(Offset::MinutesBefore(90))),
            ("T-366d", Some(Offset::DaysBefore(366))),
            ("T0", Some(Offset::OnTheDay)),
            ("T+1d", Some(Offset::DaysAfter(1))),
            ("T+366d", Some(Offset::DaysAfter(366))),
            ("T-367d", None),
            ("T-8785h", None),
            ("T+367d", None),
            ("T-0d", None),
            ("T+0d", None),
            ("T-07d", None),
            ("T+4h", None),
            ("T--1d", None),
            ("T-1 mese", None),
            ("T-1w", None),
            ("T-1.5h", None),
            ("T-d", None),
            ("T-", None),
            ("T", None),
            ("T-0", None),
            ("30d", None),
            ("t-30d", None),
            ("T-99999999999d", None),
            ("T-3€", None),
            ("", None),
        ] {
            assert_eq!(text.parse::<Offset>().ok(), expected, "{text}");
            if let Some(offset) = expected {
                assert_eq!(offset.to_string().parse(), Ok(offset), "{text}");
            }
        }
    }

    #[test]
    fn reminders_differ_and_say_what_they_take() {
        let first = "\"T-30d\"";
        let again = format!("{TOPIC}\noffsets = [\"T-2d\"]\n[[reminders]]\n{TOPIC}");
        check(&[
            (
                first,
                "\"T-1 mese\"",
                "reminders[0].offsets[0]",
                "a time before the end",
            ),
            (first, "30", "reminders[0].offsets[0]", "must be text"),
            (
                first,
                "\"T-24h\"",
                "reminders[0].offsets[4]",
                "reminders[0].offsets[0], the same",
            ),
            (
                first,
                "\"T+1d\"",
                "reminders[0].offsets[0]",
                "must not be after its deadline",
            ),
            (
                TOPIC,
                "topic = \"x\"",
                "reminders[0].topic",
                "\"draft_not_submitted\"",
            ),
            (TOPIC, &again, "reminders[1].topic", "must differ"),
        ]);
        accept(&[(first, "\"T-90d\""), (first, "\"T0\"")]);
    }

    #[test]
    fn every_key_is_taken() {
        let read = declared(
            "[[reminders]]\ntopic = \"call_opens\"\noffsets = [\"T-7d\", \"T+3d\"]\nat = \"08:30\"\n\
             shift = \"none\"\nquiet_hours = [\"20:00\", \"08:00\"]\nchannel = \"mail\"\n\
             lateness = \"send\"\nlateness_within = \"2d\"\n\
             [[reminders]]\ntopic = \"evaluator_late\"\noffsets = [\"T+10d\"]\nlateness = \"skip\"",
        )
        .unwrap();

        let time = |text: &str| text.parse::<NaiveTime>().unwrap();
        let expected = Reminder {
            topic: Topic::CallOpens,
            offsets: vec![Offset::DaysBefore(7), Offset::DaysAfter(3)],
            at: time("08:30:00"),
            shift: Shift::None,
            quiet_hours: Some(QuietHours {
                from: time("20:00:00"),
                to: time("08:00:00"),
            }),
            channel: Channel::Mail,
            lateness: Lateness::Send {
                within_minutes: Some(2_880),
            },
        };
        let late = Reminder {
            lateness: Lateness::Skip,
            ..Reminder::new(Topic::EvaluatorLate, vec![Offset::DaysAfter(10)])
        };
        assert_eq!(read, [expected, late]);
    }

    #[test]
    fn what_a_reminder_cannot_be_is_told_by_its_key() {
        for (lines, key, rule) in [
            ("at = \"9:00\"", "at", "a time of the day"),
            ("at = \"24:00\"", "at", "a time of the day"),
            (
                "shift = \"next\"",
                "shift",
                "\"previous_working_day\" or \"none\"",
            ),
            ("channel = \"sms\"", "channel", "\"mail\""),
            ("quiet_hours = [\"20:00\"]", "quiet_hours", "must list 2"),
            (
                "quiet_hours = [\"20:00\", \"20:00\"]",
                "quiet_hours",
                "two different times",
            ),
            (
                "quiet_hours = [\"20:00\", \"10:00\"]",
                "at",
                "outside of the quiet hours",
            ),
            ("lateness = \"maybe\"", "lateness", "\"send\" or \"skip\""),
            ("lateness_within = \"2\"", "lateness_within", "a length"),
            (
                "lateness = \"skip\"\nlateness_within = \"2d\"",
                "lateness_within",
                "must be absent",
            ),
            ("colour = 1", "colour", "one of the known keys"),
        ] {
            let text = edited(CALL, OFFSETS, &format!("{OFFSETS}\n{lines}"));
            let key = format!("reminders[0].{key}");
            check_one(parse(&text).unwrap_err(), lines, &key, rule);
        }
    }

    #[test]
    fn offsets_are_held_against_their_topic_and_their_deadline() {
        for (topic, lines, rule) in [
            (
                "evaluator_late",
                "offsets = [\"T-1d\"]",
                "must not be before what it follows",
            ),
            (
                "proposal_expiring",
                "offsets = [\"T+1d\"]",
                "must not be after its deadline",
            ),
            (
                "procedure_ending",
                "offsets = [\"T-4h\"]",
                "must be whole days",
            ),
            (
                "no_draft",
                "offsets = [\"T0\"]\nat = \"16:01\"",
                "it would go out at 2016-05-31 16:01, and that is 2016-05-31 16:00",
            ),
        ] {
            let mistakes = declared(&format!("[[reminders]]\ntopic = {topic:?}\n{lines}"));
            check_one(
                mistakes.unwrap_err(),
                lines,
                "reminders[0].offsets[0]",
                rule,
            );
        }
        let at_the_instant =
            "[[reminders]]\ntopic = \"no_draft\"\noffsets = [\"T0\"]\nat = \"16:00\"";
        assert_eq!(declared(at_the_instant).unwrap().len(), 1);
        let over =
            "[[reminders]]\ntopic = \"procedure_ending\"\noffsets = [\"T-5d\", \"T0\", \"T+1d\"]";
        assert_eq!(declared(over).unwrap()[0].offsets.len(), 3);
    }

    #[test]
    fn all_mistakes_of_all_reminders_are_told_at_once() {
        let mistakes = declared(
            "[[reminders]]\ntopic = \"nothing\"\noffsets = [\"T-1 mese\"]\nat = \"9\"\n\
             [[reminders]]\ntopic = \"no_draft\"\noffsets = [\"T+1d\"]\nchannel = \"pigeon\"\n\
             lateness = \"skip\"\nlateness_within = \"1d\"",
        )
        .unwrap_err();

        let keys: Vec<&str> = mistakes
            .iter()
            .map(|mistake| mistake.key.as_str())
            .collect();
        assert_eq!(
            keys,
            [
                "reminders[0].topic",
                "reminders[0].offsets[0]",
                "reminders[0].at",
                "reminders[1].offsets[0]",
                "reminders[1].channel",
                "reminders[1].lateness_within",
            ]
        );
    }

    #[test]
    fn a_call_may_say_that_it_has_no_reminders() {
        let (terms, _) = CALL.split_once("[[reminders]]").unwrap();
        let text = edited(terms, "acceptance_days", "reminders = []\nacceptance_days");

        assert!(parsed(&text).terms.reminders.is_empty());
    }
}
