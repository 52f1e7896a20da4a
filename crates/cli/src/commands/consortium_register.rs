//! The dated acts of a consortium's register: members, links, accreditation, fund, multi-year
//! programmes, and the address of its letters.

use bando_proto::v1;
use bando_proto::v1::record_change_request::Change;
use bando_proto::v1::{
    AgreeMultiYearProgrammeRequest, CorrectAddressRequest, ListAnnualProjectsRequest,
    RecordChangeRequest,
};
use clap::{Args, Subcommand, ValueEnum};

use super::consortium::{find, show_changed};
use super::consortium_file::cents;
use super::tell_dry_run;
use crate::errors::Failure;
use crate::output;
use crate::session::Session;
use crate::views::consortium::Consortium;
use crate::views::programme_year::AnnualProject;

/// Which consortium, as it was looked at.
#[derive(Debug, Args)]
pub(crate) struct Whose {
    /// UUID, partita IVA or full name of the consortium.
    consortium: String,
    /// Changes only what was looked at under this etag.
    #[arg(long)]
    etag: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Size {
    Micro,
    Small,
    Medium,
    Large,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Member {
    /// Records that a firm joined, or came back.
    #[command(after_help = "Example:
  bando consortium member add 90001010371 90001640341 --title 'Ceramiche Iota' --size micro \
--share 1250.00 --on 2016-03-01 --dry-run")]
    Add {
        #[command(flatten)]
        whose: Whose,
        /// The firm's partita IVA.
        partita_iva: String,
        /// The firm's name.
        #[arg(long)]
        title: String,
        /// Its region.
        #[arg(long, default_value = "Emilia-Romagna")]
        region: String,
        /// Its size class by Recommendation 2003/361/EC.
        #[arg(long, value_enum)]
        size: Size,
        /// It is in the register of artisan firms.
        #[arg(long)]
        artisan: bool,
        /// Its share of the fund in euros, exact.
        #[arg(long, value_parser = euros, value_name = "EUROS")]
        share: i64,
        /// Its street address, if it is known.
        #[arg(long)]
        address: Option<String>,
        /// Where mail reaches it, if it is known.
        #[arg(long)]
        email: Option<String>,
        /// The first day on which it belongs.
        #[arg(long, value_name = "DAY")]
        on: String,
    },
    /// Records that a firm left.
    #[command(after_help = "Example:
  bando consortium member leave 90001010371 90001080374 --on 2016-06-30")]
    Leave {
        #[command(flatten)]
        whose: Whose,
        /// The firm's partita IVA.
        partita_iva: String,
        /// The first day on which it no longer belongs.
        #[arg(long, value_name = "DAY")]
        on: String,
    },
    /// Records where a member is and where mail reaches it: conflicts of interest show there.
    ///
    /// What is not given stays as it is; '' says that it is not known.
    #[command(after_help = "Example:
  bando consortium member reach 90001010371 90001080374 --email info@alfa.example \
--address 'via Emilia 12, 41121 Modena'")]
    Reach {
        #[command(flatten)]
        whose: Whose,
        /// The firm's partita IVA.
        partita_iva: String,
        /// Its street address.
        #[arg(long, required_unless_present = "email")]
        address: Option<String>,
        /// Where mail reaches it.
        #[arg(long)]
        email: Option<String>,
    },
    /// Records another share of the fund.
    #[command(after_help = "Example:
  bando consortium member share 90001010371 90001080374 --share 1500.00 --since 2016-03-01")]
    Share {
        #[command(flatten)]
        whose: Whose,
        /// The firm's partita IVA.
        partita_iva: String,
        /// Its share of the fund in euros, exact.
        #[arg(long, value_parser = euros, value_name = "EUROS")]
        share: i64,
        /// The first day on which it holds.
        #[arg(long, value_name = "DAY")]
        since: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Link {
    /// Records that two firms are not independent of one another.
    #[command(after_help = "Example:
  bando consortium link declare 90001010371 90001080374 90001150367 --since 2016-01-01")]
    Declare {
        #[command(flatten)]
        whose: Whose,
        /// Partita IVA of the one firm.
        one: String,
        /// Partita IVA of the other firm.
        other: String,
        /// The first day; without it they always were.
        #[arg(
            long,
            value_name = "DAY",
            default_value = "",
            hide_default_value = true
        )]
        since: String,
    },
    /// Records that two firms are independent of one another again.
    #[command(after_help = "Example:
  bando consortium link end 90001010371 90001080374 90001150367 --until 2016-06-30")]
    End {
        #[command(flatten)]
        whose: Whose,
        /// Partita IVA of the one firm.
        one: String,
        /// Partita IVA of the other firm.
        other: String,
        /// The last day on which they are linked.
        #[arg(long, value_name = "DAY")]
        until: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Level {
    AppliedFor,
    Entry,
    Advanced,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Accreditation {
    /// Records that an accreditation was granted, or applied for.
    #[command(after_help = "Examples:
  bando consortium accreditation grant 90001010371 applied-for --since 2016-02-01
  bando consortium accreditation grant 90001010371 entry --since 2016-03-01 --until 2019-02-28")]
    Grant {
        #[command(flatten)]
        whose: Whose,
        /// The level.
        #[arg(value_enum)]
        level: Level,
        /// The first day on which it holds.
        #[arg(long, value_name = "DAY")]
        since: String,
        /// The last day on which it holds.
        #[arg(
            long,
            value_name = "DAY",
            default_value = "",
            hide_default_value = true
        )]
        until: String,
    },
    /// Records a later last day of the accreditation.
    #[command(after_help = "Example:
  bando consortium accreditation renew 90001010371 --until 2022-02-28")]
    Renew {
        #[command(flatten)]
        whose: Whose,
        /// The new last day on which it holds.
        #[arg(long, value_name = "DAY")]
        until: String,
    },
    /// Records that the accreditation ends.
    #[command(after_help = "Example:
  bando consortium accreditation expire 90001010371 --until 2016-05-31")]
    Expire {
        #[command(flatten)]
        whose: Whose,
        /// The last day on which it holds.
        #[arg(long, value_name = "DAY")]
        until: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Fund {
    /// Records another consortium fund.
    #[command(after_help = "Example:
  bando consortium fund change 90001010371 --subscribed 12000.00 --paid 6000.00 \
--since 2016-03-01")]
    Change {
        #[command(flatten)]
        whose: Whose,
        /// The subscribed fund in euros, exact.
        #[arg(long, value_parser = euros, value_name = "EUROS")]
        subscribed: i64,
        /// What is paid in, in euros, exact.
        #[arg(long, value_parser = euros, value_name = "EUROS")]
        paid: i64,
        /// The first day on which it holds.
        #[arg(long, value_name = "DAY")]
        since: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Programme {
    /// Agrees a multi-year programme, or changes the one of the same first year.
    #[command(after_help = "Example:
  bando consortium programme agree 90001010371 --years 2016-2018 --title 'Ceramica nel mondo' \
--sector ceramica --market US --market JP --export-share 45.5 --target-markets 12")]
    Agree {
        #[command(flatten)]
        whose: Whose,
        /// First and last year, such as 2016-2018.
        #[arg(long, value_parser = years)]
        years: (i32, i32),
        #[arg(long)]
        title: String,
        #[arg(long)]
        sector: String,
        /// A market that is aimed at, by its ISO code; may be given again.
        #[arg(long = "market", required = true, value_name = "CODE")]
        markets: Vec<String>,
        /// Share of the member firms' turnover that is to be export in the last year, in percent.
        #[arg(long, value_parser = percent, value_name = "PERCENT")]
        export_share: i32,
        /// Number of destination markets in the last year.
        #[arg(long, value_name = "COUNT")]
        target_markets: i32,
    },
    /// Lists the multi-year programmes of a consortium.
    #[command(after_help = "Example:
  bando consortium programme list 90001010371")]
    List {
        /// UUID, partita IVA or full name of the consortium.
        consortium: String,
    },
    /// Lists the annual projects of its programmes: the applications that name a year of one.
    #[command(after_help = "Examples:
  bando consortium programme projects 90001010371
  bando consortium programme projects 90001010371 --first-year 2016 -o json")]
    Projects {
        /// UUID, partita IVA or full name of the consortium.
        consortium: String,
        /// Only those of the programme with this first year.
        #[arg(
            long,
            value_name = "YEAR",
            default_value_t = 0,
            hide_default_value = true
        )]
        #[arg(value_parser = clap::value_parser!(i32).range(0..=2200))]
        first_year: i32,
    },
}

pub(super) async fn member(act: Member, session: &Session) -> Result<(), Failure> {
    let (whose, change) = match act {
        Member::Add {
            whose,
            partita_iva,
            title,
            region,
            size,
            artisan,
            share,
            address,
            email,
            on,
        } => {
            let size = match size {
                Size::Micro => v1::SmeClass::Micro,
                Size::Small => v1::SmeClass::Small,
                Size::Medium => v1::SmeClass::Medium,
                Size::Large => v1::SmeClass::Large,
            };
            let member = v1::Member {
                partita_iva,
                title,
                region,
                artisan,
                size: size.into(),
                share_cents: share,
                joined_on: on,
                address,
                email,
                ..Default::default()
            };
            (whose, Change::MemberJoined(member))
        }
        Member::Leave {
            whose,
            partita_iva,
            on: left_on,
        } => {
            let left = v1::MemberLeft {
                partita_iva,
                left_on,
            };
            (whose, Change::MemberLeft(left))
        }
        Member::Reach {
            whose,
            partita_iva,
            address,
            email,
        } => return reach(whose, partita_iva, address, email, session).await,
        Member::Share {
            whose,
            partita_iva,
            share,
            since,
        } => {
            let changed = v1::ShareChanged {
                partita_iva,
                share_cents: share,
                since,
            };
            (whose, Change::ShareChanged(changed))
        }
    };
    record(whose, change, session).await
}

/// What is not given stays as it is.
async fn reach(
    whose: Whose,
    partita_iva: String,
    address: Option<String>,
    email: Option<String>,
    session: &Session,
) -> Result<(), Failure> {
    let found = find(&whose.consortium, session).await?;
    let members = found.profile.iter().flat_map(|profile| &profile.members);
    let mut own = members.filter(|member| member.partita_iva == partita_iva);
    let known = own.next_back().cloned().unwrap_or_default();
    let reached = v1::MemberReached {
        partita_iva,
        address: address.or(known.address).unwrap_or_default(),
        email: email.or(known.email).unwrap_or_default(),
    };
    // What was looked at is what the rest is taken from.
    let whose = Whose {
        etag: whose.etag.or(Some(found.etag)),
        ..whose
    };
    record(whose, Change::MemberReached(reached), session).await
}

pub(super) async fn link(act: Link, session: &Session) -> Result<(), Failure> {
    let (whose, change) = match act {
        Link::Declare {
            whose,
            one,
            other,
            since,
        } => {
            let link = v1::Link {
                one,
                other,
                since,
                ..Default::default()
            };
            (whose, Change::LinkDeclared(link))
        }
        Link::End {
            whose,
            one,
            other,
            until,
        } => (
            whose,
            Change::LinkEnded(v1::LinkEnded { one, other, until }),
        ),
    };
    record(whose, change, session).await
}

pub(super) async fn accreditation(act: Accreditation, session: &Session) -> Result<(), Failure> {
    let (whose, change) = match act {
        Accreditation::Grant {
            whose,
            level,
            since,
            until,
        } => {
            let level = match level {
                Level::AppliedFor => v1::Accreditation::AppliedFor,
                Level::Entry => v1::Accreditation::Entry,
                Level::Advanced => v1::Accreditation::Advanced,
            };
            let granted = v1::Accredited {
                level: level.into(),
                since,
                until,
            };
            (whose, Change::AccreditationGranted(granted))
        }
        Accreditation::Renew { whose, until } => {
            let renewed = v1::AccreditationRenewed { until };
            (whose, Change::AccreditationRenewed(renewed))
        }
        Accreditation::Expire { whose, until } => {
            let expired = v1::AccreditationExpired { until };
            (whose, Change::AccreditationExpired(expired))
        }
    };
    record(whose, change, session).await
}

pub(super) async fn fund(act: Fund, session: &Session) -> Result<(), Failure> {
    let Fund::Change {
        whose,
        subscribed,
        paid,
        since,
    } = act;
    let changed = v1::FundChanged {
        subscribed_cents: subscribed,
        paid_cents: paid,
        since,
    };
    record(whose, Change::FundChanged(changed), session).await
}

async fn record(whose: Whose, change: Change, session: &Session) -> Result<(), Failure> {
    let found = find(&whose.consortium, session).await?;
    let request = RecordChangeRequest {
        name: found.name,
        etag: whose.etag.unwrap_or(found.etag),
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
        change: Some(change),
    };
    let changed = session.consortia()?.record_change(request).await?;
    show_changed(changed.get_ref(), session)
}

pub(super) async fn programme(act: Programme, session: &Session) -> Result<(), Failure> {
    match act {
        Programme::Agree {
            whose,
            years: (first_year, last_year),
            title,
            sector,
            markets,
            export_share,
            target_markets,
        } => {
            let found = find(&whose.consortium, session).await?;
            let programme = v1::MultiYearProgramme {
                first_year,
                last_year,
                title,
                sector,
                markets,
                target_export_share_basis_points: export_share,
                target_markets,
            };
            let request = AgreeMultiYearProgrammeRequest {
                name: found.name,
                etag: whose.etag.unwrap_or(found.etag),
                programme: Some(programme),
                request_id: session.request_id()?,
                validate_only: session.dry_run(),
            };
            let agreed = session
                .consortia()?
                .agree_multi_year_programme(request)
                .await?;
            show_changed(agreed.get_ref(), session)
        }
        Programme::List { consortium } => {
            let found = Consortium::from(&find(&consortium, session).await?);
            let none = "no multi-year programme yet";
            session.output.list(found.programmes(), none)
        }
        Programme::Projects {
            consortium,
            first_year,
        } => {
            let request = ListAnnualProjectsRequest {
                parent: find(&consortium, session).await?.name,
                first_year,
                ..Default::default()
            };
            let listed = session.consortia()?.list_annual_projects(request).await?;
            let listed = listed.into_inner().projects;
            let rows: Vec<AnnualProject> = listed.iter().map(AnnualProject::from).collect();
            session.output.list(&rows, "no annual project yet")
        }
    }
}

pub(super) async fn correct_address(
    whose: Whose,
    email: String,
    reason: String,
    session: &Session,
) -> Result<(), Failure> {
    let found = find(&whose.consortium, session).await?;
    let request = CorrectAddressRequest {
        name: found.name,
        etag: whose.etag.unwrap_or(found.etag),
        email,
        reason,
        request_id: session.request_id()?,
        validate_only: session.dry_run(),
    };
    let corrected = session.consortia()?.correct_address(request).await?;
    let corrected = corrected.into_inner();
    tell_dry_run(session);
    let consortium = corrected.consortium.unwrap_or_default();
    session.output.one(&Consortium::from(&consortium))?;
    output::talk(&format!(
        "{} letters go to the new address",
        corrected.letters.len()
    ));
    Ok(())
}

fn euros(text: &str) -> Result<i64, String> {
    cents(text).ok_or_else(|| "an amount in euros, such as 1250.00, is expected".to_owned())
}

/// Percent with at most two decimals, as basis points.
fn percent(text: &str) -> Result<i32, String> {
    let points = cents(text).and_then(|points| i32::try_from(points).ok());
    points
        .filter(|points| *points <= 10_000)
        .ok_or_else(|| "a share in percent, such as 45.5, is expected".to_owned())
}

fn years(text: &str) -> Result<(i32, i32), String> {
    let years = text.split_once('-').and_then(|(first, last)| {
        let year = |text: &str| text.parse::<i32>().ok();
        year(first).zip(year(last))
    });
    years.ok_or_else(|| "first and last year, such as 2016-2018, are expected".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_in_percent_is_exact_or_refused() {
        assert_eq!(percent("45.5"), Ok(4_550));
        assert_eq!(percent("100"), Ok(10_000));
        for text in ["", "100.01", "-1", "4,5", "45.555"] {
            assert!(percent(text).is_err(), "{text}");
        }
    }
}
